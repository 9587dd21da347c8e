"""Drops features, the same ones at every step of a sequence."""

from __future__ import annotations

from torch import Tensor, nn

from seqwise.nn._axes import Float

__all__ = ["FeatureDropout"]


class FeatureDropout(nn.Module):
    """Zeroes a feature at every step of a sequence with probability p and scales the others by 1 / (1 - p).

    One draw per sequence and feature, whatever the number of steps: padding cannot change which features are
    dropped, and a recurrent layer cannot average the noise away over time. Does nothing outside training.

    Args:
        p: share of features dropped, 0 <= p < 1.

    References:
        Gal and Ghahramani (2016), A Theoretically Grounded Application of Dropout in Recurrent Neural
        Networks.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, features: Float[Tensor, "batch *time size"]) -> Float[Tensor, "batch *time size"]:
        """`features` (batch, size) or (batch, time, size), some of them dropped in training."""
        if not self.training or self.p == 0.0:
            return features
        shared_axes = [1] * (features.ndim - 2)
        ones = features.new_ones(features.shape[0], *shared_axes, features.shape[-1])
        return features * nn.functional.dropout(ones, self.p)

    def extra_repr(self) -> str:
        """The share, as printing a model shows it."""
        return f"p={self.p}"
