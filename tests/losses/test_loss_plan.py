"""What a call means, and the exact words about a call that means nothing; no array is made here."""

from __future__ import annotations

from typing import Any

import pytest

from seqwise.errors import ConfigError, DtypeError, ShapeError, UsageError
from seqwise.losses._loss_options import BinaryOptions, ClassOptions
from seqwise.losses._plan import Plan, plan_binary_cross_entropy, plan_cross_entropy
from seqwise.shapes import ArraySpec, Shape

ARRAYS = ("logits", "labels", "mask", "lengths", "class_weight", "pos_weight", "sample_weight")


def described(options: dict[str, Any]) -> dict[str, Any]:
    """Options with ("kind", shape) in place of arrays as the plan takes them."""
    arrays = {name: ArraySpec(name, *options[name]) for name in ARRAYS if options.get(name) is not None}
    return options | arrays


INDEX = ("int", (8, 47))
CALL: dict[str, Any] = {
    "labels": INDEX,
    "class_axis": -1,
    "mask": None,
    "lengths": None,
    "ignore_index": None,
    "label_values": None,
    "class_weight": None,
    "sample_weight": None,
    "label_smoothing": 0.0,
}
"""The options of plan_cross_entropy but for the logits."""


def classes(logits: Shape, labels: tuple[str, Shape], **options: Any) -> Plan:
    return plan_of(CALL | {"logits": ("float", logits), "labels": labels} | options)


def plan_of(given: dict[str, Any]) -> Plan:
    options = described(given)
    arrays, more = [options.pop(name) for name in ("logits", "labels")], {}
    if "call" in options:
        more["call"] = options.pop("call")
    return plan_cross_entropy(*arrays, ClassOptions(**options), **more)


def yes_or_no(logits: Shape, labels: tuple[str, Shape], **options: Any) -> Plan:
    given = {
        "logits": ("float", logits),
        "labels": labels,
        "mask": None,
        "lengths": None,
        "ignore_index": None,
        "pos_weight": None,
        "sample_weight": None,
        "label_smoothing": 0.0,
    }
    options = described(given | options)
    return plan_binary_cross_entropy(options.pop("logits"), options.pop("labels"), BinaryOptions(**options))


def text_of(kind: type[UsageError], plan: Any, *args: Any, **options: Any) -> str:
    with pytest.raises(kind) as caught:
        plan(*args, **options)
    assert type(caught.value) is kind
    return str(caught.value)


@pytest.mark.parametrize(
    ("logits", "labels", "class_axis", "kind", "positions"),
    [
        ((8, 3), ("int", (8,)), -1, "index", (8,)),
        ((8, 3), ("float", (8, 3)), -1, "one-hot", (8,)),
        ((8, 47, 3), INDEX, -1, "index", (8, 47)),
        ((8, 47, 3), INDEX, 2, "index", (8, 47)),
        ((8, 3, 47), INDEX, 1, "index", (8, 47)),
        ((8, 3, 47), INDEX, -2, "index", (8, 47)),
        ((8, 3, 47), ("float", (8, 3, 47)), 1, "one-hot", (8, 47)),
        ((5, 5, 5), ("int", (5, 5)), 1, "index", (5, 5)),
        ((None, None, 3), ("int", (None, None)), -1, "index", (None, None)),
        ((None, None, None), ("int", (8, None)), -1, "index", (None, None)),
        ((3,), ("int", ()), -1, "index", ()),
    ],
)
def test_the_kind_of_labels_follows_from_shape_and_kind_of_number(
    logits: Shape, labels: tuple[str, Shape], class_axis: int, kind: str, positions: Shape
) -> None:
    plan = classes(logits, labels, class_axis=class_axis)
    assert (plan.labels, plan.positions) == (kind, positions)


def test_the_number_of_classes_is_read_from_the_class_axis() -> None:
    assert classes((8, 3, 47), INDEX, class_axis=1).classes == 3


@pytest.mark.parametrize(
    ("shape", "missing"), [((8, 47), 0), ((8,), 1), ((8, 1), 0), ((1, 47), 0), ((), 2), ((None, 47), 0)]
)
@pytest.mark.parametrize("name", ["mask", "sample_weight"])
def test_masks_and_weights_are_matched_from_the_batch_on(name: str, shape: Shape, missing: int) -> None:
    plan = classes((8, 47, 3), INDEX, **{name: ("bool" if name == "mask" else "float", shape)})
    assert (plan.mask_missing if name == "mask" else plan.sample_weight_missing) == missing


@pytest.mark.parametrize(
    ("ignore_index", "label_values", "column"),
    [(None, None, None), (2, None, 2), (-100, None, None), (3, None, None), (0, (-1, 0, 1), 1), (5, (-1, 0, 1), None)],
)
def test_ignore_index_names_a_column_of_one_hot_labels(
    ignore_index: int | None, label_values: Any, column: int | None
) -> None:
    plan = classes((8, 3), ("float", (8, 3)), ignore_index=ignore_index, label_values=label_values)
    assert plan.ignored_class == column


def test_predictions_with_one_number_per_label_are_told_the_right_shape() -> None:
    assert text_of(DtypeError, classes, (8, 47), INDEX) == (
        "cross_entropy: labels are int, but labels of the shape of the logits are one-hot or soft\n"
        "  logits  float  (8, 47)\n"
        "  labels  int    (8, 47)\n"
        "  expected: labels int (8,), or one-hot float (8, 47)\n"
        "  hint: one number per label cannot choose between classes: let the head give logits (8, 47, classes) and "
        "keep the labels as integers (8, 47); for labels -1, 0, 1 that is logits (8, 47, 3) and "
        "label_values=(-1, 0, 1). If the labels are one-hot, make them float"
    )


def test_float_labels_in_the_shape_of_class_indices_are_told_to_be_integers() -> None:
    assert text_of(DtypeError, classes, (8, 47, 3), ("float", (8, 47))) == (
        "cross_entropy: labels are float, but labels of this shape are class indices\n"
        "  logits  float  (8, 47, 3)\n"
        "  labels  float  (8, 47)\n"
        "  expected: labels int (8, 47), or one-hot float (8, 47, 3)\n"
        "  hint: cast the labels to integers; when they hold other values than 0, 1, 2, ..., such as -1, 0, 1, "
        "pass label_values=(-1, 0, 1) too, and mask= where a label is missing"
    )


HINTS = [
    (
        "stray axis in both",
        (1, 8, 47),
        ("int", (1, 8, 47)),
        "with logits[0] and labels[0]. Then one number per label",
    ),
    ("stray axis in the logits", (1, 8, 47), INDEX, "remove it with logits[0]. Then one number per label"),
    ("stray axis in the logits alone", (1, 8, 3), ("int", (8,)), "remove it with logits[0]"),
    ("stray axis in the labels", (8, 3), ("int", (1, 8)), "axis 0 of the labels has size 1: remove it with labels[0]"),
    ("labels in a column", (8, 3), ("int", (8, 1)), "remove it with labels[..., 0]"),
    ("torch's layout", (8, 3, 47), INDEX, "if axis 1 of the logits holds the classes, pass class_axis=1"),
    ("a flat head", (8, 141), INDEX, "47 outputs x 3 classes, reshape the logits to (8, 47, 3)"),
    ("yes or no", (8, 47, 3), ("bool", (8, 47)), "or use binary_cross_entropy for yes-or-no labels"),
]


@pytest.mark.parametrize(("logits", "labels", "hint"), [row[1:] for row in HINTS], ids=[row[0] for row in HINTS])
def test_labels_that_do_not_fit_come_with_what_to_change(logits: Shape, labels: Any, hint: str) -> None:
    with pytest.raises((ShapeError, DtypeError)) as caught:
        classes(logits, labels)
    assert hint in str(caught.value).split("hint: ")[1]


@pytest.mark.parametrize("labels", [("int", (8, 40)), ("float", (8, 47, 4)), ("int", (8,)), ("int", (2, 8, 47, 3))])
def test_labels_that_fit_nothing_are_told_what_would(labels: Any) -> None:
    text = text_of(ShapeError, classes, (8, 47, 3), labels)
    assert "labels do not fit logits with classes on axis 2" in text
    assert "expected: labels int (8, 47), or one-hot float (8, 47, 3)" in text
    assert "hint" not in text


WRONG = [
    (
        ShapeError,
        {"class_axis": 3},
        "class_axis=3 does not exist in logits with 3 axes",
        "logits (batch, ..., classes)",
    ),
    (DtypeError, {"mask": ("float", (8, 47))}, "mask is float", "True = this position counts"),
    (ShapeError, {"mask": ("bool", (8, 3))}, "mask does not fit the labels", "mask (8, 47), or its first axes"),
    (ShapeError, {"mask": ("bool", (47,))}, "mask does not fit the labels", "reshape mask to (1, 47)"),
    (ShapeError, {"mask": ("bool", (8, 47, 3))}, "mask does not fit the labels", "mask has no class axis"),
    (DtypeError, {"sample_weight": ("bool", (8,))}, "sample_weight is bool", "to leave positions out, pass mask="),
    (ShapeError, {"sample_weight": ("float", (7,))}, "sample_weight does not fit the labels", "sample_weight (8, 47)"),
    (DtypeError, {"lengths": ("float", (8,))}, "lengths are float", "lengths int"),
    (ShapeError, {"lengths": ("int", (8, 1))}, "lengths do not fit the labels", "lengths (batch,) = (8,)"),
    (DtypeError, {"class_weight": ("bool", (3,))}, "class_weight is bool", "class_weight int or float"),
    (ShapeError, {"class_weight": ("float", (47,))}, "class_weight does not fit", "or (outputs, classes) = (47, 3)"),
    (ShapeError, {"label_values": (0, 1)}, "label_values=(0, 1) names 2 values for 3 classes", "or 3 label values"),
    (ConfigError, {"label_values": (0, 1, 1)}, "names a value twice", "one value per class"),
    (ConfigError, {"label_values": (0, 1, 0.5)}, "label_values has 0.5 in it", "label_values of integers"),
    (ConfigError, {"ignore_index": 1.5}, "ignore_index has 1.5 in it", "ignore_index of integers"),
    (ConfigError, {"label_smoothing": 1.5}, "label_smoothing is 1.5", "a number from 0 to 1"),
    (ConfigError, {"label_smoothing": float("nan")}, "label_smoothing is nan", "a number from 0 to 1"),
]


@pytest.mark.parametrize(("kind", "options", "problem", "advice"), WRONG)
def test_options_that_do_not_fit_are_named(kind: Any, options: dict[str, Any], problem: str, advice: str) -> None:
    text = text_of(kind, classes, (8, 47, 3), INDEX, **options)
    assert problem in text.splitlines()[0]
    assert advice in text


def test_logits_are_floats() -> None:
    text = text_of(DtypeError, plan_of, CALL | {"logits": ("int", (8, 47, 3))})
    assert "logits are int\n" in text
    assert "cast the logits to a floating-point type" in text


def test_there_is_a_class() -> None:
    assert "class_axis=-1 of the logits has size 0" in text_of(ShapeError, classes, (8, 47, 0), INDEX)


def test_weights_per_output_need_outputs() -> None:
    text = text_of(ShapeError, classes, (8, 3), ("int", (8,)), class_weight=("float", (8, 3)))
    assert "expected: class_weight (classes,) = (3,)" in text
    assert "outputs" not in text


def test_lengths_need_a_time_axis() -> None:
    text = text_of(ShapeError, classes, (8, 3), ("int", (8,)), lengths=("int", (8,)))
    assert "lengths need labels with a time axis" in text


BINARY_WRONG = [
    ((8, 1), ("int", (8,)), {}, ShapeError, "the last axis of the logits has size 1: remove it with logits[..., 0]"),
    ((8,), ("int", (8, 1)), {}, ShapeError, "the last axis of the labels has size 1: remove it with labels[..., 0]"),
    ((8, 3), ("int", (8,)), {}, ShapeError, "one label out of several classes is for cross_entropy"),
    ((8, 3), ("int", (8, 4)), {}, ShapeError, "labels do not have the shape of the logits"),
    ((), ("int", ()), {}, ShapeError, "expected: logits (batch, labels), labels (batch, labels)"),
    ((8, 3), ("complex", (8, 3)), {}, DtypeError, "labels are complex"),
    ((8, 3), ("int", (8, 3)), {"pos_weight": ("float", (8,))}, ShapeError, "pos_weight (labels,) = (3,)"),
    ((8, 3), ("int", (8, 3)), {"pos_weight": ("bool", (3,))}, DtypeError, "pos_weight is bool"),
    ((8,), ("int", (8,)), {"lengths": ("int", (8,))}, ShapeError, "lengths need labels with a time axis"),
    ((8, 3), ("int", (8, 3)), {"ignore_index": "none"}, ConfigError, "ignore_index has 'none' in it"),
    ((8, 3), ("int", (8, 3)), {"label_smoothing": -0.1}, ConfigError, "label_smoothing is -0.1"),
]


@pytest.mark.parametrize(("logits", "labels", "options", "kind", "words"), BINARY_WRONG)
def test_yes_or_no_calls_that_mean_nothing_are_named(
    logits: Shape, labels: Any, options: dict[str, Any], kind: Any, words: str
) -> None:
    assert words in text_of(kind, yes_or_no, logits, labels, **options)


REDUCTIONS_WRONG = [
    ((8, 3), "avg", None, ConfigError, "there is no reduction 'avg'"),
    ((8, 3), "sequencemean", None, ConfigError, "Did you mean 'sequence_mean'?"),
    ((8, 3), "sum", 3.0, ConfigError, "reduction='sum' divides by nothing"),
    ((8, 3), "none", 3.0, ConfigError, "reduction='none' divides by nothing"),
    ((8, 3), "mean", -1.0, ConfigError, "denominator is -1.0"),
    ((8, 3), "mean", float("nan"), ConfigError, "denominator is nan"),
    ((8, 3), "per_output", None, ShapeError, "reduction='per_output' needs labels with 2 axes or more"),
    ((3,), "sequence_mean", None, ShapeError, "reduction='sequence_mean' needs labels with 1 axes or more"),
    ((3,), "batch_mean", None, ShapeError, "one label for each of (batch, ...)"),
]


@pytest.mark.parametrize(("logits", "reduction", "denominator", "kind", "words"), REDUCTIONS_WRONG)
def test_reductions_that_mean_nothing_are_named(
    logits: Shape, reduction: str, denominator: float | None, kind: Any, words: str
) -> None:
    plan = classes(logits, ("int", logits[:-1]))
    assert words in text_of(kind, plan.check_reduction, reduction, denominator)
