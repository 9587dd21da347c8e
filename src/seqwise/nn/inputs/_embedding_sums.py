"""Sum of the embeddings of a step's ids."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqwise.nn._axes import Bool, Float, Integer
from seqwise.nn._embedding_rows import summed_rows
from seqwise.nn._masking import selected

__all__ = ["summed_vectors"]


def summed_vectors(
    embedding: nn.Embedding,
    ids: Integer[Tensor, "batch time ids"],
    counted: Bool[Tensor, "batch time"] | None = None,
    scale: Float[Tensor, "batch 1 features"] | None = None,
) -> Float[Tensor, "batch time features"]:
    """Return the sum of the vectors of each step's ids; zeros where a step does not count.

    Args:
        embedding: has a padding id; the gradient by its weights is sparse if `embedding.sparse`.
        ids: (batch, time, ids); anything where a step does not count.
        counted: (batch, time) which steps count; None for all.
        scale: (batch, 1, features) factors for the vectors of a sequence; None for 1.
    """
    assert embedding.padding_idx is not None
    if embedding.sparse and torch.is_grad_enabled():
        sums = summed_rows(
            embedding.weight,
            ids.flatten(0, 1),
            embedding.padding_idx,
            counted=None if counted is None else counted.flatten(),
            scale=None if scale is None else scale.flatten(0, 1),
        )
        return sums.view(*ids.shape[:2], sums.shape[1])
    known = ids if counted is None else torch.where(counted[:, :, None], ids, embedding.padding_idx)
    vectors: Tensor = embedding(known)
    vectors = vectors.sum(dim=2) if ids.shape[2] > 1 else vectors.squeeze(2)
    vectors = vectors if scale is None else vectors * scale
    return vectors if counted is None else selected(vectors, counted)
