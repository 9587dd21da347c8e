"""The optimiser and its step size over the course of the training."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from seqwise._native import function
from seqwise.nn import PieceEncoder
from seqwise.training.config import TrainConfig

__all__ = ["RowAdamW", "clipped_norm", "make_optimizer", "step_size"]

_SMALL_TABLE = 2048


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
    return _by_rows(gradient) if gradient.is_sparse else gradient


def _values(gradient: Tensor) -> Tensor:
    return gradient._values() if gradient.is_sparse else gradient


def _are_plain(tensors: Iterable[Tensor]) -> bool:
    """Whether compiled code takes these: float32 on a CPU, in rows."""
    return all(t.is_cpu and t.dtype == torch.float32 and t.is_contiguous() for t in tensors)


def _point_at(array: _Stepped, gradient: Tensor) -> Tensor | None:
    """Says where a gradient stands; gives its rows, which must live as long as that is read."""
    values = _values(gradient)
    array.gradient, array.count, array.size = values.data_ptr(), 1, values.numel()
    if not gradient.is_sparse:
        return None
    rows = gradient._indices()[0].contiguous()
    array.rows, array.count, array.size = rows.data_ptr(), *values.shape
    return rows


class RowAdamW(torch.optim.AdamW):
    """AdamW that steps, of a parameter with a sparse gradient, the rows which the gradient has.

    For those it is `torch.optim.SparseAdam`: means of gradients and of their squares change where there is a gradient,
    and rest elsewhere. Dense Adam would move every row at every step: on by its last gradients, for some ten steps
    after a batch has used it, as if they came again. Weights of such rows do not decay.

    Arguments are those of `torch.optim.AdamW`; without decay it is Adam. Of plain float32 parameters on a CPU all are
    stepped in one call of compiled code.
    """

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
        super().step()
        for parameter, gradient in zip(done, gradients, strict=True):
            parameter.grad = gradient

    def _is_stepped_at_once(self, parameters: Sequence[nn.Parameter], group: dict[str, Any]) -> bool:
        """Steps them all in compiled code, where that can be; nothing is done where it cannot."""
        adam = function("seqwise_adam", ctypes.c_void_p, ctypes.c_int64, *(ctypes.c_double,) * 4)
        if adam is None or group["amsgrad"] or group["maximize"] or not _are_plain(parameters):
            return False
        gradients = [_gradient(parameter) for parameter in parameters]
        if not _are_plain([_values(gradient) for gradient in gradients]):
            return False
        arrays = (_Stepped * len(parameters))()
        rows = [_point_at(array, gradient) for array, gradient in zip(arrays, gradients, strict=True)]
        for array, parameter in zip(arrays, parameters, strict=True):
            state = self._state_of(parameter)
            array.values, array.steps = parameter.data_ptr(), state["step"].data_ptr()
            array.means, array.squares = state["exp_avg"].data_ptr(), state["exp_avg_sq"].data_ptr()
            array.decay = 0.0 if array.rows else group["weight_decay"]
        adam(ctypes.addressof(arrays), len(arrays), group["lr"], *group["betas"], group["eps"])
        del rows  # which stand at addresses that were in use until here
        return True

    def _state_of(self, parameter: nn.Parameter) -> dict[str, Tensor]:
        state: dict[str, Tensor] = self.state[parameter]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32)
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
        return state

    def _step_rows(self, parameter: nn.Parameter, group: dict[str, Any]) -> None:
        """Adam's step on the rows of a table that the gradient has, in tensor operations."""
        state = self._state_of(parameter)
        state["step"] += 1
        gradient, (beta1, beta2), step = _gradient(parameter), group["betas"], float(state["step"])
        rate = group["lr"] * math.sqrt(1 - beta2**step) / (1 - beta1**step)
        rows, values, means, squares = gradient._indices()[0], gradient._values(), state["exp_avg"], state["exp_avg_sq"]
        mean = means[rows].lerp_(values, 1 - beta1)
        square = squares[rows].lerp_(values.square(), 1 - beta2)
        means[rows], squares[rows] = mean, square
        parameter.index_add_(0, rows, mean / (square.sqrt() + group["eps"]), alpha=-rate)


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
    if measure is None or scale is None or not _are_plain(values):
        return _plain_clipped_norm(values, largest)
    arrays, norm = (_Stepped * len(values))(), ctypes.c_double()
    for array, own in zip(arrays, values, strict=True):
        _point_at(array, own)
    measure(ctypes.addressof(arrays), len(arrays), ctypes.addressof(norm))
    if norm.value < 0:
        raise MemoryError
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

    Example:
        >>> config = TrainConfig(learning_rate=1.0, warmup=0.5, decay="linear")
        >>> [step_size(config, progress) for progress in (0.0, 0.25, 0.5, 0.75)]
        [0.02, 0.5, 1.0, 0.5]
    """
    if progress < config.warmup:
        return config.learning_rate * max(progress / config.warmup, 0.02)
    done = min((progress - config.warmup) / (1 - config.warmup), 1.0)
    factors = {"none": 1.0, "linear": 1.0 - done, "cosine": (1 + math.cos(math.pi * done)) / 2}
    return config.learning_rate * factors[config.decay]
