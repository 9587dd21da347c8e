"""Suggests how to change arrays that do not fit a loss; only errors lead here."""

from __future__ import annotations

from seqwise.losses._label_hints import ONE_CLASS
from seqwise.shapes import ArraySpec, Shape, fits, shape_text

__all__ = [
    "binary_labels",
    "class_labels",
    "left_aligned",
    "linear_labels",
    "linear_weight",
    "one_number_per_label",
    "one_row",
    "wrong_kind",
]


def one_number_per_label(shape: Shape) -> str:
    """A hint for predictions with one number per label where each label is one of several classes."""
    head = shape_text((*shape, "classes"))
    three = shape_text((*shape, 3))
    return (
        "one number per label cannot choose between classes: let the head give logits "
        f"{head} and keep the labels as integers {shape_text(shape)}; for labels -1, 0, 1 that is "
        f"logits {three} and label_values=(-1, 0, 1). If the labels are one-hot, make them float"
    )


def class_labels(logits: ArraySpec, labels: ArraySpec, class_axis: int) -> str | None:
    """A hint for labels that do not fit logits with classes on an axis; None when there is none."""
    positions = logits.shape[:class_axis] + logits.shape[class_axis + 1 :]
    if _stray(logits.shape) and _stray(labels.shape) and len(logits.shape) > 2:
        after = _after_stray(logits, labels)
        return f"axis 0 has size 1 in both: remove it with logits[0] and labels[0]. {after}"
    if _stray(logits.shape) and (fits(labels.shape, logits.shape[1:]) or fits(labels.shape, positions[1:])):
        return f"axis 0 of the logits has size 1: remove it with logits[0]. {_after_stray(logits, labels)}"
    if fits(labels.shape, positions):
        return _index_labels_of_wrong_kind(labels, classes=logits.shape[class_axis])
    if fits(labels.shape, logits.shape):
        return one_number_per_label(labels.shape)
    if _stray(labels.shape) and fits(labels.shape[1:], positions):
        return "axis 0 of the labels has size 1: remove it with labels[0]"
    if _in_a_column(labels, positions):
        return "the last axis of the labels has size 1: remove it with labels[..., 0]"
    axes = [a for a in range(len(logits.shape)) if fits(logits.shape[:a] + logits.shape[a + 1 :], labels.shape)]
    if axes == [0] and len(logits.shape) > 2:
        return "axis 0 of the logits is the batch, which these labels lack"
    if axes:
        axis = max(axes[0], min(1, axes[-1]))  # torch's own layout has the classes on axis 1
        return f"if axis {axis} of the logits holds the classes, pass class_axis={axis}"
    return _flat_head(logits.shape, labels.shape)


def _in_a_column(labels: ArraySpec, positions: Shape) -> bool:
    return labels.shape[-1:] == (1,) and fits(labels.shape[:-1], positions)


def linear_labels(logits: ArraySpec, labels: ArraySpec) -> str | None:
    """A hint for labels that do not fit the logits of a linear layer; None when there is none."""
    if fits(labels.shape, logits.shape[:-1]):
        return _index_labels_of_wrong_kind(labels, classes=logits.shape[-1])
    if fits(labels.shape, logits.shape):
        return "if the labels are one-hot, make them float"
    if _in_a_column(labels, logits.shape[:-1]):
        return "the last axis of the labels has size 1: remove it with labels[..., 0]"
    return None


def linear_weight(hidden: ArraySpec, weight: ArraySpec) -> str | None:
    """A hint for a weight that does not fit hidden; None when there is none."""
    if len(weight.shape) == 2 and hidden.shape and fits(weight.shape[:1], hidden.shape[-1:]):
        return "features are last, as in torch.nn.Linear: transpose the weight"
    return None


def _stray(shape: Shape) -> bool:
    return len(shape) > 1 and shape[0] == 1


def _after_stray(logits: ArraySpec, labels: ArraySpec) -> str:
    """The rest of the advice once a stray axis is gone: whether a class axis is still missing."""
    inner = labels.shape[1:] if _stray(labels.shape) else labels.shape
    if fits(logits.shape[1:], inner):
        return f"Then {one_number_per_label(inner)}"
    return "Then batch is axis 0 again"


def _index_labels_of_wrong_kind(labels: ArraySpec, classes: int | None) -> str:
    if classes == 1:
        return ONE_CLASS
    if labels.kind == "bool":
        return "cast the labels to integers, or use binary_cross_entropy for yes-or-no labels"
    return (
        "cast the labels to integers; when they hold other values than 0, 1, 2, ..., "
        "such as -1, 0, 1, pass label_values=(-1, 0, 1) too, and mask= where a label is missing"
    )


def _flat_head(logits: Shape, labels: Shape) -> str | None:
    """For a head of outputs x classes numbers in one axis: how to split it."""
    if len(logits) != len(labels) or not labels or not fits(logits[:-1], labels[:-1]):
        return None
    wide, outputs = logits[-1], labels[-1]
    if wide is None or not outputs or wide % outputs or wide == outputs:
        return None
    return (
        f"if the last axis of the logits holds {outputs} outputs x {wide // outputs} classes, "
        f"reshape the logits to {shape_text((*labels, wide // outputs))}"
    )


def binary_labels(logits: ArraySpec, labels: ArraySpec) -> str | None:
    """A hint for yes-or-no labels without the shape of their logits; None when there is none."""
    if logits.shape and logits.shape[-1] == 1 and fits(logits.shape[:-1], labels.shape):
        return "the last axis of the logits has size 1: remove it with logits[..., 0]"
    if _in_a_column(labels, logits.shape):
        return "the last axis of the labels has size 1: remove it with labels[..., 0]"
    if fits(logits.shape[:-1], labels.shape):
        return "one label out of several classes is for cross_entropy"
    return None


def left_aligned(array: ArraySpec, positions: Shape) -> str | None:
    """A hint for a mask or weight whose axes are not the first axes of the labels."""
    missing = len(positions) - len(array.shape)
    if missing > 0 and fits(array.shape, positions[missing:]):
        full = shape_text((1,) * missing + array.shape)
        return f"axes are matched from the batch on: reshape {array.name} to {full}"
    if missing == -1 and fits(array.shape[:-1], positions):
        return f"{array.name} has no class axis: one value for each label"
    return None


def one_row(array: ArraySpec, positions: Shape) -> str | None:
    """A hint for a weight per label that has an axis too many."""
    if len(array.shape) == 2 and array.shape[0] == 1 and fits(array.shape[1:], positions[-1:]):
        return f"axis 0 of {array.name} has size 1: remove it with {array.name}[0]"
    return None


def wrong_kind(array: ArraySpec) -> str | None:
    """A hint for an array of the wrong kind of number."""
    if array.name == "mask":
        return "True = this position counts: compare first, as in mask == 1"
    if array.name in ("logits", "emissions", "hidden"):
        return f"cast the {array.name} to a floating-point type"
    if array.name.startswith("allowed"):
        return f"True = allowed: compare first, as in {array.name} == 1"
    if array.name == "sample_weight" and array.kind == "bool":
        return "to leave positions out, pass mask="
    return None
