"""The losses for JAX: under `jit`, `vmap` and `grad`, in float32, or in float64 where x64 is enabled.

`seqwise.losses` explains shapes, options and edge cases. Arrays may be traced; options are
Python values and stay static: close over them, or name them in `static_argnames`. Values are looked at only
for arrays on the CPU, outside of traces; inside of a trace a label out of range gives a NaN loss.
"""

from __future__ import annotations

from seqwise.errors import MissingExtraError

try:
    import jax as _jax  # noqa: F401 - before the files that need it, so that one place says what is missing
except ImportError as error:
    raise MissingExtraError("jax", "jax") from error

from seqwise.losses._constraints import Allowed, allowed_transitions
from seqwise.losses._crf_terms import Decoded
from seqwise.losses.jax._jax_crf import crf_decode, crf_marginals, crf_nll
from seqwise.losses.jax._jax_framework import LossSum
from seqwise.losses.jax._jax_losses import binary_cross_entropy, cross_entropy, focal_loss, loss_sum, ordinal_loss

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
    "loss_sum",
    "ordinal_loss",
]
