"""Wrong values are the same error in every framework, and say where they stand and what to do."""

from __future__ import annotations

import math
from typing import Any

import pytest
from loss_cases import NUMPY, Backend, flat

from seqwise.errors import ShapeError, ValuesError

NAN, INF = math.nan, math.inf
ZEROS = [[[0.0, 1.0, 2.0]] * 3] * 2

CLASS_ERRORS = [
    ("too high", [[0, 1, 2], [0, 3, 1]], {}, "labels[1, 1] is 3, and 1 of 6 labels that count is out of range"),
    ("too low", [[0, -1, 2], [0, -1, 1]], {}, "labels[0, 1] is -1, and 2 of 6 labels that count are out of range"),
    ("missing", [[0, -1, 2], [0, -1, 1]], {}, "hint: if -1 marks a missing label, pass ignore_index=-1"),
    ("other names", [[0, -1, 1], [0, -1, 1]], {}, "if the classes are labelled -1, 0, 1, pass label_values=(-1, 0, 1)"),
    (
        "from 1",
        [[1, 2, 3], [1, 2, 3]],
        {},
        "the labels seem to count from 1: subtract 1, or pass label_values=(1, 2, 3)",
    ),
    ("hidden -100", [[0, -100, 2], [0, 1, 1]], {}, "if -100 marks a missing label, pass ignore_index=-100"),
    ("no value", [[0, -1, 2], [0, 1, 1]], {"label_values": (-1, 0, 1)}, "labels[0, 2] is 2, and 1 of 6"),
    ("the values", [[0, -1, 2], [0, 1, 1]], {"label_values": (-1, 0, 1)}, "expected: one of -1, 0, 1"),
    ("what counts", [[0, 1, 9], [0, 9, 9]], {"lengths": [2, 2]}, "labels[1, 1] is 9, and 1 of 4 labels that count"),
    (
        "infinite where it counts",
        [[0] * 3] * 2,
        {"sample_weight": [1.0, INF], "lengths": [1, 1]},
        "weight[1, 0] is inf",
    ),
    ("length too long", [[0] * 3] * 2, {"lengths": [3, 4]}, "lengths[1] is 4"),
    ("length below 0", [[0] * 3] * 2, {"lengths": [-1, 3]}, "expected: lengths 0..3"),
    ("NaN class weight", [[0] * 3] * 2, {"class_weight": [1.0, NAN, 1.0]}, "class_weight[1] is nan"),
    ("infinite sample weight", [[0] * 3] * 2, {"sample_weight": [1.0, INF]}, "sample_weight[1] is inf"),
    ("shares above 1", [[[0.5, 0.5, 0.5]] * 3] * 2, {}, "along axis 2, sum(labels)[0, 0] is 1.5"),
    ("a negative share", [[[1.5, -0.5, 0.0]] * 3] * 2, {}, "labels[0, 0, 0] is 1.5"),
    ("a NaN share", [[[NAN, 0.0, 1.0]] * 3] * 2, {}, "labels[0, 0, 0] is nan"),
    ("no class at all", [[[0.0, 0.0, 0.0]] * 3] * 2, {}, "a row of zeros names no class: leave it out with mask="),
    ("whole numbers", [[[-1.0, 0.0, 1.0]] * 3] * 2, {}, "one number per label cannot choose between classes"),
    ("no probabilities", [[0] * 3] * 2, {"from_logits": False}, "logits[0, 0, 2] is 2"),
    ("no probabilities hint", [[0] * 3] * 2, {"from_logits": False}, "pass from_logits=True for the numbers"),
]

BINARY_ERRORS = [
    ("below 0", [[0, 1, -1]], {}, "labels[0, 2] is -1"),
    ("missing", [[0, 1, -1]], {}, "if -1 marks a missing label, pass ignore_index=-1"),
    ("NaN", [[0.0, 1.0, NAN]], {}, "if NaN marks a missing label, leave it out with mask="),
    ("above 1", [[0.0, 1.0, 1.5]], {}, "expected: labels from 0 to 1"),
    ("several", [[0, 2, -1]], {}, "labels[0, 1] is 2"),
    ("infinite positive weight", [[0, 1, 1]], {"pos_weight": [1.0, 1.0, INF]}, "pos_weight[2] is inf"),
]


@pytest.mark.parametrize(
    ("labels", "options", "words"), [r[1:] for r in CLASS_ERRORS], ids=[r[0] for r in CLASS_ERRORS]
)
def test_wrong_values_are_named(labels: Any, options: dict[str, Any], words: str, backend: Backend) -> None:
    with pytest.raises(ValuesError) as caught:
        backend.call("cross_entropy", ZEROS, labels, **options)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "options", "words"), [r[1:] for r in BINARY_ERRORS], ids=[r[0] for r in BINARY_ERRORS]
)
def test_wrong_yes_or_no_values_are_named(labels: Any, options: dict[str, Any], words: str, backend: Backend) -> None:
    with pytest.raises(ValuesError) as caught:
        backend.call("binary_cross_entropy", [[0.0, 1.0, 2.0]], labels, **options)
    assert words in str(caught.value)


def test_yes_or_no_probabilities_outside_0_to_1_are_refused(backend: Backend) -> None:
    with pytest.raises(ValuesError, match=r"logits\[0, 1\] is 1.5"):
        backend.call("binary_cross_entropy", [[0.5, 1.5]], [[0, 1]], from_logits=False)


@pytest.mark.parametrize("wrong", [NAN, INF])
def test_numpy_refuses_logits_that_are_no_numbers(wrong: float) -> None:
    with pytest.raises(ValuesError, match=r"logits\[1, 0\] is (nan|inf)"):
        NUMPY.call("cross_entropy", [[0.0, 1.0], [wrong, 1.0]], [0, 0])


@pytest.mark.parametrize("pos_weight", [2.0, [2.0]])
def test_one_positive_weight_serves_all_labels(pos_weight: Any, backend: Backend) -> None:
    logits, labels = [[0.5, -1.0, 2.0], [0.1, 0.2, 0.3]], [[0, 1, 1], [1, 0, 0]]
    wanted = backend.call("binary_cross_entropy", logits, labels, pos_weight=[2.0, 2.0, 2.0], reduction="none")
    found = backend.call("binary_cross_entropy", logits, labels, pos_weight=pos_weight, reduction="none")
    assert flat(found) == pytest.approx(flat(wanted))


def test_a_row_of_positive_weights_is_told_to_lose_an_axis(backend: Backend) -> None:
    with pytest.raises(ShapeError, match=r"axis 0 of pos_weight has size 1: remove it with pos_weight\[0\]"):
        backend.call("binary_cross_entropy", [[0.0, 1.0]], [[0, 1]], pos_weight=[[1.0, 2.0]])
