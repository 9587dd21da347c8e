"""A run from config to finished folder: prepare, train, judge, write."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from seqwise.config import dump_config
from seqwise.data.batching import Batch
from seqwise.data.encoding import encoding_to_json
from seqwise.data.split import PARTS
from seqwise.data.subwords import Subwords
from seqwise.errors import RunFolderError
from seqwise.evaluation.summary import regression_messages
from seqwise.models.decisions import Answer, Thresholds
from seqwise.models.scoring import evaluate_rows, threshold_figures
from seqwise.nn import Network, RecurrentEncoder, parameter_count
from seqwise.nn._recurrent import has_bfloat16
from seqwise.report.page import render_report
from seqwise.report.paired_rows import PartCounts
from seqwise.report.prediction_lines import PredictionLines, calibration, flattened
from seqwise.report.run_report import report_data
from seqwise.runs.manifest import write_manifest
from seqwise.runs.resume import check_same_data, folder_of_names
from seqwise.runs.run_folder import FORMAT_VERSION, RunFolder
from seqwise.task.prepare import Task
from seqwise.training.baselines import evaluated_baselines, majority_figures
from seqwise.training.checkpoint import State
from seqwise.training.convex.convex_heads import cross_validated_rows
from seqwise.training.ensemble.ensemble_fit import (
    all_seconds,
    dev_thresholds,
    fit_ensemble_members,
    fit_single,
    fit_student,
    member_figures,
    whole_state,
)
from seqwise.training.health import Health, health_of
from seqwise.training.sgd.loop import NoCallback, TrainingCallback
from seqwise.training.stacking import stacked
from seqwise.training.training_plan import Plan, plan_run, plan_task

__all__ = ["Plan", "Trained", "fitted", "plan_json", "plan_run", "plan_task", "train"]

_PLACES_KEPT = 100


@dataclass(frozen=True)
class Trained:
    """A finished run.

    Attributes:
        folder: where it stands.
        metrics: the content of metrics.json.
        state: how training went.
    """

    folder: RunFolder
    metrics: dict[str, Any]
    state: State


def train(
    plan: Plan,
    folder: RunFolder,
    *,
    resume: bool = False,
    progress: TrainingCallback | None = None,
    command: str = "",
) -> Trained:
    """Trains a planned run and writes its folder.

    Args:
        plan: see `plan_run`.
        folder: new, or with `resume` one that holds an unfinished run of the same plan.
        resume: go on from the folder's checkpoint; without one, start.
        progress: who watches.
        command: the command line, for the record.

    Raises:
        Interrupted: Ctrl-C or SIGTERM, after a checkpoint.
        RunFolderError: the folder is taken, or its data are not those of the plan.
        DivergenceError, SaveError: see `fit`.
    """
    with _opened(plan, folder, resume, command):
        return _finish(plan, folder, *_fitted(plan, folder, resume, progress or NoCallback()))


def fitted(
    plan: Plan, folder: RunFolder, *, resume: bool = False, progress: TrainingCallback, command: str = ""
) -> State:
    """What `train` does before it judges: the run folder then holds the checkpoint of a training that has ended.

    `train` with `resume` finishes it. Arguments and errors are those of `train`.
    """
    with _opened(plan, folder, resume, command):
        return _fitted(plan, folder, resume, progress)[0]


@contextmanager
def _opened(plan: Plan, folder: RunFolder, resume: bool, command: str) -> Iterator[None]:
    """Within it the run folder is there, belongs to this process and says what is known before training."""
    if resume and folder.path.exists():
        folder.check_resumable()
        folder.prepare()
    else:
        folder.create()
    with folder.held():
        if resume:
            check_same_data(plan.task.files, folder)
        _write_start(plan, folder, command)
        yield


def _fitted(plan: Plan, folder: RunFolder, resume: bool, progress: TrainingCallback) -> tuple[State, list[State]]:
    """How training went, and how for each member of an ensemble."""
    log = _Log(folder, progress)
    members: list[State] = []
    if plan.ensemble is not None:
        members = fit_ensemble_members(plan, folder, progress=log, resume=resume)
    if plan.model is plan.ensemble:
        state = whole_state(plan, members, folder)
    elif plan.ensemble is not None:
        state = fit_student(plan, folder, progress=log, resume=resume)
    else:
        state = fit_single(plan, plan.single, folder, progress=log, resume=resume)
    folder.append_line("log.txt", f"stopped: {state.stopped}; best epoch {state.best_epoch + 1}")
    return state, members


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
        "deciding": _deciding(plan),
    }


def _deciding(plan: Plan) -> list[str]:
    return [f"{name}.{figure}" for name, figure in plan.deciding]


class _Log:
    """Writes what the watcher is told to log.txt as well."""

    def __init__(self, folder: RunFolder, watcher: TrainingCallback) -> None:
        self.folder, self.watcher = folder, watcher

    def epoch_begins(self, epoch: int, max_epochs: int, steps: int) -> None:
        self.watcher.epoch_begins(epoch, max_epochs, steps)

    def step_done(self, step: int, share: float, seconds: float) -> None:
        self.watcher.step_done(step, share, seconds)

    def epoch_ends(self, entry: dict[str, Any], is_best: bool) -> None:
        self.folder.append_line("log.txt", json.dumps(entry, ensure_ascii=False))
        self.watcher.epoch_ends(entry, is_best)


def _write_start(plan: Plan, folder: RunFolder, command: str) -> None:
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
    folder.write_json("vocab.json", encoding_to_json(task.encoding))
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


def _left_out(task: Task, part: str) -> dict[str, int]:
    """How many rows of the files of dev or test stand in no part; of a part cut from the training files none is."""
    number = PARTS.index(part)
    unlabelled = task.store.parts[task.split.unlabelled] == number
    return {"empty": task.store.empty_of(number)[0], "unlabelled": int(unlabelled.sum())}


def _environment(plan: Plan, folder: RunFolder, command: str) -> dict[str, Any]:
    packages = ["seqwise", "torch", "numpy", "pyarrow", "scikit-learn", "safetensors"]
    if isinstance(plan.task.encoding, Subwords):
        packages += ["tokenizers", "transformers"]
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


def _evaluated(
    plan: Plan, model: Network, thresholds: Thresholds
) -> tuple[dict[str, Any], dict[int, dict[str, Any]], dict[str, PartCounts]]:
    """Figures by part, the line of predictions.jsonl by row, and what is compared with baselines: the test part."""
    task = plan.task
    metrics: dict[str, Any] = {}
    predictions: dict[int, dict[str, Any]] = {}
    counts: dict[str, PartCounts] = {}
    for part in ("dev", "test"):
        rows = task.split.rows(part)
        if not len(rows):
            continue
        lines, paired = PredictionLines(task, part), PartCounts(task, rows)

        def observe(
            batch: Batch, answers: Mapping[str, Answer], lines: PredictionLines = lines, paired: PartCounts = paired
        ) -> None:
            lines.add(batch, answers)
            paired.add(batch, answers)

        evaluation = evaluate_rows(
            model,
            task.batcher,
            task.targets,
            rows,
            batch_tokens=4 * (task.config.train.batch_tokens or 1024),
            device=plan.device,
            thresholds=thresholds,
            observe=observe,
        )
        metrics[part] = flattened(evaluation.beside_left_out(**_left_out(task, part)).to_json())
        predictions |= lines.by_row
        if part == "test":  # dev also chose the epoch, so nothing is claimed by it
            counts[part] = paired
    return metrics, predictions, counts


def _finish(plan: Plan, folder: RunFolder, state: State, members: Sequence[State]) -> Trained:
    task = plan.task
    started = time.monotonic()
    model, weighed = stacked(plan, plan.model)
    stacking = time.monotonic() - started if weighed else 0.0
    thresholds = dev_thresholds(plan, model)
    metrics, predictions, counts = _evaluated(plan, model, thresholds)
    baselines = evaluated_baselines(
        task,
        {part: task.split.rows(part) for part in metrics},
        threshold_figures(task.config.train, task.targets, plan.deciding),
    )
    for note in baselines.notes:
        folder.append_line("log.txt", note)
    metrics["baselines"] = baselines.figures
    metrics["comparisons"] = {part: found.against(baselines.counts.get(part, {})) for part, found in counts.items()}
    is_cross_validated = "dev" not in metrics and "cross_validation" in state.history[-1]
    if is_cross_validated:
        metrics = {"dev": flattened(state.history[-1]["cross_validation"]), **metrics}
        of_train = {"dev": majority_figures(task, cross_validated_rows(task))}
        metrics["baselines"]["majority"] = of_train | metrics["baselines"]["majority"]
    if plan.ensemble is not None:
        metrics |= member_figures(plan, members)
    metrics["training"] = {
        "stopped": state.stopped,
        "epochs": len(state.history),
        "best_epoch": state.best_epoch + 1,
        "deciding": _deciding(plan),
        "seconds": round(all_seconds(plan, state, members) + stacking, 3),
        "padding_share": state.history[-1]["padding_share"],
        "parameters": parameter_count(model),
        "cross_validation": is_cross_validated,
        "regression": {name: found.to_json() for name, found in weighed.items()},
        "baselines": {"facts": baselines.facts, "notes": baselines.notes},
    }
    evaluated_rows = cross_validated_rows(task) if is_cross_validated else task.split.dev
    health = health_of(task, metrics, members or [state], evaluated_rows) if "dev" in metrics else Health()
    metrics["training"] |= {"warnings": health.warnings, "diverged": health.diverged}
    for sentence in health.warnings:
        folder.append_line("log.txt", f"warning: {sentence}")
    for sentence in regression_messages(metrics):
        folder.append_line("log.txt", sentence)
    lines = [json.dumps(predictions[row], ensure_ascii=False) + "\n" for row in sorted(predictions)]
    folder.write_text("predictions.jsonl", "".join(lines))
    if thresholds:
        folder.write_json("calibration.json", calibration(task.targets, thresholds))
    folder.write_tensors(folder.path / "model.safetensors", model.state_dict(), {"format": str(FORMAT_VERSION)})
    report = report_data(task, folder.path, metrics, state, folder.read_json("env.json"), predictions)
    folder.write_text("report.html", render_report(report))
    folder.write_json("metrics.json", metrics)
    write_manifest(folder)
    return Trained(folder, metrics, state)
