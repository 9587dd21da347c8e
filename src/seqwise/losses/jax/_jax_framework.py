"""Describes JAX's arrays to the losses; the pair of a sum and a count that losses add up to."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from seqwise.losses import _array_formulas as _formulas
from seqwise.losses._array_terms import Framework
from seqwise.losses._byte_order import in_native_order

__all__ = ["JAX", "LossSum"]


@dataclass(frozen=True)
class LossSum:
    """A sum of losses and the number to divide it by. Such pairs add up exactly over micro-batches and devices.

    It is a pytree: it goes through `jit`, `grad`, `scan` and `psum` as it is.

    Attributes:
        sum: the sum of the losses that count.
        count: the sum of the weights of the labels that count; without weights, their number.

    Examples:
        >>> float(sum([LossSum(jnp.array(3.0), jnp.array(1.0)), LossSum(jnp.array(1.0), jnp.array(3.0))]).mean())
        1.0
    """

    sum: Array
    count: Array

    def __add__(self, other: LossSum) -> LossSum:
        return LossSum(self.sum + other.sum, self.count + other.count)

    def __radd__(self, zero: int) -> LossSum:
        """`sum(parts)` starts from the number 0."""
        return self if zero == 0 else NotImplemented

    def mean(self) -> Array:
        """The sum divided by the count; 0, with a gradient of 0, where the count is 0."""
        mean: Array = _formulas.divided(self.sum, self.count, xp=jnp)
        return mean


jax.tree_util.register_dataclass(LossSum, data_fields=["sum", "count"], meta_fields=[])


def _look(arrays: Mapping[str, Array]) -> dict[str, NDArray[Any]] | None:
    """The arrays as NumPy arrays; None where a trace hides them, or reading would wait for a GPU."""
    for array in arrays.values():
        if isinstance(array, jax.core.Tracer) or not array.is_fully_addressable:
            return None
        if any(device.platform != "cpu" for device in array.devices()):
            return None
    return {name: _as_numpy(array) for name, array in arrays.items()}


def _as_numpy(array: Array) -> NDArray[Any]:
    """The array for NumPy, which has no bfloat16 of its own."""
    return np.asarray(array.astype(jnp.float32) if array.dtype == jnp.bfloat16 else array)


@functools.cache
def _compiled(formula: Callable[..., Any]) -> Callable[..., Any]:
    """The formula, compiled for each shape once: outside of traces, a scan is otherwise compiled in every call."""
    function: Callable[..., Any] = jax.jit(formula, static_argnames=("scan", "xp"))
    return function


JAX = Framework(
    xp=jnp,
    array=lambda value: jnp.asarray(in_native_order(value)),
    integers=lambda array: array.astype(int),
    sum_type=lambda logits: jnp.float64 if logits.dtype == jnp.float64 else jnp.float32,
    cast=lambda array, dtype: array.astype(dtype),
    look=_look,
    loss_sum=LossSum,
    scan=jax.lax.scan,
    compiled=_compiled,
)
