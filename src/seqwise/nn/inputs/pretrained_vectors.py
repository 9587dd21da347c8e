"""Pretrained word vectors, projected to the size of a model."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqwise.errors import ShapeError
from seqwise.nn._arguments import require_sizes
from seqwise.nn._axes import Bool, Float, Integer
from seqwise.nn.inputs._embedding_sums import summed_vectors

__all__ = ["PretrainedVectors"]


class PretrainedVectors(nn.Module):
    """A linear map of pretrained word vectors: W v.

    W is trained; the vectors themselves are frozen unless `trained`. While they are frozen, words that are not in the
    training data keep their position relative to the others.

    Args:
        count: number of ids; id 0 is for words without a vector, and its vector is zero.
        size: size of a pretrained vector.
        dim: size of the projected vector.
        trained: whether the pretrained vectors are fine-tuned.

    Attributes:
        output_size: `dim`.

    Raises:
        ConfigError: a size below 1.

    Examples:
        >>> layer = PretrainedVectors(count=3, size=2, dim=4)
        >>> layer.fill(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
        >>> layer(torch.tensor([[0, 2]])).shape
        torch.Size([1, 2, 4])
    """

    def __init__(self, count: int, size: int, dim: int, *, trained: bool = False) -> None:
        super().__init__()
        require_sizes("PretrainedVectors", count=count, size=size, dim=dim)
        self.output_size = dim
        self.given = nn.Embedding(count, size, padding_idx=0)
        self.given.weight.requires_grad_(trained)
        self.linear = nn.Linear(size, dim, bias=False)

    @torch.no_grad()
    def fill(self, vectors: Float[Tensor, "words size"]) -> None:
        """Set the vectors of ids 1 and up, scaled by one factor so that their values have a mean square of 1.

        Raises:
            ShapeError: vectors are not (count - 1, size).
        """
        count, size = self.given.num_embeddings - 1, self.given.embedding_dim
        if tuple(vectors.shape) != (count, size):
            raise ShapeError(
                f"PretrainedVectors: vectors of shape {tuple(vectors.shape)}, "
                f"expected (words, size) = ({count}, {size})"
            )
        root = vectors.double().square().mean().sqrt().clamp(min=1e-12)
        self.given.weight[1:] = (vectors / root).to(self.given.weight)

    def forward(
        self, ids: Integer[Tensor, "batch time"], counted: Bool[Tensor, "batch time"] | None = None
    ) -> Float[Tensor, "batch time features"]:
        """Return (batch, time, dim) vectors of ids (batch, time), 0 <= id < count; zeros where steps do not count."""
        vectors: Tensor = self.linear(summed_vectors(self.given, ids[..., None], counted))
        return vectors
