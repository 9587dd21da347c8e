"""Checks the values of a call of the CRF, with the same messages in every framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise import values
from seqwise.errors import ValuesError
from seqwise.losses import _label_hints
from seqwise.losses._plan import CrfPlan

__all__ = ["check_crf_values"]

Array = NDArray[Any]
Counts = NDArray[np.bool_]

_FORBIDDEN = (
    "fix the tags, or train without allowed= and give it to crf_decode alone; "
    "tags of the older IOB1 follow allowed_transitions(labels, scheme='iob1')"
)


def check_crf_values(plan: CrfPlan, arrays: Mapping[str, Array], counts: Counts, *, refuses_nan: bool) -> None:
    """Refuses values that cannot be right.

    Args:
        plan: the meaning of the call.
        arrays: the arrays by argument name; those of `allowed` by the names that messages show.
        counts: (batch, time), which steps count.
        refuses_nan: whether NaN in emissions that count is an error; elsewhere it gives a NaN loss.

    Raises:
        ValuesError: naming position, value and what is allowed.
    """
    if "lengths" in arrays:
        values.check_lengths(arrays["lengths"], time=counts.shape[1], call=plan.call)
    for name in ("transitions", "start", "end"):
        if name in arrays:
            never = np.isneginf(arrays[name]).any()
            hint = "to forbid a transition, pass allowed= with booleans of the same shape" if never else None
            values.check_numbers(name, arrays[name], call=plan.call, hint=hint)
    if "tags" in arrays:
        classes = arrays["transitions"].shape[0]
        values.check_class_indices(
            arrays["tags"],
            classes=classes,
            counts=counts,
            call=plan.call,
            name="tags",
            hint=lambda found, wrong: _label_hints.labels_out_of_range(
                found, wrong, classes=classes, left_out=_left_out, by_value=False
            ),
        )
        _check_paths(plan, arrays, counts)
    if refuses_nan:
        seen = np.expand_dims(counts, -1)
        values.check_numbers("emissions", arrays["emissions"], infinities=(-np.inf,), counts=seen, call=plan.call)


def _left_out(value: int) -> str:
    return f"if {value} marks a step without a tag, leave it out with mask=tags != {value}"


def _check_paths(plan: CrfPlan, arrays: Mapping[str, Array], counts: Counts) -> None:
    """Refuses tags that start, go on or end as `allowed` forbids."""
    if not counts.any():
        return
    steps = counts.sum(axis=1, keepdims=True)
    order = np.argsort(~counts, axis=1, kind="stable")  # the steps that count come first, as in `_crf_formulas`
    tags = np.take_along_axis(np.where(counts, arrays["tags"], 0), order, axis=1)
    now = np.arange(tags.shape[1])
    faults = np.zeros((3, *tags.shape), dtype=bool)  # at the start, between steps, at the end
    if "allowed.start" in arrays:
        faults[0] = ~arrays["allowed.start"][tags] & (now == 0)
    if "allowed.transitions" in arrays:
        faults[1, :, 1:] = ~arrays["allowed.transitions"][tags[:, :-1], tags[:, 1:]]
    if "allowed.end" in arrays:
        faults[2] = ~arrays["allowed.end"][tags] & (now == steps - 1)
    faults &= now < steps
    wrong: Counts = np.logical_or.reduce(faults)
    if not wrong.any():
        return
    row, step = (int(axis) for axis in np.unravel_index(int(wrong.argmax()), wrong.shape))
    where = ("at the start", f"after {int(tags[row, step - 1])}", "at the end")[int(faults[:, row, step].argmax())]
    bad = int(wrong.any(axis=1).sum())
    problem = (
        f"tags[{row}, {int(order[row, step])}] is {int(tags[row, step])} {where}, which is not allowed; "
        f"{bad} of {len(tags)} sequences {'has' if bad == 1 else 'have'} such a step"
    )
    raise plan.call.error(ValuesError, problem, expected="tags that go as allowed= lets them", hint=_FORBIDDEN)
