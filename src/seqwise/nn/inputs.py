"""Input layers: token ids or channel values -> one vector per step, zeros where a step does not count."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqwise.errors import ConfigError, DtypeError
from seqwise.nn._arguments import is_integer, require_axes, require_dropout, require_sizes
from seqwise.nn._axes import Bool, Float, Integer, Num
from seqwise.nn._dropout import FeatureDropout
from seqwise.nn._masking import counted_positions, selected

__all__ = ["ChannelProjection", "TokenEmbedding"]


class TokenEmbedding(nn.Module):
    """One trained vector per token.

    Vectors start from the standard normal distribution. The vector of `padding_id` is zero and is never
    trained, also where that id stands at a position that counts.

    Args:
        vocabulary_size: number of ids; ids are 0 <= id < vocabulary_size.
        dim: size of a vector.
        dropout: share of a vector's features dropped in training, the same ones at every step of a sequence.
        padding_id: the id whose vector is zero.

    Attributes:
        output_size: `dim`.

    Raises:
        ConfigError: a size below 1, dropout outside [0, 1), or padding_id outside the vocabulary.

    Example:
        >>> layer = TokenEmbedding(vocabulary_size=1000, dim=50)
        >>> vectors = layer(torch.tensor([[7, 8, -1]]), lengths=torch.tensor([2]))
        >>> vectors.shape, vectors[0, 2].abs().sum().item()
        (torch.Size([1, 3, 50]), 0.0)
    """

    def __init__(self, vocabulary_size: int, dim: int, *, dropout: float = 0.0, padding_id: int = 0) -> None:
        super().__init__()
        require_sizes("TokenEmbedding", vocabulary_size=vocabulary_size, dim=dim)
        require_dropout("TokenEmbedding", dropout)
        if not 0 <= padding_id < vocabulary_size:
            raise ConfigError(
                f"TokenEmbedding: padding_id is {padding_id}, expected 0 <= padding_id < {vocabulary_size}, "
                "the size of the vocabulary"
            )
        self.vocabulary_size = vocabulary_size
        self.output_size = dim
        self.padding_id = padding_id
        self.embedding = nn.Embedding(vocabulary_size, dim, padding_idx=padding_id)
        self.dropout = FeatureDropout(dropout)

    def forward(
        self,
        ids: Integer[Tensor, "batch time"],
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
    ) -> Float[Tensor, "batch time features"]:
        """The vectors of a batch of tokens.

        Args:
            ids: (batch, time) integers of any type. Positions that do not count may hold anything; an id out
                of range elsewhere raises torch's IndexError on a CPU and is an assertion of the device on a
                GPU.
            lengths: (batch,) the first `lengths[b]` steps count.
            mask: (batch, time) booleans, True = counts. With neither, every step counts.

        Returns:
            (batch, time, dim), exact zeros where a step does not count.

        Raises:
            DtypeError: ids are not integers.
            ShapeError: ids are not (batch, time), or lengths or mask do not fit them.
            UsageError: lengths and mask were both given.
        """
        if not is_integer(ids):
            raise DtypeError(f"TokenEmbedding: ids of {ids.dtype}, expected integers (batch, time)")
        require_axes("TokenEmbedding", "ids", ids, ("batch", "time"))
        counted = counted_positions("TokenEmbedding", ids, lengths=lengths, mask=mask)
        known = torch.where(counted, ids.long(), self.padding_id)
        return selected(self.dropout(self.embedding(known)), counted)


class ChannelProjection(nn.Module):
    """One linear map of the channels of a series, the same at every step.

    Args:
        channels: number of values per step.
        dim: size of the vector made of them.
        dropout: share of the vector's features dropped in training, the same ones at every step of a
            sequence.

    Attributes:
        output_size: `dim`.

    Raises:
        ConfigError: a size below 1, or dropout outside [0, 1).

    Example:
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
        """The vectors of a batch of series.

        Args:
            values: (batch, time, channels) real numbers of any type; computed in the type of the weights. NaN
                at a step that counts stays NaN: fill gaps before.
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
