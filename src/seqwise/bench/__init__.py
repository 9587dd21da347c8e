"""Times several implementations of one computation on this machine, and compares them with the theoretical minimum.

A `Case` is a computation of a certain size and the ways to do it: ours first, then peers, which must give the same
values and gradients, then limits: the part of the work that nobody can leave out, such as the bare matrix products.
`measure` lets all ways agree before it takes any time, then runs them in turns, so that whatever else the machine
does falls on all of them, and keeps every time. `seqwise bench` runs the cases of `CASES`; the benchmarks of
the repository add sizes, peers and whole trainings.

Examples:
    >>> from seqwise.bench import loss_case, measure
    >>> measured = measure(loss_case(batch=2, time=5, classes=3), seconds=0.01)
    >>> measured.ratio("torch, flat").p50 > 0
    True
"""

from __future__ import annotations

from seqwise.bench.benchmarks import CASES
from seqwise.bench.case import Case, Way, gradients
from seqwise.bench.crf_benchmarks import crf_case, decode_case
from seqwise.bench.layer_benchmarks import layer_case
from seqwise.bench.loss_benchmarks import head_case, loss_case, outputs_case
from seqwise.bench.machine import machine, versions
from seqwise.bench.measured import Measured, Spread, spread
from seqwise.bench.memory import peak_memory
from seqwise.bench.runner import interleaved, measure, require_agreement

__all__ = [
    "CASES",
    "Case",
    "Measured",
    "Spread",
    "Way",
    "crf_case",
    "decode_case",
    "gradients",
    "head_case",
    "interleaved",
    "layer_case",
    "loss_case",
    "machine",
    "measure",
    "outputs_case",
    "peak_memory",
    "require_agreement",
    "spread",
    "versions",
]
