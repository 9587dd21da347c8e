"""Gathers what the report of a run shows: what was found, how training went, the figures, the worst errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.evaluation.summary import caveat, ensemble_messages, regression_messages, split_titles
from seqwise.report.report_data import ReportData
from seqwise.report.shown_history import Epochs, deciding_name, history_notes, objective_differences, shown_history
from seqwise.targets import Target
from seqwise.task.prepare import Task

__all__ = ["report_data"]

_ERRORS_SHOWN = 20
_SYMBOLS_SHOWN = 60


def report_data(
    task: Task,
    run: Path,
    metrics: Mapping[str, Any],
    epochs: Epochs,
    environment: Mapping[str, Any],
    predictions: Mapping[int, Mapping[str, Any]],
) -> ReportData:
    """The content of a run's report.

    Args:
        task: data and config.
        run: the run folder.
        metrics: the content of metrics.json.
        epochs: how training went.
        environment: the content of env.json.
        predictions: per evaluated row, its line of predictions.jsonl.
    """
    config, hidden = task.config.model_dump(mode="json"), task.config.model.get("hidden")
    last = "test" if "test" in metrics else "dev"
    splits = {part: _per_target(task, metrics[part]) for part in ("dev", "test") if part in metrics}
    return ReportData(
        name=run.name,
        created=environment["started"],
        command=environment["command"],
        found=[*task.notes, *regression_messages(metrics)],
        data=_data(task),
        settings=config,
        model={
            "encoder": task.config.model.encoder + (f" of {hidden}" if hidden else ""),
            "parameters": metrics["training"]["parameters"],
            "epochs": len(epochs.history),
            "stopped": epochs.stopped,
            "training seconds": round(metrics["training"]["seconds"], 1),
            "device": environment["device"],
            "seed": environment["seed"],
            **_members(metrics, last),
        },
        splits=splits,
        baselines=metrics["baselines"],
        baseline_statistics=metrics["training"]["baselines"]["facts"],
        baseline_notes=metrics["training"]["baselines"]["notes"],
        differences=metrics["comparisons"].get(last, {}),
        caveat=caveat(metrics, last),
        split_titles=split_titles(metrics),
        warnings=metrics["training"].get("warnings", ()),
        history=shown_history(epochs.history, metrics["training"]["deciding"]),
        history_notes=history_notes(task, metrics),
        losses_comparable=not objective_differences(task),
        metric_name=deciding_name(metrics["training"]["deciding"]),
        best_epoch=epochs.best_epoch + 1,
        errors=_worst(task, predictions),
    )


def _members(metrics: Mapping[str, Any], split: str) -> dict[str, Any]:
    """How many members an ensemble has, and their figures; the course of the first is shown."""
    if "members" not in metrics:
        return {}
    return {"members": len(metrics["members"]), "spread": "; ".join(ensemble_messages(metrics, split))}


def _per_target(task: Task, figures: Mapping[str, Any]) -> dict[str, Any]:
    return {target.name: figures[target.name] for target in task.targets}


def _data(task: Task) -> dict[str, dict[str, Any]]:
    parts = {part: task.split.rows(part) for part in ("train", "dev", "test")}
    return {
        part: {
            "sequences": len(rows),
            "steps": int(task.store.lengths[rows].sum()),
            "median length": _median(task.store.lengths[rows]),
            "longest": int(task.store.lengths[rows].max()),
        }
        for part, rows in parts.items()
        if len(rows)
    }


def _median(lengths: NDArray[np.int64]) -> int | float:
    median = float(np.median(lengths))
    return int(median) if median.is_integer() else median


def _worst(task: Task, predictions: Mapping[int, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The most confident mistakes among targets with one label per sequence, on the last part that was evaluated."""
    rows = task.split.test if len(task.split.test) else task.split.dev
    worst: list[dict[str, Any]] = []
    for target in task.targets if len(rows) else ():
        if target.kind != "label":
            continue
        wrong = [int(row) for row in rows if _is_wrong(predictions[int(row)]["targets"][target.name])]
        found = [_error(task, row, target, predictions[row]) for row in wrong]
        worst += sorted(found, key=lambda error: -float(error["probability"]))[:_ERRORS_SHOWN]
    return worst


def _is_wrong(prediction: Mapping[str, Any]) -> bool:
    return prediction["label"] is not None and prediction["label"] != prediction["predicted"]


def _error(task: Task, row: int, target: Target, line: Mapping[str, Any]) -> dict[str, Any]:
    shown = line["targets"][target.name]
    return {"text": _text(task, row), "place": str(task.store.place(row)), "target": target.name, **shown}


def _text(task: Task, row: int) -> str:
    """The sequence as a person may recognise it, cut where it is long."""
    sequence = task.store.sequence(row)
    if task.store.channels:
        return f"a series of {len(sequence)} steps"
    symbols: Sequence[str] = [task.store.symbols[number] for number in sequence[:_SYMBOLS_SHOWN]]
    text = ("" if task.store.spec.input.kind in ("characters", "bytes") else " ").join(symbols)
    return text + (" …" if len(sequence) > _SYMBOLS_SHOWN else "")
