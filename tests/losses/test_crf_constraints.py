"""Which tag may follow which: the tables of IOB1, IOB2 and IOBES, and what names of tags say about themselves."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from seqwise.errors import ConfigError
from seqwise.evaluation.spans import spans_in
from seqwise.losses.numpy import allowed_transitions

IOB = ["O", "B-x", "I-x", "B-y", "I-y"]
IOBES = ["O", "B-x", "I-x", "E-x", "S-x", "B-y", "E-y", "S-y"]


def forbidden(labels: list[str], scheme: Any = None) -> set[str]:
    """What may not be: pairs of labels, with ^ for the start and $ for the end."""
    allowed = allowed_transitions(labels, scheme)
    pairs = {f"{labels[i]} {labels[j]}" for i, j in np.argwhere(~allowed.transitions)}
    starts = {f"^ {labels[i]}" for i in np.flatnonzero(~allowed.start)}
    return pairs | starts | {f"{labels[i]} $" for i in np.flatnonzero(~allowed.end)}


IN_IOB = {"^ I-x", "^ I-y", "O I-x", "O I-y", "B-x I-y", "I-x I-y", "B-y I-x", "I-y I-x"}
IN_IOB1 = {"^ B-x", "^ B-y", "O B-x", "O B-y", "B-x B-y", "I-x B-y", "B-y B-x", "I-y B-x"}
IN_IOBES = {
    *("^ I-x", "^ E-x", "O I-x", "O E-x", "E-x I-x", "E-x E-x", "S-x I-x", "S-x E-x"),
    *("B-x O", "B-x B-x", "B-x S-x", "B-x $", "I-x O", "I-x B-x", "I-x S-x", "I-x $"),
}


@pytest.mark.parametrize("scheme", [None, "iob"])
def test_in_iob_inside_follows_begin_or_inside_of_its_type(scheme: Any) -> None:
    assert forbidden(IOB, scheme) == IN_IOB


def test_in_iob1_begin_only_parts_spans_of_one_type() -> None:
    assert forbidden(IOB, "iob1") == IN_IOB1


@pytest.mark.parametrize("scheme", [None, "iobes"])
def test_in_iobes_a_span_that_began_ends(scheme: Any) -> None:
    assert forbidden(["O", "B-x", "I-x", "E-x", "S-x"], scheme) == IN_IOBES


def test_in_iobes_a_span_ends_with_its_own_type() -> None:
    found = forbidden(IOBES)
    assert {"B-x E-y", "B-y E-x", "I-x E-y"} <= found
    assert not {"B-x E-x", "B-y E-y", "I-x E-x", "E-x B-y", "S-y S-x", "E-y O"} & found


OTHER_LETTERS = [
    (["O", "B-x", "I-x", "L-x", "U-x"], "BILOU"),
    (["O", "B-x", "M-x", "E-x", "S-x"], "BMES"),
]


@pytest.mark.parametrize("labels", [row[0] for row in OTHER_LETTERS], ids=[row[1] for row in OTHER_LETTERS])
@pytest.mark.parametrize("scheme", [None, "iobes"])
def test_other_letters_for_iobes_mean_the_same(labels: list[str], scheme: Any) -> None:
    same = str.maketrans("MLU", "IES")
    assert {pair.translate(same) for pair in forbidden(labels, scheme)} == IN_IOBES


def test_prefixes_alone_are_tags_of_one_type() -> None:
    assert forbidden(["O", "B", "I"]) == {"^ I", "O I"}
    assert forbidden(["B", "M", "E", "S"]) >= {"B B", "B S", "S E", "^ M", "B $"}


def test_types_may_have_dashes_of_their_own() -> None:
    assert forbidden(["O", "B-x-y", "I-x-y", "B-x", "I-x"]) >= {"B-x I-x-y", "B-x-y I-x", "O I-x-y"}


FREE = [
    ("parts of speech", ["NOUN", "VERB", "PUNCT"]),
    ("one label that is no tag", [*IOB, "<pad>"]),
    ("a prefix without its type", [*IOB, "B-"]),
    ("lower case", ["o", "b-x", "i-x"]),
    ("inside and outside only", ["O", "I-x", "I-y"]),
    ("a type without begin, as in IOB1", ["O", "I-x", "B-x", "I-y"]),
    ("begin and outside only", ["O", "B-x", "B-y"]),
    ("begin, inside and end without single", ["O", "B-x", "I-x", "E-x"]),
    ("a type that begins and never ends", ["O", "B-x", "I-x", "E-x", "S-x", "B-y"]),
    ("a type that ends and never begins", ["O", "B-x", "I-x", "E-x", "S-x", "E-y"]),
    ("a type that is inside and never begins", ["O", "B-x", "I-x", "E-x", "S-x", "I-y"]),
    ("a single label", ["O"]),
]


@pytest.mark.parametrize("labels", [row[1] for row in FREE], ids=[row[0] for row in FREE])
def test_labels_that_follow_no_scheme_for_certain_may_follow_each_other_freely(labels: list[str]) -> None:
    assert forbidden(labels) == set()
    assert allowed_transitions(labels).transitions.shape == (len(labels), len(labels))


def test_a_scheme_that_is_asked_for_holds_where_labels_alone_leave_doubt() -> None:
    assert forbidden(["O", "I-x", "B-x", "I-y"], "iob") >= {"O I-y", "O I-x"}
    assert forbidden(["O", "B-x", "I-x", "E-x"], "iobes") >= {"B-x O", "O I-x"}


@pytest.mark.parametrize("labels", [IOB, IOBES], ids=["IOB", "IOBES"])
def test_every_path_that_is_allowed_marks_the_spans_that_its_prefixes_say(labels: list[str]) -> None:
    allowed, prefixes = allowed_transitions(labels), np.array([label[0] for label in labels])
    begins = np.isin(prefixes, ["B", "S"])
    for path in itertools.product(range(len(labels)), repeat=3):
        goes = allowed.start[path[0]] and allowed.end[path[2]] and allowed.transitions[path[:2], path[1:]].all()
        if goes:
            found = spans_in([labels[tag] for tag in path])
            assert len(found) == begins[list(path)].sum()


def test_all_labels_of_a_tag_set_are_booleans_in_class_order() -> None:
    allowed = allowed_transitions(IOB)
    assert [part.shape for part in allowed] == [(5, 5), (5,), (5,)]
    assert {part.dtype for part in allowed} == {np.dtype(bool)}


def test_a_scheme_that_does_not_exist_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        allowed_transitions(IOB, "iobs")  # type: ignore[arg-type]
    assert str(caught.value) == (
        "allowed_transitions: there is no scheme 'iobs'\n"
        "  expected: one of 'iob', 'iob1', 'iobes'\n"
        "  hint: Did you mean 'iobes'?"
    )


@pytest.mark.parametrize(
    ("labels", "scheme", "text"),
    [
        (
            ["O", "VERB"],
            "iob",
            "labels[1] is 'VERB', which is not of the scheme 'iob'\n  expected: 'O', 'B-x' or 'I-x'",
        ),
        (
            ["O", "S-x"],
            "iob1",
            "labels[1] is 'S-x', which is not of the scheme 'iob1'\n  expected: 'O', 'B-x' or 'I-x'",
        ),
        (
            ["B-", "O"],
            "iobes",
            "labels[0] is 'B-', which is not of the scheme 'iobes'\n  expected: 'O', 'B-x', 'I-x', ",
        ),
    ],
)
def test_a_label_that_is_not_of_the_scheme_is_named(labels: list[str], scheme: Any, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        allowed_transitions(labels, scheme)
    assert str(caught.value).startswith(f"allowed_transitions: {text}")
