"""The optimizer and its learning rate over the course of the training."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor, nn

from seqwise._addresses import UnreadableError, all_addresses, dense_strides
from seqwise._native import function
from seqwise.config import TrainConfig
from seqwise.nn import SubwordEncoder
from seqwise.training.sgd.adam_call import AdamCall, compiled_adam, require_shapes, with_each_row_once

__all__ = ["RowAdamW", "clipped_norm", "make_optimizer", "scheduled_learning_rate"]

_NONE = type(None)
_gradient = attrgetter("grad")
_MEANS = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")


def make_optimizer(model: nn.Module, config: TrainConfig) -> RowAdamW:
    """Adam, or AdamW that decays weight matrices but neither biases nor vectors of symbols.

    Each group of parameters has a `scale`, a factor on the learning rate, which is 1 except for
    what stands on a pretrained encoder.
    A table with sparse gradients (`use_sparse_gradients`) is stepped where a batch used it (`RowAdamW`).
    """
    # One kernel per step instead of ten per tensor; Apple's MPS has it too, other devices may not.
    fused = all(parameter.device.type in ("cpu", "cuda", "mps") for parameter in model.parameters())
    embeddings = [module for module in model.modules() if isinstance(module, nn.Embedding)]
    pretrained = {
        id(p) for module in model.modules() if isinstance(module, SubwordEncoder) for p in module.parameters()
    }
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

    def step_all(self) -> None:
        """One step by the gradients that the parameters have."""
        left: list[tuple[dict[str, Any], list[nn.Parameter], list[Tensor]]] = []
        done: list[nn.Parameter] = []
        for number, group in enumerate(self.param_groups):
            parameters, gradients = group["params"], list(map(_gradient, group["params"]))
            if _NONE in map(type, gradients):
                parameters = [own for own, gradient in zip(parameters, gradients, strict=True) if gradient is not None]
                gradients = [gradient for gradient in gradients if gradient is not None]
            if self._is_stepped_at_once(number, parameters, gradients, group):
                done += parameters
            else:
                left.append((group, parameters, gradients))
        if left:
            self._step_others(left, done)

    @torch.no_grad()
    def _step_others(
        self, left: Iterable[tuple[dict[str, Any], list[nn.Parameter], list[Tensor]]], done: list[nn.Parameter]
    ) -> None:
        """Steps in tensor operations what is left of each group."""
        is_done = True
        for group, parameters, gradients in left:
            for parameter, gradient in zip(parameters, map(with_each_row_once, gradients), strict=True):
                if gradient.is_sparse:
                    self._step_rows(parameter, gradient, group)
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
                require_shapes(self.state[parameter], parameter)
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

    def _is_stepped_at_once(
        self, number: int, parameters: list[nn.Parameter], gradients: list[Tensor], group: dict[str, Any]
    ) -> bool:
        """Steps them all in compiled code, where that can be; nothing is done where it cannot."""
        adam = compiled_adam()
        if adam is None or group["amsgrad"] or group["maximize"]:
            return False
        calls: dict[int, AdamCall] = self.__dict__.setdefault("_calls", {})
        call = calls.pop(number, None)
        try:
            if call is None or not call.is_still_for(parameters, self.state):
                for parameter in parameters:
                    self._state_of(parameter)
                call = AdamCall(parameters, self.state)
            call.step(adam, gradients, group["lr"], group["betas"], group["eps"], group["weight_decay"])
        except UnreadableError:
            return False
        calls[number] = call
        return True

    def _state_of(self, parameter: nn.Parameter) -> dict[str, Tensor]:
        state: dict[str, Tensor] = self.state[parameter]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32, device="cpu")
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
        return state

    def _step_rows(self, parameter: nn.Parameter, gradient: Tensor, group: dict[str, Any]) -> None:
        """Adam's step on the rows of a table that the gradient has, in tensor operations."""
        state = self._state_of(parameter)
        require_shapes(state, parameter)
        state["step"] += 1
        (beta1, beta2), step = group["betas"], float(state["step"])
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
        gradient = parameter.grad
        if gradient is None:
            continue
        if gradient.is_sparse:
            parameter.grad = gradient = with_each_row_once(gradient)
            gradient = gradient._values() if gradient.is_sparse else gradient
        values.append(gradient)
    clip = function("seqwise_clip", *(ctypes.c_void_p,) * 2, ctypes.c_int64, ctypes.c_double, ctypes.c_void_p)
    found = None if clip is None else all_addresses(values, torch.float32)
    if clip is None or found is None:
        return _plain_clipped_norm(values, largest)
    numbers = (ctypes.c_int64 * (2 * len(values)))(*found, *map(Tensor.numel, values))
    norm, at = ctypes.c_double(), ctypes.addressof(numbers)
    clip(at, at + 8 * len(values), len(values), largest, ctypes.addressof(norm))
    if norm.value < 0:
        raise MemoryError("out of memory for the norm of the gradient")
    return norm.value


def _plain_clipped_norm(values: list[Tensor], largest: float) -> float:
    """The same in tensor operations."""
    norm = float(torch.nn.utils.get_total_norm(values))
    if norm > largest:
        torch._foreach_mul_(values, largest / (norm + 1e-6))
    return norm


def scheduled_learning_rate(config: TrainConfig, progress: float) -> float:
    """The learning rate when this share of the training is done: a linear rise, then the decay.

    Examples:
        >>> config = TrainConfig(learning_rate=1.0, warmup=0.5, decay="linear")
        >>> [scheduled_learning_rate(config, progress) for progress in (0.0, 0.25, 0.5, 0.75)]
        [0.02, 0.5, 1.0, 0.5]
    """
    if progress < config.warmup:
        return config.learning_rate * max(progress / config.warmup, 0.02)
    done = min((progress - config.warmup) / (1 - config.warmup), 1.0)
    factors = {"none": 1.0, "linear": 1.0 - done, "cosine": (1 + math.cos(math.pi * done)) / 2}
    return config.learning_rate * factors[config.decay]
