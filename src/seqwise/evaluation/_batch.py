"""A batch of labels and logits that has been checked against its target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqwise.errors import DtypeError, ShapeError, UsageError, ValuesError
from seqwise.masks import lengths_to_mask
from seqwise.shapes import Call, array_spec, shape_text
from seqwise.targets import Target

__all__ = ["Batch", "checked_batch", "empty_batch", "require_known"]


@dataclass(frozen=True)
class Batch:
    """Arrays of one batch that fit their target and each other; the axes are those of `Target`.

    Attributes:
        labels: class indices (0 or 1 for multilabel); where `mask` is False they mean nothing.
        mask: True = this label counts.
        logits: as the model gave them, or None when only predictions are known.
        predictions: what was decided, shaped like the labels, or None when the logits decide.
        unseen: labels that training never saw; they count, and no prediction is right. None where there are none. For
            multilabel: how many each sequence or step has, without the axis of the labels. For all others, shaped like
            the labels: 0 for a label that is a class, else one more than the position of its role in
            `seqwise.tag_forms.ROLES`; there `labels` holds the size of the class axis.
    """

    labels: NDArray[np.int64]
    mask: NDArray[np.bool_]
    logits: NDArray[np.floating] | None
    predictions: NDArray[np.int64] | None
    unseen: NDArray[np.int64] | None = None


def empty_batch(target: Target) -> Batch:
    """A batch without a sequence."""
    inner = {"outputs": (len(target.classes),), "multilabel": (target.class_count,)}.get(target.kind, ())
    shape = (0, *((0,) if target.per_step else ()), *inner)
    nothing = np.zeros(shape, dtype=np.int64)
    return Batch(nothing, np.zeros(shape, dtype=bool), None, nothing)


def checked_batch(
    target: Target,
    logits: ArrayLike | None,
    labels: ArrayLike,
    mask: ArrayLike,
    lengths: ArrayLike | None,
    predictions: ArrayLike | None,
    unseen: ArrayLike | None = None,
) -> Batch:
    """The arrays of one batch, or an error that says which of them does not fit.

    Args: see `seqwise.evaluation.Tally.update`.

    Raises:
        ShapeError: axes that do not fit the target or each other.
        DtypeError: labels or predictions not integers, a mask not boolean, logits not floats.
        ValuesError: a label that counts, or its prediction, is not one of the classes.
        UsageError: neither logits nor predictions.
    """
    named = {"logits": logits, "labels": labels, "mask": mask, "lengths": lengths, "predictions": predictions}
    arrays = {name: np.asarray(array) for name, array in named.items() if array is not None}
    call = Call(
        f"Tally.update for target '{target.name}' ({target.kind})",
        tuple(array_spec(name, array) for name, array in arrays.items()),
    )
    if logits is None and predictions is None:
        raise call.error(UsageError, "nothing to evaluate", expected="logits or predictions")
    _require_kinds(target, call)
    _require_shapes(target, arrays, call)
    counts = arrays["mask"]
    if target.per_step and "lengths" in arrays:
        counts = counts & _steps(arrays["lengths"], counts.shape)
    foreign = None if unseen is None else _counted_unseen(target, np.asarray(unseen), arrays["labels"].shape)
    known = {name: arrays[name].astype(np.int64, copy=False) for name in ("labels", "predictions") if name in arrays}
    for name, values in known.items():
        require_known(target, name, values, counts)
    labels = known["labels"]
    if foreign is not None and target.kind != "multilabel":
        counts = counts | (foreign > 0)
        labels = np.where(foreign > 0, target.class_count, labels)
    return Batch(labels, counts, arrays.get("logits"), known.get("predictions"), foreign)


def _counted_unseen(target: Target, unseen: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.int64] | None:
    """Labels that training never saw, in the shape that they must have; None where there are none."""
    assert unseen.shape == (shape[:-1] if target.kind == "multilabel" else shape), (unseen.shape, shape)
    return unseen if unseen.any() else None


def _require_kinds(target: Target, call: Call) -> None:
    indices = ("int", "bool") if target.kind == "multilabel" else ("int",)
    kinds = {
        "logits": ("float",),
        "labels": indices,
        "mask": ("bool",),
        "predictions": indices,
        "lengths": ("int",),
    }
    for array in call.arrays:
        allowed = kinds.get(array.name, (array.kind,))
        if array.kind not in allowed:
            hint = "say with the mask which labels are missing" if array.name == "labels" else None
            problem = f"{array.name} are {array.kind}" if array.name != "mask" else f"mask is {array.kind}"
            raise call.error(DtypeError, problem, expected=f"{array.name} {' or '.join(allowed)}", hint=hint)


def _require_shapes(target: Target, arrays: Mapping[str, NDArray[np.generic]], call: Call) -> None:
    labels = arrays["labels"].shape
    inner = {"outputs": (len(target.classes),), "multilabel": (target.class_count,)}.get(target.kind, ())
    outer = 2 if target.per_step else 1
    if len(labels) != outer + len(inner) or labels[outer:] != inner:
        sizes = shape_text((*target.label_axes[:outer], *inner))
        raise call.error(ShapeError, "labels do not fit the target", expected=f"labels {sizes}")
    classes = () if target.kind == "multilabel" else (target.class_count,)
    expected = {"logits": (*labels, *classes), "lengths": labels[:1]}
    for name, array in arrays.items():
        shape = expected.get(name, labels)
        if array.shape != shape:
            raise call.error(
                ShapeError, f"{name} and labels do not fit together", expected=f"{name} {shape_text(shape)}"
            )


def _steps(lengths: NDArray[np.generic], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The steps before the lengths, with axes that broadcast to labels of this shape."""
    steps = lengths_to_mask(lengths, time=shape[1])
    return steps.reshape(steps.shape + (1,) * (len(shape) - 2))


def require_known(
    target: Target,
    name: str,
    values: NDArray[np.int64],
    counts: NDArray[np.bool_],
    hint: str = "mask what has no label",
) -> None:
    """Raises ValuesError when a value that counts is not a class of its target or output."""
    sizes = [2] if target.kind == "multilabel" else [len(classes) for classes in target.classes]
    wrong = np.argwhere(counts & ((values < 0) | (values >= np.array(sizes))))
    if wrong.size:
        place = tuple(int(index) for index in wrong[0])
        output = place[-1] if target.kind == "outputs" else 0
        owner = f", output '{target.outputs[output]}'" if target.kind == "outputs" else ""
        raise ValuesError(
            f"target '{target.name}'{owner}: {name}[{', '.join(map(str, place))}] is {int(values[place])}, "
            f"expected 0 to {sizes[output] - 1}; {hint}"
        )
