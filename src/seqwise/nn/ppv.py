"""Proportion of positive values (PPV) of untrained convolutions: how often a feature exceeds its thresholds."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from seqwise._addresses import address, known_address
from seqwise._native import function
from seqwise._readable import are_plain_cpu_tensors
from seqwise.nn._arguments import require_sizes
from seqwise.nn._axes import Bool, Float, Integer
from seqwise.nn.poolings import Pooling

__all__ = ["PPVPooling"]

_GOLDEN_RATIO = (1 + 5**0.5) / 2
_NUDGE = 4e-6  # of a standard deviation: more than rounding, less than the distance of different values


class PPVPooling(Pooling):
    """The fraction of a sequence's time steps at which a feature exceeds each of several thresholds. See `Pooling`.

    For untrained features (`RocketEncoder`): how often a feature is high is more informative than how high it is.
    A proportion has no gradient.

    Args:
        size: features of a state.
        thresholds: number of thresholds of each feature; all 0 until `fill`.

    Attributes:
        output_size: `size` x `thresholds`.

    Raises:
        ConfigError: a size below 1.

    References:
        Dempster, Schmidt and Webb (2021), MiniRocket: the proportion of positive values, with biases from quantiles.

    Examples:
        >>> pooling = PPVPooling(1)
        >>> pooling(torch.tensor([[[-3.0], [1.0], [0.5], [9.0]]]), lengths=torch.tensor([3])).tolist()
        [[0.6666666865348816]]
    """

    def __init__(self, size: int, *, thresholds: int = 1) -> None:
        super().__init__(size)
        require_sizes("PPVPooling", thresholds=thresholds)
        self.output_size = size * thresholds
        self.thresholds: Tensor
        self.register_buffer("thresholds", torch.zeros(size, thresholds))

    def fill(self, hidden: Float[Tensor, "steps some"], features: Integer[Tensor, " some"] | None = None) -> None:
        """Set the thresholds to quantiles of each feature over these steps, spread over (0, 1) by the golden ratio.

        Use the steps of one sequence for each feature, and different sequences for different features: the thresholds
        then cover both sequences of small values and sequences of large ones.

        A threshold is slightly above the value it comes from, so that rounding does not decide where many values are
        equal.

        Args:
            hidden: (steps, some) these features at the steps of a training sequence, at least one step.
            features: indices of the features; all when not given.
        """
        each = self.thresholds.shape[1]
        if features is None:
            features = torch.arange(self.size)
        numbers = features.cpu()[:, None] * each + torch.arange(1, each + 1)
        levels = numbers.double() * _GOLDEN_RATIO % 1.0
        places = (levels * (len(hidden) - 1)).long().to(hidden.device)
        spread = hidden.std(dim=0, correction=0).clamp(min=1e-6)[:, None]
        chosen = hidden.sort(dim=0).values.T.gather(1, places)
        self.thresholds[features.to(self.thresholds.device)] = (chosen + _NUDGE * spread).to(self.thresholds)

    def _pooled(
        self, hidden: Float[Tensor, "batch time hidden"], counted: Bool[Tensor, "batch time"]
    ) -> Float[Tensor, "batch vector"]:
        steps = counted.sum(dim=1, keepdim=True).clamp(min=1)
        count = _count()
        tensors = (hidden, counted, self.thresholds)
        are_floats = hidden.dtype == self.thresholds.dtype == torch.float32
        if count is None or not are_floats or not are_plain_cpu_tensors(tensors):
            return _plain_counts(hidden, counted, self.thresholds).flatten(1).to(hidden.dtype) / steps
        by_feature, inside = hidden.transpose(1, 2).contiguous(), counted.to(torch.int32).contiguous()
        (batch, size, time), thresholds = by_feature.shape, self.thresholds.contiguous()
        counts = hidden.new_empty((batch, *thresholds.shape), dtype=torch.int32)
        count(
            address(by_feature, torch.float32, is_ordinary=True),
            address(inside, torch.int32, (batch, time), is_ordinary=True),
            address(thresholds, torch.float32, (size, thresholds.shape[1]), is_ordinary=True),
            known_address(counts),
            *(batch, size, time, thresholds.shape[1]),
        )
        return counts.flatten(1).to(hidden.dtype) / steps


def _plain_counts(hidden: Tensor, counted: Tensor, thresholds: Tensor) -> Integer[Tensor, "batch hidden thresholds"]:
    """Return the number of steps that count at which each feature exceeds each of its thresholds."""
    counts = [((hidden > threshold) & counted[:, :, None]).sum(dim=1) for threshold in thresholds.unbind(1)]
    return torch.stack(counts, dim=2)


def _count() -> Callable[..., Any] | None:
    return function("seqwise_counts_above_f32", *(ctypes.c_void_p,) * 4, *(ctypes.c_ssize_t,) * 4)
