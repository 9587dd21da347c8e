"""Hints about labels out of range name the likeliest mistake, and computing on them never hides another one."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from seqwise.errors import ValuesError
from seqwise.losses.torch import binary_cross_entropy, crf_nll, cross_entropy

MINUS_ONE = "if -1 marks a missing label, pass ignore_index=-1"

CLASSES: list[tuple[str, int, list[int], dict[str, Any], str | None]] = [
    (
        "stars 1..5, not all in the batch",
        5,
        [1, 3, 5, 4, 5],
        {},
        "count from 1: subtract 1, or pass label_values=(1, 2",
    ),
    ("stars 1..5, all in the batch", 5, [1, 2, 3, 4, 5], {}, "count from 1: subtract 1, or pass label_values=(1, 2"),
    ("from 1 with gaps", 3, [1, 3, -100], {}, "ignore_index=-100; the labels seem to count from 1"),
    ("a class too many", 3, [0, 1, 2, 3], {}, "3 needs a head of at least 4 classes"),
    ("many classes too many", 5, [0, 4, 9], {}, "9 needs a head of at least 10 classes"),
    ("names", 3, [10, 20, 30], {}, "if the classes are labelled 10, 20, 30, pass label_values=(10, 20, 30)"),
    ("three values", 3, [-1, 0, 1], {}, f"label_values=(-1, 0, 1); {MINUS_ONE}"),
    ("three values, not all in the batch", 3, [-1, 1], {}, f"{MINUS_ONE}; if the classes are labelled -1, 0, 1, pass"),
    ("two values", 2, [-1, 1], {}, f"pass label_values=(-1, 1); {MINUS_ONE}"),
    ("missing", 3, [0, 2, -1, 1], {}, MINUS_ONE),
    ("missing by another sign", 3, [0, 1, -100], {}, "if -100 marks a missing label, pass ignore_index=-100"),
    ("missing by a large number", 3, [0, 1, 255], {}, "if 255 marks a missing label, pass ignore_index=255"),
    ("missing by two signs", 3, [0, 1, -1, -100], {}, None),
    ("something is ignored already", 3, [0, 2, -1], {"ignore_index": -100}, "leave it out with mask=labels != -1"),
    (
        "no label value",
        2,
        [1, 2, 0],
        {"label_values": (1, 2)},
        "pass ignore_index=0; if it is a class, name it in label_v",
    ),
    ("one logit", 1, [0, 1, 0, 1], {}, "use binary_cross_entropy for yes-or-no labels"),
    ("without a pattern", 3, [-7, -4, 0], {}, None),
]


def hint_of(loss: Any, *arrays: Any, **options: Any) -> str | None:
    with pytest.raises(ValuesError) as caught:
        loss(*arrays, **options)
    lines = [line for line in str(caught.value).splitlines() if line.startswith("  hint: ")]
    return lines[0].removeprefix("  hint: ") if lines else None


@pytest.mark.parametrize(
    ("classes", "labels", "options", "hint"), [c[1:] for c in CLASSES], ids=[c[0] for c in CLASSES]
)
def test_the_likeliest_mistake_is_named(classes: int, labels: list[int], options: Any, hint: str | None) -> None:
    found = hint_of(cross_entropy, torch.zeros(len(labels), classes), torch.tensor(labels), **options)
    assert found is None if hint is None else hint in (found or "")


@pytest.mark.parametrize("classes", [2, 3, 4, 5])
def test_labels_that_count_from_1_are_never_called_missing(classes: int) -> None:
    below = range(1, classes)
    for some in itertools.chain.from_iterable(itertools.combinations(below, n) for n in range(classes)):
        labels = torch.tensor([*some, classes])
        hint = hint_of(cross_entropy, torch.zeros(len(labels), classes), labels)
        assert hint is not None
        assert "ignore_index" not in hint
        assert "count from 1" in hint


@pytest.mark.parametrize("classes", [1, 2, 3, 5])
def test_no_hint_calls_the_next_class_missing(classes: int) -> None:
    labels = torch.arange(classes + 1)
    assert "ignore_index" not in (hint_of(cross_entropy, torch.zeros(classes + 1, classes), labels) or "")


def test_followed_the_hint_computes_what_was_meant() -> None:
    logits, stars = torch.randn(5, 5, generator=torch.Generator().manual_seed(0)), torch.tensor([1, 3, 5, 4, 5])
    assert cross_entropy(logits, stars, label_values=(1, 2, 3, 4, 5)) == cross_entropy(logits, stars - 1)


def test_tags_that_count_from_1_are_not_left_out_of_the_chain() -> None:
    hint = hint_of(crf_nll, torch.zeros(1, 3, 3), torch.tensor([[1, 2, 3]]), torch.zeros(3, 3))
    assert hint == "the labels seem to count from 1: subtract 1"


SHARES = [
    ("several yes", [[1.0, 1.0, 0.0]], "use binary_cross_entropy"),
    ("percentages", [[50.0, 30.0, 20.0]], "divide them by 100"),
    ("no class", [[0.0, 0.0, 0.0]], "a row of zeros names no class"),
]


@pytest.mark.parametrize(("labels", "hint"), [s[1:] for s in SHARES], ids=[s[0] for s in SHARES])
def test_shares_that_are_none_are_told_apart(labels: list[list[float]], hint: str) -> None:
    assert hint in (hint_of(cross_entropy, torch.zeros(1, 3), torch.tensor(labels)) or "")


def test_a_column_of_yes_or_no_labels_is_not_called_a_row_of_zeros() -> None:
    hint = hint_of(cross_entropy, torch.zeros(2, 1), torch.tensor([[0.0], [1.0]]))
    assert hint == "with one class there is nothing to choose between: use binary_cross_entropy for yes-or-no labels"


BINARY: list[tuple[str, list[float], str | None]] = [
    ("from 1", [1, 2, 2], "if 1 and 2 are no and yes, subtract 1"),
    ("signs", [-1, 1, 1], "if -1 and 1 are no and yes, pass (labels + 1) / 2"),
    ("pixels", [0, 255, 0], "if 0 and 255 are no and yes, pass labels > 0"),
    ("missing", [0, 1, -1], MINUS_ONE),
    ("missing by a large number", [0, 1, 255], "if 255 marks a missing label, pass ignore_index=255"),
    ("classes", [0, 1, 2], "is for cross_entropy"),
    ("NaN", [0, 1, np.nan], "if NaN marks a missing label, leave it out with mask="),
    ("no whole number", [0, 1, 1.5], None),
]


@pytest.mark.parametrize(("labels", "hint"), [b[1:] for b in BINARY], ids=[b[0] for b in BINARY])
def test_yes_or_no_labels_of_other_spellings_are_told_apart(labels: list[float], hint: str | None) -> None:
    found = hint_of(binary_cross_entropy, torch.zeros(1, 3), torch.tensor([labels]))
    assert found is None if hint is None else hint in (found or "")
