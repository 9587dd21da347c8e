"""Fixed, untrained convolutions for series; a linear head selects the useful ones."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from seqwise.nn._arguments import require_dropout, require_sizes
from seqwise.nn._axes import Bool, Float
from seqwise.nn._masking import selected
from seqwise.nn.encoders.encoder import LeftAlignedEncoder

__all__ = ["RocketEncoder", "reaches"]

_WIDTH = 9
_MOST_CHANNELS = 9


class RocketEncoder(LeftAlignedEncoder):
    """The outputs of fixed, untrained kernels at every step.

    Each kernel is one of the 84 patterns of nine weights of which three are 2 and six are -1; so adding a constant to a
    series changes outputs only near its ends. Layer k has dilation 2^k, or with n layers per doubling 2^(k/n), rounded,
    without repeats: 1, 2, 3, 4, 6, 8, 11 and so on with two. The second half of the kernels reads the change from step
    to step (zero at the first) instead of the values. With several channels a kernel reads the sum of at most 9, chosen
    by torch's global generator; their number is uniform on a log scale. Series are padded with zeros, the mean of a
    scaled channel.

    Use it with `PPVPooling` and a linear head. That is the most accurate known method that takes seconds on a CPU, and
    the safest for a few dozen series, since it has few trained weights to overfit them.

    Args:
        input_size: channels.
        hidden: kernels per layer.
        layers: number of layers; the last one should span about the length of a series.
        per_doubling: layers per doubling of the dilation.
        dropout: unused, since nothing is trained; every encoder takes it.
        with_values: whether the channels themselves follow the outputs of the kernels.

    Attributes:
        output_size: `hidden` x `layers`, and `input_size` more with the channels.

    Raises:
        ConfigError: a size below 1, or dropout outside [0, 1).

    References:
        Dempster, Schmidt and Webb (2021), MiniRocket: A Very Fast (Almost) Deterministic Transform for Time Series
        Classification; Tan et al. (2022), MultiRocket, for the changes from step to step.

    Examples:
        >>> encoder = RocketEncoder(input_size=3, hidden=168, layers=2)
        >>> encoder(torch.randn(2, 5, 3), lengths=torch.tensor([5, 2])).shape
        torch.Size([2, 5, 336])
    """

    def __init__(
        self,
        input_size: int,
        hidden: int,
        *,
        layers: int = 1,
        per_doubling: int = 1,
        dropout: float = 0.0,
        with_values: bool = False,
    ) -> None:
        super().__init__()
        sizes = {"input_size": input_size, "hidden": hidden, "layers": layers, "per_doubling": per_doubling}
        require_sizes("RocketEncoder", **sizes)
        require_dropout("RocketEncoder", dropout)
        self.input_size = input_size
        self.hidden = hidden
        self.layers = layers
        self.reaches = reaches(layers, per_doubling)
        self.with_values = with_values
        self.output_size = hidden * layers + (input_size if with_values else 0)
        self.of_values = hidden - hidden // 2
        patterns = _patterns()
        number = torch.arange(hidden)
        number[self.of_values :] -= self.of_values
        weights = patterns[number % len(patterns)][:, None, :] * _drawn_channels(layers, hidden, input_size)[..., None]
        self.kernels: Tensor
        self.register_buffer("kernels", weights)  # (layers, hidden, channels, 9)

    def _states(
        self, steps: Float[Tensor, "batch time features"], left_aligned: Bool[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time hidden"]:
        values = selected(steps, left_aligned)
        changes = torch.diff(values, dim=1, prepend=values[:, :1])
        views = [view.transpose(1, 2) for view in (values, selected(changes, left_aligned))]
        outputs = []
        for reach, kernels in zip(self.reaches, self.kernels.to(values.dtype), strict=True):
            for view, own in zip(views, (kernels[: self.of_values], kernels[self.of_values :]), strict=True):
                outputs.append(nn.functional.conv1d(view, own, dilation=reach, padding=_WIDTH // 2 * reach))
        if self.with_values:
            outputs.append(values.transpose(1, 2))
        return selected(torch.cat(outputs, dim=1).transpose(1, 2), left_aligned)


def reaches(layers: int, per_doubling: int) -> tuple[int, ...]:
    """Return the dilation of each layer.

    Examples:
        >>> reaches(5, per_doubling=1), reaches(8, per_doubling=2)
        ((1, 2, 4, 8, 16), (1, 2, 3, 4, 6, 8, 11, 16))
    """
    found: list[int] = []
    for number in itertools.count():
        if len(found) == layers:
            break
        reach = round(2 ** (number / per_doubling))
        if reach not in found[-1:]:
            found.append(reach)
    return tuple(found)


def _patterns() -> Float[Tensor, "patterns width"]:
    """Return the 84 patterns of nine weights with three 2 and six -1; each sums to 0."""
    patterns = torch.full((84, _WIDTH), -1.0)
    for row, places in enumerate(itertools.combinations(range(_WIDTH), 3)):
        patterns[row, list(places)] = 2.0
    return patterns


def _drawn_channels(layers: int, hidden: int, channels: int) -> Float[Tensor, "layers hidden channels"]:
    """Return 1 for the channels that a kernel reads, 0 for the others."""
    if channels == 1:
        return torch.ones(layers, hidden, 1)
    most = min(channels, _MOST_CHANNELS) + 1
    counts = (float(most) ** torch.rand(layers, hidden, 1)).long().clamp(max=most - 1)
    ranks = torch.rand(layers, hidden, channels).argsort(dim=2).argsort(dim=2)
    return (ranks < counts).float()
