"""One face for calling the CRF of every framework with the public table of cases."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from loss_cases import Backend, as_list

from seqwise.losses.numpy import Allowed, Decoded
from seqwise.testing import crf_oracle
from seqwise.testing.crf_cases import CRF_CASES as CASES
from seqwise.testing.crf_cases import CRF_REDUCTIONS as REDUCTIONS
from seqwise.testing.crf_cases import CrfCase as Case

__all__ = [
    "ARRAYS",
    "CASES",
    "Case",
    "KINDS",
    "LEARNED",
    "NEVER",
    "REDUCTIONS",
    "arrays",
    "call",
    "decode",
    "expected_less_counted",
    "gradients",
    "marginals",
    "nll",
]

KINDS = {
    "emissions": "float",
    "tags": "int",
    "transitions": "float",
    "start": "float",
    "end": "float",
    "mask": "bool",
    "lengths": "int",
}
ARRAYS = ("emissions", "tags", "transitions")

NEVER = -math.inf

LEARNED = ("emissions", "transitions", "start", "end")
"""What has a gradient."""

Gradients = dict[str, Any]


def arrays(backend: Backend, given: dict[str, Any]) -> dict[str, Any]:
    """Nested lists as arrays of a framework; what is no array stays as it is."""
    return {name: _array(backend, name, value) for name, value in given.items()}


def _array(backend: Backend, name: str, value: Any) -> Any:
    if name == "allowed" and isinstance(value, tuple):
        return Allowed(*(None if part is None else backend.array(part, "bool") for part in value))
    kind = "bool" if name == "allowed" else KINDS.get(name)
    return value if kind is None or value is None else backend.array(value, kind)


def call(backend: Backend, function: str, **given: Any) -> Any:
    """What a function of the CRF gives for nested lists, in nested lists."""
    made = arrays(backend, given)
    positional = [made.pop(name) for name in ARRAYS if name in made]
    found = getattr(backend.losses, function)(*positional, **made)
    return Decoded(*map(as_list, found)) if isinstance(found, Decoded) else as_list(found)


def nll(backend: Backend, case: Case, **options: Any) -> Any:
    """`crf_nll` of a case."""
    given = {"emissions": case.emissions, "tags": case.tags, "transitions": case.transitions}
    return call(backend, "crf_nll", **given, **case.options, **options)


def decode(backend: Backend, case: Case, **options: Any) -> Any:
    """`crf_decode` of a case."""
    given = {"emissions": case.emissions, "transitions": case.transitions}
    return call(backend, "crf_decode", **given, **case.options, **options)


def marginals(backend: Backend, case: Case) -> Any:
    """`crf_marginals` of a case."""
    given = {"emissions": case.emissions, "transitions": case.transitions}
    return call(backend, "crf_marginals", **given, **case.options)


def gradients(backend: Backend, case: Case, **options: Any) -> Gradients:
    """The derivative of the loss by everything that learns, in NumPy; start and end are 0 where a case has none."""
    zeros = [0.0] * len(case.transitions)
    whole = {"start": zeros, "end": zeros, "emissions": case.emissions, "transitions": case.transitions, **case.options}
    learned = {name: np.array(whole.pop(name), dtype=float) for name in LEARNED}
    borders = np.cumsum([0, *(part.size for part in learned.values())]).tolist()
    given = arrays(backend, {**whole, **options, "tags": case.tags})

    def loss(flat: Any) -> Any:
        parts = zip(learned.items(), borders[:-1], borders[1:], strict=True)
        apart = {name: _shaped(flat[start:stop], part.shape) for (name, part), start, stop in parts}
        return backend.losses.crf_nll(**apart, **given)

    assert backend.slope is not None
    at = backend.array(np.concatenate([part.ravel() for part in learned.values()]).tolist(), "float")
    slope = np.array(as_list(backend.slope(loss, at)))
    return {
        name: slope[start:stop].reshape(part.shape)
        for (name, part), start, stop in zip(learned.items(), borders[:-1], borders[1:], strict=True)
    }


def _shaped(flat: Any, sizes: tuple[int, ...]) -> Any:
    return flat.reshape(sizes) if hasattr(flat, "reshape") else keras.ops.reshape(flat, sizes)  # TensorFlow has none


def expected_less_counted(case: Case) -> Gradients:
    """The gradient of the summed loss, from the probabilities of all paths."""
    classes = len(case.transitions)
    found = {"emissions": np.zeros(np.shape(case.emissions)), "transitions": np.zeros((classes, classes))}
    found |= {name: np.zeros(classes) for name in ("start", "end")}
    for row, ((chain, steps), path) in enumerate(zip(case.chains, case.paths, strict=True)):
        for step, probabilities, tag in zip(steps, chain.marginals(), path, strict=True):
            found["emissions"][row, step] = np.array(probabilities) - np.eye(classes)[tag]
        expected, counted = chain.expected(), crf_oracle.counts_of(path, classes)
        for name in ("transitions", "start", "end"):
            found[name] += np.array(getattr(expected, name)) - np.array(getattr(counted, name))
    return found
