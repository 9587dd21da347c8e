"""The sum of the vectors of a step's ids."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqwise.nn._axes import Float, Integer
from seqwise.nn._rows import summed_rows

__all__ = ["summed_vectors"]


def summed_vectors(
    embedding: nn.Embedding, ids: Integer[Tensor, "batch time parts"]
) -> Float[Tensor, "batch time features"]:
    """The sum of the vectors of each step's ids. Their gradient is sparse where the embedding's is to be."""
    if embedding.sparse and torch.is_grad_enabled():
        assert embedding.padding_idx is not None
        sums = summed_rows(embedding.weight, ids.reshape(-1, ids.shape[2]), embedding.padding_idx)
        return sums.reshape(*ids.shape[:2], -1)
    vectors: Tensor = embedding(ids)
    return vectors.sum(dim=2) if ids.shape[2] > 1 else vectors.squeeze(2)
