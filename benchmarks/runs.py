"""Reads what a run left in its folder, and puts several runs side by side in a table."""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqwise.bench.machine import machine

__all__ = ["Goal", "Record", "markdown_table", "run_record"]

Record = dict[str, Any]
"""What is known of one run, ready for JSON. What the run folder does not tell is None."""


@dataclass(frozen=True)
class Goal:
    """A figure on the test file, and what is asked of it.

    Attributes:
        figure: its key in `metrics.json`.
        least: the least value asked for; None when it is only reported.
        target: the target it belongs to; None for the only one.
    """

    figure: str
    least: float | None = None
    target: str | None = None

    @property
    def name(self) -> str:
        """The figure's name among all figures of the run."""
        return self.figure if self.target is None else f"{self.target} {self.figure}"


def run_record(folder: Path, goals: Iterable[Goal]) -> Record:
    """The figures of one run folder and what they cost.

    Args:
        folder: a run folder as `seqwise train` writes it. Files and keys may be missing.
        goals: the figures to take.

    Returns:
        By goal name the `test` figure, the `dev` figure, that of the `majority` baseline on test, and `least`.
        Then `epochs`, `train_seconds`, `padding_share` (mean over epochs), `tokens_per_second` (median over
        epochs), `parameters`, `machine` and `versions`.
    """
    metrics, environment = _json(folder / "metrics.json"), _json(folder / "env.json")
    majority = _at(metrics, "baselines", "majority", "test")
    epochs = _epochs(folder / "metrics.jsonl")
    return {
        "test": {goal.name: _value(metrics.get("test"), goal) for goal in goals},
        "dev": {goal.name: _value(metrics.get("dev"), goal) for goal in goals},
        "majority": {goal.name: _value(majority, goal) for goal in goals},
        "least": {goal.name: goal.least for goal in goals},
        "epochs": len(epochs) or None,
        "train_seconds": _combined(sum, epochs, "seconds"),
        "padding_share": _combined(statistics.fmean, epochs, "padding_share"),
        "tokens_per_second": _combined(statistics.median, epochs, "tokens_per_second"),
        "parameters": environment.get("parameters", _at(metrics, "training", "parameters")),
        "machine": {
            **machine(environment.get("threads")),
            "device": environment.get("device"),
        },
        "versions": environment.get("versions"),
    }


def _json(path: Path) -> Record:
    """The object in a JSON file; empty when the file is missing."""
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return content if isinstance(content, dict) else {}


def _epochs(path: Path) -> list[Record]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.strip()]


def _at(content: Any, *keys: str) -> Any:
    """What stands under these keys, one inside the other; None where one is missing."""
    for key in keys:
        content = content.get(key) if isinstance(content, Mapping) else None
    return content


def _value(split: Any, goal: Goal) -> float | None:
    """A figure of a split, whose targets' figures may stand under their names, at the top, or both."""
    if not isinstance(split, Mapping):
        return None
    targets = [goal.target] if goal.target else [name for name in split if _at(split, name, goal.figure) is not None]
    found = _at(split, targets[0], goal.figure) if targets else None
    found = split.get(goal.figure) if found is None and goal.target is None else found
    value = _at(found, "value") if isinstance(found, Mapping) else found
    return value if isinstance(value, int | float) else None


def _combined(combine: Callable[[list[float]], float], epochs: list[Record], key: str) -> float | None:
    values = [epoch[key] for epoch in epochs if epoch.get(key) is not None]
    return round(float(combine(values)), 4) if values else None


_COLUMNS = (
    "task",
    "figure",
    "mean",
    "lowest to highest",
    "seeds",
    "asked",
    "reached",
    "majority",
    "seconds",
    "epochs",
    "padding",
    "tokens/s",
    "parameters",
)


def markdown_table(records: Iterable[Record]) -> str:
    """One line per task and figure over all seeds; runs that failed are counted in the column `seeds`.

    Means of seconds, epochs, padding share and tokens per second are over the same runs. A figure has reached
    what was asked when its mean has.
    """
    by_task: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_task[record["task"]].append(record)
    lines = [_line(_COLUMNS), _line("---" for _ in _COLUMNS)]
    for task, runs in by_task.items():
        done = [run for run in runs if not run.get("error")]
        if not done:
            lines.append(_line([task, "failed", *[""] * 2, f"0 of {len(runs)}", *[""] * (len(_COLUMNS) - 5)]))
        lines += [
            _line([task, name, *_figure_cells(done, name, len(runs)), *_cost_cells(done)])
            for name in (done[0]["test"] if done else ())
        ]
    return "\n".join(lines)


def _figure_cells(done: list[Record], name: str, tried: int) -> list[str]:
    values = [run["test"][name] for run in done if run["test"].get(name) is not None]
    least = done[0]["least"].get(name)
    mean = statistics.fmean(values) if values else None
    reached = "" if least is None or mean is None else "yes" if mean >= least else "no"
    return [
        _number(mean, 4),
        f"{min(values):.4f} to {max(values):.4f}" if values else "",
        f"{len(done)} of {tried}",
        _number(least, 3),
        reached,
        _number(done[0]["majority"].get(name), 4),
    ]


def _cost_cells(done: list[Record]) -> list[str]:
    digits = {"seconds": 0, "epochs": 1, "padding_share": 3, "tokens_per_second": 0, "parameters": 0}
    values = {key: [run[key] for run in done if run.get(key) is not None] for key in digits}
    return [_number(statistics.fmean(values[key]) if values[key] else None, digits[key]) for key in digits]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
