"""Trains the members of an ensemble: one after the other, or some at a time, each in a process of its own.

A member is a training like any other, with a checkpoint of its own; all share the split of the run, and member i is
trained from the seed of the run + i. So what was finished stays, and what was broken off goes on.
"""

from __future__ import annotations

import heapq
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from seqwise.config import seconds_of
from seqwise.models.decisions import Thresholds
from seqwise.models.scoring import choose_thresholds, evaluate_rows, threshold_figures
from seqwise.nn import Network, SequenceModel
from seqwise.runs.run_folder import RunFolder
from seqwise.training.checkpoint import State
from seqwise.training.convex.convex_fit import is_solved_at_once, solve
from seqwise.training.ensemble.distill import distilled
from seqwise.training.ensemble.worker_processes import train_in_processes
from seqwise.training.sgd.loop import TrainingCallback, fit
from seqwise.training.training_plan import Plan

__all__ = [
    "MemberCallback",
    "all_seconds",
    "dev_thresholds",
    "elapsed",
    "fit_ensemble_members",
    "fit_member",
    "fit_single",
    "fit_student",
    "member_figures",
    "member_folder",
    "processes",
    "whole_state",
]

_WORTH_STEPS = 300_000
"""Steps of all epochs of a member from which on a process of its own, which starts in seconds, is worth it."""


class MemberCallback:
    """Passes on the progress of one member as that of the whole.

    Args:
        watcher: who watches the whole.
        number: the member, from 0.
        shares: per member, how much of it is done; kept up to date.
    """

    def __init__(self, watcher: TrainingCallback, number: int, shares: list[float]) -> None:
        self.watcher, self.number, self.shares = watcher, number, shares
        self.started = time.monotonic()

    def epoch_begins(self, epoch: int, max_epochs: int, steps: int) -> None:
        """Passed on."""
        self.watcher.epoch_begins(epoch, max_epochs, steps)

    def step_done(self, step: int, share: float, _seconds: float) -> None:
        """Passed on with the share of the whole and its seconds."""
        self.shares[self.number] = share
        self.watcher.step_done(step, sum(self.shares) / len(self.shares), time.monotonic() - self.started)

    def epoch_ends(self, entry: dict[str, Any], is_best: bool) -> None:
        """Passed on with the number of the member, from 1."""
        self.watcher.epoch_ends({**entry, "member": self.number + 1}, is_best)


def member_folder(folder: RunFolder, number: int) -> RunFolder:
    """Where a member's checkpoint stands."""
    return RunFolder(folder.path / "checkpoints" / f"member-{number + 1}")


def processes(plan: Plan) -> int:
    """How many members are trained at a time: as many as there are threads, where that pays."""
    task, config = plan.task, plan.task.config.train
    steps = int(task.store.lengths[task.split.train].sum()) * (config.max_epochs or 1)
    if plan.device.type != "cpu" or not sys.executable or (steps < _WORTH_STEPS and config.budget is None):
        return 1
    return min(config.ensemble, torch.get_num_threads())


def fit_ensemble_members(plan: Plan, folder: RunFolder, *, progress: TrainingCallback, resume: bool) -> list[State]:
    """Trains the members of a plan's ensemble; at the end each holds the weights of its best epoch.

    The result does not depend on how many are trained at a time, as long as each computes with as many threads.

    Args:
        plan: with an ensemble.
        folder: of the run, whose config.yaml stands already.
        progress: who watches.
        resume: go on from the members' checkpoints, where there are some.

    Raises:
        Interrupted, DivergenceError, SaveError: see `fit`.
    """
    at_a_time = processes(plan)
    budget = _budget(plan)
    shares = [0.0] * plan.task.config.train.ensemble
    watchers = [MemberCallback(progress, number, shares) for number in range(len(shares))]
    if at_a_time > 1:
        threads = torch.get_num_threads() // at_a_time
        train_in_processes(folder, watchers, at_a_time=at_a_time, threads=threads, budget=budget)
        resume = True  # below, `fit` then returns at once with what they left
    return [
        fit_member(plan, folder, number, progress=watcher, resume=resume, budget=budget)
        for number, watcher in enumerate(watchers)
    ]


def fit_member(
    plan: Plan, folder: RunFolder, number: int, *, progress: TrainingCallback, resume: bool, budget: float | None
) -> State:
    """Trains one member, counted from 0, in its own folder in that of the run; see `fit`."""
    assert plan.ensemble is not None
    member = plan.ensemble.members[number]
    assert isinstance(member, SequenceModel)
    place, seed = member_folder(folder, number), plan.task.config.train.seed + number
    place.prepare()
    with place.held():
        return fit_single(plan, member, place, progress=progress, resume=resume, seed=seed, budget=budget)


def fit_single(
    plan: Plan,
    model: SequenceModel,
    folder: RunFolder,
    *,
    progress: TrainingCallback,
    resume: bool,
    seed: int | None = None,
    budget: float | None = None,
) -> State:
    """Trains one model on the labels of a plan, by solving for what it learns where that can be done at once.

    See `seqwise.training.sgd.loop.fit` and `seqwise.training.convex.convex_fit.solve`.
    """
    arguments = (plan.task, model, plan.objective, folder, plan.device)
    if is_solved_at_once(model):
        return solve(*arguments, deciding=plan.deciding, progress=progress, resume=resume, seed=seed)
    return fit(*arguments, progress=progress, resume=resume, seed=seed, budget=budget)


def fit_student(plan: Plan, folder: RunFolder, *, progress: TrainingCallback, resume: bool) -> State:
    """Trains the model that learns from the plan's ensemble, whose members are trained; see `fit`."""
    assert plan.ensemble is not None
    objective = distilled(plan.objective, plan.task, plan.ensemble, plan.device)
    config = plan.task.config.train
    return fit(
        plan.task,
        plan.single,
        objective,
        folder,
        plan.device,
        progress=progress,
        resume=resume,
        seed=config.seed + config.ensemble,
        budget=_budget(plan),
    )


def _budget(plan: Plan) -> float | None:
    """A member's part of the seconds of the run, of which a student gets as much as a member; None without a budget."""
    config = plan.task.config.train
    if config.budget is None:
        return None
    return seconds_of(config.budget) / (math.ceil(config.ensemble / processes(plan)) + config.distill)


def elapsed(seconds: Sequence[float], at_a_time: int) -> float:
    """How long some trainings take together when the next begins as soon as one of those at work ends.

    Examples:
        >>> elapsed([3.0, 1.0, 1.0], 2)
        3.0
    """
    ends = [0.0] * at_a_time
    for each in seconds:
        heapq.heapreplace(ends, ends[0] + each)
    return max(ends)


def all_seconds(plan: Plan, state: State, members: Sequence[State]) -> float:
    """The seconds of a training, those of the members included from whom one model learned."""
    if plan.model is plan.ensemble or not members:
        return state.seconds
    return state.seconds + elapsed([member.seconds for member in members], processes(plan))


def whole_state(plan: Plan, states: Sequence[State], folder: RunFolder) -> State:
    """How the training of an ensemble went as one: the course of its first member, the time of all.

    metrics.jsonl gets the epochs of every member, each with the member's number.
    """
    lines = [
        json.dumps({**entry, "member": number}, ensure_ascii=False)
        for number, state in enumerate(states, start=1)
        for entry in state.history
    ]
    folder.write_text("metrics.jsonl", "\n".join(lines) + "\n")
    seconds = elapsed([state.seconds for state in states], processes(plan))
    return replace(states[0], stopped=f"all {len(states)} members are trained", seconds=seconds, best_weights={})


def member_figures(plan: Plan, states: Sequence[State]) -> dict[str, Any]:
    """What metrics.json says of an ensemble's members; and, where one model learned from it, of the ensemble."""
    assert plan.ensemble is not None
    members = [
        {
            "seed": plan.task.config.train.seed + number,
            "stopped": state.stopped,
            "epochs": len(state.history),
            "best_epoch": state.best_epoch + 1,
            "seconds": round(state.seconds, 3),
            **_figures(plan, member),
        }
        for number, (member, state) in enumerate(zip(plan.ensemble.members, states, strict=True))
    ]
    whole = {} if plan.model is plan.ensemble else {"ensemble": _figures(plan, plan.ensemble)}
    return {"members": members, **whole}


def dev_thresholds(plan: Plan, network: Network) -> Thresholds:
    """The thresholds of multilabel targets that serve a network best on dev; 0.5 where there is no dev part."""
    task = plan.task
    figures = threshold_figures(task.config.train, task.targets, plan.deciding)
    if not len(task.split.dev):
        return {target.name: (0.5,) * target.class_count for target in task.targets if target.name in figures}
    return choose_thresholds(
        network,
        task.batcher,
        task.targets,
        task.split.dev,
        figures,
        batch_tokens=4 * (task.config.train.batch_tokens or 1024),
        device=plan.device,
    )


def _figures(plan: Plan, network: Any) -> dict[str, Any]:
    """The figures of a network on dev and test, by target."""
    task = plan.task
    how: Any = {
        "batch_tokens": 4 * (task.config.train.batch_tokens or 1024),
        "device": plan.device,
        "thresholds": dev_thresholds(plan, network),
    }
    judged = {
        part: evaluate_rows(network, task.batcher, task.targets, rows, **how)
        for part in ("dev", "test")
        if len(rows := task.split.rows(part))
    }
    return {part: evaluation.main_json() for part, evaluation in judged.items()}
