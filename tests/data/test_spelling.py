from __future__ import annotations

import numpy as np
import pytest

from seqwise.data.spelling import folded, look_alikes
from seqwise.targets import Target

ALIKE = [
    (" a", "a"),
    ("new  york", "new york"),
    ("new\u00a0york", "new york"),
    ("cafe\u0301", "caf\u00e9"),
    ("a\u200b", "a"),
    ("1.0", 1),
    ("-1.0", -1),
    ("True", True),
    ("FALSE", "false"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_labels_that_are_easily_taken_for_each_other_fold_alike(one, other):
    assert folded(one) == folded(other)


@pytest.mark.parametrize(("one", "other"), [("a", "A"), ("1.5", "1"), ("007", "7"), ("a b", "ab"), ("B-x", "I-x")])
def test_other_labels_stay_apart(one, other):
    assert folded(one) != folded(other)


def test_look_alikes_are_named_with_their_counts():
    target = Target("mood", "label", ((" a", "a", "b"),))
    assert look_alikes(target, np.array([3, 1200, 7])) == [
        "target 'mood': ' a' (3 in training) and 'a' (1,200 in training) are different labels; if they mean the same, "
        "write them alike"
    ]


def test_labels_that_print_alike_are_shown_by_their_escapes():
    target = Target("mood", "label", (("cafe\u0301", "caf\u00e9"),))
    assert look_alikes(target, np.array([2, 5])) == [
        r"target 'mood': 'cafe\u0301' (2 in training) and 'café' (5 in training) are different labels; if they mean "
        "the same, write them alike"
    ]


def test_a_label_of_blanks_is_named():
    assert look_alikes(Target("mood", "label", (("  ", "b"),)), np.array([2, 5])) == [
        "target 'mood': '  ' (2 in training) is a label of blanks; if it stands for none, leave the cell empty"
    ]


def test_a_blank_may_be_a_label_per_step():
    assert look_alikes(Target("coil", "tags", ((" ", "H"),), per_step=True), np.array([2, 5])) == []


def test_outputs_share_their_spellings():
    target = Target("vote", "outputs", ((0, 1), ("0.0", "1.0")), outputs=("a", "b"))
    assert look_alikes(target, np.array([[1, 2], [3, 4]])) == [
        "target 'vote': '0' (1 in training) and '0.0' (3 in training) are different labels; if they mean the same, "
        "write them alike",
        "target 'vote': '1' (2 in training) and '1.0' (4 in training) are different labels; if they mean the same, "
        "write them alike",
    ]


def test_sets_of_labels_are_counted_by_how_often_they_hold():
    target = Target("topics", "multilabel", (("a", "a "),))
    assert look_alikes(target, np.array([[6, 4], [9, 1]])) == [
        "target 'topics': 'a' (4 in training) and 'a ' (1 in training) are different labels; if they mean the same, "
        "write them alike"
    ]


def test_labels_of_their_own_are_not_mentioned():
    assert look_alikes(Target("mood", "label", (("a", "b"),)), np.array([2, 5])) == []
