"""Fits that are solved at once: a run folder shows each as a training of one epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqwise.data.batching import length_plan, padding_share
from seqwise.models.scoring import Evaluation, evaluate_dev, evaluate_rows, threshold_figures
from seqwise.nn import SequenceModel
from seqwise.runs.run_folder import RunFolder
from seqwise.task.prepare import Task
from seqwise.training.baselines.family import affordable
from seqwise.training.baselines.tfidf_baseline import NGRAMS, fill_tfidf
from seqwise.training.callbacks import TrainingCallback
from seqwise.training.checkpoint import State, restore, save
from seqwise.training.convex.convex_heads import BATCH_TOKENS, FOLDS, solved
from seqwise.training.fitter import FitResult
from seqwise.training.objective import Objective

__all__ = ["HeadFit", "TfidfFit"]


@dataclass(frozen=True)
class HeadFit:
    """Fits linear heads over fixed features; a `seqwise.training.fitter.Fitter`.

    The one entry of the history has the dev figures of the cross-validation, and all of them under `cross_validation`.

    Attributes:
        objective: what is minimised.
        device: where the model is.
        deciding: the (target, figure) pairs whose mean on dev is the figure of the fit.
        seed: draws the thresholds of the features.
    """

    objective: Objective
    device: torch.device
    deciding: Sequence[tuple[str, str]]
    seed: int

    def fit(
        self,
        task: Task,
        model: SequenceModel,
        folder: RunFolder,
        *,
        callback: TrainingCallback,
        resume: bool = False,
        budget: float = math.inf,  # noqa: ARG002 - see Fitter
    ) -> FitResult:
        """See `Fitter`."""

        def solve() -> tuple[dict[str, Any], str]:
            solution = solved(task, model, self.objective, self.device, self.seed)
            entry = _entry(task, self.objective, solution.losses, solution.evaluation, self.deciding) | {
                "decay": solution.decay,
                "gradient": solution.gradient,
                "summaries": solution.weight,
                "cross_validation": solution.evaluation.to_json(),
            }
            return entry, f"fitted at once, with decay {solution.decay:g} chosen by {FOLDS}-fold cross-validation"

        return _as_one_epoch(solve, task, model, folder, callback, resume)


@dataclass(frozen=True)
class TfidfFit:
    """Fits logistic regressions on the TF-IDF of n-grams, as the baseline does; a `seqwise.training.fitter.Fitter`.

    Attributes:
        objective: whose plain losses are reported.
        device: where the model is.
        deciding: the (target, figure) pairs whose mean on dev is the figure of the fit.
    """

    objective: Objective
    device: torch.device
    deciding: Sequence[tuple[str, str]]

    def fit(
        self,
        task: Task,
        model: SequenceModel,
        folder: RunFolder,
        *,
        callback: TrainingCallback,
        resume: bool = False,
        budget: float = math.inf,  # noqa: ARG002 - see Fitter
    ) -> FitResult:
        """See `Fitter`."""

        def solve() -> tuple[dict[str, Any], str]:
            rows = affordable(NGRAMS, task, task.codecs[0], task.split.train)
            fill_tfidf(model, task, _ngram_numbers(task), rows)
            has_dev = len(task.split.dev) > 0
            figures = threshold_figures(task.config.train, task.targets, self.deciding) if has_dev else {}
            how: Any = {"batch_tokens": BATCH_TOKENS, "device": self.device}
            on_train = evaluate_rows(model, task.batcher, task.targets, rows, **how)
            on_dev = evaluate_dev(model, task.batcher, task.targets, task.split.dev, figures, **how)
            entry = _entry(task, self.objective, on_train.losses, on_dev, self.deciding)
            taken, total = len(rows), len(task.split.train)
            of = "all sequences" if taken == total else f"a sample, {taken:,} of {total:,} sequences, to save time"
            return entry | {"learned_from": [taken, total]}, f"fitted at once, on {of}"

        return _as_one_epoch(solve, task, model, folder, callback, resume)


def _as_one_epoch(
    solve: Callable[[], tuple[dict[str, Any], str]],
    task: Task,
    model: SequenceModel,
    folder: RunFolder,
    callback: TrainingCallback,
    resume: bool,
) -> FitResult:
    """Runs `solve`, which fills the model and gives the entry of the history and why the fit ended."""
    if resume and folder.checkpoint.exists():
        state = restore(folder, model, None)
        if state.stopped:
            return FitResult.of(state)
    started = time.monotonic()
    callback.epoch_begins(0, 1, 1)
    found, stopped = solve()
    seconds = time.monotonic() - started
    callback.step_done(1, 1.0, seconds)
    tokens = int(task.store.lengths[task.split.train].sum())
    entry = found | {
        "tokens_per_second": round(tokens / seconds, 1) if seconds else None,
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
    save(folder, model, None, state)
    callback.epoch_ends(entry, True)
    return FitResult.of(state)


def _ngram_numbers(task: Task) -> Callable[[NDArray[np.int64]], NDArray[np.int64]]:
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
    deciding: Sequence[tuple[str, str]],
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
