"""The checks that all plans share: kinds of number, lengths, masks, weights and options."""

from __future__ import annotations

import operator

from seqwise.errors import ConfigError, DtypeError, ShapeError
from seqwise.losses import _hints
from seqwise.shapes import ArraySpec, Call, Shape, fits, shape_text

__all__ = ["call_of", "check_kind", "check_lengths", "flag", "integer", "missing_axes", "real", "smoothing"]


def call_of(name: str, *arrays: ArraySpec | None) -> Call:
    return Call(name, tuple([array for array in arrays if array is not None]))


def check_kind(call: Call, array: ArraySpec, *kinds: str) -> None:
    if array.kind not in kinds:
        several = array.name.endswith("s") and array.name != "bias"
        problem = f"{array.name} {'are' if several else 'is'} {array.kind}"
        expected = f"{array.name} {' or '.join(kinds)}"
        raise call.error(DtypeError, problem, expected=expected, hint=_hints.wrong_kind(array))


def check_lengths(call: Call, lengths: ArraySpec | None, positions: Shape) -> None:
    if lengths is None:
        return
    check_kind(call, lengths, "int")
    if len(positions) < 2:
        problem = "lengths need labels with a time axis"
        raise call.error(ShapeError, problem, expected="one label for each of (batch, time, ...)")
    if not fits(lengths.shape, positions[:1]):
        expected = f"lengths (batch,) = {shape_text(positions[:1])}"
        raise call.error(ShapeError, "lengths do not fit the labels", expected=expected)


def missing_axes(call: Call, array: ArraySpec | None, positions: Shape, *kinds: str) -> int:
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
    except (TypeError, RuntimeError):
        raise _no_value(call, name, value, f"{name} of integers", f"{name} has {value!r} in it") from None


def real(call: Call, name: str, value: object, *, expected: str) -> float:
    """An option that is one number, and known when the loss is called.

    Raises:
        ConfigError: it is no number, a trace hides it, or it wants a gradient, which no option gets.
    """
    if isinstance(value, int | float):  # also the numbers of torch.compile, which has no other attributes of them
        return float(value)
    if getattr(value, "requires_grad", False):
        problem = f"{name} requires a gradient, and this loss gives it none"
        raise call.error(ConfigError, problem, expected=expected, hint=f"pass a Python number: float({name})")
    try:
        if isinstance(value, str | bytes):
            raise TypeError
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        raise _no_value(call, name, value, expected) from None


def flag(call: Call, name: str, value: object) -> bool:
    """An option that is True or False, and known when the loss is called.

    Raises:
        ConfigError: a trace hides it, or it is neither.
    """
    try:
        return bool(value)
    except (TypeError, ValueError, RuntimeError):
        raise _no_value(call, name, value, "True or False") from None


def smoothing(call: Call, value: object) -> float:
    number = real(call, "label_smoothing", value, expected="a number from 0 to 1")
    if not 0 <= number <= 1:
        raise call.error(ConfigError, f"label_smoothing is {value}", expected="a number from 0 to 1")
    return number


def _no_value(call: Call, name: str, value: object, expected: str, otherwise: str | None = None) -> ConfigError:
    """The error about an option that has no value of the kind it should have, or none yet."""
    framework = type(value).__module__.partition(".")[0]
    if framework not in ("jax", "jaxlib", "tensorflow", "torch", "keras"):
        return call.error(ConfigError, otherwise or f"{name} is {value!r}", expected=expected)
    hints = {
        "jax": f"name it in jax.jit(..., static_argnames='{name}'), or close over a Python number",
        "jaxlib": f"pass float({name}) outside of jit",
        "tensorflow": "pass a Python number: a tf.function is traced once for each",
    }
    problem = f"{name} has no value yet: it is a {type(value).__name__} of {framework}"
    hint = hints.get(framework, "pass a Python number")
    return call.error(ConfigError, problem, expected=f"{expected}, known when the loss is called", hint=hint)
