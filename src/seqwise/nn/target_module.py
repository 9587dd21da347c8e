"""States -> the logits of one target: a head, a pooling before it for one label per sequence, and a CRF for tags."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqwise.nn._axes import Bool, Float, Integer
from seqwise.nn.tag_crf import TagCRF

__all__ = ["TargetModule"]


class TargetModule(nn.Module):
    """Turns the states of a sequence, and the vector of its n-grams, into the logits of one target.

    Args:
        head: logits of vectors.
        pooling: one vector of the states of a sequence; None for a target with labels per step, and where there are no
            states.
        chain: the linear-chain CRF of tags; None where each step is decided by itself.
        direct: logits of the context window of each step, which are added to those of the states; None for none. It is
            solved for before training, and training leaves it as it is.

    Examples:
        >>> from seqwise.nn import LabelHead, MeanPooling
        >>> TargetModule(LabelHead(8, 3), MeanPooling(8))(torch.zeros(2, 5, 8)).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        head: nn.Module,
        pooling: nn.Module | None = None,
        chain: TagCRF | None = None,
        direct: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.pooling = pooling
        self.head = head
        self.chain = chain
        self.direct = None if direct is None else direct.requires_grad_(False)

    def forward(
        self,
        hidden: Float[Tensor, "batch time hidden"] | None,
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
        bag: Float[Tensor, "batch size"] | None = None,
        context_window: Float[Tensor, "batch time features"] | None = None,
    ) -> Float[Tensor, "batch ..."]:
        """The logits of states (batch, time, hidden), of which lengths or mask say what counts.

        A target with one label per sequence reads the vector of the n-grams (batch, size) beside the pooled states, or
        alone where there are no states; one with a direct head reads the context window of each step.
        """
        vectors = bag if hidden is None else hidden
        if self.pooling is not None:
            vectors = self.pooling(hidden, lengths=lengths, mask=mask)
            vectors = vectors if bag is None else torch.cat([vectors, bag], dim=1)
        logits: Tensor = self.head(vectors)
        return logits if self.direct is None else logits + self.direct(context_window)
