"""One vector per sequence from its n-grams, whatever their order: quick, and hard to beat where a few words decide."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqwise.nn._arguments import require_dropout, require_ids, require_sizes
from seqwise.nn._axes import Float, Integer
from seqwise.nn._embedding_rows import summed_rows

__all__ = ["NgramBag"]


class NgramBag(nn.Module):
    """The sum of the vectors of a sequence's n-grams, divided by the square root of their number.

    The root keeps the size of the sum the same for short and long sequences, as long as vectors have not learnt to
    agree: a mean would make the words of a long text count for little, a sum would make them count for much. In
    training some n-grams are hidden, so that no single one is relied upon; a linear model needs that where it has more
    n-grams than sequences (Wager et al., 2013, "Dropout Training as Adaptive Regularization").

    Args:
        count: number of ids; ids are 0 <= id < count, and 0 stands for nothing.
        dim: size of the vector.
        ngram_dropout: fraction of the n-grams that training drops.

    Attributes:
        output_size: `dim`.
        generator: what hides n-grams draws from, on the device of the ids; None for the generator of the process.

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
        """The vectors of a batch.

        Args:
            ids: (batch, ngrams) integers, each sequence's n-grams in any order among any number of zeros.

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
        """The fraction, as printing a model shows it."""
        return f"ngram_dropout={self.ngram_dropout}"


_FIRST_DEVIATION = 0.1
"""Of the vectors before training: small, so that rare n-grams have little influence."""
