"""Bag of n-grams: one vector per sequence; fast, and a strong baseline where a few words decide the class."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqwise.nn._arguments import require_dropout, require_ids, require_sizes
from seqwise.nn._axes import Float, Integer
from seqwise.nn._embedding_rows import summed_rows

__all__ = ["NgramBag"]


class NgramBag(nn.Module):
    """The sum of the vectors of a sequence's n-grams, divided by the square root of their number.

    With the root, uncorrelated vectors give short and long sequences a vector of equal size; a mean would shrink with
    the length, and a sum would grow. In training n-grams are dropped at random, so that the model does not rely on any
    single one; a linear model needs that regularisation where it has more n-grams than sequences (Wager et al., 2013,
    "Dropout Training as Adaptive Regularization").

    Args:
        count: number of ids; ids are 0 <= id < count, and 0 is padding.
        dim: size of the vector.
        ngram_dropout: fraction of the n-grams dropped in training.

    Attributes:
        output_size: `dim`.
        generator: source of the dropout's random numbers, on the device of the ids; None for torch's global generator.

    Raises:
        ConfigError: a size below 1, or a dropout outside [0, 1).

    Examples:
        >>> bag = NgramBag(count=1000, dim=4).eval()
        >>> one, two = bag(torch.tensor([[7, 8, 0], [8, 7, 9]]))
        >>> torch.allclose(one, bag(torch.tensor([[8, 7]]))[0]), torch.equal(one, two)
        (True, False)
    """

    generator: torch.Generator | None = None

    def __init__(self, count: int, dim: int, *, ngram_dropout: float = 0.0) -> None:
        super().__init__()
        require_sizes("NgramBag", count=count, dim=dim)
        require_dropout("NgramBag", ngram_dropout)
        self.output_size = dim
        self.ngram_dropout = ngram_dropout
        self.vectors = nn.Embedding(count, dim, padding_idx=0)
        with torch.no_grad():
            self.vectors.weight.mul_(_FIRST_DEVIATION)

    def forward(self, ids: Integer[Tensor, "batch ngrams"]) -> Float[Tensor, "batch size"]:
        """Return the vectors of a batch.

        Args:
            ids: (batch, ngrams) integers, each sequence's n-grams in any order, with any number of zeros.

        Returns:
            (batch, dim); zeros for a sequence without n-grams.

        Raises:
            DtypeError: ids are not integers.
            ShapeError: ids are not (batch, ngrams).
        """
        require_ids("NgramBag", ids, ("batch", "ngrams"))
        ids = ids.long()
        scale = (ids > 0).sum(dim=1, keepdim=True).clamp(min=1).to(self.vectors.weight.dtype).rsqrt()
        if self.training and self.ngram_dropout > 0:
            drawn = torch.rand(ids.shape, generator=self.generator, device=ids.device)
            ids = torch.where(drawn < self.ngram_dropout, 0, ids)
            scale = scale / (1 - self.ngram_dropout)
        return self._sum(ids) * scale

    def _sum(self, ids: Tensor) -> Tensor:
        if ids.shape[1] == 0:  # which torch's sums refuse
            return self.vectors.weight.new_zeros(ids.shape[0], self.output_size)
        if self.vectors.sparse and torch.is_grad_enabled():
            return summed_rows(self.vectors.weight, ids, padding_id=0)
        return nn.functional.embedding_bag(ids, self.vectors.weight, mode="sum", padding_idx=0)

    def extra_repr(self) -> str:
        """Return the fraction dropped, shown when a model is printed."""
        return f"ngram_dropout={self.ngram_dropout}"


_FIRST_DEVIATION = 0.1
"""Standard deviation of the initial vectors: small, so that rare n-grams have little influence."""
