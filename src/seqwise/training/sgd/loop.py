"""Trains a model epoch by epoch, stops in time, and can be killed at any moment and go on to the same numbers.

Nothing random is carried from step to step: the order of an epoch, the hidden symbols of a batch and the dropout of a
step are drawn from streams that are numbered by epoch and step (`RngStreams`). So a run that went on from a checkpoint
equals one that never stopped.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqwise.data.batching import Batch, epoch_plan, padding_share
from seqwise.errors import DivergenceError, ValuesError
from seqwise.models.decisions import model_logits
from seqwise.models.scoring import Evaluation, evaluate_dev, threshold_figures
from seqwise.nn import SequenceModel
from seqwise.nn._generator import drawing_from, draws_elsewhere, seeded_process
from seqwise.runs.run_folder import RunFolder
from seqwise.task.prepare import Task
from seqwise.training.callbacks import TrainingCallback
from seqwise.training.checkpoint import State, restore, save
from seqwise.training.convex.direct_heads import fit_direct_heads, has_direct_heads
from seqwise.training.fitter import FitResult
from seqwise.training.interrupts import Interrupted, signals_set
from seqwise.training.objective import TrainingObjective
from seqwise.training.sgd.optimizer import clipped_norm, make_optimizer, scheduled_learning_rate
from seqwise.training.sgd.rng_streams import RngStreams
from seqwise.training.sgd.sparse_gradients import use_sparse_gradients

__all__ = ["GradientDescent"]

_ORDER, _SYMBOLS, _DROPOUT = 1, 2, 3


@dataclass(frozen=True)
class GradientDescent:
    """Fits a network epoch by epoch; a `seqwise.training.fitter.Fitter`.

    Attributes:
        objective: what is minimised.
        device: where the model is.
        deciding: the (target, figure) pairs whose mean on dev decides which epoch is best.
        seed: of the order, the hidden symbols and the dropout.
    """

    objective: TrainingObjective
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
        budget: float = math.inf,
    ) -> FitResult:
        """See `Fitter`."""
        return FitResult.of(_Loop(self, task, model, folder, callback, resume, budget).run())


class _Loop:
    def __init__(
        self,
        fitter: GradientDescent,
        task: Task,
        model: SequenceModel,
        folder: RunFolder,
        callback: TrainingCallback,
        resume: bool,
        budget: float,
    ) -> None:
        self.objective, self.device, self.deciding = fitter.objective, fitter.device, fitter.deciding
        self.task, self.model, self.folder, self.callback = task, model, folder, callback
        self.config = task.config.train
        assert self.config.max_epochs is not None
        assert self.config.batch_tokens is not None
        self.max_epochs, self.batch_tokens = self.config.max_epochs, self.config.batch_tokens
        self.budget = budget
        self.batcher = task.batcher
        self.streams = RngStreams(fitter.seed)
        self.generator = torch.Generator(self.device)
        self.draws_elsewhere = draws_elsewhere(model)
        use_sparse_gradients(model)
        self.optimizer = make_optimizer(model, self.config)
        self.parameters = list(model.parameters())
        self.state = restore(folder, model, self.optimizer) if resume and folder.checkpoint.exists() else State()
        self.saved_at = time.monotonic()
        self.interrupted = threading.Event()

    def run(self) -> State:
        if self.state.history:
            self._write_history()
        with signals_set(self.interrupted):
            self._begin()
            with self._drawing():
                while not self.state.stopped:
                    self._train_epoch()
                    self._end_epoch()
        self.model.load_state_dict(self.state.best_weights)
        return self.state

    def _begin(self) -> None:
        """Solves for direct heads, where there are some; what they score alone is what epochs have to beat."""
        state = self.state
        if not has_direct_heads(self.model) or state.best_weights:
            return
        started = time.monotonic()
        fit_direct_heads(self.task, self.model, self.device)
        evaluation = self._evaluate_dev()
        figure = evaluation.deciding(self.deciding)
        state.best_figure, state.best_loss = -math.inf if figure is None else figure, self._dev_loss(evaluation)
        state.best_weights = self._weights()
        state.seconds += time.monotonic() - started

    def _train_epoch(self) -> None:
        state = self.state
        plan = epoch_plan(
            self.batcher.sizes,
            self.task.split.train,
            self.batch_tokens,
            self._rng(_ORDER, state.epoch),
        )
        groups = [plan[i : i + self.config.accumulate] for i in range(0, len(plan), self.config.accumulate)]
        self.padding_share = padding_share(self.batcher.sizes, plan)
        self.callback.epoch_begins(state.epoch, self.max_epochs, len(groups))
        self.model.train()
        for step in range(state.step, len(groups)):
            started = time.monotonic()
            share = self._share(step / len(groups))
            self._step(groups[step], step, scheduled_learning_rate(self.config, share))
            state.step = step + 1
            spent = time.monotonic() - started
            state.epoch_tokens += int(sum(self.batcher.sizes[rows].sum() for rows in groups[step]))
            state.epoch_seconds += spent
            state.seconds += spent
            self.callback.step_done(state.step, self._share(state.step / len(groups)), state.seconds)
            self._save_when_due()
            if state.seconds >= self.budget:
                state.stopped = f"the budget of {self.config.budget} is spent"
                break

    def _share(self, share_of_epoch: float) -> float:
        """How much of the training is done, by epochs or by time, whichever is further."""
        return min(max((self.state.epoch + share_of_epoch) / self.max_epochs, self.state.seconds / self.budget), 1.0)

    def _step(self, group: Sequence[NDArray[np.int64]], step: int, learning_rate: float) -> None:
        """One optimizer step over a group of batches: the exact gradient of their common average."""
        epoch = self.state.epoch
        batches = [self.batcher.batch(rows, self._rng(_SYMBOLS, epoch, step, i)) for i, rows in enumerate(group)]
        divisors = self.objective.divisors(batches)
        for parameter in self.parameters:
            parameter.grad = None
        with self._seeded(int(self._rng(_DROPOUT, epoch, step).integers(2**63))):
            for batch in batches:
                self._add_gradient(batch, divisors, step)
        norm = clipped_norm(self.parameters, self.config.clip)
        if not math.isfinite(norm):
            raise _diverged(f"the gradient has norm {norm} in epoch {epoch + 1}, step {step + 1}")
        self.state.learning_rate = learning_rate
        for parameters in self.optimizer.param_groups:
            parameters["lr"] = learning_rate * parameters["scale"]
        self.optimizer.step_all()

    def _drawing(self) -> AbstractContextManager[None]:
        """Within it, dropout draws from the generator of this training, where it can."""
        return nullcontext() if self.draws_elsewhere else drawing_from(self.model, self.generator)

    def _seeded(self, seed: int) -> AbstractContextManager[None]:
        """Within it, what dropout draws depends on the seed alone."""
        if self.draws_elsewhere:
            return seeded_process(seed, self.device)
        self.generator.manual_seed(seed)
        return nullcontext()

    def _add_gradient(self, batch: Batch, divisors: dict[str, float], step: int) -> None:
        logits = model_logits(self.model, batch, self.device)
        sums = self.objective.sums(logits, batch, self.model.crf_scores())
        total = self.objective.total(sums, divisors)
        total.backward()  # type: ignore[no-untyped-call]
        for name, part in sums.items():
            so_far = self.state.epoch_sums.setdefault(name, [0.0, 0.0])
            so_far[0] += float(part.sum.detach())
            so_far[1] += float(part.count.detach())
            if not math.isfinite(so_far[0]):
                raise _diverged(f"the loss of '{name}' is {so_far[0]} in epoch {self.state.epoch + 1}, step {step + 1}")

    def _end_epoch(self) -> None:
        state = self.state
        started = time.monotonic()
        evaluation = self._evaluate_dev()
        state.seconds += time.monotonic() - started
        entry = self._entry(evaluation)
        entry["dev_figure"] = evaluation.deciding(self.deciding)
        loss, figure = entry["dev_loss"], -math.inf if entry["dev_figure"] is None else entry["dev_figure"]
        is_best = (figure, -loss) > (state.best_figure, -state.best_loss) or not state.best_weights
        if is_best:
            state.best_epoch, state.best_figure, state.best_loss = state.epoch, figure, loss
            state.best_weights = self._weights()
        state.history.append(entry)
        state.epoch, state.step = state.epoch + 1, 0
        state.epoch_sums, state.epoch_tokens, state.epoch_seconds = {}, 0, 0.0
        if not state.stopped and state.epoch >= self.max_epochs:
            state.stopped = f"all {self.max_epochs} epochs are done"
        elif not state.stopped and state.epoch - 1 - state.best_epoch >= self.config.patience:
            state.stopped = f"no better dev figure for {self.config.patience} epochs"
        self._save()
        self._write_history()
        self.callback.epoch_ends(entry, is_best)
        if self.interrupted.is_set() and not state.stopped:
            raise Interrupted("interrupted")

    def _evaluate_dev(self) -> Evaluation:
        figures = threshold_figures(self.config, self.task.targets, self.deciding)
        try:
            return evaluate_dev(
                self.model,
                self.batcher,
                self.task.targets,
                self.task.split.dev,
                figures,
                batch_tokens=4 * self.batch_tokens,
                device=self.device,
            )
        except ValuesError as error:
            raise _diverged(f"on dev after epoch {self.state.epoch + 1}: {error}") from error

    def _write_history(self) -> None:
        """metrics.jsonl is the history of the checkpoint, line by line, so that the two never disagree."""
        lines = [json.dumps(entry, ensure_ascii=False) for entry in self.state.history]
        self.folder.write_text("metrics.jsonl", "\n".join(lines) + "\n")

    def _entry(self, evaluation: Evaluation) -> dict[str, Any]:
        state = self.state
        means = {name: (total / count if count else 0.0) for name, (total, count) in state.epoch_sums.items()}
        weight = self.objective.target_weight
        dev = {
            name: {
                "loss": evaluation.loss(name),
                **{key: figure.value for key, figure in scores.figures.items()},
            }
            for name, scores in evaluation.scores.items()
        }
        return {
            "epoch": state.epoch + 1,
            "loss": sum(weight[name] * mean for name, mean in means.items()),
            "loss_sum": sum(total for total, _ in state.epoch_sums.values()),
            "count": sum(count for _, count in state.epoch_sums.values()),
            "targets": {n: {"loss_sum": total, "count": count} for n, (total, count) in state.epoch_sums.items()},
            "learning_rate": state.learning_rate,
            "tokens_per_second": round(state.epoch_tokens / state.epoch_seconds, 1) if state.epoch_seconds else None,
            "padding_share": round(self.padding_share, 4),
            "seconds": round(state.epoch_seconds, 3),
            "dev": dev,
            "dev_loss": self._dev_loss(evaluation),
        }

    def _dev_loss(self, evaluation: Evaluation) -> float:
        weight = self.objective.target_weight
        return sum(weight[name] * (evaluation.loss(name) or 0.0) for name in evaluation.losses)

    def _weights(self) -> dict[str, torch.Tensor]:
        weights = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        for name, value in weights.items():
            if value.is_floating_point() and not bool(value.isfinite().all()):
                raise _diverged(f"the weights '{name}' are not finite after epoch {self.state.epoch + 1}")
        return weights

    def _rng(self, purpose: int, epoch: int, step: int = 0, part: int = 0) -> np.random.Generator:
        """What draws for this; until the next one is asked for."""
        return self.streams.at(purpose, epoch, step, part)

    def _save_when_due(self) -> None:
        if self.interrupted.is_set():
            self._save()
            raise Interrupted("interrupted")
        if time.monotonic() - self.saved_at >= self.config.checkpoint_seconds:
            self._save()

    def _save(self) -> None:
        save(self.folder, self.model, self.optimizer, self.state)
        self.saved_at = time.monotonic()


def _diverged(problem: str) -> DivergenceError:
    return DivergenceError(f"{problem}\n  Training diverged. Lower the learning rate: --learning-rate 0.001")
