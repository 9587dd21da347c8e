"""keras.ops under NumPy's names and meanings, mended where its backends differ.

Everything that is not written here is that of keras.ops. What is written here:

* max and min take arrays of no element, as in an empty batch; under torch, those of keras.ops refuse them;
* integers are of one type, since TensorFlow compares no two different ones;
* maximum, minimum and abs are choices: under torch, keras.ops makes float32 of float64; under TensorFlow, the
  derivatives of minimum(z, 0) and abs(z) at z = 0 do not add up to that of log sigmoid, as they do elsewhere.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

__all__ = ["abs", "arange", "argmax", "argsort", "as_integers", "max", "maximum", "min", "minimum", "shape", "where"]


def __getattr__(name: str) -> Any:
    return getattr(ops, name)


def as_integers(array: Any) -> Any:
    """The array with its integers in the one type of all integers: the widest that the backend has."""
    narrow = keras.backend.backend() == "jax" and keras.backend.standardize_dtype(array.dtype) != "int64"
    return ops.cast(array, "int32" if narrow else "int64")


def arange(stop: Any) -> Any:
    """0, 1, ..., stop - 1."""
    return as_integers(ops.arange(stop))


def argmax(array: Any, axis: int) -> Any:
    """Where the largest number along an axis stands."""
    return as_integers(ops.argmax(array, axis=axis))


def argsort(array: Any, axis: int) -> Any:
    """Where the numbers along an axis stand, from the smallest to the largest."""
    return as_integers(ops.argsort(array, axis=axis))


def shape(array: Any) -> tuple[Any, ...]:
    """The sizes of the axes: numbers, or tensors where TensorFlow does not know them yet."""
    return tuple(as_integers(size) if ops.is_tensor(size) else size for size in ops.shape(array))


def where(condition: Any, chosen: Any, otherwise: Any) -> Any:
    """`chosen` where the condition is true."""
    result = ops.where(condition, chosen, otherwise)
    return as_integers(result) if "int" in keras.backend.standardize_dtype(result.dtype) else result


def max(array: Any, axis: int, keepdims: bool = False) -> Any:  # noqa: A001
    """The largest number along an axis."""
    return ops.amax(array, axis=axis, keepdims=keepdims)


def min(array: Any, axis: int, keepdims: bool = False) -> Any:  # noqa: A001
    """The smallest number along an axis."""
    return ops.amin(array, axis=axis, keepdims=keepdims)


def maximum(left: Any, right: Any) -> Any:
    """The larger of the two; NaN where `left` is NaN. Of equal ones, `left` has the derivative."""
    return where(left < right, right, left)


def minimum(left: Any, right: Any) -> Any:
    """The smaller of the two. Of equal ones, `right` has the derivative."""
    return where(left < right, left, right)


def abs(array: Any) -> Any:  # noqa: A001
    """Without the sign; the derivative at 0 is 1."""
    return where(array < 0, -array, array)
