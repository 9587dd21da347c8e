"""Describes NumPy's arrays to the losses; the pair of a sum and a count that losses add up to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.losses import _array_formulas as _formulas
from seqwise.losses._array_terms import Framework, Terms
from seqwise.losses._array_terms import reduced as reduced_in
from seqwise.losses._byte_order import in_native_order
from seqwise.losses._loss_options import Averaging

__all__ = ["NUMPY", "Loss", "LossSum", "reduced"]

Loss = NDArray[np.float64]
"""An array of losses; one number is an array without axes, and behaves as a float."""


@dataclass(frozen=True)
class LossSum:
    """A sum of losses and the number to divide it by. Such pairs add up exactly over batches.

    Attributes:
        sum: the sum of the losses that count.
        count: the sum of the weights of the labels that count; without weights, their number.

    Examples:
        >>> float(sum([LossSum(np.float64(3), np.float64(1)), LossSum(np.float64(1), np.float64(3))]).mean())
        1.0
    """

    sum: Loss
    count: Loss

    def __add__(self, other: LossSum) -> LossSum:
        return LossSum(self.sum + other.sum, self.count + other.count)

    def __radd__(self, zero: int) -> LossSum:
        """`sum(parts)` starts from the number 0."""
        return self if zero == 0 else NotImplemented

    def mean(self) -> Loss:
        """The sum divided by the count; 0 where the count is 0."""
        mean: Loss = _formulas.divided(self.sum, self.count, xp=np)[()]
        return mean


def _scan(step: Callable[..., Any], carry: Any, inputs: tuple[NDArray[Any], ...]) -> tuple[Any, Any]:
    """`jax.lax.scan` as a loop: the last carry, and the stacked outputs of all steps."""
    outputs = []
    for now in zip(*inputs, strict=True):
        carry, output = step(carry, now)
        outputs.append(output)
    return carry, None if outputs[0] is None else np.stack(outputs)


NUMPY = Framework(
    xp=np,
    array=lambda value: in_native_order(np.asarray(value)),
    integers=lambda array: array.astype(np.int64),
    sum_type=lambda _: np.float64,
    cast=lambda array, dtype: array.astype(dtype),
    look=lambda arrays: arrays,
    loss_sum=LossSum,
    scan=_scan,
    refuses_nan=True,
)


def reduced(terms: Terms, averaging: Averaging) -> Loss:
    """The result of a reduction; a `LossSum` for `loss_sum`."""
    loss: Loss = reduced_in(NUMPY, terms, averaging)
    return loss[()] if isinstance(loss, np.ndarray) else loss
