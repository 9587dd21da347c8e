"""Measurements: the times of each implementation, round by round, and their ratios."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from seqwise.bench.case import Kind

__all__ = ["Measured", "Spread", "spread"]

_DIGITS = 4


class Spread(NamedTuple):
    """A fifth of the values is below `p20`, half below `p50`, four fifths below `p80`."""

    p20: float
    p50: float
    p80: float


def spread(values: Iterable[float]) -> Spread:
    """The spread of some values; between two of them it is interpolated.

    Examples:
        >>> spread([1.0, 2.0, 3.0, 4.0, 11.0])
        Spread(p20=1.8, p50=3.0, p80=5.4)
    """
    return Spread(*(round(float(part), 12) for part in np.percentile(list(values), (20, 50, 80))))


@dataclass(frozen=True)
class Measured:
    """The times of the ways of one case, all from one run, in turns.

    Attributes:
        name: what was computed.
        shape: of which size.
        times: by way, ours first, the seconds of each round; lists of one length.
        kinds: by way, what it is.
        disturbance: the share of the machine that other programs used meanwhile; None where the system does not tell.
        memory: by way, the peak memory in bytes beyond inputs and results, where it was measured.
        figures: by way, what it scored in each round, where a model was trained; higher is better.
        missing: by peer, why it is not there.
    """

    name: str
    shape: str
    times: Mapping[str, Sequence[float]]
    kinds: Mapping[str, Kind]
    disturbance: float | None = None
    memory: Mapping[str, int] = field(default_factory=dict)
    figures: Mapping[str, Sequence[float]] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def ours(self) -> str:
        """The name of our way."""
        return next(iter(self.times))

    def seconds(self, way: str) -> Spread:
        """How long a way took."""
        return spread(self.times[way])

    def ratio(self, *beside: str) -> Spread:
        """Our time divided by that of another way, round by round; below 1 ours is faster.

        Args:
            *beside: the other way; of several, the one with the lowest median.

        Raises:
            KeyError: no such way was measured.
        """
        other = min(beside, key=lambda way: self.seconds(way).p50)
        return spread(mine / its for mine, its in zip(self.times[self.ours], self.times[other], strict=True))

    def joined(self, other: Measured) -> Measured:
        """The rounds of both: one case with the same ways, measured twice."""
        shares = [one.disturbance for one in (self, other) if one.disturbance is not None]
        return replace(
            self,
            times={way: [*times, *other.times[way]] for way, times in self.times.items()},
            figures={way: [*scores, *other.figures[way]] for way, scores in self.figures.items()},
            disturbance=max(shares, default=None),
        )

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values: for each way its kind, seconds, spread, our ratio to it, memory."""
        return {
            "name": self.name,
            "shape": self.shape,
            "rounds": len(self.times[self.ours]),
            "disturbance": None if self.disturbance is None else round(self.disturbance, 3),
            "ways": {way: self._way(way) for way in self.times},
            "missing": dict(self.missing),
        }

    def _way(self, way: str) -> dict[str, Any]:
        facts: dict[str, Any] = {"kind": self.kinds[way], **_rounded(self.seconds(way))}
        if way != self.ours:
            facts["ratio"] = _rounded(self.ratio(way))
        if way in self.memory:
            facts["memory"] = self.memory[way]
        if way in self.figures:
            facts["figures"] = [round(float(value), _DIGITS) for value in self.figures[way]]
        return {**facts, "seconds": [float(f"{seconds:.{_DIGITS}g}") for seconds in self.times[way]]}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Measured:
        """Rebuilds the measurements from `to_json`."""
        ways = plain["ways"]
        return cls(
            plain["name"],
            plain["shape"],
            times={way: facts["seconds"] for way, facts in ways.items()},
            kinds={way: facts["kind"] for way, facts in ways.items()},
            disturbance=plain.get("disturbance"),
            memory={way: facts["memory"] for way, facts in ways.items() if "memory" in facts},
            figures={way: facts["figures"] for way, facts in ways.items() if "figures" in facts},
            missing=plain.get("missing", {}),
        )


def _rounded(values: Spread) -> dict[str, float]:
    return {name: float(f"{value:.{_DIGITS}g}") for name, value in values._asdict().items()}
