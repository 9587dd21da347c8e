"""Describes the tensors of each Keras backend to the losses; the pair of a sum and a count that losses add up to."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, ParamSpec, TypeAlias, TypeVar

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from seqwise.errors import SeqwiseError
from seqwise.losses import _array_formulas as _formulas
from seqwise.losses._array_terms import Framework
from seqwise.losses._byte_order import in_native_order
from seqwise.losses.keras import _xp

__all__ = ["KERAS", "LossSum", "Tensor", "as_numpy", "as_written"]

P = ParamSpec("P")
R = TypeVar("R")

Tensor: TypeAlias = Any
"""A tensor of Keras's backend, or a list, number or NumPy array, of which one is made."""


class LossSum(NamedTuple):
    """A sum of losses and the number to divide it by. Such pairs add up exactly over batches.

    A named tuple, so that it may be what a tf.function or a jitted function takes and gives.

    Attributes:
        sum: the sum of the losses that count.
        count: the sum of the weights of the labels that count; without weights, their number.

    Examples:
        >>> from keras import ops
        >>> short, long = LossSum(ops.array(3.0), ops.array(1.0)), LossSum(ops.array(1.0), ops.array(3.0))
        >>> float(sum([short, long]).mean())
        1.0
    """

    sum: Any
    count: Any

    def __add__(self, other: LossSum) -> LossSum:  # type: ignore[override]
        return LossSum(self.sum + other.sum, self.count + other.count)

    def __radd__(self, zero: int) -> LossSum:
        """`sum(parts)` starts from the number 0."""
        return self if zero == 0 else NotImplemented

    def mean(self) -> Any:
        """The sum divided by the count; 0 where the count is 0."""
        return _formulas.divided(self.sum, self.count, xp=_xp)


def _array(value: Any) -> Any:
    """A list, number, NumPy array or tensor as a tensor, which keeps its precision; all integers of one type."""
    if isinstance(value, keras.Variable):
        value = value.value  # a weight, such as the transitions of a CRF; TensorFlow takes it for a tensor as it is
    if not hasattr(value, "dtype"):
        value = np.asarray(value)
    value = in_native_order(value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "u":
        value = value.astype(np.int64)  # torch has not all of the unsigned types
    tensor = ops.convert_to_tensor(value)
    return _xp.as_integers(tensor) if "int" in keras.backend.standardize_dtype(tensor.dtype) else tensor


def _sum_type(logits: Any) -> str:
    return "float64" if keras.backend.standardize_dtype(logits.dtype) == "float64" else "float32"


def _look(tensors: Mapping[str, Any]) -> Mapping[str, NDArray[Any]] | None:
    """The tensors as NumPy arrays; None in a trace and on a GPU."""
    if not all(_in_sight(tensor) for tensor in tensors.values()):
        return None
    try:
        return {name: as_numpy(tensor) for name, tensor in tensors.items()}
    except RuntimeError:  # inside torch.vmap and other transforms a tensor has no numbers of its own
        return None


def as_numpy(tensor: Any) -> NDArray[Any]:
    """The tensor for NumPy, which has no bfloat16 of its own and takes no tensor with a gradient."""
    if keras.backend.standardize_dtype(tensor.dtype) == "bfloat16":
        tensor = ops.cast(tensor, "float32")
    return np.asarray(tensor.detach().numpy() if keras.backend.backend() == "torch" else tensor)


def _in_sight(tensor: Any) -> bool:
    """Whether a tensor has its numbers, in the memory of the CPU."""
    backend, framework = keras.backend.backend(), _backend()
    if backend == "tensorflow":
        return hasattr(tensor, "numpy") and "CPU" in tensor.device
    if backend == "jax":
        return not isinstance(tensor, framework.core.Tracer) and all(d.platform == "cpu" for d in tensor.devices())
    if backend == "torch":
        return tensor.device.type == "cpu" and not framework.compiler.is_compiling()
    return isinstance(tensor, np.ndarray)


def _backend() -> Any:
    """The package that Keras computes with, which it has loaded."""
    return sys.modules[keras.backend.backend()]


def as_written(function: Callable[P, R]) -> Callable[P, R]:
    """The function, which tf.function is to trace as it is: AutoGraph would rewrite it, and its errors."""
    if keras.backend.backend() != "tensorflow":
        return function

    @functools.wraps(function)
    def called(*arrays: P.args, **options: P.kwargs) -> R:
        try:
            return function(*arrays, **options)
        except SeqwiseError as error:
            error.ag_pass_through = True  # type: ignore[attr-defined]  # or it would be a StagingError
            raise

    traced: Callable[P, R] = _backend().autograph.experimental.do_not_convert(called)
    return traced


def _scan(step: Callable[..., Any], carry: Any, inputs: tuple[Any, ...]) -> tuple[Any, Any]:
    """`jax.lax.scan`; that of Keras, under TensorFlow, takes one input only when it does not know how many steps."""
    if keras.backend.backend() != "tensorflow":
        carry, outputs = ops.scan(step, carry, inputs)
        return carry, outputs
    carries, outputs = _backend().scan(lambda last, now: step(last[0], now), inputs, (carry, carry))
    return carries[-1], outputs


@functools.cache
def _compiled(formula: Callable[..., Any]) -> Callable[..., Any]:
    """The formula; under JAX compiled for each shape once, as outside of traces a scan is compiled in every call."""
    if keras.backend.backend() != "jax":
        return formula
    function: Callable[..., Any] = _backend().jit(formula, static_argnames=("scan", "xp"))
    return function


KERAS = Framework(
    xp=_xp,
    array=_array,
    integers=_xp.as_integers,
    sum_type=_sum_type,
    cast=ops.cast,
    look=_look,
    loss_sum=LossSum,
    scan=_scan,
    compiled=_compiled,
)
