"""Takes a call of the CRF from its arguments to its result, in any array library with NumPy's names.

plan -> check of values -> `CrfInputs` -> losses, best paths or marginals, as `_array_terms` does for the other losses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from seqwise.losses import _array_formulas as _formulas
from seqwise.losses import _crf_formulas
from seqwise.losses._array_terms import Framework, Terms
from seqwise.losses._crf_values import check_crf_values
from seqwise.losses._loss_options import CrfOptions
from seqwise.losses._plan import CrfPlan, plan_crf
from seqwise.shapes import array_spec

__all__ = ["Decoded", "best_paths", "marginals", "nll_terms", "plan_of"]


class Decoded(NamedTuple):
    """The best path of each sequence.

    Attributes:
        tags: (batch, time) integers; the class at each step, `fill` where a step does not count.
        scores: (batch,); the score of the path, 0 for a sequence in which nothing counts. A sequence without a possible
            path scores -inf and is all `fill`; so is one with NaN in its scores, which scores NaN.
    """

    tags: Any
    scores: Any


class _Seen(NamedTuple):
    """A call after its checks.

    Attributes:
        plan: the meaning of the call.
        emissions: (batch, time, classes), in the type that is computed in.
        counts: (batch, time), which steps count.
        chain: the input of the formulas; None when no sequence has a step.
    """

    plan: CrfPlan
    emissions: Any
    counts: Any
    chain: _crf_formulas.CrfInputs | None


def nll_terms(framework: Framework, emissions: Any, tags: Any, transitions: Any, options: CrfOptions) -> Terms:
    """The terms of `crf_nll`: one loss for each sequence, and how many steps count in it."""
    xp = framework.xp
    seen = _seen(framework, "crf_nll", {"emissions": emissions, "tags": tags, "transitions": transitions}, options)
    if seen.chain is None:
        losses = xp.sum(seen.emissions, axis=(1, 2))  # of nothing: 0, attached to the graph
    else:
        tags = framework.integers(framework.array(tags))
        losses = framework.compiled(_crf_formulas.nll)(seen.chain, tags, scan=framework.scan, xp=xp)
    steps = _crf_formulas.step_counts(seen.counts, xp=xp)
    return Terms(seen.plan, losses, framework.caster(seen.emissions)(steps), steps > 0)


def best_paths(framework: Framework, emissions: Any, transitions: Any, options: CrfOptions) -> Decoded:
    """The result of `crf_decode`."""
    seen = _seen(framework, "crf_decode", {"emissions": emissions, "transitions": transitions}, options)
    if seen.chain is None:
        return Decoded(framework.integers(seen.emissions[..., 0]), framework.xp.sum(seen.emissions, axis=(1, 2)))
    return Decoded(
        *framework.compiled(_crf_formulas.best_paths)(seen.chain, options.fill, scan=framework.scan, xp=framework.xp)
    )


def marginals(framework: Framework, emissions: Any, transitions: Any, options: CrfOptions) -> Any:
    """The probabilities of `crf_marginals`."""
    seen = _seen(framework, "crf_marginals", {"emissions": emissions, "transitions": transitions}, options)
    if seen.chain is None:
        return seen.emissions
    return framework.compiled(_crf_formulas.marginals)(seen.chain, scan=framework.scan, xp=framework.xp)


def plan_of(call: str, arrays: Mapping[str, Any]) -> CrfPlan:
    """The plan of named arrays, of which some may be None."""
    return plan_crf(call, {name: array_spec(name, array) for name, array in arrays.items() if array is not None})


def _seen(framework: Framework, call: str, given: Mapping[str, Any], options: CrfOptions) -> _Seen:
    arrays = framework.arrays(**given, **options.arrays())
    plan = plan_of(call, arrays)
    xp, cast = framework.xp, framework.caster(arrays["emissions"])
    shape = xp.shape(arrays["emissions"])[:2]
    counts = _formulas.in_time(shape, arrays.get("mask"), plan.mask_missing, arrays.get("lengths"), xp=xp)
    counts = xp.broadcast_to(xp.arange(shape[1]) >= 0, shape) if counts is None else counts
    numbers = framework.look({**arrays, "counts": counts})
    if numbers is not None:
        check_crf_values(plan, numbers, numbers["counts"], refuses_nan=framework.refuses_nan)
    emissions = cast(arrays["emissions"])
    if plan.steps[1] == 0:
        return _Seen(plan, emissions, counts, None)
    scores: dict[str, Any] = {name: cast(arrays[name]) for name in ("transitions", "start", "end") if name in arrays}
    chain = _crf_formulas.crf_inputs(
        emissions,
        scores,
        allowed={name.removeprefix("allowed."): array for name, array in arrays.items() if name.startswith("allowed.")},
        counts=counts,
        with_holes="mask" in arrays,
        xp=xp,
    )
    return _Seen(plan, emissions, counts, chain)
