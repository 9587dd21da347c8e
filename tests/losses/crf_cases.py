"""Calls of the CRF that every framework has to get right, and one face for calling them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from loss_cases import Backend, as_list, coins, integers, numbers

import crf_oracle
from seqwise.losses.numpy import Allowed, Decoded, allowed_transitions

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
REDUCTIONS = ("none", "sum", "mean", "sequence_mean", "batch_mean")

NEVER = -math.inf

LEARNED = ("emissions", "transitions", "start", "end")
"""What has a gradient."""

Gradients = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One call: why it is here is its name. `allowed` is (C, C) booleans, or a triple for transitions, start, end."""

    name: str
    emissions: Any
    tags: Any
    transitions: Any
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def chains(self) -> list[tuple[crf_oracle.Chain, list[int]]]:
        return crf_oracle.chains(self.emissions, self.transitions, **self.options)

    @property
    def paths(self) -> list[crf_oracle.Path]:
        """The tags of the steps that count, of each sequence."""
        return [tuple(self.tags[row][t] for t in steps) for row, (_, steps) in enumerate(self.chains)]

    @property
    def steps(self) -> list[int]:
        return [len(steps) for _, steps in self.chains]

    @property
    def losses(self) -> list[float]:
        """The negative log-likelihood of each sequence, by writing down every path."""
        return [chain.nll(path) for (chain, _), path in zip(self.chains, self.paths, strict=True)]


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


def _scheme(labels: list[str]) -> tuple[Any, Any, Any]:
    between, first, last = allowed_transitions(labels)
    return between.tolist(), first.tolist(), last.tolist()


_EMISSIONS, _TAGS, _TRANSITIONS = numbers((3, 4, 3), 1), integers((3, 4), 3, 2), numbers((3, 3), 3, -2, 2)
_PLAIN = (_EMISSIONS, _TAGS, _TRANSITIONS)
_ENDS = {"start": numbers((3,), 4), "end": numbers((3,), 5)}
_SQUARE = (numbers((2, 3, 3), 6), integers((2, 3), 3, 7), numbers((3, 3), 8))
_HOLES = [[True, False, True, True], [False, True, False, True], [False, False, False, True]]
_ALLOWED = [[True, False, True], [True, True, False], [True, True, True]]
_GOOD_TAGS = [[0, 2, 1, 0], [1, 1, 0, 0], [2, 2, 2, 1]]
_SPANS = _scheme(["O", "B-x", "I-x"])
_SPAN_TAGS = [[0, 1, 2, 2], [1, 1, 2, 0], [0, 0, 1, 0]]
_FIVE = _scheme(["O", "B-x", "I-x", "E-x", "S-x"])
_FIVE_TAGS = [[1, 2, 3, 0], [4, 4, 1, 3]]

CASES = (
    Case("transitions alone", *_PLAIN),
    Case("start and end", *_PLAIN, _ENDS),
    Case("start alone", *_PLAIN, {"start": _ENDS["start"]}),
    Case("as many steps as classes", *_SQUARE),
    Case("one step", numbers((2, 1, 3), 9), [[0], [2]], _TRANSITIONS, _ENDS),
    Case("one class", numbers((2, 3, 1), 10), [[0] * 3] * 2, [[0.7]]),
    Case("one class, start and end", numbers((2, 3, 1), 10), [[0] * 3] * 2, [[0.7]], {"start": [0.2], "end": [-1.0]}),
    Case("lengths", *_PLAIN, {"lengths": [4, 1, 3], **_ENDS}),
    Case("a length of 0", *_PLAIN, {"lengths": [2, 0, 4], **_ENDS}),
    Case("mask with holes", *_PLAIN, {"mask": _HOLES, **_ENDS}),
    Case("mask of anything", *_PLAIN, {"mask": coins((3, 4), 11), **_ENDS}),
    Case("mask and lengths", *_PLAIN, {"mask": _HOLES, "lengths": [3, 2, 4], **_ENDS}),
    Case("an empty row under a mask", *_PLAIN, {"mask": [_HOLES[0], [False] * 4, _HOLES[2]], **_ENDS}),
    Case("nothing counts", *_PLAIN, {"lengths": [0, 0, 0], **_ENDS}),
    Case("equal scores", [[[0.0] * 3] * 4] * 3, _TAGS, [[0.0] * 3] * 3),
    Case("scores in whole numbers, many of them equal", integers((3, 4, 3), 2, 12), _TAGS, integers((3, 3), 2, 13)),
    Case("transitions allowed in part", _EMISSIONS, _GOOD_TAGS, _TRANSITIONS, {"allowed": _ALLOWED, **_ENDS}),
    Case(
        "a class that nothing may follow or precede",
        *_SQUARE[:1],
        [[0, 1, 0], [2, 2, 2]],
        _SQUARE[2],
        {
            "allowed": [[True, True, False], [True, True, False], [False, False, True]],
        },
    ),
    Case("IOB", _EMISSIONS, _SPAN_TAGS, _TRANSITIONS, {"allowed": _SPANS, **_ENDS}),
    Case(
        "IOB with holes",
        _EMISSIONS,
        [[0, 7, 1, 2], [9, 1, 9, 2], [9, 9, 9, 1]],
        _TRANSITIONS,
        {
            "allowed": _SPANS,
            "mask": _HOLES,
        },
    ),
    Case("IOBES", numbers((2, 4, 5), 14), _FIVE_TAGS, numbers((5, 5), 15), {"allowed": _FIVE}),
    Case(
        "IOBES with lengths",
        numbers((2, 4, 5), 16),
        [[1, 3, 9, 9], [4, 9, 9, 9]],
        numbers((5, 5), 17),
        {
            "allowed": _FIVE,
            "lengths": [2, 1],
        },
    ),
    Case("only a start that is not allowed", *_PLAIN, {"allowed": (None, [True] * 3, [True] * 3)}),
    Case("an emission of -inf", [[[NEVER, 0.5, 1.0], [0.2, NEVER, NEVER]]], [[1, 0]], _TRANSITIONS),
    Case("scores far apart", [[[1e4, -1e4], [-1e4, 1e4], [0.0, 1.0]]], [[1, 0, 1]], [[100.0, -100.0], [-50.0, 0.0]]),
)
"""Integers in a table of floats are cast on the way in."""
