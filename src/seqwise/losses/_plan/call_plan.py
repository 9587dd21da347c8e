"""The plan of a loss over classes or yes-or-no labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seqwise.losses._plan.reductions import Positions

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan(Positions):
    """The meaning of a call of a loss; there is one loss for each position, the logits without the class axis.

    Attributes:
        labels: how labels are given: `index` (class indices), `one-hot` (also soft) or `binary`.
        class_axis: the axis of the logits that holds the classes, counted from 0; None for binary labels.
        classes: the number of classes; None when it is not known yet.
        label_values: the values of index labels in class order; None when labels are class indices.
        ignore_index: index and binary labels of this value do not count; None when all do.
        ignored_class: the column of one-hot labels that `ignore_index` names; None when it names none.
        label_smoothing: the fraction of a label that is spread evenly over the classes.
        mask_missing: how many last axes the mask lacks against the positions.
        sample_weight_missing: how many last axes sample_weight lacks against the positions.
        from_logits: whether the logits are logits; else they are probabilities.
        gamma: the exponent of focal loss; 0 for none.
        ordered: whether classes further from the label cost more, as in ordinal loss.
    """

    labels: Literal["index", "one-hot", "binary"]
    class_axis: int | None
    classes: int | None
    label_values: tuple[int, ...] | None
    ignore_index: int | None
    ignored_class: int | None
    label_smoothing: float
    mask_missing: int
    sample_weight_missing: int
    from_logits: bool = True
    gamma: float = 0.0
    ordered: bool = False
