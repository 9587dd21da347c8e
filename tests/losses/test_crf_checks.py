"""Wrong values are the same error of the CRF in every framework, and say where they stand and what to do."""

from __future__ import annotations

import math
from typing import Any

import pytest
from crf_cases import call
from loss_cases import BACKENDS, NUMPY, Backend

from seqwise.errors import ValuesError

NAN, INF = math.nan, math.inf
EMISSIONS = [[[0.0, 1.0, 2.0]] * 4] * 2
ZEROS = [[0.0] * 3] * 3
ALLOWED = ([[True, True, False], [True, True, True], [True, True, True]], [True, True, False], [True, False, True])
"""IOB of O, B and I, and no sequence may end with B."""
FORBIDDEN = (
    "fix the tags, or train without allowed= and give it to crf_decode alone; "
    "tags of the older IOB1 follow allowed_transitions(labels, scheme='iob1')"
)

VALUES: list[tuple[str, dict[str, Any], str, str, str | None]] = [
    (
        "tag too high",
        {"tags": [[0, 1, 2, 0], [0, 3, 1, 1]]},
        "tags[1, 1] is 3, and 1 of 8 tags that count is out of range",
        "class indices 0..2",
        "if the labels are class indices, 3 needs a head of at least 4 classes",
    ),
    (
        "tags below",
        {"tags": [[0, -100, 2, 0], [0, 0, -100, 1]], "lengths": [4, 4]},
        "tags[0, 1] is -100, and 2 of 8 tags that count are out of range",
        "class indices 0..2",
        "if -100 marks a step without a tag, leave it out with mask=tags != -100",
    ),
    (
        "several",
        {"tags": [[0, 4, 2, 0], [0, 9, 1, 1]], "lengths": [2, 2]},
        "tags[0, 1] is 4, and 2 of 4 tags that count are out of range",
        "class indices 0..2",
        "if the labels are class indices, 9 needs a head of at least 10 classes",
    ),
    ("length too long", {"lengths": [3, 5]}, "lengths[1] is 5", "lengths 0..4", None),
    ("length below 0", {"lengths": [-1, 4]}, "lengths[0] is -1", "lengths 0..4", None),
    (
        "transition NaN",
        {"transitions": [[0.0, NAN, 0.0], *ZEROS[1:]]},
        "transitions[0, 1] is nan",
        "transitions of finite numbers",
        None,
    ),
    (
        "transition -inf",
        {"transitions": [[0.0, -INF, 0.0], *ZEROS[1:]]},
        "transitions[0, 1] is -inf",
        "transitions of finite numbers",
        "to forbid a transition, pass allowed= with booleans of the same shape",
    ),
    ("start infinite", {"start": [0.0, 0.0, INF]}, "start[2] is inf", "start of finite numbers", None),
    ("end NaN", {"end": [NAN, 0.0, 0.0]}, "end[0] is nan", "end of finite numbers", None),
    (
        "transition not allowed",
        {"tags": [[0, 1, 2, 0], [1, 0, 2, 2]], "allowed": ALLOWED},
        "tags[1, 2] is 2 after 0, which is not allowed; 1 of 2 sequences has such a step",
        "tags that go as allowed= lets them",
        FORBIDDEN,
    ),
    (
        "start not allowed",
        {"tags": [[0, 1, 2, 0], [2, 0, 0, 0]], "allowed": ALLOWED},
        "tags[1, 0] is 2 at the start, which is not allowed; 1 of 2 sequences has such a step",
        "tags that go as allowed= lets them",
        FORBIDDEN,
    ),
    (
        "end not allowed",
        {"tags": [[0, 1, 2, 1], [2, 0, 0, 1]], "allowed": ALLOWED},
        "tags[0, 3] is 1 at the end, which is not allowed; 2 of 2 sequences have such a step",
        "tags that go as allowed= lets them",
        FORBIDDEN,
    ),
    (
        "not allowed across a hole",
        {"tags": [[1, 0, 9, 2], [9] * 4], "mask": [[True, True, False, True], [False] * 4], "allowed": ALLOWED},
        "tags[0, 3] is 2 after 0, which is not allowed; 1 of 2 sequences has such a step",
        "tags that go as allowed= lets them",
        FORBIDDEN,
    ),
    (
        "only transitions are forbidden",
        {"tags": [[2, 1, 2, 1], [1, 0, 2, 1]], "allowed": ALLOWED[0]},
        "tags[1, 2] is 2 after 0, which is not allowed; 1 of 2 sequences has such a step",
        "tags that go as allowed= lets them",
        FORBIDDEN,
    ),
]


@pytest.mark.parametrize(
    ("given", "problem", "expected", "hint"), [row[1:] for row in VALUES], ids=[row[0] for row in VALUES]
)
def test_wrong_values_are_named(
    given: dict[str, Any], problem: str, expected: str, hint: str | None, backend: Backend
) -> None:
    whole = {"emissions": EMISSIONS, "tags": [[0, 1, 2, 0]] * 2, "transitions": ZEROS, **given}
    with pytest.raises(ValuesError) as caught:
        call(backend, "crf_nll", **whole)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"crf_nll: {problem}"
    assert f"  expected: {expected}" in lines
    assert [line for line in lines if "hint" in line] == ([] if hint is None else [f"  hint: {hint}"])


@pytest.mark.parametrize("function", ["crf_decode", "crf_marginals"])
@pytest.mark.parametrize(("given", "problem"), [row[1:3] for row in VALUES[3:9]], ids=[row[0] for row in VALUES[3:9]])
def test_wrong_values_are_named_without_tags_too(
    function: str, given: dict[str, Any], problem: str, backend: Backend
) -> None:
    with pytest.raises(ValuesError) as caught:
        call(backend, function, **{"emissions": EMISSIONS, "transitions": ZEROS, **given})
    assert str(caught.value).startswith(f"{function}: {problem}\n")


def test_tags_that_do_not_count_may_be_anything(backend: Backend) -> None:
    given = {"emissions": EMISSIONS, "transitions": ZEROS, "allowed": ALLOWED, "lengths": [2, 0]}
    found = call(backend, "crf_nll", **given, tags=[[0, 0, 2, -7], [99] * 4], reduction="none")
    assert found == call(backend, "crf_nll", **given, tags=[[0] * 4] * 2, reduction="none")


@pytest.mark.parametrize("function", ["crf_nll", "crf_decode", "crf_marginals"])
@pytest.mark.parametrize("wrong", [NAN, INF])
def test_numpy_refuses_emissions_that_are_no_numbers(wrong: float, function: str) -> None:
    emissions = [[[0.0, 1.0, 2.0], [wrong] * 3, [wrong, 0.0, 0.0]]]
    tags = {"tags": [[0, 0, 0]]} if function == "crf_nll" else {}
    with pytest.raises(ValuesError, match=rf"{function}: emissions\[0, 2, 0\] is {wrong}"):
        call(NUMPY, function, emissions=emissions, **tags, transitions=ZEROS, mask=[[True, False, True]])


@pytest.mark.parametrize("backend", BACKENDS[1:], ids=lambda backend: backend.name)
def test_emissions_that_are_no_numbers_give_a_loss_that_is_none(backend: Backend) -> None:
    given = {"emissions": [[[0.0, NAN, 2.0]], [[0.0, 0.0, 0.0]]], "transitions": ZEROS}
    found = call(backend, "crf_nll", **given, tags=[[0], [0]], reduction="none")
    assert math.isnan(found[0])
    assert found[1] == pytest.approx(math.log(3))
    decoded = call(backend, "crf_decode", **given)
    assert decoded.tags == [[-1], [0]]
    assert [math.isnan(score) for score in decoded.scores] == [True, False]
