"""A run from plan to finished folder: fit, evaluate, write."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from seqwise.config import seconds_of
from seqwise.report.page import render_report
from seqwise.report.prediction_lines import calibration
from seqwise.report.run_report import report_data
from seqwise.runs.manifest import write_manifest
from seqwise.runs.resume import check_same_data
from seqwise.runs.run_folder import FORMAT_VERSION, RunFolder
from seqwise.training.callbacks import NoCallback, TrainingCallback
from seqwise.training.checkpoint import State
from seqwise.training.fitter import FitResult
from seqwise.training.run_evaluation import EvaluatedRun, evaluated_run
from seqwise.training.run_start import write_start
from seqwise.training.training_plan import Plan

__all__ = ["Trained", "fitted", "train"]


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
        result = _fitted(plan, folder, resume, progress or NoCallback())
        run = evaluated_run(plan, result)
        _write_end(plan, folder, result.state, run)
        return Trained(folder, run.metrics, result.state)


def fitted(
    plan: Plan, folder: RunFolder, *, resume: bool = False, progress: TrainingCallback, command: str = ""
) -> State:
    """What `train` does before it evaluates: the run folder then holds the checkpoint of a training that has ended.

    `train` with `resume` finishes it. Arguments and errors are those of `train`.
    """
    with _opened(plan, folder, resume, command):
        return _fitted(plan, folder, resume, progress).state


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
        write_start(plan, folder, command)
        yield


def _fitted(plan: Plan, folder: RunFolder, resume: bool, callback: TrainingCallback) -> FitResult:
    """Fits the model of a plan, or goes on with that; the folder's log follows."""
    budget = plan.task.config.train.budget
    result = plan.fitter.fit(
        plan.task,
        plan.model,
        folder,
        callback=_Log(folder, callback),
        resume=resume,
        budget=math.inf if budget is None else seconds_of(budget),
    )
    state = result.state
    folder.append_line("log.txt", f"stopped: {state.stopped}; best epoch {state.best_epoch + 1}")
    return result


class _Log:
    """Writes what the callback is told to log.txt as well."""

    def __init__(self, folder: RunFolder, callback: TrainingCallback) -> None:
        self.folder, self.callback = folder, callback

    def epoch_begins(self, epoch: int, max_epochs: int, steps: int) -> None:
        self.callback.epoch_begins(epoch, max_epochs, steps)

    def step_done(self, step: int, share: float, seconds: float) -> None:
        self.callback.step_done(step, share, seconds)

    def epoch_ends(self, entry: dict[str, Any], is_best: bool) -> None:
        self.folder.append_line("log.txt", json.dumps(entry, ensure_ascii=False))
        self.callback.epoch_ends(entry, is_best)


def _write_end(plan: Plan, folder: RunFolder, state: State, run: EvaluatedRun) -> None:
    """All that a finished run folder has beside what `write_start` wrote; the manifest comes last."""
    for line in run.log:
        folder.append_line("log.txt", line)
    lines = [json.dumps(run.predictions[row], ensure_ascii=False) + "\n" for row in sorted(run.predictions)]
    folder.write_text("predictions.jsonl", "".join(lines))
    if run.thresholds:
        folder.write_json("calibration.json", calibration(plan.task.targets, run.thresholds))
    folder.write_tensors(folder.path / "model.safetensors", run.model.state_dict(), {"format": str(FORMAT_VERSION)})
    environment = folder.read_json("env.json")
    report = report_data(plan.task, folder.path, run.metrics, state, environment, run.predictions)
    folder.write_text("report.html", render_report(report))
    folder.write_json("metrics.json", run.metrics)
    write_manifest(folder)
