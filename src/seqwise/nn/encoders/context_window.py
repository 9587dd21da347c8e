"""Features of the context window of each time step of a series; fixed, not trained."""

from __future__ import annotations

import torch
from torch import Tensor

from seqwise.nn._arguments import require_sizes
from seqwise.nn._axes import Bool, Float
from seqwise.nn._masking import selected
from seqwise.nn.encoders.encoder import LeftAlignedEncoder

__all__ = ["ContextWindowEncoder"]

_AROUND = 3
_REACHES = (2, 8)
_SMALLEST = 1e-4


class ContextWindowEncoder(LeftAlignedEncoder):
    """The values around each time step, with statistics of the steps before and after it.

    19 numbers per channel. Seven are the values from three steps before to three steps after, the first and last value
    repeated beyond the ends. The others are statistics of four windows: the 2 and the 8 steps before, and as many
    after, the step itself included. Each window gives the mean, the standard deviation sqrt(var + 0.0001) and the mean
    absolute change from step to step. Windows are shorter at the ends; the change of the first step is 0.

    A linear head over these features is a strong baseline for labels per step: it has few ways to overfit a handful of
    long series.

    Args:
        input_size: channels.

    Attributes:
        output_size: 19 x channels.

    Raises:
        ConfigError: a size below 1.

    Examples:
        >>> encoder = ContextWindowEncoder(1)
        >>> encoder(torch.tensor([[[1.0], [2.0], [4.0]]]))[0, 1, :7].tolist()
        [1.0, 1.0, 1.0, 2.0, 4.0, 4.0, 4.0]
    """

    def __init__(self, input_size: int) -> None:
        super().__init__()
        require_sizes("ContextWindowEncoder", input_size=input_size)
        self.input_size = input_size
        self.output_size = (2 * _AROUND + 1 + 2 * 3 * len(_REACHES)) * input_size

    def _states(
        self, steps: Float[Tensor, "batch time channels"], left_aligned: Bool[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time features"]:
        values = selected(steps, left_aligned)
        sizes = selected(torch.diff(values, dim=1, prepend=values[:, :1]).abs(), left_aligned)
        parts = [_around(values, left_aligned)]
        for reach in _REACHES:
            for before, behind in ((reach, 0), (0, reach)):
                counted = _views(left_aligned[:, :, None].to(values.dtype), before, behind)
                number = counted.sum(dim=3).clamp(min=1)
                seen = _views(values, before, behind)
                mean = seen.sum(dim=3) / number
                variance = (torch.where(counted > 0, seen - mean[..., None], 0.0) ** 2).sum(dim=3) / number
                parts += [mean, (variance + _SMALLEST).sqrt(), _views(sizes, before, behind).sum(dim=3) / number]
        return selected(torch.cat(parts, dim=2), left_aligned)


def _around(
    values: Float[Tensor, "batch time channels"], left_aligned: Bool[Tensor, "batch time"]
) -> Float[Tensor, "batch time features"]:
    """Return the values of the seven steps around each step, the first and last value repeated beyond the ends."""
    last = left_aligned.sum(dim=1, keepdim=True) - 1
    places = torch.arange(values.shape[1], device=values.device)
    moved = []
    for shift in range(-_AROUND, _AROUND + 1):
        chosen = torch.minimum((places + shift).clamp(min=0)[None], last).clamp(min=0)
        moved.append(values.gather(1, chosen[:, :, None].expand_as(values)))
    return torch.cat(moved, dim=2)


def _views(
    values: Float[Tensor, "batch time channels"], before: int, behind: int
) -> Float[Tensor, "batch time channels views"]:
    """Return the value at each step and at the given numbers of steps before and after; zeros beyond the ends."""
    time = values.shape[1]
    padded = torch.nn.functional.pad(values, (0, 0, before, behind))
    return torch.stack([padded[:, shift : shift + time] for shift in range(before + behind + 1)], dim=3)
