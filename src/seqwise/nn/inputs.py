"""Input layers: token ids or channel values -> one vector per step, zeros where a step does not count."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqwise.errors import ConfigError, DtypeError
from seqwise.nn._arguments import is_integer, require_axes, require_dropout, require_sizes
from seqwise.nn._axes import Bool, Float, Integer, Num
from seqwise.nn._dropout import FeatureDropout
from seqwise.nn._masking import counted_positions, selected
from seqwise.nn._rows import summed_rows

__all__ = ["ChannelProjection", "TokenEmbedding", "WordEmbedding"]


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
        return selected(self.dropout(_vectors(self.embedding, known[..., None])), counted)


class WordEmbedding(nn.Module):
    """The sum of a word's own vector and the vectors of its parts: prefix, suffixes, shape.

    A word that training never showed has the vector of the unknown word plus those of its parts. Vectors start from a
    normal distribution so scaled that their sum has variance 1.

    Args:
        vocabulary_size: number of word ids; id 0 is padding.
        part_count: number of ids that parts can have; id 0 is padding.
        parts: parts per word.
        dim: size of a vector.
        dropout: share of a vector's features dropped in training, the same ones at every step of a sequence.

    Attributes:
        output_size: `dim`.

    Raises:
        ConfigError: a size below 1, or dropout outside [0, 1).

    Example:
        >>> layer = WordEmbedding(vocabulary_size=1000, part_count=601, parts=6, dim=50)
        >>> layer(torch.ones(4, 7, 1 + 6, dtype=torch.long)).shape
        torch.Size([4, 7, 50])
    """

    def __init__(self, vocabulary_size: int, part_count: int, parts: int, dim: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        require_sizes("WordEmbedding", vocabulary_size=vocabulary_size, part_count=part_count, parts=parts, dim=dim)
        require_dropout("WordEmbedding", dropout)
        self.output_size = dim
        self.parts = parts
        self.words = nn.Embedding(vocabulary_size, dim, padding_idx=0)
        self.word_parts = nn.Embedding(part_count, dim, padding_idx=0)
        self.dropout = FeatureDropout(dropout)
        with torch.no_grad():
            for embedding in (self.words, self.word_parts):
                embedding.weight.mul_((1 + parts) ** -0.5)

    def forward(
        self,
        ids: Integer[Tensor, "batch time ids"],
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
    ) -> Float[Tensor, "batch time features"]:
        """The vectors of a batch of words.

        Args:
            ids: (batch, time, 1 + parts) integers: the id of the word, then those of its parts. Positions that do not
                count may hold anything.
            lengths: (batch,) the first `lengths[b]` steps count.
            mask: (batch, time) booleans, True = counts. With neither, every step counts.

        Returns:
            (batch, time, dim), exact zeros where a step does not count.

        Raises:
            DtypeError: ids are not integers.
            ShapeError: ids are not (batch, time, 1 + parts), or lengths or mask do not fit them.
            UsageError: lengths and mask were both given.
        """
        if not is_integer(ids):
            raise DtypeError(f"WordEmbedding: ids of {ids.dtype}, expected integers (batch, time, 1 + parts)")
        require_axes("WordEmbedding", "ids", ids, ("batch", "time", "1 + parts"), 1 + self.parts)
        counted = counted_positions("WordEmbedding", ids[..., 0], lengths=lengths, mask=mask)
        known = torch.where(counted.unsqueeze(-1), ids.long(), 0)
        vectors = _vectors(self.words, known[..., :1]) + _vectors(self.word_parts, known[..., 1:])
        return selected(self.dropout(vectors), counted)


def _vectors(embedding: nn.Embedding, ids: Integer[Tensor, "batch time parts"]) -> Float[Tensor, "batch time features"]:
    """The sum of the vectors of each step's ids. Their gradient is sparse where the embedding's is to be."""
    if embedding.sparse and torch.is_grad_enabled():
        assert embedding.padding_idx is not None
        sums = summed_rows(embedding.weight, ids.reshape(-1, ids.shape[2]), embedding.padding_idx)
        return sums.reshape(*ids.shape[:2], -1)
    vectors: Tensor = embedding(ids)
    return vectors.sum(dim=2) if ids.shape[2] > 1 else vectors.squeeze(2)


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
