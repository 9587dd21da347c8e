"""What a run folder says before training, and what `--dry-run --json` prints."""

from __future__ import annotations

import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from seqwise.config import dump_config
from seqwise.data.split import PARTS
from seqwise.errors import RunFolderError
from seqwise.nn import RecurrentEncoder, parameter_count
from seqwise.nn._recurrent import has_bfloat16
from seqwise.runs.resume import folder_of_names
from seqwise.runs.run_folder import FORMAT_VERSION, RunFolder
from seqwise.task.prepare import Task
from seqwise.training.training_plan import Plan

__all__ = ["plan_json", "write_start"]

_PLACES_KEPT = 100


def plan_json(plan: Plan, folder: Path) -> dict[str, Any]:
    """What a run would be, in plain values: what `--dry-run --json` prints.

    Args:
        plan: see `plan_run`.
        folder: where the run would stand.
    """
    task = plan.task
    return {
        "run": str(folder),
        "data": _data_json(task),
        "targets": [asdict(target) for target in task.targets],
        "settings": task.config.model_dump(mode="json"),
        "inferred": task.inferred,
        "model": {"parameters": parameter_count(plan.model), "device": str(plan.device)},
        "deciding": plan.deciding_names,
    }


def write_start(plan: Plan, folder: RunFolder, command: str) -> None:
    """What is known before training; with a checkpoint it is all that `--resume` needs, which keeps what stands."""
    task = plan.task
    is_new = not (folder.path / "config.yaml").exists()
    if is_new:
        folder.write_text("config.yaml", dump_config(task.config, task.inferred))
    if not (folder.path / "data.json").exists():
        folder.write_json("data.json", _data_json(task))
    if not _is_whole(folder, "env.json", "command"):
        folder.write_json("env.json", _environment(plan, folder, command))
    folder.write_json(
        "labels.json",
        {"spec": task.store.spec.to_json(), "targets": [asdict(target) for target in task.targets]},
    )
    folder.write_json("vocab.json", task.encoding.to_json())
    for line in task.notes if is_new else [f"resumed: {command}"]:
        folder.append_line("log.txt", line)


def _is_whole(folder: RunFolder, name: str, key: str) -> bool:
    try:
        return key in folder.read_json(name)
    except (RunFolderError, TypeError):
        return False


def _data_json(task: Task) -> dict[str, Any]:
    rows = {part: task.split.rows(part) for part in ("train", "dev", "test")}
    return {
        "files": task.files,
        "options": asdict(task.options),
        "format": task.format,
        "split": {
            "rule": task.split.rule,
            **{part: {"rows": len(r), "steps": int(task.store.lengths[r].sum())} for part, r in rows.items()},
        },
        "dropped": _dropped(task),
        "found": task.notes,
        "counts": {name: counts.tolist() for name, counts in task.counts.items()},
    }


def _dropped(task: Task) -> list[dict[str, Any]]:
    """Per part of the files, the rows that were left out and why: how many, and where the first of them stand."""
    store, dropped = task.store, []
    for number, part in enumerate(PARTS):
        rows = task.split.unlabelled[store.parts[task.split.unlabelled] == number]
        places = [store.place(int(row)) for row in rows[:_PLACES_KEPT]]
        dropped.append(("no label of any target", part, len(rows), places))
        dropped.append(("nothing in the input", part, *store.empty_of(number)))
    return [
        {"reason": reason, "part": part, "rows": rows, "places": list(map(str, places))}
        for reason, part, rows, places in dropped
        if rows
    ]


def _environment(plan: Plan, folder: RunFolder, command: str) -> dict[str, Any]:
    packages = ("seqwise", "torch", "numpy", "pyarrow", "scikit-learn", "safetensors", *plan.task.encoding.packages)
    return {
        "format_version": FORMAT_VERSION,
        "manifest": True,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "platform": platform.platform(),
        "device": str(plan.device),
        "threads": torch.get_num_threads(),
        "gradients": "bfloat16" if _rounds_gradients(plan) else "float32",
        "seed": plan.task.config.train.seed,
        "parameters": parameter_count(plan.model),
        "command": command or " ".join(sys.argv),
        "folder": folder_of_names(folder),
        "started": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    }


def _rounds_gradients(plan: Plan) -> bool:
    encoders = (module for module in plan.model.modules() if isinstance(module, RecurrentEncoder))
    return plan.device.type == "cpu" and has_bfloat16() and any(encoder.rounds_gradients for encoder in encoders)
