"""A vector per word: its own, and those of its parts."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqwise.errors import DtypeError
from seqwise.nn._arguments import is_integer, require_axes, require_dropout, require_sizes
from seqwise.nn._axes import Bool, Float, Integer
from seqwise.nn._dropout import FeatureDropout
from seqwise.nn._masking import counted_positions, selected
from seqwise.nn.inputs._sums import summed_vectors

__all__ = ["WordEmbedding"]


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
        vectors = summed_vectors(self.words, known[..., :1]) + summed_vectors(self.word_parts, known[..., 1:])
        return selected(self.dropout(vectors), counted)
