"""Decides the meaning of a call of a loss from shapes, kinds of number and options; reads no values.

A plan is made once per call, in the same words for every framework. Sizes that a framework does not know
yet are None and fit everything. Every error is a `ShapeError`, `DtypeError` or `ConfigError` with the
table of the arrays of the call.
"""

from __future__ import annotations

from seqwise.losses._plan.binary import plan_binary_cross_entropy
from seqwise.losses._plan.call_plan import Plan
from seqwise.losses._plan.class_labels import plan_cross_entropy
from seqwise.losses._plan.crf import CrfPlan, plan_crf
from seqwise.losses._plan.linear import plan_linear_cross_entropy
from seqwise.losses._plan.reductions import REDUCTIONS, SUM_AND_COUNT, Positions, Reduction

__all__ = [
    "REDUCTIONS",
    "SUM_AND_COUNT",
    "CrfPlan",
    "Plan",
    "Positions",
    "Reduction",
    "plan_binary_cross_entropy",
    "plan_crf",
    "plan_cross_entropy",
    "plan_linear_cross_entropy",
]
