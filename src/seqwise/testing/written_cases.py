"""The table of cases: calls of the losses that every implementation has to get right, written by hand."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from seqwise.testing import oracle

__all__ = [
    "BINARY_CASES",
    "CLASS_CASES",
    "CLASS_LOSSES",
    "REDUCTIONS",
    "Case",
    "coins",
    "flat",
    "integers",
    "kind_of",
    "mapped",
    "nested",
    "numbers",
    "one_hot",
    "probabilities",
]

REDUCTIONS = ("none", "sum", "mean", "sequence_mean", "batch_mean", "per_output")

CLASS_LOSSES = {
    "cross_entropy": ("cross_entropy", {}),
    "focal_loss": ("focal_loss", {}),
    "focal_loss of gamma 0.5": ("focal_loss", {"gamma": 0.5}),
    "ordinal_loss": ("ordinal_loss", {}),
}
"""The losses over classes: a name for tests, the function and what it is called with."""


def kind_of(nested: Any) -> str:
    """The kind of number in a nested list."""
    while isinstance(nested, list):
        nested = nested[0] if nested else 0
    return {bool: "bool", int: "int", float: "float"}[type(nested)]


@dataclass(frozen=True)
class Case:
    """One call: why it is here is its name.

    Attributes:
        name: what is special about it.
        logits: a nested list (batch, ..., classes), or (batch, ..., labels) for yes-or-no labels.
        labels: a nested list of class indices, or of numbers in the shape of the logits.
        options: the options of the call, arrays among them as nested lists.
    """

    name: str
    logits: Any
    labels: Any
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def arrays(self) -> dict[str, Any]:
        """The positional arguments of a call."""
        return {"logits": self.logits, "labels": self.labels}

    @property
    def sizes(self) -> tuple[int, ...]:
        """The shape of the logits without the class axis."""
        return oracle.shape(self.logits)[:-1]

    def expected(self, loss: str = "cross_entropy", reduction: str = "mean") -> list[float]:
        """The expected numbers of a loss, by the oracle, row by row."""
        if loss == "binary_cross_entropy":
            terms, sizes = oracle.binary_terms(self.logits, self.labels, **self.options), oracle.shape(self.logits)
        else:
            terms, sizes = oracle.class_terms(self.logits, self.labels, loss=loss, **self.options), self.sizes
        return flat(oracle.reduced(terms, sizes, reduction))


def numbers(sizes: tuple[int, ...], seed: int, low: float = -3, high: float = 3) -> Any:
    """A nested list of random numbers."""
    return _filled(sizes, lambda rng: rng.uniform(low, high), random.Random(seed))


def integers(sizes: tuple[int, ...], below: int, seed: int) -> Any:
    """A nested list of random integers from 0."""
    return _filled(sizes, lambda rng: rng.randrange(below), random.Random(seed))


def coins(sizes: tuple[int, ...], seed: int, share: float = 0.6) -> Any:
    """A nested list of random booleans."""
    return _filled(sizes, lambda rng: rng.random() < share, random.Random(seed))


def nested(sizes: tuple[int, ...], draw: Callable[[], Any]) -> Any:
    """A nested list of what is drawn anew for each place."""
    return [nested(sizes[1:], draw) for _ in range(sizes[0])] if sizes else draw()


def _filled(sizes: tuple[int, ...], draw: Callable[[random.Random], Any], rng: random.Random) -> Any:
    return nested(sizes, lambda: draw(rng))


def mapped(function: Any, nested: Any) -> Any:
    """The nested list with a function applied to each number."""
    return [mapped(function, inner) for inner in nested] if isinstance(nested, list) else function(nested)


def one_hot(labels: Any, classes: int, label_values: Any = None) -> Any:
    """Index labels as one-hot lists; an index that is no class gives a list of zeros."""
    names = list(range(classes)) if label_values is None else list(label_values)
    return mapped(lambda label: [float(name == label) for name in names], labels)


def flat(nested: Any) -> list[Any]:
    """All numbers of a nested list, row by row."""
    if not isinstance(nested, list):
        return [nested]
    return [number for inner in nested for number in flat(inner)]


def probabilities(logits: Any) -> Any:
    """Softmax over the last axis."""
    if isinstance(logits[0], list):
        return [probabilities(inner) for inner in logits]
    return [math.exp(log) for log in oracle.log_softmax(logits)]


def _gaps(labels: Any, seed: int, value: int) -> Any:
    rng = random.Random(seed)
    return mapped(lambda label: value if rng.random() < 0.4 else label, labels)


_LABEL = (numbers((4, 3), 1), integers((4,), 3, 2))
_TAGS = (numbers((3, 5, 4), 3), integers((3, 5), 4, 4))
_OUTPUTS = (numbers((4, 6, 3), 5), integers((4, 6), 3, 6))
_STEPS = (numbers((2, 3, 4, 3), 7), integers((2, 3, 4), 3, 8))
_SQUARE = (numbers((2, 4, 4), 9), integers((2, 4), 4, 10))

CLASS_CASES = (
    Case("one label per sequence", *_LABEL),
    Case("one label per step", *_TAGS),
    Case("one label per step, as many steps as classes", *_SQUARE),
    Case("outputs", *_OUTPUTS),
    Case("outputs per step", *_STEPS),
    Case("a single class", numbers((2, 3, 1), 11), integers((2, 3), 1, 12)),
    Case("lengths", *_TAGS, {"lengths": [5, 1, 3]}),
    Case("a length of 0", *_TAGS, {"lengths": [2, 0, 5]}),
    Case("outputs per step with lengths", *_STEPS, {"lengths": [1, 3]}),
    Case("mask with holes", *_TAGS, {"mask": coins((3, 5), 13)}),
    Case("mask of whole sequences", *_TAGS, {"mask": [True, False, True]}),
    Case("mask of steps for all outputs", *_STEPS, {"mask": coins((2, 3), 14)}),
    Case("mask of outputs for all sequences", *_OUTPUTS, {"mask": [coins((6,), 15)]}),
    Case("ignore_index out of range", _TAGS[0], _gaps(_TAGS[1], 16, -100), {"ignore_index": -100}),
    Case("ignore_index that is a class", *_TAGS, {"ignore_index": 2}),
    Case(
        "mask, lengths and ignore_index together",
        *_TAGS,
        {"mask": coins((3, 5), 17), "lengths": [4, 5, 2], "ignore_index": 1},
    ),
    Case(
        "labels -1, 0, 1",
        _OUTPUTS[0],
        mapped(lambda label: label - 1, _OUTPUTS[1]),
        {"label_values": (-1, 0, 1)},
    ),
    Case(
        "label values out of order with a missing label",
        _OUTPUTS[0],
        _gaps(mapped([7, -2, 40].__getitem__, _OUTPUTS[1]), 18, -1),
        {"label_values": (7, -2, 40), "ignore_index": -1},
    ),
    Case("a label value that is ignored", *_OUTPUTS, {"label_values": (2, 0, 1), "ignore_index": 0}),
    Case("class weights", *_TAGS, {"class_weight": [0.5, 2.0, 1.0, 3.0]}),
    Case("a class of weight 0", *_TAGS, {"class_weight": [0.5, 0.0, 1.0, 3.0]}),
    Case("class weights per output", *_OUTPUTS, {"class_weight": numbers((6, 3), 19, 0.1, 2)}),
    Case("class weights per output and step", *_STEPS, {"class_weight": numbers((4, 3), 20, 0.1, 2)}),
    Case("sample weights", *_TAGS, {"sample_weight": numbers((3, 5), 21, 0, 2)}),
    Case("sample weights per sequence", *_TAGS, {"sample_weight": [0.5, 2.0, 0.0]}),
    Case("sample weights per output", *_OUTPUTS, {"sample_weight": numbers((1, 6), 22, 0, 2)}),
    Case("smoothing", *_TAGS, {"label_smoothing": 0.1}),
    Case("smoothing alone", *_TAGS, {"label_smoothing": 1.0}),
    Case("smoothing and class weights", *_TAGS, {"label_smoothing": 0.2, "class_weight": [0.5, 2.0, 1.0, 3.0]}),
    Case(
        "every option",
        *_OUTPUTS,
        {
            "mask": coins((4, 6), 23),
            "lengths": [6, 3, 0, 5],
            "ignore_index": 0,
            "label_values": (1, 0, 2),
            "class_weight": numbers((6, 3), 24, 0.1, 2),
            "sample_weight": numbers((4, 1), 25, 0.1, 2),
            "label_smoothing": 0.3,
        },
    ),
    Case("nothing counts", *_TAGS, {"lengths": [0, 0, 0]}),
    Case("probabilities", probabilities(_TAGS[0]), _TAGS[1], {"from_logits": False, "label_smoothing": 0.1}),
    Case("probability 0 for the label", [[0.0, 1.0], [0.5, 0.5]], [0, 1], {"from_logits": False}),
    Case("probability 0 for another class", [[0.0, 1.0], [0.5, 0.5]], [1, 1], {"from_logits": False}),
    Case("a class that cannot be", [[float("-inf"), 1.0, 2.0], [0.0, 0.5, 0.25]], [1, 0]),
    Case(
        "a class that cannot be, of weight 0, with smoothing",
        [[float("-inf"), 1.0, 2.0], [0.0, 0.5, 0.25]],
        [1, 2],
        {"class_weight": [0.0, 1.0, 2.0], "label_smoothing": 0.1},
    ),
    Case("logits far apart", [[1000.0, -1000.0], [-800.0, 900.0]], [1, 1]),
)

_YES_NO = (numbers((4, 5), 31), integers((4, 5), 2, 32))
_YES_NO_STEPS = (numbers((2, 4, 3), 33), integers((2, 4, 3), 2, 34))

BINARY_CASES = (
    Case("any of several labels", *_YES_NO),
    Case("any of several labels per step", *_YES_NO_STEPS),
    Case("booleans", _YES_NO[0], mapped(bool, _YES_NO[1])),
    Case("soft labels", _YES_NO[0], numbers((4, 5), 35, 0, 1)),
    Case("gaps by mask", *_YES_NO, {"mask": coins((4, 5), 36)}),
    Case("gaps by ignore_index", _YES_NO[0], _gaps(_YES_NO[1], 37, -1), {"ignore_index": -1}),
    Case("lengths", *_YES_NO_STEPS, {"lengths": [1, 4]}),
    Case("positive weights", *_YES_NO, {"pos_weight": numbers((5,), 38, 0.5, 3)}),
    Case("sample weights per sequence", *_YES_NO_STEPS, {"sample_weight": [2.0, 0.5]}),
    Case("smoothing", *_YES_NO, {"label_smoothing": 0.2}),
    Case(
        "every option",
        _YES_NO_STEPS[0],
        _gaps(_YES_NO_STEPS[1], 39, -1),
        {
            "mask": coins((2, 4), 40),
            "lengths": [4, 3],
            "ignore_index": -1,
            "pos_weight": [0.5, 2.0, 3.0],
            "sample_weight": numbers((2, 4, 3), 41, 0.1, 2),
            "label_smoothing": 0.1,
        },
    ),
    Case("nothing counts", *_YES_NO, {"mask": [[False]]}),
    Case("probabilities", numbers((4, 5), 42, 0.01, 0.99), _YES_NO[1], {"from_logits": False}),
    Case("probabilities 0 and 1", [[0.0, 1.0, 0.0, 1.0]], [[1, 0, 0, 1]], {"from_logits": False}),
    Case("infinite logits of certain labels", [[float("-inf"), float("inf"), 800.0]], [[0, 1, 1]]),
)
