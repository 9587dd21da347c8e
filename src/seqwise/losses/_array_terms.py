"""Takes a call of a loss from its arguments to its result, in any array library with NumPy's names.

plan -> check of values -> loss at every position -> reduction. A framework's own file says what its arrays are
with one `Framework`, and gives signatures, docstrings and its `LossSum`; torch has its own operations in
`seqwise.losses.torch`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqwise import values
from seqwise.losses import _array_formulas as _formulas
from seqwise.losses._loss_options import Averaging, BinaryOptions, ClassOptions
from seqwise.losses._plan import (
    SUM_AND_COUNT,
    Plan,
    Positions,
    plan_binary_cross_entropy,
    plan_cross_entropy,
    plan_linear_cross_entropy,
)
from seqwise.losses._values import check_values
from seqwise.shapes import ArraySpec, array_spec

__all__ = ["Framework", "Terms", "binary_terms", "class_terms", "linear_terms", "reduced"]


@dataclass(frozen=True)
class Framework:
    """An array library, as the losses need it.

    Attributes:
        xp: its namespace, with the names that NumPy has.
        array: makes a list, a number or an array of another library into an array of this one.
        integers: index labels and lengths as integers that -1 and every label value fit into.
        sum_type: the type that losses of these logits are computed and summed in.
        cast: an array in a type.
        look: named arrays as NumPy arrays; None in a trace or on a GPU, where values cannot be read.
        loss_sum: the `LossSum` of its file.
        scan: applies a function along the first axis of its inputs, as `jax.lax.scan` does.
        compiled: a formula as a function that is compiled once, for those with a scan; as it is where nothing compiles.
        refuses_nan: whether NaN in logits that count is an error; elsewhere it gives a NaN loss.
    """

    xp: Any
    array: Callable[[Any], Any]
    integers: Callable[[Any], Any]
    sum_type: Callable[[Any], Any]
    cast: Callable[[Any, Any], Any]
    look: Callable[[Mapping[str, Any]], Mapping[str, NDArray[Any]] | None]
    loss_sum: Callable[[Any, Any], Any]
    scan: Callable[..., Any]
    compiled: Callable[[Callable[..., Any]], Callable[..., Any]] = lambda formula: formula
    refuses_nan: bool = False

    def arrays(self, **given: Any) -> dict[str, Any]:
        """Those of the named arguments that were given, as arrays."""
        return {name: self.array(value) for name, value in given.items() if value is not None}

    def caster(self, logits: Any) -> Callable[[Any], Any]:
        """A function that casts an array to the type that losses of these logits are computed in."""
        dtype = self.sum_type(logits)
        return lambda array: self.cast(array, dtype)


class Terms(NamedTuple):
    """A loss at every position, before anything is averaged.

    Attributes:
        plan: the meaning of the call.
        losses: weighted losses; 0 where a position does not count.
        weights: each position's part of the divisor of a mean; 0 where it does not count.
        counts: which positions count; None when all do.
    """

    plan: Positions
    losses: Any
    weights: Any
    counts: Any


def class_terms(framework: Framework, call: str, logits: Any, labels: Any, options: ClassOptions) -> Terms:
    """The terms of a loss over classes."""
    arrays = framework.arrays(logits=logits, labels=labels, **options.arrays())
    seen = _described(arrays)
    plan = plan_cross_entropy(
        seen["logits"], seen["labels"], options.with_arrays(lambda name, _: seen[name]), call=call
    )
    if plan.labels == "index":
        classes_last = framework.integers(arrays["labels"])
    else:
        classes_last = framework.xp.moveaxis(arrays["labels"], plan.class_axis, -1)
    ready = options.with_arrays(lambda name, _: arrays[name])
    counts = _formulas.counting(plan, classes_last, ready, xp=framework.xp)
    _look(framework, plan, arrays, counts)
    losses, weights = _formulas.class_terms(
        plan,
        arrays["logits"],
        classes_last,
        counts,
        ready,
        xp=framework.xp,
        cast=framework.caster(arrays["logits"]),
    )
    return Terms(plan, losses, weights, counts)


def linear_terms(
    framework: Framework, hidden: Any, weight: Any, labels: Any, *, bias: Any, options: ClassOptions
) -> Terms:
    """The terms of head and loss in one."""
    arrays = framework.arrays(hidden=hidden, weight=weight, bias=bias, labels=labels, **options.arrays())
    seen = _described(arrays)
    plan = plan_linear_cross_entropy(
        seen["hidden"],
        seen["weight"],
        seen.get("bias"),
        seen["labels"],
        options.with_arrays(lambda name, _: seen[name]),
    )
    truth = framework.integers(arrays["labels"]) if plan.labels == "index" else arrays["labels"]
    ready = options.with_arrays(lambda name, _: arrays[name])
    counts = _formulas.counting(plan, truth, ready, xp=framework.xp)
    _look(framework, plan, arrays, counts)
    cast = framework.caster(arrays["hidden"])
    logits = _formulas.linear_logits(
        arrays["hidden"], arrays["weight"], arrays.get("bias"), counts=counts, xp=framework.xp, cast=cast
    )
    losses, weights = _formulas.class_terms(plan, logits, truth, counts, ready, xp=framework.xp, cast=cast)
    return Terms(plan, losses, weights, counts)


def binary_terms(framework: Framework, call: str, logits: Any, labels: Any, options: BinaryOptions) -> Terms:
    """The terms of a loss over yes-or-no labels."""
    arrays = framework.arrays(logits=logits, labels=labels, **options.arrays())
    seen = _described(arrays)
    plan = plan_binary_cross_entropy(
        seen["logits"], seen["labels"], options.with_arrays(lambda name, _: seen[name]), call=call
    )
    truth = arrays["labels"] if plan.call.arrays[1].kind == "float" else framework.integers(arrays["labels"])
    ready = options.with_arrays(lambda name, _: arrays[name])
    counts = _formulas.counting(plan, truth, ready, xp=framework.xp)
    _look(framework, plan, arrays, counts)
    losses, weights = _formulas.binary_terms(
        plan,
        arrays["logits"],
        truth,
        counts,
        ready,
        xp=framework.xp,
        cast=framework.caster(arrays["logits"]),
    )
    return Terms(plan, losses, weights, counts)


def _described(arrays: Mapping[str, Any]) -> dict[str, ArraySpec]:
    """The descriptions of arrays that a plan takes."""
    return {name: array_spec(name, array) for name, array in arrays.items()}


def _look(framework: Framework, plan: Plan, arrays: Mapping[str, Any], counts: Any) -> None:
    """Has values checked, where anybody may look at them."""
    seen = framework.look(arrays if counts is None else {**arrays, "counts": counts})
    if seen is None:
        return
    check_values(plan, seen, seen.get("counts"))
    if framework.refuses_nan:
        _refuse_nan(plan, seen, seen.get("counts"))


def _refuse_nan(plan: Plan, arrays: Mapping[str, NDArray[Any]], counts: NDArray[np.bool_] | None) -> None:
    """Refuses NaN where logits count, or in hidden, weight and bias; also infinity where it would give NaN."""
    if "logits" not in arrays:
        if counts is not None:
            rows = counts.any(axis=-1) if arrays["weight"].ndim == 3 else counts
            counts = np.expand_dims(rows, -1)
        values.check_numbers("hidden", arrays["hidden"], counts=counts, call=plan.call)
        for name in ("weight", "bias"):
            if name in arrays:
                values.check_numbers(name, arrays[name], call=plan.call)
        return
    logits = arrays["logits"]
    if counts is not None and plan.class_axis is not None:
        counts = np.expand_dims(counts, plan.class_axis)
    infinities = (-np.inf, np.inf) if plan.labels == "binary" else (-np.inf,)
    hint = "what should not count is left out by mask=" if counts is None else None
    values.check_numbers("logits", logits, infinities=infinities, counts=counts, call=plan.call, hint=hint)


def reduced(framework: Framework, terms: Terms, averaging: Averaging) -> Any:
    """The result of a reduction; the pair (sum, count) for `loss_sum`."""
    reduction, denominator = averaging
    if reduction is SUM_AND_COUNT:
        return framework.loss_sum(*_formulas.summed(*terms, "mean", xp=framework.xp))
    terms.plan.check_reduction(reduction, denominator)
    if reduction == "none":
        return terms.losses
    total, count = _formulas.summed(*terms, reduction, xp=framework.xp)
    if reduction == "sum":
        return total
    if denominator is not None:
        count = framework.caster(terms.losses)(framework.array(denominator))
    return _formulas.divided(total, count, xp=framework.xp)
