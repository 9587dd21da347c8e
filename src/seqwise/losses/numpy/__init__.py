"""The losses for NumPy: the reference. All is computed in float64, and values are always checked.

`seqwise.losses` explains shapes, options and edge cases.
"""

from __future__ import annotations

from seqwise.losses._constraints import Allowed, allowed_transitions
from seqwise.losses._crf_terms import Decoded
from seqwise.losses.numpy._numpy_crf import crf_decode, crf_marginals, crf_nll
from seqwise.losses.numpy._numpy_framework import LossSum
from seqwise.losses.numpy._numpy_losses import (
    binary_cross_entropy,
    cross_entropy,
    focal_loss,
    linear_cross_entropy,
    loss_sum,
    ordinal_loss,
)

__all__ = [
    "Allowed",
    "Decoded",
    "LossSum",
    "allowed_transitions",
    "binary_cross_entropy",
    "crf_decode",
    "crf_marginals",
    "crf_nll",
    "cross_entropy",
    "focal_loss",
    "linear_cross_entropy",
    "loss_sum",
    "ordinal_loss",
]
