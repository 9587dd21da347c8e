"""A plot of measured cases: how long each way takes in units of ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from seqwise.bench import Measured

__all__ = ["write_plot"]

_MARKS = "osD^vP*X"
_ROW = 0.34


def write_plot(path: Path, heading: str, cases: Sequence[Measured]) -> None:
    """Writes an SVG: a row per case, a mark per way at its time divided by ours, a bar from the limit to ours."""
    ways = list(dict.fromkeys(way for case in cases for way in case.times if way != case.ours))
    with mpl.rc_context({"svg.hashsalt": "seqwise", "font.size": 9, "svg.fonttype": "none"}):
        figure = Figure(figsize=(9, 1.4 + _ROW * len(cases)), layout="constrained")
        axes = figure.subplots()
        for number, way in enumerate(ways):
            rows = [row for row, case in enumerate(cases) if way in case.times]
            times = [1 / cases[row].ratio(way).p50 for row in rows]
            is_limit = any(case.kinds.get(way) == "limit" for case in cases)
            mark = "|" if is_limit else _MARKS[number % len(_MARKS)]
            axes.plot(times, rows, mark, label=way, color="black" if is_limit else f"C{number}", markersize=9)
        axes.axvline(1, color="0.5", linewidth=1)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_yticks(range(len(cases)), [f"{case.name} {case.shape}" for case in cases])
        axes.set_ylim(len(cases) - 0.5, -0.5)
        axes.set_xlabel("time, seqwise = 1 (further right is slower)")
        axes.set_title(heading)
        axes.grid(axis="x", color="0.9")
        axes.legend(loc="upper center", bbox_to_anchor=(0.3, -0.25 / (0.4 + 0.1 * len(cases))), ncols=4, frameon=False)
        figure.savefig(path, format="svg", metadata={"Date": None})
