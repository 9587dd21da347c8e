"""Linear model over TF-IDF-weighted word and character n-grams of a text."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from seqwise.errors import ConfigError
from seqwise.nn._arguments import require_ids, require_sizes
from seqwise.nn._axes import Float, Integer

__all__ = ["NgramRegression"]


class NgramRegression(nn.Module):
    """Logits of one or more targets, linear in the n-grams of a sequence.

    The feature of an n-gram is its count among the sequence's ids times its inverse document frequency; the features of
    a sequence are scaled to Euclidean norm 1 (Salton and Buckley, 1988, "Term-weighting approaches in automatic text
    retrieval"). Weights start at 0; `seqwise.training.convex.ngram_fit` fits them.

    Args:
        count: number of ids; ids are 0 <= id < count, and 0 is padding.
        columns: number of logits of each target, by its name.

    Attributes:
        names: of the targets.
        inverse_frequencies: (count,) weight of each n-gram; that of id 0 is 0.

    Raises:
        ConfigError: no targets, or a size below 1.

    Examples:
        >>> regression = NgramRegression(count=1000, columns={"intent": 3, "votes": 47 * 3})
        >>> logits = regression(torch.tensor([[7, 8, 0], [8, 7, 9]]))
        >>> logits["intent"].shape, logits["votes"].shape
        (torch.Size([2, 3]), torch.Size([2, 141]))
    """

    inverse_frequencies: Tensor

    def __init__(self, count: int, columns: Mapping[str, int]) -> None:
        super().__init__()
        if not columns:
            raise ConfigError("NgramRegression: columns is empty, expected the number of logits of each target")
        require_sizes("NgramRegression", count=count, **{f"columns['{name}']": size for name, size in columns.items()})
        self.names = tuple(columns)
        self.sizes = tuple(columns.values())
        self.weights = nn.Parameter(torch.zeros(count, sum(self.sizes)))
        self.biases = nn.Parameter(torch.zeros(sum(self.sizes)))
        frequencies = torch.ones(count)
        frequencies[0] = 0.0
        self.register_buffer("inverse_frequencies", frequencies)

    def forward(self, ids: Integer[Tensor, "batch ngrams"]) -> dict[str, Float[Tensor, "batch columns"]]:
        """Return the logits of a batch.

        Args:
            ids: (batch, ngrams) integers, each sequence's n-grams in any order, with any number of zeros.

        Returns:
            (batch, columns) by the target's name; the biases for a sequence without n-grams.

        Raises:
            DtypeError: ids are not integers.
            ShapeError: ids are not (batch, ngrams).
        """
        require_ids("NgramRegression", ids, ("batch", "ngrams"))
        ids = (
            ids.long() if ids.shape[1] else ids.new_zeros(len(ids), 1, dtype=torch.long)
        )  # torch's sum needs at least one
        frequencies = self.inverse_frequencies[ids]
        length = frequencies.square().sum(dim=1, keepdim=True).sqrt()
        features = frequencies / torch.where(length > 0, length, 1.0)
        sums = nn.functional.embedding_bag(ids, self.weights, mode="sum", per_sample_weights=features)
        logits = torch.split(sums + self.biases, list(self.sizes), dim=1)
        return dict(zip(self.names, logits, strict=True))
