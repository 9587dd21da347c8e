"""The table that every error about arrays carries."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seqwise.errors import ShapeError
from seqwise.shapes import ArraySpec, Call, Shape, array_spec, fits, shape_message, shape_text


def test_a_message_is_call_problem_table_expectation_and_hint() -> None:
    arrays = [ArraySpec("logits", "float", (8, 3, None)), ArraySpec("mask", "bool", (8,))]
    assert shape_message("loss", "mask is odd", arrays, expected="mask (8, 3)", hint="turn it round") == (
        "loss: mask is odd\n"
        "  logits  float  (8, 3, ?)\n"
        "  mask    bool   (8,)\n"
        "  expected: mask (8, 3)\n"
        "  hint: turn it round"
    )


def test_a_message_without_hint_ends_with_what_was_expected() -> None:
    assert shape_message("loss", "odd", [], expected="even") == "loss: odd\n  expected: even"


def test_the_error_of_a_call_is_of_the_kind_asked_for_and_shows_its_arrays() -> None:
    error = Call("loss", (ArraySpec("labels", "int", (2,)),)).error(ShapeError, "odd", expected="even", hint="add 1")
    assert type(error) is ShapeError
    assert str(error) == "loss: odd\n  labels  int  (2,)\n  expected: even\n  hint: add 1"


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        ("bool", "bool"),
        ("int8", "int"),
        ("uint16", "int"),
        ("float16", "float"),
        ("complex64", "complex"),
        ("U3", "<U3"),
    ],
)
def test_the_kind_of_number_of_numpy_arrays(dtype: str, kind: str) -> None:
    assert array_spec("x", np.zeros((2, 3), dtype=dtype)) == ArraySpec("x", kind, (2, 3))


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [(torch.bool, "bool"), (torch.uint8, "int"), (torch.bfloat16, "float"), (torch.complex64, "complex")],
)
def test_the_kind_of_number_of_tensors(dtype: torch.dtype, kind: str) -> None:
    assert array_spec("x", torch.zeros((2, 3), dtype=dtype)) == ArraySpec("x", kind, (2, 3))


@pytest.mark.parametrize(
    ("shape", "text"), [((), "()"), ((4,), "(4,)"), ((4, 5), "(4, 5)"), ((None, "classes"), "(?, classes)")]
)
def test_shapes_are_written_as_python_writes_them(shape: tuple[int | str | None, ...], text: str) -> None:
    assert shape_text(shape) == text


@pytest.mark.parametrize(
    ("shape", "expected", "fit"),
    [
        ((2, 3), (2, 3), True),
        ((2, 3), (2, 4), False),
        ((2,), (2, 1), False),
        ((None, 3), (2, 3), True),
        ((2, 3), (2, None), True),
        ((None, 4), (2, 3), False),
        ((), (), True),
    ],
)
def test_a_size_that_is_not_known_fits_every_size(shape: Shape, expected: Shape, fit: bool) -> None:
    assert fits(shape, expected) is fit
