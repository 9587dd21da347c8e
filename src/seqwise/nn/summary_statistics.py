"""Summary statistics of a series per channel, alone or with proportions of positive values (PPV)."""

from __future__ import annotations

import torch
from torch import Tensor

from seqwise.nn._arguments import require_sizes
from seqwise.nn._axes import Bool, Float
from seqwise.nn._masking import compact_positions, inverse, selected, taken
from seqwise.nn.poolings import Pooling
from seqwise.nn.ppv import PPVPooling

__all__ = ["PPVAndSummaries", "SummaryPooling"]

_PLACES = 8


class SummaryPooling(Pooling):
    """Summary statistics of a series by channel, and its length; nothing is trained. See `Pooling`.

    15 numbers per channel: mean, standard deviation, minimum and maximum of the values; standard deviation, minimum and
    maximum of the changes from step to step (0 at the first step); the values at eight evenly spaced positions from the
    first step to the last, linearly interpolated. Then the logarithm of the number of steps.

    Each statistic x but the last is returned as sign(x) log(1 + |x|), so that a single outlier does not dominate.

    Args:
        size: channels.

    Attributes:
        output_size: 15 x `size` + 1.

    Raises:
        ConfigError: a size below 1.

    Examples:
        >>> series = torch.tensor([[[1.0], [3.0], [torch.nan]]])
        >>> SummaryPooling(1)(series, lengths=torch.tensor([2]))[0, :4].expm1().round(decimals=4).tolist()
        [2.0, 1.0, 1.0, 3.0]
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.output_size = (7 + _PLACES) * size + 1

    def _pooled(self, hidden: Tensor, counted: Tensor) -> Tensor:
        order = inverse(compact_positions(counted))
        left_aligned, values = counted.gather(1, order), taken(hidden, order)
        steps = counted.sum(dim=1, keepdim=True).clamp(min=1)
        changes = selected(torch.diff(values, dim=1, prepend=values[:, :1]), left_aligned)
        parts = [
            *(_mean(values, steps), _deviation(values, left_aligned, steps), *_extremes(values, left_aligned)),
            *(_deviation(changes, left_aligned, steps), *_extremes(changes, left_aligned)),
            _at_places(values, steps),
        ]
        summary = torch.cat(parts, dim=1)
        return torch.cat([summary.sign() * summary.abs().log1p(), steps.to(hidden.dtype).log()], dim=1)


class PPVAndSummaries(Pooling):
    """`PPVPooling` of the first features of a state and `SummaryPooling` of the others, side by side.

    Args:
        size: features of a state for the proportions.
        channels: features that follow these, for the summary statistics.
        thresholds: see `PPVPooling`.

    Attributes:
        output_size: the proportions, then the summary statistics.
        ppv_size: number of proportions.

    Raises:
        ConfigError: a size below 1.

    Examples:
        >>> PPVAndSummaries(4, 2, thresholds=3)(torch.zeros(1, 5, 6)).shape
        torch.Size([1, 43])
    """

    def __init__(self, size: int, channels: int, *, thresholds: int = 1) -> None:
        super().__init__(size + channels)
        require_sizes("PPVAndSummaries", size=size, channels=channels)
        self.shares = PPVPooling(size, thresholds=thresholds)  # Weights of run folders have this name.
        self.summaries = SummaryPooling(channels)
        self.ppv_size = self.shares.output_size
        self.output_size = self.ppv_size + self.summaries.output_size

    def _pooled(
        self, hidden: Float[Tensor, "batch time hidden"], counted: Bool[Tensor, "batch time"]
    ) -> Float[Tensor, "batch vector"]:
        states, values = hidden.tensor_split([self.shares.size], dim=2)
        return torch.cat([self.shares(states, mask=counted), self.summaries(values, mask=counted)], dim=1)


def _mean(values: Tensor, steps: Tensor) -> Tensor:
    return values.sum(dim=1) / steps


def _deviation(values: Tensor, left_aligned: Tensor, steps: Tensor) -> Tensor:
    centred = selected(values - _mean(values, steps)[:, None], left_aligned)
    return (centred.square().sum(dim=1) / steps).clamp(min=1e-12).sqrt()


def _extremes(values: Tensor, left_aligned: Tensor) -> tuple[Tensor, Tensor]:
    """Return the minimum and the maximum over the steps that count; 0 where none does."""
    some = left_aligned.any(dim=1, keepdim=True)
    lowest = torch.where(left_aligned[:, :, None], values, torch.inf).amin(dim=1)
    highest = torch.where(left_aligned[:, :, None], values, -torch.inf).amax(dim=1)
    return torch.where(some, lowest, 0.0), torch.where(some, highest, 0.0)


def _at_places(values: Tensor, steps: Tensor) -> Tensor:
    """Return (batch, places x channels) the values at evenly spaced positions, linearly interpolated."""
    fractions = torch.arange(_PLACES, dtype=values.dtype, device=values.device) / (_PLACES - 1)
    places = fractions * (steps - 1)
    before = places.floor()
    after = torch.minimum(before + 1, (steps - 1).to(before.dtype))
    weight = (places - before)[:, :, None]
    first, second = (_values_at(values, place.long()) for place in (before, after))
    return (first + weight * (second - first)).flatten(1)


def _values_at(values: Tensor, places: Tensor) -> Tensor:
    """Return (batch, places, channels) the values at these positions of each row."""
    return values.gather(1, places[:, :, None].expand(-1, -1, values.shape[2]))
