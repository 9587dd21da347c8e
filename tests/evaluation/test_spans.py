from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqwise.evaluation import spans_in, tally_for
from seqwise.targets import Target

TAGS = ("B-x", "I-x", "E-x", "S-x", "L-y", "U-y", "B-y", "I-y", "O")
IOB = ("B-x", "B-y", "I-x", "I-y", "O")


def ends_chunk(before: str, after: str) -> bool:
    """conlleval's endOfChunk, case by case; its later versions' cases for E and S, with L = E and U = S."""
    one, two = before[0].translate(SAME), after[0].translate(SAME)
    cases = {("B", "B"), ("B", "S"), ("B", "O"), ("I", "B"), ("I", "S"), ("I", "O")}
    return (
        one in ("E", "S") or (one, two) in cases or (one != "O" and before.partition("-")[2] != after.partition("-")[2])
    )


def starts_chunk(before: str, after: str) -> bool:
    """conlleval's startOfChunk, case by case."""
    one, two = before[0].translate(SAME), after[0].translate(SAME)
    cases = {("E", "E"), ("E", "I"), ("S", "E"), ("S", "I"), ("O", "E"), ("O", "I")}
    return (
        two in ("B", "S") or (one, two) in cases or (two != "O" and before.partition("-")[2] != after.partition("-")[2])
    )


SAME = str.maketrans("LU", "ES")


def chunks(tags: list[str]) -> set[tuple[int, int, str]]:
    """Spans found by walking over pairs of tags, as conlleval does."""
    found, start, before = set(), None, "O"
    for place, tag in enumerate([*tags, "O"]):
        if start is not None and ends_chunk(before, tag):
            found.add((start, place, tags[start].partition("-")[2]))
            start = None
        if starts_chunk(before, tag):
            start = place
        before = tag
    return found


def scored(gold: list[list[str]], predicted: list[list[str]], tags: tuple[str, ...] = TAGS) -> dict[str, float | None]:
    """Our span figures; "?" marks a missing gold label."""
    time = max(map(len, gold), default=0)
    index = {tag: i for i, tag in enumerate(tags)}
    labels = np.full((len(gold), time), -1)
    predictions = np.zeros((len(gold), time), dtype=int)
    for row, (one, two) in enumerate(zip(gold, predicted, strict=True)):
        labels[row, : len(one)] = [index.get(tag, -1) for tag in one]
        predictions[row, : len(two)] = [index[tag] for tag in two]
    tally = tally_for(Target("slots", "tags", (tags,), per_step=True))
    tally.update(None, labels, labels >= 0, predictions=predictions)
    return {name: figure.value for name, figure in tally.scores().figures.items()}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("B-x I-x O", [(0, 2, "x")]),
        ("O I-x I-x", [(1, 3, "x")]),  # I- without B- starts a span
        ("B-x B-x", [(0, 1, "x"), (1, 2, "x")]),
        ("I-x B-x I-x", [(0, 1, "x"), (1, 3, "x")]),
        ("B-x I-y", [(0, 1, "x"), (1, 2, "y")]),  # another type starts a span
        ("I-x O I-x", [(0, 1, "x"), (2, 3, "x")]),
        ("S-x S-x", [(0, 1, "x"), (1, 2, "x")]),
        ("B-x I-x E-x I-x", [(0, 3, "x"), (3, 4, "x")]),  # after an end everything is new
        ("B-x L-x U-y", [(0, 2, "x"), (2, 3, "y")]),
        ("E-x E-x", [(0, 1, "x"), (1, 2, "x")]),
        ("I-x E-x", [(0, 2, "x")]),
        ("B-a-b I-a-b", [(0, 2, "a-b")]),  # a type may hold a dash
        ("O O", []),
        ("", []),
    ],
)
def test_spans_follow_the_published_rules(tags: str, expected: list[tuple[int, int, str]]) -> None:
    assert spans_in(tags.split()) == expected


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(TAGS), max_size=12))
def test_spans_are_those_of_the_walk_over_pairs(tags: list[str]) -> None:
    assert set(spans_in(tags)) == chunks(tags)


PAIRS = st.lists(st.tuples(st.sampled_from(TAGS), st.sampled_from(TAGS)), min_size=1, max_size=9)


@settings(max_examples=150, deadline=None)
@given(st.lists(PAIRS, min_size=1, max_size=4))
def test_span_f1_is_that_of_the_walk_over_pairs(sequences: list[list[tuple[str, str]]]) -> None:
    gold = [[one for one, _ in pairs] for pairs in sequences]
    predicted = [[two for _, two in pairs] for pairs in sequences]
    correct = wanted = found = 0
    for one, two in zip(gold, predicted, strict=True):
        correct += len(chunks(one) & chunks(two))
        wanted += len(chunks(one))
        found += len(chunks(two))
    figures = scored(gold, predicted)
    expected = {
        "span_precision": correct / found if found else None,
        "span_recall": correct / wanted if wanted else None,
        "span_f1": 2 * correct / (found + wanted) if wanted else None,
    }
    assert {name: figures[name] for name in expected} == pytest.approx(expected)


def test_a_span_needs_both_ends_and_its_type() -> None:
    gold = [["B-x", "I-x", "O", "B-y", "O", "B-x"]]
    predicted = [["B-x", "O", "O", "B-x", "O", "B-x"]]  # too short, wrong type, right
    figures = scored(gold, predicted)
    assert (figures["span_precision"], figures["span_recall"]) == (1 / 3, 1 / 3)


def test_spans_do_not_run_from_one_sequence_into_the_next() -> None:
    figures = scored([["O", "B-x"], ["I-x", "O"]], [["O", "B-x"], ["I-x", "O"]])
    tally = tally_for(Target("slots", "tags", (TAGS,), per_step=True))
    tally.update(None, np.array([[8, 0], [1, 8]]), np.ones((2, 2), bool), predictions=np.array([[8, 0], [1, 8]]))
    assert (figures["span_f1"], tally.scores().figures["span_f1"].count) == (1.0, 2)


def test_padding_ends_a_span() -> None:
    tally = tally_for(Target("slots", "tags", (TAGS,), per_step=True))
    labels, predictions = np.array([[0, 1, 1]]), np.array([[0, 1, 1]])
    tally.update(None, labels, np.ones((1, 3), bool), np.array([2]), predictions)
    row = tally.scores().per_span_type[0]
    assert (row.type, row.correct, row.predicted, row.gold) == ("x", 1, 1, 1)


def test_a_missing_label_cuts_spans_on_both_sides_and_counts_in_neither() -> None:
    figures = scored([["B-x", "?", "I-x", "?"]], [["B-x", "I-x", "I-x", "B-y"]])
    assert (figures["span_precision"], figures["span_recall"]) == (1.0, 1.0)


def test_nothing_found_is_an_f1_of_zero() -> None:
    assert scored([["B-x"]], [["O"]])["span_f1"] == 0.0


def test_without_gold_spans_only_precision_tells_of_false_alarms() -> None:
    figures = scored([["O", "O"]], [["B-x", "O"]])
    assert (figures["span_precision"], figures["span_recall"], figures["span_f1"]) == (0.0, None, None)


def test_rows_per_type_add_up_to_the_whole() -> None:
    random = np.random.default_rng(0)
    tally = tally_for(Target("slots", "tags", (IOB,), per_step=True))
    labels, predictions = random.integers(0, 5, size=(2, 30, 20))
    tally.update(None, labels, np.ones((30, 20), bool), predictions=predictions)
    scores = tally.scores()
    correct = sum(row.correct for row in scores.per_span_type)
    wanted = sum(row.gold for row in scores.per_span_type)
    assert scores.figures["span_recall"].value == correct / wanted


def test_tags_that_are_no_spans_have_no_span_figures() -> None:
    assert not [name for name in scored([["A"]], [["A"]], ("A", "B")) if name.startswith("span")]
