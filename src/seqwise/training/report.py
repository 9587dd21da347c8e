"""Gathers what the report of a run shows: what was found, how training went, the figures, the worst errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqwise.evaluation.report import ReportData
from seqwise.evaluation.summary import member_sentences, regression_sentences
from seqwise.targets import Target
from seqwise.training.checkpoint import State
from seqwise.training.prepare import Task

__all__ = ["report_data"]

_ERRORS_SHOWN = 20
_SYMBOLS_SHOWN = 60


def report_data(
    task: Task,
    run: Path,
    metrics: Mapping[str, Any],
    state: State,
    environment: Mapping[str, Any],
    predictions: Mapping[int, Mapping[str, Any]],
) -> ReportData:
    """The content of a run's report.

    Args:
        task: data and config.
        run: the run folder.
        metrics: the content of metrics.json.
        state: how training went.
        environment: the content of env.json.
        predictions: per judged row, its line of predictions.jsonl.
    """
    config = task.config.model_dump(mode="json")
    splits = {part: _per_target(task, metrics[part]) for part in ("dev", "test") if part in metrics}
    return ReportData(
        name=run.name,
        created=environment["started"],
        command=environment["command"],
        found=[*task.notes, *regression_sentences(metrics)],
        data=_data(task),
        settings=config,
        model={
            "encoder": f"{config['model']['encoder']} of {config['model']['hidden']}",
            "parameters": environment["parameters"],
            "epochs": len(state.history),
            "stopped": state.stopped,
            "training seconds": round(metrics["training"]["seconds"], 1),
            "device": environment["device"],
            "seed": environment["seed"],
            **_members(metrics, list(splits)[-1]),
        },
        splits=splits,
        baselines=metrics["baselines"],
        baseline_facts=metrics["training"]["baselines"]["facts"],
        baseline_notes=metrics["training"]["baselines"]["notes"],
        history=[{**entry, "metric": entry["dev_figure"]} for entry in state.history],
        metric_name=" and ".join(metrics["training"]["deciding"]),
        best_epoch=state.best_epoch + 1,
        errors=_worst(task, predictions),
    )


def _members(metrics: Mapping[str, Any], split: str) -> dict[str, Any]:
    """How many members an ensemble has, and their figures; the course of the first is shown."""
    if "members" not in metrics:
        return {}
    return {"members": len(metrics["members"]), "spread": "; ".join(member_sentences(metrics, split))}


def _per_target(task: Task, figures: Mapping[str, Any]) -> dict[str, Any]:
    return {target.name: figures[target.name] for target in task.targets}


def _data(task: Task) -> dict[str, dict[str, Any]]:
    parts = {part: task.split.rows(part) for part in ("train", "dev", "test")}
    return {
        part: {
            "sequences": len(rows),
            "steps": int(task.store.lengths[rows].sum()),
            "median length": int(np.median(task.store.lengths[rows])),
            "longest": int(task.store.lengths[rows].max()),
        }
        for part, rows in parts.items()
        if len(rows)
    }


def _worst(task: Task, predictions: Mapping[int, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The most confident mistakes among targets with one label per sequence, on the last part that was judged."""
    rows = task.split.test if len(task.split.test) else task.split.dev
    found = [
        _error(task, int(row), target, predictions[int(row)])
        for target in task.targets
        if target.kind == "label"
        for row in rows
        if _is_wrong(predictions[int(row)]["targets"][target.name])
    ]
    return sorted(found, key=lambda error: -float(error["probability"]))[:_ERRORS_SHOWN]


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
