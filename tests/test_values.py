"""Wrong numbers are found where they count, and only there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from seqwise.errors import ValuesError
from seqwise.shapes import ArraySpec, Call
from seqwise.values import (
    check_class_indices,
    check_lengths,
    check_numbers,
    check_probabilities,
    look_like_probabilities,
)

CALL = Call("encode", (ArraySpec("labels", "int", (2, 3)),))
NAN, INF = np.nan, np.inf
COUNTS = np.array([[True, True, False], [True, False, False]])


def text_of(check: Any, *args: Any, **options: Any) -> str:
    with pytest.raises(ValuesError) as caught:
        check(*args, call=CALL, **options)
    return str(caught.value)


def test_a_wrong_label_is_named_with_position_value_range_and_number() -> None:
    assert text_of(check_class_indices, np.array([[0, 1, 2], [9, 8, 3]]), classes=4) == (
        "encode: labels[1, 0] is 9, and 2 of 6 labels that count are out of range\n"
        "  labels  int  (2, 3)\n"
        "  expected: class indices 0..3"
    )


@pytest.mark.parametrize("labels", [[[0, 3, 1], [2, 2, 0]], [[0, 1, 2], [3, 3, 3]]])
def test_the_first_and_the_last_class_are_classes(labels: Any) -> None:
    check_class_indices(np.array(labels), classes=4, call=CALL)


def test_labels_that_do_not_count_are_not_looked_at() -> None:
    check_class_indices(np.array([[0, 1, -5], [2, 77, 99]]), classes=3, counts=COUNTS, call=CALL)


def test_only_labels_that_count_are_counted() -> None:
    text = text_of(check_class_indices, np.array([[0, 5, -5], [2, 77, 99]]), classes=3, counts=COUNTS)
    assert "labels[0, 1] is 5, and 1 of 3 labels that count is out of range" in text


def test_labels_outside_label_values_are_named() -> None:
    labels = np.array([[-1, 0, 1], [1, 1, 2]])
    text = text_of(check_class_indices, labels, classes=3, label_values=(-1, 0, 1))
    assert "labels[1, 2] is 2" in text
    assert "expected: one of -1, 0, 1" in text


def test_many_label_values_are_cut_short() -> None:
    text = text_of(check_class_indices, np.array([50]), classes=20, label_values=range(100, 120))
    assert "one of 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, ..." in text


def test_the_hint_is_asked_with_what_was_found_and_what_is_wrong() -> None:
    text = text_of(check_class_indices, np.array([0, 9, 1]), classes=3, hint=lambda found, wrong: f"{found} {wrong}")
    assert text.endswith("hint: [0, 1, 9] [9]")


@pytest.mark.parametrize("share", [-0.5, NAN, 1.02, INF])
def test_a_share_outside_0_to_1_is_named(share: float) -> None:
    array = np.array([[[0.5, 0.5]], [[share, 1.0]]])
    text = text_of(check_probabilities, "labels", array)
    assert f"labels[1, 0, 0] is {share:g}\n" in text
    assert "expected: labels from 0 to 1, with sum 1 along axis 2" in text


def test_the_sum_is_taken_along_the_class_axis() -> None:
    array = np.array([[0.5, 0.3], [0.5, 0.7]])
    check_probabilities("labels", array, class_axis=0, call=CALL)
    assert "along axis 1, sum(labels)[0] is 0.8" in text_of(check_probabilities, "labels", array, class_axis=1)


@pytest.mark.parametrize("total", [0.99, 1.0, 1.01])
def test_two_decimals_sum_to_1_closely_enough(total: float) -> None:
    check_probabilities("labels", np.array([[0.5, total - 0.5]]).round(2), call=CALL)


def test_shares_that_do_not_count_are_not_looked_at() -> None:
    array = np.full((2, 3, 2), 0.5)
    array[~COUNTS] = NAN
    check_probabilities("labels", array, counts=COUNTS, call=CALL)
    assert "labels[0, 2, 0] is nan" in text_of(check_probabilities, "labels", array)


def test_probabilities_that_stand_alone_need_no_sum() -> None:
    check_probabilities("logits", np.array([[0.9, 0.9], [0.0, 1.0]]), class_axis=None, call=CALL)
    text = text_of(check_probabilities, "logits", np.array([[0.9, 1.001]]), class_axis=None)
    assert "logits[0, 1] is 1.001\n" in text
    assert "expected: logits from 0 to 1\n" in text + "\n"


def test_a_hint_is_asked_for_only_when_something_is_wrong() -> None:
    def hint() -> str:
        raise AssertionError("asked")

    check_probabilities("labels", np.array([[0.5, 0.5]]), call=CALL, hint=hint)
    with pytest.raises(AssertionError, match="asked"):
        check_probabilities("labels", np.array([[0.5, 0.7]]), call=CALL, hint=hint)


@pytest.mark.parametrize(("lengths", "words"), [([0, 4], "lengths[1] is 4"), ([-1, 3], "lengths[0] is -1")])
def test_lengths_beyond_the_time_axis_are_named(lengths: list[int], words: str) -> None:
    text = text_of(check_lengths, np.array(lengths), time=3)
    assert words in text
    assert "expected: lengths 0..3" in text


def test_lengths_of_0_and_of_the_whole_time_axis_are_fine() -> None:
    check_lengths(np.array([0, 3]), time=3, call=CALL)


@pytest.mark.parametrize("number", [NAN, INF, -INF])
def test_numbers_are_finite(number: float) -> None:
    text = text_of(check_numbers, "class_weight", np.array([1.0, number]))
    assert f"class_weight[1] is {number:g}\n" in text
    assert "expected: class_weight of finite numbers" in text


def test_infinities_may_be_let_through_by_sign() -> None:
    check_numbers("logits", np.array([0.0, -INF]), infinities=(-INF,), call=CALL)
    text = text_of(check_numbers, "logits", np.array([0.0, INF]), infinities=(-INF,), hint="look again")
    assert "logits[1] is inf\n" in text
    assert "expected: logits of finite numbers or -inf\n  hint: look again" in text


def test_numbers_that_do_not_count_are_not_looked_at() -> None:
    check_numbers("logits", np.where(COUNTS, 1.0, NAN), counts=COUNTS, call=CALL)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_softmax_looks_like_probabilities(dtype: Any) -> None:
    logits = np.random.default_rng(0).normal(size=(3, 4, 5))
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert look_like_probabilities(softmax.astype(dtype), class_axis=1)


@pytest.mark.parametrize(
    "array",
    [
        [[0.2, 0.2], [0.5, 0.5]],
        [[0.5, 0.5], [0.5, 0.6]],
        [[-0.5, 1.5]],
        [[1.0], [1.0]],
        np.zeros((0, 3)),
        [[0.5, NAN]],
    ],
    ids=["first row", "last row", "negative", "one class", "empty", "NaN"],
)
def test_logits_do_not_look_like_probabilities(array: Any) -> None:
    assert not look_like_probabilities(np.array(array))


def test_only_what_counts_has_to_look_like_probabilities() -> None:
    rows = np.array([[[NAN, 3.0], [0.5, 0.5]]])
    assert look_like_probabilities(rows, counts=np.array([[False, True]]))
    assert not look_like_probabilities(rows, counts=np.array([[False, False]]))
