"""Runs the ways of a case: first they must agree, then they take turns."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from seqwise.bench.case import Case, Results, Way
from seqwise.bench.machine import other_programs
from seqwise.bench.measured import Measured
from seqwise.bench.memory import peak_memory

__all__ = ["interleaved", "measure", "require_agreement"]

_TURN = 0.005
"""A way that is quicker than so many seconds runs several times in its turn, after once that is not counted."""


def measure(
    case: Case, *, seconds: float, least: int = 3, most: int = 100, missing: Mapping[str, str] | None = None
) -> Measured:
    """The times of all ways of a case, after they agreed.

    Args:
        case: what to measure.
        seconds: rounds go on for so long.
        least: so many rounds in any case.
        most: so many rounds at most.
        missing: peers that could not be had, and why.

    Raises:
        AssertionError: a peer gives other values or gradients than ours.
    """
    ways = case.ways()
    require_agreement(case.title, ways)
    others = other_programs()
    times = interleaved({way.name: way.run for way in ways}, seconds=seconds, least=least, most=most)
    kinds = {way.name: way.kind for way in ways}
    measured = Measured(case.name, case.shape, times, kinds, others(), missing=missing or {})
    return replace(measured, memory=peak_memory(case)) if case.measures_memory else measured


def require_agreement(title: str, ways: Sequence[Way]) -> None:
    """Runs every way once and compares the results of the peers with ours, the first way.

    Raises:
        AssertionError: they differ, or a peer has none in common.
    """
    ours: Results = {}
    for number, way in enumerate(ways):
        results = way.results(way.run())
        if number == 0:
            ours = results
        elif way.kind == "peer":
            _compare(title, ours, results, way)


def _compare(title: str, ours: Results, results: Results, way: Way) -> None:
    names = [name for name in ours if name in results]
    if not names:
        raise AssertionError(f"{title}: '{way.name}' has no result that ours has")
    for name in names:
        expected, found = results[name].detach().double(), ours[name].detach().double()
        if expected.shape != found.shape:
            shapes = f"{tuple(found.shape)} and {tuple(expected.shape)}"
            raise AssertionError(f"{title}: {name} of ours and of '{way.name}' have the shapes {shapes}")
        scale = float(expected.abs().max()) if expected.numel() else 0.0
        distance = float((expected - found).abs().max()) if expected.numel() else 0.0
        if not distance <= way.tolerance * scale:  # NaN too
            raise AssertionError(
                f"{title}: {name} of ours and of '{way.name}' differ by {distance:.3g}, the largest is {scale:.3g}"
            )


def interleaved(
    runs: Mapping[str, Callable[[], object]], *, seconds: float, least: int = 3, most: int = 100
) -> dict[str, list[float]]:
    """The seconds that each takes, by name, in rounds in which each has one turn.

    Each round begins with another one. What is quick runs several times in a turn, and its time is the mean; how often
    is found in the first round. It runs once before, untimed: the one before it in the round may have given memory back
    to the system, and in a training too, a loss comes again and again.

    Args:
        runs: what to time, each run already once, so that nothing is set up any more.
        seconds: rounds go on for so long.
        least: so many rounds in any case.
        most: so many rounds at most.

    Returns:
        Lists of one length.
    """
    names = list(runs)
    repeats: dict[str, int] = {}
    times: dict[str, list[float]] = {name: [] for name in names}
    started, rounds = time.perf_counter(), 0
    while rounds < least or (rounds < most and time.perf_counter() - started < seconds):
        first = rounds % len(names)
        for name in names[first:] + names[:first]:
            if rounds == 0:
                repeats[name], took = _first_turn(runs[name])
            else:
                took = _turn(runs[name], repeats[name])
            times[name].append(took)
        rounds += 1
    return times


def _first_turn(run: Callable[[], object]) -> tuple[int, float]:
    """How often it runs in a turn, and the mean seconds of the first one."""
    once = _turn(run, 1)
    repeats = max(1, math.ceil(_TURN / once))
    return repeats, once if repeats == 1 else _turn(run, repeats)


def _turn(run: Callable[[], object], repeats: int) -> float:
    """The mean seconds of some runs, several of which follow one that is not counted."""
    if repeats > 1:
        run()
    started = time.perf_counter()
    for _ in range(repeats):
        run()
    return max((time.perf_counter() - started) / repeats, 1e-9)
