"""Features of the context window of each time step of a series; fixed, not trained."""

from __future__ import annotations

import torch
from torch import Tensor

from seqwise.nn._arguments import require_sizes
from seqwise.nn._axes import Bool, Float
from seqwise.nn._masking import selected
from seqwise.nn.encoders.encoder import FrontEncoder

__all__ = ["ContextWindowEncoder"]

_AROUND = 3
_REACHES = (2, 8)
_SMALLEST = 1e-4


class ContextWindowEncoder(FrontEncoder):
    """Of each step the values around it, and what they are like before it and behind it.

    Per channel 19 numbers: the values of the seven steps from three before to three behind, where a series goes on as
    it begins and ends; then, for the 2 and for the 8 steps before and for as many behind, the step itself included,
    their mean, their deviation sqrt(var + 0.0001) and the mean size of their changes from step to step. At the ends
    there are fewer of them; the change of the first step is 0.

    A linear head over them is a strong start for labels per step: it has few ways to fit a handful of long series by
    chance.

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
        self, steps: Float[Tensor, "batch time channels"], front: Bool[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time features"]:
        values = selected(steps, front)
        sizes = selected(torch.diff(values, dim=1, prepend=values[:, :1]).abs(), front)
        parts = [_around(values, front)]
        for reach in _REACHES:
            for before, behind in ((reach, 0), (0, reach)):
                counted = _views(front[:, :, None].to(values.dtype), before, behind)
                number = counted.sum(dim=3).clamp(min=1)
                seen = _views(values, before, behind)
                mean = seen.sum(dim=3) / number
                variance = (torch.where(counted > 0, seen - mean[..., None], 0.0) ** 2).sum(dim=3) / number
                parts += [mean, (variance + _SMALLEST).sqrt(), _views(sizes, before, behind).sum(dim=3) / number]
        return selected(torch.cat(parts, dim=2), front)


def _around(
    values: Float[Tensor, "batch time channels"], front: Bool[Tensor, "batch time"]
) -> Float[Tensor, "batch time features"]:
    """The values of the seven steps around each, those at the ends repeated."""
    last = front.sum(dim=1, keepdim=True) - 1
    places = torch.arange(values.shape[1], device=values.device)
    moved = []
    for shift in range(-_AROUND, _AROUND + 1):
        chosen = torch.minimum((places + shift).clamp(min=0)[None], last).clamp(min=0)
        moved.append(values.gather(1, chosen[:, :, None].expand_as(values)))
    return torch.cat(moved, dim=2)


def _views(
    values: Float[Tensor, "batch time channels"], before: int, behind: int
) -> Float[Tensor, "batch time channels views"]:
    """At each step its own value and those of so many steps before and behind; zeros beyond the ends."""
    time = values.shape[1]
    padded = torch.nn.functional.pad(values, (0, 0, before, behind))
    return torch.stack([padded[:, shift : shift + time] for shift in range(before + behind + 1)], dim=3)
