"""The optimiser and its step size over the course of the training."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from seqwise._addresses import UnreadableError, address, dense_strides, known_address
from seqwise._native import function
from seqwise.errors import ShapeError
from seqwise.nn import PieceEncoder
from seqwise.training.config import TrainConfig

__all__ = ["RowAdamW", "clipped_norm", "make_optimizer", "step_size"]

_SMALL_TABLE = 2048
_MEANS = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")


def make_optimizer(model: nn.Module, config: TrainConfig) -> RowAdamW:
    """Adam, or AdamW that decays weight matrices but neither biases nor vectors of symbols.

    Each group of parameters has a `scale`, by which the step size is multiplied: 1 but for what stands on a pretrained
    encoder.
    On a CPU the vectors of symbols get sparse gradients, and are stepped where a batch used them (`RowAdamW`).
    """
    # One kernel per step instead of ten per tensor; Apple's MPS has it too, other devices may not.
    fused = all(parameter.device.type in ("cpu", "cuda", "mps") for parameter in model.parameters())
    embeddings = [module for module in model.modules() if isinstance(module, nn.Embedding)]
    pretrained = {id(p) for module in model.modules() if isinstance(module, PieceEncoder) for p in module.parameters()}
    for module in embeddings:
        # A pretrained encoder also has small tables of positions and distances, which every batch uses throughout.
        is_small = id(module.weight) in pretrained and module.num_embeddings <= _SMALL_TABLE
        module.sparse = module.weight.device.type == "cpu" and not is_small
    symbols = {id(parameter) for module in embeddings for parameter in module.parameters()}
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {
        (old, plain): [] for old in (True, False) for plain in (False, True)
    }
    for parameter in model.parameters():
        is_decayed = config.optimizer == "adamw" and parameter.ndim > 1 and id(parameter) not in symbols
        groups[id(parameter) in pretrained, not is_decayed].append(parameter)
    heads = (config.head_learning_rate or config.learning_rate) / config.learning_rate
    return RowAdamW(
        [
            {
                "params": parameters,
                "weight_decay": 0.0 if is_plain else config.weight_decay,
                "scale": heads if pretrained and not is_old else 1.0,
            }
            for (is_old, is_plain), parameters in groups.items()
            if parameters
        ],
        lr=config.learning_rate,
        fused=fused,
    )


class _Stepped(ctypes.Structure):
    """`struct stepped` of adam.c: where a parameter, its gradient and Adam's means stand."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("values", "gradient", "means", "squares", "steps", "rows")),
        *((name, ctypes.c_int64) for name in ("count", "size")),
        ("decay", ctypes.c_double),
        ("first", ctypes.c_int64),
    ]


def _gradient(parameter: nn.Parameter) -> Tensor:
    """The gradient that it has; a sparse one with each row once."""
    gradient = parameter.grad
    assert gradient is not None
    if gradient.is_sparse and gradient.sparse_dim() > 1:  # single numbers, not rows
        return gradient.to_dense()
    return _by_rows(gradient) if gradient.is_sparse else gradient


def _values(gradient: Tensor) -> Tensor:
    return gradient._values() if gradient.is_sparse else gradient


def _point_at(array: _Stepped, gradient: Tensor, like: Tensor | None = None) -> list[Tensor]:
    """Says where a gradient stands; gives its numbers and rows, which must live as long as they are read.

    Args:
        array: to be filled in.
        gradient: dense, or sparse with each row once.
        like: what it is the gradient of, for a step: its shape.

    Raises:
        UnreadableError: compiled code does not take it.
        IndexError: a row that the parameter does not have.
    """
    values = _values(gradient)
    if not gradient.is_sparse:
        array.gradient = address(values, torch.float32, None if like is None else like.shape)
        array.count, array.size = 1, values.numel()
        return [values]
    rows = gradient._indices()[0].contiguous()
    array.gradient = address(values, torch.float32, (len(rows), *gradient.shape[1:]))
    array.rows = address(rows, torch.int64)
    array.count, array.size = len(rows), math.prod(gradient.shape[1:])
    if like is not None and len(rows):
        first, last = map(int, rows.aminmax())
        if first < 0 or last >= len(like):
            raise IndexError(f"a sparse gradient has rows {first} to {last} of a table with {len(like)} rows")
    return [values, rows]


class RowAdamW(torch.optim.AdamW):
    """AdamW that steps, of a parameter with a sparse gradient, the rows which the gradient has.

    For those it is `torch.optim.SparseAdam`: means of gradients and of their squares change where there is a gradient,
    and rest elsewhere. Dense Adam would move every row at every step: on by its last gradients, for some ten steps
    after a batch has used it, as if they came again. Weights of such rows do not decay.

    Arguments are those of `torch.optim.AdamW`; without decay it is Adam. Of plain float32 parameters on a CPU all are
    stepped in one call of compiled code.
    """

    @property
    def _checked(self) -> dict[nn.Parameter, tuple[Tensor, ...]]:
        """The step, means and squares of each parameter that were found to be what compiled code takes."""
        checked: dict[nn.Parameter, tuple[Tensor, ...]] = self.__dict__.setdefault("_checked_states", {})
        return checked

    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002 - torch's
        """One step by the gradients that the parameters have, and what torch hangs on a step: hooks, its profiler."""
        self.step_all()

    @torch.no_grad()
    def step_all(self) -> None:
        """One step by the gradients that the parameters have."""
        done: list[nn.Parameter] = []
        is_done = True
        for group in self.param_groups:
            parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
            if self._is_stepped_at_once(parameters, group):
                done += parameters
                continue
            for parameter in parameters:
                if _gradient(parameter).is_sparse:
                    self._step_rows(parameter, group)
                    done.append(parameter)
                else:
                    is_done = False
        if not is_done:
            self._step_rest(done)

    def _step_rest(self, done: Sequence[nn.Parameter]) -> None:
        """Steps the parameters that are not done as torch does."""
        gradients = [parameter.grad for parameter in done]
        for parameter in done:
            parameter.grad = None
        fused = [group.get("fused") for group in self.param_groups]
        for group in self.param_groups:
            for parameter in group["params"]:
                _require_shapes(self.state[parameter], parameter)
            # torch's fused step on a CPU takes all arrays as they stand in memory, whatever their strides
            group["fused"] = group.get("fused") and all(map(self._is_laid_out_alike, group["params"]))
        try:
            super().step()
        finally:
            for group, was in zip(self.param_groups, fused, strict=True):
                group["fused"] = was
        for parameter, gradient in zip(done, gradients, strict=True):
            parameter.grad = gradient

    def _is_laid_out_alike(self, parameter: nn.Parameter) -> bool:
        """Whether a parameter, its gradient and its state stand in the same order in memory, without gaps."""
        if parameter.grad is None or not parameter.is_cpu:
            return True
        state: dict[str, Any] = self.state[parameter]
        tensors = [parameter.grad, *(state[name] for name in _MEANS if name in state)]
        strides = parameter.stride()
        is_dense = dense_strides(parameter.shape, strides) == strides
        return is_dense and all(tensor.stride() == strides for tensor in tensors)

    def _is_stepped_at_once(self, parameters: Sequence[nn.Parameter], group: dict[str, Any]) -> bool:
        """Steps them all in compiled code, where that can be; nothing is done where it cannot."""
        adam = function("seqwise_adam", ctypes.c_void_p, ctypes.c_int64, *(ctypes.c_double,) * 4)
        if adam is None or group["amsgrad"] or group["maximize"]:
            return False
        arrays, kept = (_Stepped * len(parameters))(), []
        try:
            for array, parameter in zip(arrays, parameters, strict=True):
                kept += self._pointed_at(array, parameter)
                array.decay = 0.0 if array.rows else group["weight_decay"]
        except UnreadableError:
            return False
        adam(ctypes.addressof(arrays), len(arrays), group["lr"], *group["betas"], group["eps"])
        del kept  # which stand at addresses that were in use until here
        return True

    def _pointed_at(self, array: _Stepped, parameter: nn.Parameter) -> list[Tensor]:
        """Says where a parameter, its gradient and its state stand; gives what must live as long as they are read."""
        array.values = address(parameter, torch.float32)
        kept = _point_at(array, _gradient(parameter), parameter)
        state = self._state_of(parameter)
        step, means, squares = known = (state["step"], state["exp_avg"], state["exp_avg_sq"])
        before = self._checked.get(parameter)
        if before is None or any(one is not other for one, other in zip(known, before, strict=True)):
            _require_shapes(state, parameter)
            address(step, torch.float32, ())
            address(means, torch.float32, parameter.shape)
            address(squares, torch.float32, parameter.shape)
            self._checked[parameter] = known
        array.steps, array.means, array.squares = map(known_address, known)
        return kept

    def _state_of(self, parameter: nn.Parameter) -> dict[str, Tensor]:
        state: dict[str, Tensor] = self.state[parameter]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32, device="cpu")
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
        return state

    def _step_rows(self, parameter: nn.Parameter, group: dict[str, Any]) -> None:
        """Adam's step on the rows of a table that the gradient has, in tensor operations."""
        state = self._state_of(parameter)
        _require_shapes(state, parameter)
        state["step"] += 1
        gradient, (beta1, beta2), step = _gradient(parameter), group["betas"], float(state["step"])
        rate = group["lr"] * math.sqrt(1 - beta2**step) / (1 - beta1**step)
        rows, values, means, squares = gradient._indices()[0], gradient._values(), state["exp_avg"], state["exp_avg_sq"]
        mean = means[rows].lerp_(values, 1 - beta1)
        square = squares[rows].lerp_(values.square(), 1 - beta2)
        means[rows], squares[rows] = mean, square
        parameter.index_add_(0, rows, mean / (square.sqrt() + group["eps"]), alpha=-rate)


def _require_shapes(state: Mapping[str, Tensor], parameter: nn.Parameter) -> None:
    for name in _MEANS:
        if name in state and state[name].shape != parameter.shape:
            raise ShapeError(
                f"the optimizer's {name} is {tuple(state[name].shape)} for a parameter {tuple(parameter.shape)}: "
                "this state is that of another model, or damaged"
            )


def clipped_norm(parameters: Iterable[nn.Parameter], largest: float) -> float:
    """The norm of the gradient of these parameters, which is then scaled down to `largest` where it is larger.

    As `torch.nn.utils.clip_grad_norm_`, which takes no sparse gradients; these then have each row once.
    """
    values: list[Tensor] = []
    for parameter in parameters:
        if parameter.grad is None:
            continue
        if parameter.grad.is_sparse:
            parameter.grad = _gradient(parameter)
        values.append(_values(parameter.grad))
    measure = function("seqwise_norm", ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)
    scale = function("seqwise_scale", ctypes.c_void_p, ctypes.c_int64, ctypes.c_double)
    if measure is None or scale is None:
        return _plain_clipped_norm(values, largest)
    arrays, norm = (_Stepped * len(values))(), ctypes.c_double()
    try:
        for array, own in zip(arrays, values, strict=True):
            _point_at(array, own)
    except UnreadableError:
        return _plain_clipped_norm(values, largest)
    measure(ctypes.addressof(arrays), len(arrays), ctypes.addressof(norm))
    if norm.value < 0:
        raise MemoryError("the norm of the gradient found no memory")
    if norm.value > largest:
        scale(ctypes.addressof(arrays), len(arrays), largest / (norm.value + 1e-6))
    return norm.value


def _plain_clipped_norm(values: list[Tensor], largest: float) -> float:
    """The same in tensor operations."""
    norm = float(torch.nn.utils.get_total_norm(values))
    if norm > largest:
        torch._foreach_mul_(values, largest / (norm + 1e-6))
    return norm


def _by_rows(gradient: Tensor) -> Tensor:
    """A sparse gradient with each row once; rows that two batches used are summed."""
    if gradient.is_coalesced():
        return gradient
    rows = gradient._indices()[0]
    if bool((rows[1:] > rows[:-1]).all()):  # that of one batch: torch forgets on the way that it is
        return gradient._coalesced_(True)
    return gradient.coalesce()


def step_size(config: TrainConfig, progress: float) -> float:
    """The step size when this share of the training is done: a linear rise, then the decay.

    Examples:
        >>> config = TrainConfig(learning_rate=1.0, warmup=0.5, decay="linear")
        >>> [step_size(config, progress) for progress in (0.0, 0.25, 0.5, 0.75)]
        [0.02, 0.5, 1.0, 0.5]
    """
    if progress < config.warmup:
        return config.learning_rate * max(progress / config.warmup, 0.02)
    done = min((progress - config.warmup) / (1 - config.warmup), 1.0)
    factors = {"none": 1.0, "linear": 1.0 - done, "cosine": (1 + math.cos(math.pi * done)) / 2}
    return config.learning_rate * factors[config.decay]
