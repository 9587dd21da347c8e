"""A training that is one step: what there is to learn is solved for, and the run folder says so as of an epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqwise.data.batching import length_plan, padding_share
from seqwise.models.scoring import Evaluation, evaluate_dev, evaluate_rows, threshold_figures
from seqwise.nn import SequenceModel, TfidfMargins
from seqwise.runs.run_folder import RunFolder
from seqwise.task.prepare import Task
from seqwise.training.baselines.family import affordable
from seqwise.training.baselines.tfidf_baseline import NGRAMS, fill_tfidf
from seqwise.training.checkpoint import State, restore, save
from seqwise.training.convex.convex_heads import BATCH_TOKENS, FOLDS, is_convex, solved
from seqwise.training.objective import Objective
from seqwise.training.sgd.loop import TrainingCallback

__all__ = ["is_solved_at_once", "solve"]


def is_solved_at_once(model: SequenceModel) -> bool:
    """Whether a model is trained by `solve`."""
    return is_convex(model) or isinstance(model.bag, TfidfMargins)


def solve(
    task: Task,
    model: SequenceModel,
    objective: Objective,
    folder: RunFolder,
    device: torch.device,
    *,
    deciding: list[tuple[str, str]],
    progress: TrainingCallback,
    resume: bool = False,
    seed: int | None = None,
) -> State:
    """Solves for the heads or the regressions of a model; arguments and files are those of `loop.fit`.

    The one entry of the history has, for heads, the dev figures of the cross-validation, and all of them under
    `cross_validation`; for regressions those of the dev part.
    """
    nothing = torch.optim.SGD(model.parameters(), lr=0.0)
    if resume and folder.checkpoint.exists():
        state = restore(folder, model, nothing)
        if state.stopped:
            return state
    started = time.monotonic()
    progress.epoch_begins(0, 1, 1)
    if isinstance(model.bag, TfidfMargins):
        found, stopped = _solved_regressions(task, model, objective, device, deciding)
    else:
        found, stopped = _solved_heads(task, model, objective, device, deciding, seed)
    seconds = time.monotonic() - started
    progress.step_done(1, 1.0, seconds)
    entry = found | {
        "tokens_per_second": round(int(task.store.lengths[task.split.train].sum()) / seconds, 1) if seconds else None,
        "seconds": round(seconds, 3),
    }
    state = State(
        epoch=1,
        seconds=seconds,
        history=[entry],
        best_epoch=0,
        best_figure=entry["dev_figure"],
        best_loss=entry["dev_loss"],
        best_weights={name: value.detach().clone() for name, value in model.state_dict().items()},
        stopped=stopped,
    )
    save(folder, model, nothing, state)
    progress.epoch_ends(entry, True)
    return state


def _solved_heads(
    task: Task,
    model: SequenceModel,
    objective: Objective,
    device: torch.device,
    deciding: list[tuple[str, str]],
    seed: int | None,
) -> tuple[dict[str, Any], str]:
    """Fills the heads; gives the entry of the history but for its seconds, and why training ended."""
    solution = solved(task, model, objective, device, seed)
    entry = _entry(task, objective, solution.losses, solution.evaluation, deciding) | {
        "decay": solution.decay,
        "gradient": solution.gradient,
        "summaries": solution.weight,
        "cross_validation": solution.evaluation.to_json(),
    }
    return entry, f"solved, with decay {solution.decay:g} by {FOLDS}-fold cross-validation"


def _solved_regressions(
    task: Task, model: SequenceModel, objective: Objective, device: torch.device, deciding: list[tuple[str, str]]
) -> tuple[dict[str, Any], str]:
    """As `_solved_heads`, for regressions on n-grams."""
    rows = affordable(NGRAMS, task, task.codecs[0], task.split.train)
    fill_tfidf(model, task, _numbers(task), rows)
    figures = threshold_figures(task.config.train, task.targets, deciding) if len(task.split.dev) else {}
    how: Any = {"batch_tokens": BATCH_TOKENS, "device": device}
    learned = evaluate_rows(model, task.batcher, task.targets, rows, **how)
    evaluation = evaluate_dev(model, task.batcher, task.targets, task.split.dev, figures, **how)
    entry = _entry(task, objective, learned.losses, evaluation, deciding)
    taken, total = len(rows), len(task.split.train)
    whole = "all sequences" if taken == total else f"a sample, {taken:,} of {total:,} sequences, to save time"
    return entry | {"learned_from": [taken, total]}, f"solved, from {whole}"


def _numbers(task: Task) -> Callable[[NDArray[np.int64]], NDArray[np.int64]]:
    def numbers(rows: NDArray[np.int64]) -> NDArray[np.int64]:
        found = task.batcher.ngrams(rows)
        assert found is not None
        return found

    return numbers


def _entry(
    task: Task,
    objective: Objective,
    losses: Mapping[str, tuple[float, float]],
    evaluation: Evaluation,
    deciding: list[tuple[str, str]],
) -> dict[str, Any]:
    weight = objective.target_weight
    lengths, rows = task.store.lengths, task.split.train
    return {
        "epoch": 1,
        "loss": sum(weight[name] * (total / count if count else 0.0) for name, (total, count) in losses.items()),
        "loss_sum": sum(total for total, _ in losses.values()),
        "count": sum(count for _, count in losses.values()),
        "targets": {name: {"loss_sum": total, "count": count} for name, (total, count) in losses.items()},
        "learning_rate": None,
        "padding_share": round(padding_share(lengths, length_plan(lengths, rows, BATCH_TOKENS)), 4),
        "dev": {
            name: {"loss": evaluation.loss(name), **{key: figure.value for key, figure in scores.figures.items()}}
            for name, scores in evaluation.scores.items()
        },
        "dev_loss": sum(weight[name] * (evaluation.loss(name) or 0.0) for name in evaluation.losses),
        "dev_figure": evaluation.deciding(deciding) or 0.0,
    }
