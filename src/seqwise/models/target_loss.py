"""The loss of one target over a batch."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from seqwise.losses.torch import LossSum, binary_cross_entropy, cross_entropy, loss_sum, ordinal_loss
from seqwise.targets import Target
from seqwise.task.ordinal import in_order

__all__ = ["target_loss"]


def target_loss(
    target: Target,
    logits: Tensor,
    labels: Tensor,
    mask: Tensor,
    *,
    class_weight: Tensor | None = None,
    label_smoothing: float = 0.0,
    ranks: Tensor | None = None,
) -> LossSum:
    """The loss of one target over a batch, as a sum and its divisor.

    Args:
        target: what is predicted.
        logits: see `seqwise.targets.Target`.
        labels: class indices.
        mask: of the labels' shape, True where a label counts.
        class_weight: (C,) or (K, C); for `multilabel` (L,) weights of the positive term.
        label_smoothing: share of a label spread over all classes.
        ranks: (C,) or (K, C) the place of each class in their order, for the ordinal loss; None for cross-entropy.
    """
    if target.kind == "multilabel":
        return loss_sum(
            binary_cross_entropy,
            logits,
            labels,
            mask=mask,
            pos_weight=class_weight,
            label_smoothing=label_smoothing,
        )
    loss: Callable[..., Tensor] = cross_entropy
    if ranks is not None:
        loss = ordinal_loss
        logits, labels, class_weight = in_order(ranks, logits, labels, class_weight)
    if target.kind != "outputs" or len(target.output_groups) == 1:
        return loss_sum(
            loss,
            logits,
            labels,
            mask=mask,
            class_weight=class_weight,
            label_smoothing=label_smoothing,
        )
    # Outputs of different sizes: each group of equal size is a loss of its own, and the sums add.
    groups = []
    for size, outputs in target.output_groups:
        chosen = list(outputs)
        weight = None if class_weight is None else class_weight[chosen, :size]
        groups.append(
            loss_sum(
                loss,
                logits[..., chosen, :size],
                labels[..., chosen],
                mask=mask[..., chosen],
                class_weight=weight,
                label_smoothing=label_smoothing,
            )
        )
    total = groups[0]
    for group in groups[1:]:
        total = total + group
    return total
