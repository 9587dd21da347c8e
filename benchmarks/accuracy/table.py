"""Records of several seeds as figures: mean, spread, what was asked, and the best of what is cheap."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.accuracy.records import effort_of
from benchmarks.accuracy.tasks import TASKS, Task
from benchmarks.accuracy.training import EFFORTS
from benchmarks.runs import Goal, Record

__all__ = ["Learned", "line", "learned", "markdown_table"]


@dataclass(frozen=True)
class Learned:
    """A figure of a task over the seeds.

    Attributes:
        task: what was trained.
        goal: the figure and what is asked of it.
        runs: the records of the default effort that did not fail.
        others: the records of peers that did not fail, by name.
        failed: how many failed.
    """

    task: Task
    goal: Goal
    runs: Sequence[Record]
    others: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    failed: int = 0

    @property
    def values(self) -> list[float]:
        """The figure of each seed."""
        return _values(self.runs, self.goal.name)

    @property
    def mean(self) -> float | None:
        """The mean over seeds."""
        return statistics.fmean(self.values) if self.values else None

    def mean_text(self, digits: int) -> str:
        """The mean, or why there is none."""
        if self.mean is None:
            return "not measured" if self.runs else "failed"
        return f"{self.mean:.{digits}f}"

    @property
    def rivals(self) -> dict[str, float]:
        """By name, what baselines and peers reach, means over seeds."""
        found: dict[str, list[float]] = {}
        for run in self.runs:
            for name, figures in _baselines(run).items():
                if figures.get(self.goal.name) is not None:
                    found.setdefault(name, []).append(figures[self.goal.name])
        for name, records in self.others.items():
            found[name] = _values(records, self.goal.name)
        return {name: statistics.fmean(values) for name, values in found.items() if values}

    @property
    def asked(self) -> str:
        """What is asked of it, in a few words."""
        goal = self.goal
        above = f"above {' and '.join(goal.above)}" if goal.above else ""
        above += f" + {goal.margin:g}" if goal.margin else ""
        return " and ".join(part for part in ("" if goal.least is None else f"{goal.least:.3f}", above) if part)

    @property
    def bar(self) -> float | None:
        """What the mean has to reach, as a number; None where nothing is asked, or nothing known of the rival."""
        goal = self.goal
        bars = [] if goal.least is None else [goal.least]
        return max([*bars, *self._above], default=None)

    @property
    def _above(self) -> list[float]:
        """What has to be passed, and not only reached."""
        return [self.rivals[name] + self.goal.margin for name in self.goal.above if name in self.rivals]

    @property
    def reached(self) -> str:
        """`yes`, or by how much it falls short; nothing where nothing is asked or known."""
        if self.bar is None or self.mean is None:
            return ""
        short = self.bar - self.mean
        is_strict = self.bar in self._above
        return "yes" if short < 0 or (short <= 1e-9 and not is_strict) else f"no, {short:.3f} short"

    @property
    def best_rival(self) -> str:
        """The best baseline or peer, with its name."""
        if not self.rivals:
            return ""
        best = max(self.rivals, key=lambda name: self.rivals[name])
        return f"{self.rivals[best]:.3f} {best}"


def _baselines(run: Record) -> Mapping[str, Mapping[str, float]]:
    found: Mapping[str, Mapping[str, float]] = run.get("baselines") or {"majority": run.get("majority", {})}
    return found


def _values(records: Iterable[Record], name: str) -> list[float]:
    return [record["test"][name] for record in records if record["test"].get(name) is not None]


def learned(records: Sequence[Record], effort: str = EFFORTS[0]) -> list[Learned]:
    """Every figure of every task that has records at this effort, in the order of the tasks."""
    found = []
    for task in TASKS:
        own = [record for record in records if record["task"] == task.name]
        ours = [record for record in own if "peer" not in record and effort_of(record) == effort]
        runs = [record for record in ours if not record.get("error")]
        others: dict[str, list[Record]] = {}
        for record in own:
            if "peer" in record and not record.get("error"):
                others.setdefault(record["peer"], []).append(record)
        if ours:
            found += [Learned(task, goal, runs, others, len(ours) - len(runs)) for goal in task.goals]
    return found


_COLUMNS = ("task", "figure", "mean", "lowest to highest", "seeds", "asked", "reached", "best beside", "seconds")


def markdown_table(records: Sequence[Record]) -> str:
    """One line per task and figure over all seeds, of the default effort."""
    lines = [line(_COLUMNS), line("---" for _ in _COLUMNS)]
    for one in learned(records):
        tried = len(one.runs) + one.failed
        seconds = [run["seconds"] for run in one.runs if run.get("seconds") is not None]
        cells = [
            one.task.name,
            one.goal.name,
            one.mean_text(4),
            f"{min(one.values):.4f} to {max(one.values):.4f}" if one.values else "",
            f"{len(one.runs)} of {tried}",
            one.asked,
            one.reached,
            one.best_rival,
            f"{statistics.fmean(seconds):.0f}" if seconds else "",
        ]
        lines.append(line(cells))
    return "\n".join(lines)


def line(cells: Iterable[str]) -> str:
    """A row of a table in Markdown."""
    return "| " + " | ".join(cells) + " |"
