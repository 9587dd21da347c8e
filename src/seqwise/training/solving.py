"""A training that is one step: the heads are solved for (`solve`), and the run folder says so as of an epoch."""

from __future__ import annotations

import time
from typing import Any

import torch

from seqwise.data.batching import length_plan, padding_share
from seqwise.nn import SequenceModel
from seqwise.training.checkpoint import State, restore, save
from seqwise.training.folder import RunFolder
from seqwise.training.loop import Progress
from seqwise.training.objective import Objective
from seqwise.training.prepare import Task
from seqwise.training.solve import BATCH_TOKENS, FOLDS, Solution, solved

__all__ = ["solve"]


def solve(
    task: Task,
    model: SequenceModel,
    objective: Objective,
    folder: RunFolder,
    device: torch.device,
    *,
    deciding: list[tuple[str, str]],
    progress: Progress,
    resume: bool = False,
    seed: int | None = None,
) -> State:
    """Solves for the heads of the model; arguments and files are those of `loop.fit`.

    The one entry of the history has, for dev figures, those of the cross-validation, and all of them under
    `cross_validation`.
    """
    nothing = torch.optim.SGD(model.parameters(), lr=0.0)
    if resume and folder.checkpoint.exists():
        state = restore(folder, model, nothing)
        if state.stopped:
            return state
    started = time.monotonic()
    progress.epoch_begins(0, 1, 1)
    solution = solved(task, model, objective, device, seed)
    seconds = time.monotonic() - started
    progress.step_done(1, 1.0, seconds)
    entry = _entry(task, objective, solution, deciding, seconds)
    state = State(
        epoch=1,
        seconds=seconds,
        history=[entry],
        best_epoch=0,
        best_figure=entry["dev_figure"],
        best_loss=entry["dev_loss"],
        best_weights={name: value.detach().clone() for name, value in model.state_dict().items()},
        stopped=f"solved, with decay {solution.decay:g} by {FOLDS}-fold cross-validation",
    )
    save(folder, model, nothing, state)
    progress.epoch_ends(entry, True)
    return state


def _entry(
    task: Task, objective: Objective, solution: Solution, deciding: list[tuple[str, str]], seconds: float
) -> dict[str, Any]:
    weight, judgement = objective.target_weight, solution.judgement
    lengths, rows = task.store.lengths, task.split.train
    return {
        "epoch": 1,
        "loss": sum(
            weight[name] * (total / count if count else 0.0) for name, (total, count) in solution.losses.items()
        ),
        "loss_sum": sum(total for total, _ in solution.losses.values()),
        "count": sum(count for _, count in solution.losses.values()),
        "targets": {name: {"loss_sum": total, "count": count} for name, (total, count) in solution.losses.items()},
        "learning_rate": None,
        "tokens_per_second": round(int(lengths[rows].sum()) / seconds, 1) if seconds else None,
        "padding_share": round(padding_share(lengths, length_plan(lengths, rows, BATCH_TOKENS)), 4),
        "seconds": round(seconds, 3),
        "dev": {
            name: {"loss": judgement.loss(name), **{key: figure.value for key, figure in scores.figures.items()}}
            for name, scores in judgement.scores.items()
        },
        "dev_loss": sum(weight[name] * (judgement.loss(name) or 0.0) for name in judgement.losses),
        "dev_figure": judgement.deciding(deciding) or 0.0,
        "decay": solution.decay,
        "gradient": solution.gradient,
        "summaries": solution.weight,
        "cross_validation": judgement.to_json(),
    }
