"""Describes arrays by name, kind and shape, and formats the table shown in every error about them.

Axes have the same names everywhere: `batch` first, then `time`, then `outputs` (K) or `labels` (L),
and `classes` last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from seqwise.errors import ShapeError

__all__ = ["ArraySpec", "Call", "Shape", "array_spec", "fits", "shape_message", "shape_text"]

_E = TypeVar("_E", bound=Exception)

Shape = tuple[int | None, ...]
"""The sizes of an array's axes; None where a size is unknown, as when TensorFlow traces a function."""


class ArraySpec(NamedTuple):
    """One array of a call, as the error messages show it.

    Attributes:
        name: the name of the argument.
        kind: the kind of data type: `bool`, `int`, `float` or `complex`.
        shape: the sizes of its axes.
    """

    name: str
    kind: str
    shape: Shape


@dataclass(frozen=True)
class Call:
    """A call and its arrays, as its errors show them.

    Attributes:
        name: name of the function that was called.
        arrays: all arrays of the call, in the order of the signature.

    Examples:
        >>> call = Call("cross_entropy", (ArraySpec("logits", "int", (8, 3)),))
        >>> print(call.error(TypeError, "logits are integers", expected="logits float"))
        cross_entropy: logits are integers
          logits  int  (8, 3)
          expected: logits float
    """

    name: str
    arrays: tuple[ArraySpec, ...]

    def error(self, kind: type[_E], problem: str, *, expected: str, hint: str | None = None) -> _E:
        """An error or warning of this kind whose text is `shape_message`, for the caller to raise."""
        return kind(shape_message(self.name, problem, self.arrays, expected=expected, hint=hint))


def array_spec(name: str, array: Any) -> ArraySpec:
    """Describes an array of any framework; only `.shape` and `.dtype` are read.

    Examples:
        >>> import numpy
        >>> array_spec("labels", numpy.zeros((8, 47), dtype="int16"))
        ArraySpec(name='labels', kind='int', shape=(8, 47))
    """
    dtype = str(array.dtype)
    if getattr(array.shape, "rank", 0) is None:  # TensorFlow, which traced a function for arrays of several ranks
        problem = f"the number of axes of {name} is not known"
        hint = (
            f"TensorFlow saw {name} with different numbers of axes: give it one, such as (batch, time), in every call"
        )
        raise ShapeError(shape_message(name, problem, (), expected="an array of a known number of axes", hint=hint))
    return ArraySpec(name, _KINDS.get(dtype) or _kind(dtype), tuple(array.shape))


def _kind(dtype: str) -> str:
    return next((kind for kind in ("bool", "complex", "float", "int") if kind in dtype), dtype)


_KINDS = {
    library + name: _kind(name)
    for library in ("", "torch.")
    for name in ("float16", "bfloat16", "float32", "float64", "bool", "uint8", "int8", "int16", "int32", "int64")
}
"""The kinds of the most common types, which need no lookup."""


def shape_text(shape: Sequence[int | str | None]) -> str:
    """A shape in parentheses, with sizes, names, and a question mark for an unknown size.

    Examples:
        >>> shape_text((8, None, "classes")), shape_text((8,))
        ('(8, ?, classes)', '(8,)')
    """
    sizes = ["?" if size is None else str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def fits(shape: Shape, expected: Shape) -> bool:
    """Whether two shapes can be those of the same array; an unknown size fits any size.

    Examples:
        >>> fits((8, None), (8, 3)), fits((8,), (8, 1))
        (True, False)
    """
    return shape == expected or (
        len(shape) == len(expected)
        and all(size is None or other is None or size == other for size, other in zip(shape, expected, strict=True))
    )


def shape_message(
    call: str, problem: str, arrays: Sequence[ArraySpec], *, expected: str, hint: str | None = None
) -> str:
    """The text of an error about arrays: the call, the problem, what arrived, what was expected, what to do.

    Args:
        call: name of the function that was called.
        problem: the problem in one sentence.
        arrays: all arrays of the call, in the order of the signature.
        expected: what would be correct.
        hint: what to change, if `expected` does not already tell.

    Examples:
        >>> print(shape_message(
        ...     "cross_entropy",
        ...     "labels do not fit the logits",
        ...     [ArraySpec("logits", "float", (8, 3, 47)), ArraySpec("labels", "int", (8, 47))],
        ...     expected="labels int (8, 3)",
        ...     hint="pass class_axis=1",
        ... ))
        cross_entropy: labels do not fit the logits
          logits  float  (8, 3, 47)
          labels  int    (8, 47)
          expected: labels int (8, 3)
          hint: pass class_axis=1
    """
    name_width = max((len(array.name) for array in arrays), default=0)
    kind_width = max((len(array.kind) for array in arrays), default=0)
    lines = [f"{call}: {problem}"]
    lines += [f"  {a.name:<{name_width}}  {a.kind:<{kind_width}}  {shape_text(a.shape)}" for a in arrays]
    lines.append(f"  expected: {expected}")
    if hint is not None:
        lines.append(f"  hint: {hint}")
    return "\n".join(lines)
