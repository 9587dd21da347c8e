"""A measured case as lines for a person."""

from __future__ import annotations

from collections.abc import Iterator

from seqwise.bench.measured import Measured, Spread

__all__ = ["QUIET", "lines", "readable_bytes", "readable_seconds"]

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
_WIDTH = 26
QUIET = 0.1
"""The load from other programs below which nothing is reported."""


def lines(measured: Measured) -> Iterator[str]:
    """A heading, then a line per way: median and spread of its time, memory, and how much of it ours takes."""
    yield f"{measured.name}  {measured.shape}"
    for way in measured.times:
        took = measured.seconds(way)
        cells = [f"  {_role(measured, way):<{_WIDTH}}", _span(took)]
        if way in measured.memory:
            cells.append(f"{readable_bytes(measured.memory[way]):>8} more")
        elif measured.memory:
            cells.append(" " * 13)
        if way != measured.ours:
            cells.append(f"ours takes {measured.ratio(way).p50:.2f} of it")
        yield "  ".join(cells).rstrip()
    if (measured.disturbance or 0) > QUIET:
        yield f"  other programs used {measured.disturbance:.0%} of the machine meanwhile"
    for peer, why in measured.missing.items():
        yield f"  {peer:<{_WIDTH}}  not measured: {why}"


def _role(measured: Measured, way: str) -> str:
    return f"limit: {way}" if measured.kinds[way] == "limit" else way


def _span(took: Spread) -> str:
    """`61.2 ms  (60.1 to 63.0)`; all three in the unit of the median."""
    unit, name = _unit(took.p50)
    low, high = (f"{_number(value / unit)}" for value in (took.p20, took.p80))
    return f"{_number(took.p50 / unit):>5} {name:<2}  {f'({low} to {high})':<16}"


def readable_seconds(seconds: float) -> str:
    """A time in the unit that fits it, three digits.

    Examples:
        >>> readable_seconds(0.0612), readable_seconds(2.5e-5), readable_seconds(12.345)
        ('61.2 ms', '25.0 µs', '12.3 s')
    """
    unit, name = _unit(seconds)
    return f"{_number(seconds / unit)} {name}"


def readable_bytes(count: int) -> str:
    """An amount of memory in MB.

    Examples:
        >>> readable_bytes(2_800_000_000), readable_bytes(1_234)
        ('2800 MB', '0 MB')
    """
    return f"{count / 1e6:.0f} MB"


def _unit(seconds: float) -> tuple[float, str]:
    return next((unit for unit in _UNITS if seconds >= unit[0]), _UNITS[-1])


def _number(value: float) -> str:
    """Three digits."""
    return f"{value:.{max(0, 2 - max(0, len(str(int(value))) - 1))}f}"
