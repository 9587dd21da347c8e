"""What every plan checks: kinds of number, lengths, masks and weights, options."""

from __future__ import annotations

import operator

from seqwise.errors import ConfigError, DtypeError, ShapeError
from seqwise.losses import _hints
from seqwise.shapes import Arrived, Call, Shape, fits, shape_text

__all__ = ["call_of", "check_kind", "check_lengths", "integer", "missing_axes", "smoothing"]


def call_of(name: str, *arrays: Arrived | None) -> Call:
    return Call(name, tuple([array for array in arrays if array is not None]))


def check_kind(call: Call, array: Arrived, *kinds: str) -> None:
    if array.kind not in kinds:
        several = array.name.endswith("s") and array.name != "bias"
        problem = f"{array.name} {'are' if several else 'is'} {array.kind}"
        expected = f"{array.name} {' or '.join(kinds)}"
        raise call.error(DtypeError, problem, expected=expected, hint=_hints.wrong_kind(array))


def check_lengths(call: Call, lengths: Arrived | None, positions: Shape) -> None:
    if lengths is None:
        return
    check_kind(call, lengths, "int")
    if len(positions) < 2:
        problem = "lengths need labels with a time axis"
        raise call.error(ShapeError, problem, expected="one label for each of (batch, time, ...)")
    if not fits(lengths.shape, positions[:1]):
        expected = f"lengths (batch,) = {shape_text(positions[:1])}"
        raise call.error(ShapeError, "lengths do not fit the labels", expected=expected)


def missing_axes(call: Call, array: Arrived | None, positions: Shape, *kinds: str) -> int:
    """How many last axes a mask or weight lacks; those it has are of the positions' size, or of size 1."""
    if array is None:
        return 0
    check_kind(call, array, *kinds)
    wanted = positions[: len(array.shape)]
    if array.shape != wanted and not fits(tuple([None if size == 1 else size for size in array.shape]), wanted):
        expected = f"{array.name} {shape_text(positions)}, or its first axes, with size 1 where one value serves all"
        hint = _hints.left_aligned(array, positions)
        raise call.error(ShapeError, f"{array.name} does not fit the labels", expected=expected, hint=hint)
    return len(positions) - len(array.shape)


def integer(call: Call, name: str, value: object) -> int | None:
    if value is None:
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise call.error(ConfigError, f"{name} has {value!r} in it", expected=f"{name} of integers") from None


def smoothing(call: Call, share: float) -> float:
    if not 0 <= share <= 1:
        raise call.error(ConfigError, f"label_smoothing is {share}", expected="a share from 0 to 1")
    return float(share)
