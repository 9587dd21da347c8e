"""Fixed, untrained convolutions for series; a linear head selects the useful ones."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from seqwise.nn._arguments import require_dropout, require_sizes
from seqwise.nn._axes import Bool, Float
from seqwise.nn._masking import selected
from seqwise.nn.encoders.encoder import FrontEncoder

__all__ = ["RocketEncoder", "reaches"]

_WIDTH = 9
_MOST_CHANNELS = 9


class RocketEncoder(FrontEncoder):
    """The outputs of fixed kernels at every step; nothing here is trained.

    Each kernel is one of the 84 patterns of nine weights of which three are 2 and six are -1; so a constant added to a
    series changes nothing but at its ends. Layer k looks at every 2^k-th step, or with n layers per doubling at every
    2^(k/n)-th, rounded, each reach once: 1, 2, 3, 4, 6, 8, 11 and so on with two. The second half of the kernels sees
    the change from step to step (zero at the first) instead of the values. Of several channels a kernel sees the sum of
    a few, drawn from torch's global generator: at most 9, small numbers as likely as large ones on a log scale. Beyond
    the ends of a series there are zeros, which is the mean of a scaled channel.

    To be followed by `PPVPooling` and a linear head: the best accuracy that is known for seconds of work on a CPU,
    and the safest for a few dozen series, since there is little that could fit them by chance.

    Args:
        input_size: channels.
        hidden: kernels per layer.
        layers: number of layers; the last one should look about as far as a series is long.
        per_doubling: layers until one looks twice as far.
        dropout: has no place here, since nothing is trained; accepted as by every encoder.
        with_values: whether the channels themselves stand behind the outputs of the kernels.

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
        self, steps: Float[Tensor, "batch time features"], front: Bool[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time hidden"]:
        values = selected(steps, front)
        changes = torch.diff(values, dim=1, prepend=values[:, :1])
        views = [view.transpose(1, 2) for view in (values, selected(changes, front))]
        outputs = []
        for reach, kernels in zip(self.reaches, self.kernels.to(values.dtype), strict=True):
            for view, own in zip(views, (kernels[: self.of_values], kernels[self.of_values :]), strict=True):
                outputs.append(nn.functional.conv1d(view, own, dilation=reach, padding=_WIDTH // 2 * reach))
        if self.with_values:
            outputs.append(values.transpose(1, 2))
        return selected(torch.cat(outputs, dim=1).transpose(1, 2), front)


def reaches(layers: int, per_doubling: int) -> tuple[int, ...]:
    """How far apart the steps are that each layer looks at.

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
    """The 84 ways to put three 2 among nine weights, the others -1; each sums to 0."""
    patterns = torch.full((84, _WIDTH), -1.0)
    for row, places in enumerate(itertools.combinations(range(_WIDTH), 3)):
        patterns[row, list(places)] = 2.0
    return patterns


def _drawn_channels(layers: int, hidden: int, channels: int) -> Float[Tensor, "layers hidden channels"]:
    """1 for the channels that a kernel sees, 0 for the others."""
    if channels == 1:
        return torch.ones(layers, hidden, 1)
    most = min(channels, _MOST_CHANNELS) + 1
    counts = (float(most) ** torch.rand(layers, hidden, 1)).long().clamp(max=most - 1)
    ranks = torch.rand(layers, hidden, channels).argsort(dim=2).argsort(dim=2)
    return (ranks < counts).float()
