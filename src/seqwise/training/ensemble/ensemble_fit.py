"""Fits the models of an ensemble: one after the other, or some at a time, each in a process of its own.

Each is a training like any other, with a checkpoint of its own; all share the split of the run, and model i is trained
from the seed of the run + i. So what was finished stays, and what was broken off goes on.
"""

from __future__ import annotations

import heapq
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from seqwise.nn import Ensemble, SequenceModel
from seqwise.runs.run_folder import RunFolder
from seqwise.task.prepare import Task
from seqwise.training.callbacks import TrainingCallback
from seqwise.training.checkpoint import State
from seqwise.training.ensemble.distill import distilled
from seqwise.training.ensemble.worker_processes import train_in_processes
from seqwise.training.fitter import FitResult, Fitter
from seqwise.training.objective import Objective
from seqwise.training.sgd.loop import GradientDescent

__all__ = ["DistilledFit", "EnsembleFit", "MemberCallback", "makespan", "member_folder"]

_WORTH_STEPS = 300_000
"""Steps of all epochs of a member from which on a process of its own, which starts in seconds, is worth it."""


class MemberCallback:
    """Passes on the progress of one member as that of the whole.

    Args:
        callback: hears of the whole.
        number: the member, from 0.
        done: per member, the fraction of it that is done; kept up to date.
    """

    def __init__(self, callback: TrainingCallback, number: int, done: list[float]) -> None:
        self.callback, self.number, self.done = callback, number, done
        self.started = time.monotonic()

    def epoch_begins(self, epoch: int, max_epochs: int, steps: int) -> None:
        """Passed on."""
        self.callback.epoch_begins(epoch, max_epochs, steps)

    def step_done(self, step: int, share: float, _seconds: float) -> None:
        """Passed on with the fraction of the whole and its seconds."""
        self.done[self.number] = share
        self.callback.step_done(step, sum(self.done) / len(self.done), time.monotonic() - self.started)

    def epoch_ends(self, entry: dict[str, Any], is_best: bool) -> None:
        """Passed on with the number of the member, from 1."""
        self.callback.epoch_ends({**entry, "member": self.number + 1}, is_best)


@dataclass(frozen=True)
class EnsembleFit:
    """Fits each model of an ensemble with a fitter of its own; a `seqwise.training.fitter.Fitter`.

    The weights do not depend on how many are fitted at a time, as long as each computes with as many threads.

    Attributes:
        members: a fitter for each model.
        device: where the models are.
    """

    members: tuple[Fitter, ...]
    device: torch.device

    def at_a_time(self, task: Task) -> int:
        """How many models are fitted at a time: as many as there are threads, where that pays."""
        config = task.config.train
        steps = int(task.store.lengths[task.split.train].sum()) * (config.max_epochs or 1)
        if self.device.type != "cpu" or not sys.executable or (steps < _WORTH_STEPS and config.budget is None):
            return 1
        return min(len(self.members), torch.get_num_threads())

    def rounds(self, task: Task) -> int:
        """How many fits come one after the other."""
        return math.ceil(len(self.members) / self.at_a_time(task))

    def fit(
        self,
        task: Task,
        model: Ensemble,
        folder: RunFolder,
        *,
        callback: TrainingCallback,
        resume: bool = False,
        budget: float = math.inf,
    ) -> FitResult:
        """See `Fitter`. The folder is that of the run: its config.yaml, which workers read, stands already.

        The course is that of the first member; metrics.jsonl gets the epochs of every member, with its number.
        """
        at_a_time, budget = self.at_a_time(task), budget / self.rounds(task)
        done = [0.0] * len(self.members)
        callbacks = [MemberCallback(callback, number, done) for number in range(len(done))]
        if at_a_time > 1:
            threads = torch.get_num_threads() // at_a_time
            train_in_processes(folder, callbacks, at_a_time=at_a_time, threads=threads, budget=budget)
            resume = True  # below, each fit then returns at once with what the workers left
        states = [
            self.fit_member(task, model, folder, number, callback=own, resume=resume, budget=budget)
            for number, own in enumerate(callbacks)
        ]
        lines = [
            json.dumps({**entry, "member": number}, ensure_ascii=False)
            for number, state in enumerate(states, start=1)
            for entry in state.history
        ]
        folder.write_text("metrics.jsonl", "\n".join(lines) + "\n")
        seconds = makespan([state.seconds for state in states], at_a_time)
        stopped = f"all {len(states)} members are trained"
        whole = replace(states[0], stopped=stopped, seconds=seconds, best_weights={})
        return FitResult(whole, seconds, tuple(states))

    def fit_member(
        self,
        task: Task,
        model: Ensemble,
        folder: RunFolder,
        number: int,
        *,
        callback: TrainingCallback,
        resume: bool,
        budget: float,
    ) -> State:
        """Fits one model, counted from 0, in its own folder in that of the run."""
        place = member_folder(folder, number)
        place.prepare()
        with place.held():
            found = self.members[number].fit(
                task, model.members[number], place, callback=callback, resume=resume, budget=budget
            )
        return found.state


@dataclass(frozen=True)
class DistilledFit:
    """Fits an ensemble, and then one model that learns from it; a `seqwise.training.fitter.Fitter`.

    Attributes:
        teacher: the ensemble.
        teacher_fit: what fits it.
        student_fit: what fits the one model, on the labels alone.
        objective: that of the labels.
    """

    teacher: Ensemble
    teacher_fit: EnsembleFit
    student_fit: GradientDescent
    objective: Objective

    def fit(
        self,
        task: Task,
        model: SequenceModel,
        folder: RunFolder,
        *,
        callback: TrainingCallback,
        resume: bool = False,
        budget: float = math.inf,
    ) -> FitResult:
        """See `Fitter`. Of a budget the model gets as much as each round of the ensemble."""
        rounds = self.teacher_fit.rounds(task)
        own = budget / (rounds + 1)
        how: Any = {"callback": callback, "resume": resume}
        taught = self.teacher_fit.fit(task, self.teacher, folder, budget=own * rounds, **how)
        objective = distilled(self.objective, task, self.teacher, self.student_fit.device)
        found = replace(self.student_fit, objective=objective).fit(task, model, folder, budget=own, **how)
        return FitResult(found.state, found.seconds + taught.seconds, taught.members)


def member_folder(folder: RunFolder, number: int) -> RunFolder:
    """Where a member's checkpoint stands."""
    return RunFolder(folder.path / "checkpoints" / f"member-{number + 1}")


def makespan(seconds: Sequence[float], at_a_time: int) -> float:
    """How long some trainings take together when the next begins as soon as one of those at work ends.

    Examples:
        >>> makespan([3.0, 1.0, 1.0], 2)
        3.0
    """
    ends = [0.0] * at_a_time
    for each in seconds:
        heapq.heapreplace(ends, ends[0] + each)
    return max(ends)
