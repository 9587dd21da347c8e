"""From states to the logits of one target: a head, with a pooling for labels per sequence or a CRF for tags."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqwise.nn._axes import Bool, Float, Integer
from seqwise.nn.tag_crf import TagCRF

__all__ = ["TargetModule"]


class TargetModule(nn.Module):
    """Turns the states of a sequence, and the vector of its n-grams, into the logits of one target.

    Args:
        head: maps vectors to logits.
        pooling: maps the states of a sequence to one vector; None for a target with labels per step, and where there
            are no states.
        crf: the linear-chain CRF of tags; None where each step is decided by itself.
        direct: maps the context window of each step to logits that are added to those of the states; None for none. It
            is fitted before training and frozen.

    Examples:
        >>> from seqwise.nn import LabelHead, MeanPooling
        >>> TargetModule(LabelHead(8, 3), MeanPooling(8))(torch.zeros(2, 5, 8)).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        head: nn.Module,
        pooling: nn.Module | None = None,
        crf: TagCRF | None = None,
        direct: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.pooling = pooling
        self.head = head
        self.chain = crf  # Weights of run folders have this name.
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
        """Return the logits of states (batch, time, hidden), with lengths or a mask of the steps that count.

        A target with one label per sequence reads the vector of the n-grams (batch, size) together with the pooled
        states, or alone where there are no states; one with a direct head reads the context window of each step.
        """
        vectors = bag if hidden is None else hidden
        if self.pooling is not None:
            vectors = self.pooling(hidden, lengths=lengths, mask=mask)
            vectors = vectors if bag is None else torch.cat([vectors, bag], dim=1)
        logits: Tensor = self.head(vectors)
        return logits if self.direct is None else logits + self.direct(context_window)
