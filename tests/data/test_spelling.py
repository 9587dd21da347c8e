from __future__ import annotations

import numpy as np
import pytest
from data_cases import store_of, write_text

from seqwise.data.spelling import first_place, folded, look_alikes
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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("B-PER", "B-Per"),
        ("Neg", "neg"),
        ("card_arrival", "card arrival"),
        ("neg", "neg."),
        ("neg", "\uff4e\uff45\uff47"),
        ("neg", "'neg'"),
    ],
)
def test_labels_that_a_hasty_writer_mixes_up_are_named(one, other):
    (said,) = look_alikes(Target("mood", "label", ((one, other, "b"),)), np.array([900, 1, 7]), lambda text: "d.csv:9")
    assert said == (
        f"target 'mood': '{one}' (900 in training) and '{other}' (1 in training, first at d.csv:9) are different "
        "labels; if they mean the same, write them alike"
    )


@pytest.mark.parametrize(
    "classes",
    [("a", "A"), ("1", "-1"), ("+", "-"), ("C", "C++", "C#"), ("1.5", "15"), (".", ","), ("PRP", "PRP$"), (":)", ":(")],
)
def test_labels_whose_signs_and_capitals_tell_them_apart_are_not_mentioned(classes):
    assert look_alikes(Target("mood", "label", (classes,)), np.ones(len(classes), int)) == []


def test_many_groups_of_look_alikes_are_counted():
    classes = tuple(text for letter in "abcdefg" for text in (letter * 2, letter.upper() * 2))
    said = look_alikes(Target("mood", "label", (classes,)), np.ones(len(classes), int))
    assert len(said) == 6
    assert said[-1] == "target 'mood': 2 other groups of labels that are as much alike"


def test_the_place_of_a_label_is_its_first(tmp_path):
    store = store_of(write_text(tmp_path / "d.conll", "a B-PER\nb O\n\nc O\nd B-Per\n\n"))
    assert first_place(store, 0, "B-Per", has_token_lines=True) == f"{tmp_path}/d.conll:5"
    assert first_place(store, 0, "B-Per", has_token_lines=False) == f"{tmp_path}/d.conll:4"
