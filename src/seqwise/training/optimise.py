"""The optimiser and its step size over the course of the training."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from seqwise._native import function
from seqwise.nn import PieceEncoder
from seqwise.training.config import TrainConfig

__all__ = ["RowAdamW", "clipped_norm", "make_optimizer", "step_size"]

_SMALL_TABLE = 2048


def make_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
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


class RowAdamW(torch.optim.AdamW):
    """AdamW that steps, of a parameter with a sparse gradient, the rows which the gradient has.

    For those it is `torch.optim.SparseAdam`: means of gradients and of their squares change where there is a gradient,
    and rest elsewhere. Dense Adam would move every row at every step: on by its last gradients, for some ten steps
    after a batch has used it, as if they came again. Weights of such rows do not decay.

    Arguments are those of `torch.optim.AdamW`; without decay it is Adam.
    """

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One step by the gradients that the parameters have."""
        gradients: dict[Tensor, Tensor] = {}
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None and parameter.grad.is_sparse:
                    gradients[parameter] = parameter.grad
                    self._step_rows(parameter, group)
                    parameter.grad = None
        super().step(closure)
        for parameter, gradient in gradients.items():
            parameter.grad = gradient

    def _step_rows(self, parameter: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if not state:
            state["step"] = torch.zeros(())
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
        state["step"] += 1
        assert parameter.grad is not None
        gradient, (beta1, beta2), step = _by_rows(parameter.grad), group["betas"], float(state["step"])
        rate = group["lr"] * math.sqrt(1 - beta2**step) / (1 - beta1**step)
        rows, values = gradient.indices()[0], gradient.values()
        tables = (parameter, state["exp_avg"], state["exp_avg_sq"])
        _step_rows(tables, rows, values, rate, beta1, beta2, group["eps"])


def _step_rows(
    tables: tuple[Tensor, Tensor, Tensor], rows: Tensor, gradient: Tensor, rate: float, *options: float
) -> None:
    """Adam's step on some rows of a table, of the means and of the squares; options: beta1, beta2, epsilon."""
    adam = function(
        "seqwise_adam_rows_f32",
        *(ctypes.c_void_p,) * 5,
        *(ctypes.c_ssize_t,) * 2,
        *(ctypes.c_float,) * 4,
    )
    arrays = (*tables, gradient)
    is_plain = any(a.dtype != torch.float32 or a.device.type != "cpu" or not a.is_contiguous() for a in arrays)
    if adam is None or is_plain:
        _plain_step_rows(tables, rows, gradient, rate, *options)
        return
    pointers = [array.data_ptr() for array in (*tables, rows.contiguous(), gradient)]
    adam(*pointers, *gradient.shape, rate, *options)


def _plain_step_rows(
    tables: tuple[Tensor, Tensor, Tensor],
    rows: Tensor,
    gradient: Tensor,
    rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
) -> None:
    """The same in tensor operations."""
    table, means, squares = tables
    mean = means[rows].lerp_(gradient, 1 - beta1)
    square = squares[rows].lerp_(gradient.square(), 1 - beta2)
    means[rows], squares[rows] = mean, square
    table.index_add_(0, rows, mean / (square.sqrt() + epsilon), alpha=-rate)


def clipped_norm(parameters: Iterable[nn.Parameter], largest: float) -> float:
    """The norm of the gradient of these parameters, which is then scaled down to `largest` where it is larger.

    As `torch.nn.utils.clip_grad_norm_`, which takes no sparse gradients; these then have each row once.
    """
    values: list[Tensor] = []
    for parameter in parameters:
        if parameter.grad is not None and parameter.grad.is_sparse:
            parameter.grad = _by_rows(parameter.grad)
            values.append(parameter.grad._values())
        elif parameter.grad is not None:
            values.append(parameter.grad)
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
