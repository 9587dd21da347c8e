"""Dropout of whole features: the same ones at every step of a sequence."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seqwise.nn._axes import Float

__all__ = ["FeatureDropout"]


class FeatureDropout(nn.Module):
    """Zeroes a feature at every step of a sequence with probability p and scales the others by 1 / (1 - p).

    One random number per sequence and feature, whatever the number of steps: padding cannot change which features
    are dropped, and a recurrent layer cannot average the noise away over time. Inactive outside training.

    Args:
        p: fraction of features dropped, 0 <= p < 1.

    Attributes:
        generator: source of random numbers, on the device of the features; None for torch's global generator.

    References:
        Gal and Ghahramani (2016), A Theoretically Grounded Application of Dropout in Recurrent Neural
        Networks.
    """

    generator: torch.Generator | None = None

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, features: Float[Tensor, "batch *time size"]) -> Float[Tensor, "batch *time size"]:
        """Return features (batch, size) or (batch, time, size), some of them dropped in training."""
        scale = self.scale((features.shape[0], *[1] * (features.ndim - 2), features.shape[-1]), features)
        return features if scale is None else features * scale

    def scale(self, shape: Sequence[int], like: Tensor) -> Tensor | None:
        """Draw the factors of the features, 0 or 1 / (1 - p), in dtype and device of a tensor; None for no dropout."""
        if not self.training or self.p == 0.0:
            return None
        dtype = torch.promote_types(like.dtype, torch.float32)
        # a third of the time of torch.bernoulli, and the same random numbers on all processors
        drawn = torch.rand(*shape, generator=self.generator, dtype=dtype, device=like.device)
        kept = drawn.ge_(self.p).div_(1 - self.p)
        return kept.to(like.dtype)

    def extra_repr(self) -> str:
        """Return the fraction dropped, shown when a model is printed."""
        return f"p={self.p}"
