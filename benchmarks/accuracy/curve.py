"""Time against quality, data set by data set: ours at each effort, the baselines and the peers."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from matplotlib.transforms import Affine2D, Bbox

from benchmarks.accuracy.records import effort_of
from benchmarks.accuracy.tasks import TASKS, Task
from benchmarks.accuracy.training import EFFORTS
from benchmarks.runs import Record

__all__ = ["Point", "better_and_faster", "curves", "points", "write_curves"]

_MANY_TIMES = 1000.0
_MARKS = "osD^vP*X"
_LETTERS = 6  # the size of names, in points
_SIDES = [(x, y) for distance in range(5) for y in (3 + 7 * distance, -8 - 7 * distance) for x in (4, -4, 14, -14)]
"""Where a name may stand beside its point, in points, the best place first; to the left of it where x is negative."""
_OURS = ("seconds", "minutes", "best")
_LEAST_SECONDS = 0.05  # what takes no time has no place on a logarithmic axis


class Point(NamedTuple):
    """What something reaches, and how long its training takes.

    Attributes:
        name: an effort, a baseline or a peer.
        seconds: of training alone, mean over seeds.
        value: the first figure of the task, mean over seeds.
        is_ours: whether it is an effort.
    """

    name: str
    seconds: float
    value: float
    is_ours: bool


def points(task: Task, records: Sequence[Record]) -> list[Point]:
    """All points of a task; ours first, from the quickest effort on."""
    name = task.goals[0].name
    own = [record for record in records if record["task"] == task.name and not record.get("error")]
    ours = [record for record in own if "peer" not in record]
    found: list[Point] = []
    for effort in _OURS:
        found += _point(effort, [run for run in ours if effort_of(run) == effort], name, is_ours=True)
    found += _baselines([run for run in ours if effort_of(run) == EFFORTS[0]], name)
    for peer in dict.fromkeys(record["peer"] for record in own if "peer" in record):
        found += _point(peer, [record for record in own if record.get("peer") == peer], name, is_ours=False)
    return found


def _point(label: str, runs: Sequence[Record], name: str, *, is_ours: bool) -> Iterator[Point]:
    known = [run for run in runs if run["test"].get(name) is not None and run.get("train_seconds") is not None]
    if known:
        seconds = statistics.fmean(run["train_seconds"] for run in known)
        yield Point(label, seconds, statistics.fmean(run["test"][name] for run in known), is_ours)


def _baselines(runs: Sequence[Record], name: str) -> Iterator[Point]:
    for baseline in dict.fromkeys(key for run in runs for key in run.get("baseline_seconds") or {}):
        known = [run for run in runs if (run["baselines"].get(baseline) or {}).get(name) is not None]
        if known and baseline != "majority":
            seconds = statistics.fmean(run["baseline_seconds"][baseline] for run in known)
            value = statistics.fmean(run["baselines"][baseline][name] for run in known)
            yield Point(baseline, seconds, value, is_ours=False)


def better_and_faster(found: Sequence[Point]) -> list[tuple[Point, tuple[str, ...]]]:
    """Baselines and peers, each with our efforts that are both slower and worse; those that beat none are left out."""
    ours = [point for point in found if point.is_ours]
    beaten = [
        (other, tuple(own.name for own in ours if own.seconds > other.seconds and own.value < other.value))
        for other in found
        if not other.is_ours
    ]
    return [(other, efforts) for other, efforts in beaten if efforts]


def write_curves(path: Path, records: Sequence[Record]) -> None:
    """Writes an SVG: a small plot per task."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"svg.hashsalt": "seqwise", "svg.fonttype": "none"}):
        curves(records).savefig(path, format="svg", metadata={"Date": None})


def curves(records: Sequence[Record]) -> Figure:
    """A small plot per task, each point with its name, no name over another or over a point."""
    by_task = [(task, points(task, records)) for task in TASKS]
    shown = [(task, found) for task, found in by_task if any(point.is_ours for point in found)]
    columns = 3
    rows = max(-(-len(shown) // columns), 1)
    with mpl.rc_context({"font.size": 8}):
        figure = Figure(figsize=(9, 2.5 * rows), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False)
        others = dict.fromkeys(point.name for _, found in shown for point in found if not point.is_ours)
        colours = {name: f"C{1 + number % 9}" for number, name in enumerate(others)}
        for place, axes in enumerate(grid.flat):
            axes.set_visible(place < len(shown))
            if place < len(shown):
                _draw(axes, *shown[place], colours)
        figure.draw_without_rendering()  # from here on the layout is known
        figure.set_layout_engine("none")
        for axes, (_, found) in zip(grid.flat, shown, strict=False):
            _name(axes, found, colours)
    return figure


def _draw(axes: mpl.axes.Axes, task: Task, found: Sequence[Point], colours: dict[str, str]) -> None:
    ours = [point for point in found if point.is_ours]
    times = [max(point.seconds, _LEAST_SECONDS) for point in ours]
    axes.plot(times, [point.value for point in ours], "o-", color="black", markersize=4, linewidth=1)
    for number, point in enumerate(point for point in found if not point.is_ours):
        mark = _MARKS[number % len(_MARKS)]
        axes.plot(max(point.seconds, _LEAST_SECONDS), point.value, mark, color=colours[point.name], markersize=5)
    axes.set_xscale("log")
    axes.margins(x=0.45, y=0.25)
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3) if high < _MANY_TIMES * low else (1,)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_title(f"{task.title}: {task.goals[0].title}", fontsize=7)
    axes.set_xlabel("seconds of training", fontsize=7)
    axes.grid(color="0.92")


def _name(axes: mpl.axes.Axes, found: Sequence[Point], colours: dict[str, str]) -> None:
    """Puts the name of each point where it is free: inside the axes, beside all points and all names before it."""
    scale = 72 / axes.figure.dpi
    spots = [axes.transData.transform((max(point.seconds, _LEAST_SECONDS), point.value)) * scale for point in found]
    taken = [Bbox.from_extents(x - 3, y - 3, x + 3, y + 3) for x, y in spots]
    bounds = axes.bbox.frozen().transformed(Affine2D().scale(scale))
    for point, (x, y) in zip(found, spots, strict=True):
        width = 0.62 * _LETTERS * len(point.name)
        boxes = {
            (right, up): Bbox.from_bounds(x + right - (width if right < 0 else 0), y + up, width, _LETTERS)
            for right, up in _SIDES
        }
        inside = [side for side, box in boxes.items() if bounds.x0 <= box.x0 and box.x1 <= bounds.x1]
        free = [side for side in inside if not boxes[side].count_overlaps(taken)]
        side = (free or inside or _SIDES)[0]
        taken.append(boxes[side])
        axes.annotate(
            point.name,
            (max(point.seconds, _LEAST_SECONDS), point.value),
            side,
            textcoords="offset points",
            horizontalalignment="right" if side[0] < 0 else "left",
            fontsize=_LETTERS,
            color="black" if point.is_ours else colours[point.name],
        )
