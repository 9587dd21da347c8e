"""One vector per step of a series: a projection of its channels, or the channel values themselves."""

from __future__ import annotations

from torch import Tensor, nn

from seqwise.nn._arguments import require_axes, require_dropout, require_sizes
from seqwise.nn._axes import Bool, Float, Integer, Num
from seqwise.nn._dropout import FeatureDropout
from seqwise.nn._masking import counted_positions, selected

__all__ = ["ChannelProjection", "ChannelValues"]


class ChannelProjection(nn.Module):
    """One linear map of the channels of a series, the same at every step.

    Args:
        channels: number of values per step.
        dim: size of the projected vector.
        dropout: fraction of the vector's features dropped in training, the same ones at every step of a
            sequence.

    Attributes:
        output_size: `dim`.

    Raises:
        ConfigError: a size below 1, or dropout outside [0, 1).

    Examples:
        >>> import torch
        >>> layer = ChannelProjection(channels=2, dim=4)
        >>> values = torch.tensor([[[1.0, 2.0], [torch.nan, torch.inf]]])
        >>> layer(values, lengths=torch.tensor([1]))[0, 1].tolist()
        [0.0, 0.0, 0.0, 0.0]
    """

    def __init__(self, channels: int, dim: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        require_sizes("ChannelProjection", channels=channels, dim=dim)
        require_dropout("ChannelProjection", dropout)
        self.channels = channels
        self.output_size = dim
        self.linear = nn.Linear(channels, dim)
        self.dropout = FeatureDropout(dropout)

    def forward(
        self,
        values: Num[Tensor, "batch time channels"],
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
    ) -> Float[Tensor, "batch time features"]:
        """Return the vectors of a batch of series.

        Args:
            values: (batch, time, channels) real numbers of any type; computed in the type of the weights. NaN
                at a step that counts stays NaN: fill missing values first.
            lengths: (batch,) the first `lengths[b]` steps count.
            mask: (batch, time) booleans, True = counts. With neither, every step counts.

        Returns:
            (batch, time, dim), exact zeros where a step does not count.

        Raises:
            ShapeError: values are not (batch, time, channels), or lengths or mask do not fit them.
            DtypeError: lengths are not integers, or the mask is not boolean.
            UsageError: lengths and mask were both given.
        """
        require_axes("ChannelProjection", "values", values, ("batch", "time", "channels"), self.channels)
        counted = counted_positions("ChannelProjection", values, lengths=lengths, mask=mask)
        clean = selected(values.to(self.linear.weight.dtype), counted)
        return selected(self.dropout(self.linear(clean)), counted)


class ChannelValues(nn.Module):
    """The channels of a series as they are, zeros where a step does not count.

    Args:
        channels: number of values per step.

    Attributes:
        output_size: `channels`.

    Raises:
        ConfigError: a size below 1.

    Examples:
        >>> import torch
        >>> ChannelValues(1)(torch.tensor([[[1.5], [torch.nan]]]), lengths=torch.tensor([1])).tolist()
        [[[1.5], [0.0]]]
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        require_sizes("ChannelValues", channels=channels)
        self.channels = channels
        self.output_size = channels

    def forward(
        self,
        values: Num[Tensor, "batch time channels"],
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
    ) -> Float[Tensor, "batch time channels"]:
        """Return the values (batch, time, channels); see `ChannelProjection.forward` for arguments and errors."""
        require_axes("ChannelValues", "values", values, ("batch", "time", "channels"), self.channels)
        counted = counted_positions("ChannelValues", values, lengths=lengths, mask=mask)
        return selected(values if values.is_floating_point() else values.float(), counted)
