"""The exact words about a call of the CRF that means nothing; they are the same in every framework."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from crf_cases import call
from loss_cases import BACKENDS, Backend

from seqwise.errors import ConfigError, DtypeError, ShapeError, UsageError
from seqwise.losses._plan import CrfPlan, plan_crf
from seqwise.losses.numpy import Allowed
from seqwise.shapes import ArraySpec, Shape

GOOD: dict[str, tuple[str, Shape]] = {
    "emissions": ("float", (8, 20, 5)),
    "tags": ("int", (8, 20)),
    "transitions": ("float", (5, 5)),
}


def plan(**arrays: tuple[str, Shape]) -> CrfPlan:
    return plan_crf("crf_nll", {name: ArraySpec(name, *array) for name, array in (GOOD | arrays).items()})


def text_of(kind: type[UsageError], **arrays: tuple[str, Shape]) -> str:
    with pytest.raises(kind) as caught:
        plan(**arrays)
    assert type(caught.value) is kind
    return str(caught.value)


FITTING: list[dict[str, tuple[str, Shape]]] = [
    {},
    {"start": ("float", (5,)), "end": ("int", (5,))},
    {"mask": ("bool", (8, 20))},
    {"mask": ("bool", (8,))},
    {"mask": ("bool", (1, 20))},
    {"lengths": ("int", (8,))},
    {"allowed.transitions": ("bool", (5, 5)), "allowed.start": ("bool", (5,)), "allowed.end": ("bool", (5,))},
    {"emissions": ("float", (None, None, 5)), "tags": ("int", (8, None))},
    {"emissions": ("float", (None, None, None)), "tags": ("int", (None, None))},
]


@pytest.mark.parametrize("arrays", FITTING)
def test_arrays_that_fit_give_one_loss_per_sequence(arrays: dict[str, Any]) -> None:
    found = plan(**arrays)
    assert found.positions == found.steps[:1]


@pytest.mark.parametrize(("shape", "missing"), [((8, 20), 0), ((8,), 1), ((), 2)])
def test_a_mask_is_matched_from_the_batch_on(shape: Shape, missing: int) -> None:
    assert plan(mask=("bool", shape)).mask_missing == missing


def test_a_wrong_shape_shows_what_arrived_what_was_expected_and_what_to_do() -> None:
    assert text_of(ShapeError, tags=("int", (20, 8))) == (
        "crf_nll: tags do not fit the emissions\n"
        "  emissions    float  (8, 20, 5)\n"
        "  tags         int    (20, 8)\n"
        "  transitions  float  (5, 5)\n"
        "  expected: tags int (batch, time) = (8, 20)\n"
        "  hint: batch is axis 0 and time axis 1: swap the first two axes of the emissions or of the tags"
    )


SWAP = "batch is axis 0 and time axis 1: swap the first two axes of the emissions if they are (time, batch, classes)"
LAST = "classes are the last axis: swap the last two axes of the emissions"
WRONG: list[tuple[Any, dict[str, tuple[str, Shape]], str, str, str | None]] = [
    (
        DtypeError,
        {"emissions": ("int", (8, 20, 5))},
        "emissions are int",
        "emissions float",
        "cast the emissions to a floating-point type",
    ),
    (
        ShapeError,
        {"emissions": ("float", (20, 5))},
        "emissions have 2 axes",
        "emissions (batch, time, classes)",
        "a single sequence is a batch of 1: emissions[None], and tags[None] with them",
    ),
    (
        ShapeError,
        {"emissions": ("float", (1, 8, 20, 5))},
        "emissions have 4 axes",
        "emissions (batch, time, classes)",
        "axis 0 of the emissions has size 1: remove it with emissions[0]",
    ),
    (ShapeError, {"emissions": ("float", (5,))}, "emissions have 1 axis", "emissions (batch, time, classes)", None),
    (ShapeError, {"emissions": ("float", (8, 20, 0))}, "emissions have 0 classes", "1 class or more", None),
    (
        DtypeError,
        {"tags": ("float", (8, 20))},
        "tags are float",
        "tags int (batch, time) = (8, 20)",
        "tags are class indices: cast them to integers",
    ),
    (
        DtypeError,
        {"tags": ("bool", (8, 20))},
        "tags are bool",
        "tags int (batch, time) = (8, 20)",
        "tags are class indices: cast them to integers",
    ),
    (
        ShapeError,
        {"tags": ("float", (8, 20, 5))},
        "tags do not fit the emissions",
        "tags int (batch, time) = (8, 20)",
        "tags are class indices: for one-hot tags take their argmax over the last axis",
    ),
    (
        ShapeError,
        {"tags": ("int", (8, 20, 1))},
        "tags do not fit the emissions",
        "tags int (batch, time) = (8, 20)",
        "the last axis of the tags has size 1: remove it with tags[..., 0]",
    ),
    (
        ShapeError,
        {"tags": ("int", (8,))},
        "tags do not fit the emissions",
        "tags int (batch, time) = (8, 20)",
        "one label per sequence is for cross_entropy",
    ),
    (ShapeError, {"tags": ("int", (8, 5))}, "tags do not fit the emissions", "tags int (batch, time) = (8, 20)", LAST),
    (ShapeError, {"tags": ("int", (8, 19))}, "tags do not fit the emissions", "tags int (batch, time) = (8, 20)", None),
    (
        ShapeError,
        {"transitions": ("float", (7, 7))},
        "transitions do not fit the emissions",
        "transitions (from class, to class) = (5, 5)",
        "when two of these are the classes START and STOP, pass their scores by themselves: "
        "start= is the row of START, end= the column of STOP",
    ),
    (
        ShapeError,
        {"transitions": ("float", (20, 20))},
        "transitions do not fit the emissions",
        "transitions (from class, to class) = (5, 5)",
        LAST,
    ),
    (
        ShapeError,
        {"transitions": ("float", (8, 5, 5))},
        "transitions do not fit the emissions",
        "transitions (from class, to class) = (5, 5)",
        "the same transitions serve every sequence and every step",
    ),
    (
        ShapeError,
        {"transitions": ("float", (5,))},
        "transitions do not fit the emissions",
        "transitions (from class, to class) = (5, 5)",
        None,
    ),
    (DtypeError, {"transitions": ("bool", (5, 5))}, "transitions are bool", "transitions int or float", None),
    (ShapeError, {"start": ("float", (1, 5))}, "start does not fit the emissions", "start (classes,) = (5,)", None),
    (DtypeError, {"start": ("bool", (5,))}, "start is bool", "start int or float", None),
    (ShapeError, {"end": ("float", (8,))}, "end does not fit the emissions", "end (classes,) = (5,)", None),
    (
        DtypeError,
        {"allowed.transitions": ("float", (5, 5))},
        "allowed.transitions are float",
        "allowed.transitions bool",
        "True = allowed: compare first, as in allowed.transitions == 1",
    ),
    (
        ShapeError,
        {"allowed.transitions": ("bool", (4, 5))},
        "allowed.transitions do not fit the emissions",
        "allowed.transitions (from class, to class) = (5, 5)",
        None,
    ),
    (
        ShapeError,
        {"allowed.end": ("bool", (5, 5))},
        "allowed.end does not fit the emissions",
        "allowed.end (classes,) = (5,)",
        None,
    ),
    (DtypeError, {"lengths": ("float", (8,))}, "lengths are float", "lengths int", None),
    (ShapeError, {"lengths": ("int", (8, 1))}, "lengths do not fit the emissions", "lengths (batch,) = (8,)", None),
    (ShapeError, {"lengths": ("int", (20,))}, "lengths do not fit the emissions", "lengths (batch,) = (8,)", SWAP),
    (
        DtypeError,
        {"mask": ("float", (8, 20))},
        "mask is float",
        "mask bool",
        "True = this position counts: compare first, as in mask == 1",
    ),
    (
        ShapeError,
        {"mask": ("bool", (20, 8))},
        "mask does not fit the emissions",
        "mask (batch, time) = (8, 20), or its first axis, with size 1 where one value serves all",
        SWAP,
    ),
    (
        ShapeError,
        {"mask": ("bool", (8, 20, 5))},
        "mask does not fit the emissions",
        "mask (batch, time) = (8, 20), or its first axis, with size 1 where one value serves all",
        None,
    ),
]


@pytest.mark.parametrize(("kind", "arrays", "problem", "expected", "hint"), WRONG)
def test_arrays_that_do_not_fit_are_named(
    kind: Any, arrays: dict[str, Any], problem: str, expected: str, hint: str | None
) -> None:
    text = text_of(kind, **arrays)
    lines = text.splitlines()
    assert lines[0] == f"crf_nll: {problem}"
    assert lines[len(GOOD | arrays) + 1] == f"  expected: {expected}"
    assert lines[len(GOOD | arrays) + 2 :] == ([] if hint is None else [f"  hint: {hint}"])


def test_when_steps_are_as_many_as_sequences_nothing_is_guessed() -> None:
    text = text_of(ShapeError, emissions=("float", (8, 8, 5)), tags=("int", (8, 8)), mask=("bool", (7, 8)))
    assert "hint" not in text


@pytest.mark.parametrize(("kind", "arrays", "problem"), [row[:3] for row in WRONG])
def test_wrong_arrays_are_the_same_error_in_every_framework(kind: Any, arrays: Any, problem: str) -> None:
    texts = set()
    for backend in BACKENDS:
        made = {name: backend.array(np.zeros(shape), sort) for name, (sort, shape) in (GOOD | arrays).items()}
        parts = {name: made.pop(f"allowed.{name}") for name in Allowed._fields if f"allowed.{name}" in made}
        options = {"allowed": Allowed(**{"transitions": None, **parts})} if parts else {}
        positional = [made.pop(name) for name in ("emissions", "tags", "transitions")]
        with pytest.raises(kind) as caught:
            backend.losses.crf_nll(*positional, **made, **options)
        texts.add(str(caught.value))
    assert len(texts) == 1
    assert texts.pop().startswith(f"crf_nll: {problem}\n")


REDUCTIONS_WRONG = [
    ("avg", None, "there is no reduction 'avg'"),
    ("sequencemean", None, "Did you mean 'sequence_mean'?"),
    ("sum", 3.0, "reduction='sum' divides by nothing, so denominator has nothing to replace"),
    ("mean", -1.0, "denominator is -1.0"),
]


@pytest.mark.parametrize(("reduction", "denominator", "words"), REDUCTIONS_WRONG)
def test_reductions_that_mean_nothing_are_named(reduction: str, denominator: float | None, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan().check_reduction(reduction, denominator)
    assert words in str(caught.value)


def test_a_chain_has_no_outputs() -> None:
    with pytest.raises(ConfigError) as caught:
        plan().check_reduction("per_output", None)
    assert str(caught.value) == (
        "crf_nll: reduction='per_output' needs several outputs, and a linear-chain CRF has one\n"
        "  emissions    float  (8, 20, 5)\n"
        "  tags         int    (8, 20)\n"
        "  transitions  float  (5, 5)\n"
        "  expected: one of 'none', 'sum', 'mean', 'sequence_mean', 'batch_mean'"
    )


def test_an_unknown_option_is_answered_with_the_nearest_one(backend: Backend) -> None:
    with pytest.raises(ConfigError, match=r"crf_decode: there is no option 'length'(.|\n)*Did you mean 'lengths'\?"):
        call(backend, "crf_decode", emissions=[[[0.0]]], transitions=[[0.0]], length=[1])
