"""Reads what a run left in its folder."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from seqwise.bench.machine import machine
from seqwise.evaluation import FIGURES

__all__ = ["DERIVED", "Goal", "Record", "run_record"]

Record = dict[str, Any]
"""What is known of one run, ready for JSON. What the run folder does not tell is None."""


@dataclass(frozen=True)
class Goal:
    """A figure on the test file, and what is asked of it.

    Attributes:
        figure: its key in `metrics.json`, or one of `DERIVED`.
        least: the least value asked for; None when nothing certain is asked.
        target: the target it belongs to; None for the only one.
        above: the baselines and peers that must be beaten, where they are measured.
        margin: by how much.
    """

    figure: str
    least: float | None = None
    target: str | None = None
    above: tuple[str, ...] = ()
    margin: float = 0.0

    @property
    def name(self) -> str:
        """The figure's name among all figures of the run."""
        return self.figure if self.target is None else f"{self.target} {self.figure}"

    @property
    def title(self) -> str:
        """The figure's name for people."""
        known = FIGURES[self.figure].title if self.figure in FIGURES else self.figure.replace("_", " ")
        is_name = known[1:2].isupper()  # as ROC-AUC is
        title = (known if is_name else f"{known[:1].lower()}{known[1:]}").replace("f1", "F1")
        return title if self.target is None else f"{self.target}: {title}"


def run_record(folder: Path, goals: Iterable[Goal]) -> Record:
    """The figures of one run folder and what they cost.

    Args:
        folder: a run folder as `seqwise train` writes it. Files and keys may be missing.
        goals: the figures to take.

    Returns:
        By goal name the `test` figure, the `dev` figure, and for each of the `baselines` that on test. Then
        `baseline_seconds`, `epochs`, `train_seconds`, `padding_share` (mean over epochs), `tokens_per_second` (median
        over epochs), `parameters`, `machine` and `versions`.
    """
    metrics, environment = _json(folder / "metrics.json"), _json(folder / "env.json")
    baselines = metrics.get("baselines") or {}
    facts = _at(metrics, "training", "baselines", "facts") or {}
    epochs = _epochs(folder / "metrics.jsonl")
    return {
        "test": {goal.name: _value(metrics.get("test"), goal) for goal in goals},
        "dev": {goal.name: _value(metrics.get("dev"), goal) for goal in goals},
        "baselines": {
            name: {goal.name: _value(plain.get("test"), goal) for goal in goals} for name, plain in baselines.items()
        },
        "baseline_seconds": {name: fact.get("seconds") for name, fact in facts.items()},
        "epochs": len(epochs) or None,
        "train_seconds": _at(metrics, "training", "seconds") or _combined(sum, epochs, "seconds"),
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
    if goal.figure in DERIVED:
        outputs = next((found for name in split if (found := _at(split, name, "per_output"))), None)
        return None if outputs is None else DERIVED[goal.figure](outputs)
    targets = [goal.target] if goal.target else [name for name in split if _at(split, name, goal.figure) is not None]
    found = _at(split, targets[0], goal.figure) if targets else None
    found = split.get(goal.figure) if found is None and goal.target is None else found
    value = _at(found, "value") if isinstance(found, Mapping) else found
    return value if isinstance(value, int | float) else None


def _combined(combine: Callable[[list[float]], float], epochs: list[Record], key: str) -> float | None:
    values = [epoch[key] for epoch in epochs if epoch.get(key) is not None]
    return round(float(combine(values)), 4) if values else None


def _present_f1(outputs: Iterable[Record]) -> float:
    """Micro F1 of "the aspect is spoken of", whichever class but `absent` it has."""
    gold, predicted, both = 0, 0, 0
    for output in outputs:
        (absent,) = (row for row in output["per_label"] if row["label"] == "absent")
        right = _right(absent)
        cells = output["count"]
        gold += cells - absent["support"]
        predicted += cells - absent["predicted"]
        both += cells - absent["support"] - absent["predicted"] + right
    return 2 * both / max(gold + predicted, 1)


def _present_accuracy(outputs: Iterable[Record]) -> float:
    """Share of the aspects that are spoken of whose class is right; those that were not found are wrong."""
    present = [row for output in outputs for row in output["per_label"] if row["label"] != "absent"]
    return sum(map(_right, present)) / max(sum(row["support"] for row in present), 1)


def _right(row: Record) -> int:
    """How often a label was rightly predicted."""
    return round((row["recall"] or 0) * row["support"])


DERIVED: Mapping[str, Callable[[Iterable[Record]], float]] = MappingProxyType(
    {"present_f1": _present_f1, "present_accuracy": _present_accuracy}
)
"""Figures of outputs with a class `absent`, from the table per output."""
