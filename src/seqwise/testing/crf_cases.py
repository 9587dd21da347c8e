"""The table of cases of the CRF: calls that every implementation has to get right, written by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from seqwise.testing import crf_oracle
from seqwise.testing.crf_oracle import NEVER
from seqwise.testing.written_cases import coins, flat, integers, numbers

__all__ = ["CRF_CASES", "CRF_REDUCTIONS", "CrfCase"]

CRF_REDUCTIONS = ("none", "sum", "mean", "sequence_mean", "batch_mean")


@dataclass(frozen=True)
class CrfCase:
    """One call: why it is here is its name.

    Attributes:
        name: what is special about it.
        emissions: a nested list (batch, time, classes); integers among them are floats.
        tags: a nested list (batch, time); anything where a step does not count.
        transitions: a nested list (classes, classes), from and to.
        options: the options of the call, arrays among them as nested lists. `allowed` is (classes, classes) booleans,
            or a triple for transitions, start and end.
    """

    name: str
    emissions: Any
    tags: Any
    transitions: Any
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def arrays(self) -> dict[str, Any]:
        """The positional arguments of a call."""
        return {"emissions": self.emissions, "tags": self.tags, "transitions": self.transitions}

    @property
    def chains(self) -> list[tuple[crf_oracle.Chain, list[int]]]:
        """Each sequence by itself, and the steps of it that count."""
        return crf_oracle.chains(self.emissions, self.transitions, **self.options)

    @property
    def paths(self) -> list[crf_oracle.Path]:
        """The tags of the steps that count, of each sequence."""
        return [tuple(self.tags[row][t] for t in steps) for row, (_, steps) in enumerate(self.chains)]

    @property
    def steps(self) -> list[int]:
        """How many steps of each sequence count."""
        return [len(steps) for _, steps in self.chains]

    @property
    def losses(self) -> list[float]:
        """The negative log-likelihood of each sequence, by writing down every path."""
        return [chain.nll(path) for (chain, _), path in zip(self.chains, self.paths, strict=True)]

    def expected(self, _: str = "crf_nll", reduction: str = "mean") -> list[float]:
        """The expected result of `crf_nll`, by the oracle."""
        return flat(crf_oracle.reduced(self.losses, self.steps, reduction))


_EMISSIONS, _TAGS, _TRANSITIONS = numbers((3, 4, 3), 1), integers((3, 4), 3, 2), numbers((3, 3), 3, -2, 2)
_PLAIN = (_EMISSIONS, _TAGS, _TRANSITIONS)
_ENDS = {"start": numbers((3,), 4), "end": numbers((3,), 5)}
_SQUARE = (numbers((2, 3, 3), 6), integers((2, 3), 3, 7), numbers((3, 3), 8))
_HOLES = [[True, False, True, True], [False, True, False, True], [False, False, False, True]]
_ALLOWED = [[True, False, True], [True, True, False], [True, True, True]]
_GOOD_TAGS = [[0, 2, 1, 0], [1, 1, 0, 0], [2, 2, 2, 1]]
_SPANS = (  # O, B-x, I-x: I follows B or I, and begins nothing
    [[True, True, False], [True, True, True], [True, True, True]],
    [True, True, False],
    [True, True, True],
)
_SPAN_TAGS = [[0, 1, 2, 2], [1, 1, 2, 0], [0, 0, 1, 0]]
_FIVE = (  # O, B-x, I-x, E-x, S-x: what B begins goes on with I and ends with E
    [
        [True, True, False, False, True],
        [False, False, True, True, False],
        [False, False, True, True, False],
        [True, True, False, False, True],
        [True, True, False, False, True],
    ],
    [True, True, False, False, True],
    [True, False, False, True, True],
)
_FIVE_TAGS = [[1, 2, 3, 0], [4, 4, 1, 3]]

CRF_CASES = (
    CrfCase("transitions alone", *_PLAIN),
    CrfCase("start and end", *_PLAIN, _ENDS),
    CrfCase("start alone", *_PLAIN, {"start": _ENDS["start"]}),
    CrfCase("as many steps as classes", *_SQUARE),
    CrfCase("one step", numbers((2, 1, 3), 9), [[0], [2]], _TRANSITIONS, _ENDS),
    CrfCase("one class", numbers((2, 3, 1), 10), [[0] * 3] * 2, [[0.7]]),
    CrfCase(
        "one class, start and end", numbers((2, 3, 1), 10), [[0] * 3] * 2, [[0.7]], {"start": [0.2], "end": [-1.0]}
    ),
    CrfCase("lengths", *_PLAIN, {"lengths": [4, 1, 3], **_ENDS}),
    CrfCase("a length of 0", *_PLAIN, {"lengths": [2, 0, 4], **_ENDS}),
    CrfCase("mask with holes", *_PLAIN, {"mask": _HOLES, **_ENDS}),
    CrfCase("mask of anything", *_PLAIN, {"mask": coins((3, 4), 11), **_ENDS}),
    CrfCase("mask and lengths", *_PLAIN, {"mask": _HOLES, "lengths": [3, 2, 4], **_ENDS}),
    CrfCase("an empty row under a mask", *_PLAIN, {"mask": [_HOLES[0], [False] * 4, _HOLES[2]], **_ENDS}),
    CrfCase("nothing counts", *_PLAIN, {"lengths": [0, 0, 0], **_ENDS}),
    CrfCase("equal scores", [[[0.0] * 3] * 4] * 3, _TAGS, [[0.0] * 3] * 3),
    CrfCase("scores in whole numbers, many of them equal", integers((3, 4, 3), 2, 12), _TAGS, integers((3, 3), 2, 13)),
    CrfCase("transitions allowed in part", _EMISSIONS, _GOOD_TAGS, _TRANSITIONS, {"allowed": _ALLOWED, **_ENDS}),
    CrfCase(
        "a class that nothing may follow or precede",
        *_SQUARE[:1],
        [[0, 1, 0], [2, 2, 2]],
        _SQUARE[2],
        {
            "allowed": [[True, True, False], [True, True, False], [False, False, True]],
        },
    ),
    CrfCase("IOB", _EMISSIONS, _SPAN_TAGS, _TRANSITIONS, {"allowed": _SPANS, **_ENDS}),
    CrfCase(
        "IOB with holes",
        _EMISSIONS,
        [[0, 7, 1, 2], [9, 1, 9, 2], [9, 9, 9, 1]],
        _TRANSITIONS,
        {
            "allowed": _SPANS,
            "mask": _HOLES,
        },
    ),
    CrfCase("IOBES", numbers((2, 4, 5), 14), _FIVE_TAGS, numbers((5, 5), 15), {"allowed": _FIVE}),
    CrfCase(
        "IOBES with lengths",
        numbers((2, 4, 5), 16),
        [[1, 3, 9, 9], [4, 9, 9, 9]],
        numbers((5, 5), 17),
        {
            "allowed": _FIVE,
            "lengths": [2, 1],
        },
    ),
    CrfCase("only a start that is not allowed", *_PLAIN, {"allowed": (None, [True] * 3, [True] * 3)}),
    CrfCase(
        "an emission of -inf",
        [[[NEVER, 0.5, 1.0], [0.2, NEVER, NEVER]]],
        [[1, 0]],
        _TRANSITIONS,
    ),
    CrfCase("scores far apart", [[[1e4, -1e4], [-1e4, 1e4], [0.0, 1.0]]], [[1, 0, 1]], [[100.0, -100.0], [-50.0, 0.0]]),
)
