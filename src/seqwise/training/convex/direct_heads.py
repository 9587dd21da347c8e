"""Solves for direct heads over the context window of steps before training: what the encoder learns is the rest.

What is minimised is the objective of all training over a sample of the steps, plus a decay that is chosen by the loss
on series that were left out, as for heads of whole series (`seqwise.training.convex.convex_heads`).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqwise.data.batching import length_plan
from seqwise.data.row_labels import RowLabels
from seqwise.nn import Network, SequenceModel
from seqwise.task.prepare import Task
from seqwise.training.convex.convex_heads import BATCH_TOKENS, head_over, minimise, scaling, take_solution
from seqwise.training.objective import Objective

__all__ = ["DIRECT_DECAYS", "fit_direct_heads", "has_direct_heads"]

DIRECT_DECAYS = (100.0, 10.0, 1.0, 0.1, 0.01)
"""What is tried; features are scaled so that the squared length of a step's is about 1."""

_FOLDS = 5
_MOST_NUMBERS = 10_000_000
_ALONE = 10.0
_STEPS, _SERIES = 21, 22


def has_direct_heads(model: Network) -> bool:
    """Whether a model, by itself and not in an ensemble, has something for `fit_direct_heads` to find."""
    return isinstance(model, SequenceModel) and bool(_directs(model))


def fit_direct_heads(task: Task, model: SequenceModel, device: torch.device) -> None:
    """Fills the direct heads of a model, and sets the heads beside them to zero, whose turn comes in training.

    Args:
        task: data and config.
        model: on the device, see `has_direct_heads`.
        device: where features are computed; the solution is found on the CPU, in float64.
    """
    directs = _directs(model)
    targets = tuple(target for target in task.targets if target.name in directs)
    objective = replace(Objective.from_config(task.config.loss, task.targets, task.counts), targets=targets)
    vectors, labels, rows = _sample(task, model, list(directs), device)
    mean, scale = scaling(vectors)
    scaled = (vectors - mean) * scale
    heads = {name: head_over(direct, scaled.shape[1]) for name, (direct, _) in directs.items()}
    every = np.arange(len(rows))
    decay = _best_decay(task, objective, heads, scaled, labels, rows)
    _minimise(objective, heads, scaled, labels, every, decay)
    for name, (direct, head) in directs.items():
        take_solution(direct.linear, heads[name].linear, torch.eye(scaled.shape[1], dtype=scaled.dtype), mean, scale)
        nn.init.zeros_(head.linear.weight)
        nn.init.zeros_(head.linear.bias)


def _directs(model: SequenceModel) -> dict[str, tuple[Any, Any]]:
    """By target, its direct head and the one over states."""
    modules: list[Any] = list(model.targets)
    return {
        name: (target.direct, target.head)
        for name, target in zip(model.names, modules, strict=True)
        if target.direct is not None
    }


def _sample(
    task: Task, model: SequenceModel, names: list[str], device: torch.device
) -> tuple[Tensor, RowLabels, NDArray[np.int64]]:
    """Features (steps, size) of steps of training, their labels, and the row of each step."""
    rng = np.random.default_rng([task.config.train.seed, _STEPS])
    context_window: Any = model.context_window
    lengths = task.store.lengths
    train = task.split.train
    classes = sum(target.class_count for target in task.targets if target.name in names)
    share = _MOST_NUMBERS / (context_window.output_size * max(classes, 1) * int(lengths[train].sum()))
    vectors: list[Tensor] = []
    labels: list[RowLabels] = []
    rows: list[NDArray[np.int64]] = []
    for batch in task.batcher.batches(length_plan(lengths, train, BATCH_TOKENS)):
        chosen = np.arange(batch.inputs.shape[1]) < batch.lengths[:, None]
        chosen &= rng.random(chosen.shape) < share
        with torch.inference_mode():
            found = context_window(
                torch.from_numpy(batch.inputs).to(device), lengths=torch.from_numpy(batch.lengths).to(device)
            ).cpu()
        vectors.append(found[torch.from_numpy(chosen)].double())
        rows.append(np.broadcast_to(batch.rows[:, None], chosen.shape)[chosen])
        of_steps = RowLabels(
            {name: batch.labels[name][chosen] for name in names}, {name: batch.masks[name][chosen] for name in names}
        )
        labels.append(of_steps)
    return torch.cat(vectors), RowLabels.joined(labels), np.concatenate(rows)


def _best_decay(
    task: Task,
    objective: Objective,
    heads: Mapping[str, Any],
    vectors: Tensor,
    labels: RowLabels,
    rows: NDArray[np.int64],
) -> float:
    """The decay with the least loss on series that were left out; a middle one where there is one series alone."""
    groups, group_of_step = np.unique(task.store.groups[rows], return_inverse=True)
    if len(groups) < 2:
        return _ALONE
    rng = np.random.default_rng([task.config.train.seed, _SERIES])
    fold_of_group = rng.permutation(len(groups)) % _FOLDS
    folds = fold_of_group[group_of_step]
    losses = []
    for decay in DIRECT_DECAYS:
        total = 0.0
        for fold in np.unique(folds):
            tried = {name: copy.deepcopy(head) for name, head in heads.items()}
            _minimise(objective, tried, vectors, labels, np.flatnonzero(folds != fold), decay)
            left_out = np.flatnonzero(folds == fold)
            with torch.no_grad():
                logits = {name: head(vectors[None, torch.from_numpy(left_out)]) for name, head in tried.items()}
            sums = objective.sums(logits, labels.as_sequence(left_out), {})
            total += sum(objective.target_weight[name] * float(part.sum) for name, part in sums.items())
        losses.append(total)
    return DIRECT_DECAYS[int(np.argmin(losses))]


def _minimise(
    objective: Objective,
    heads: Mapping[str, Any],
    vectors: Tensor,
    labels: RowLabels,
    chosen: NDArray[np.int64],
    decay: float,
) -> None:
    minimise(heads, vectors[None, torch.from_numpy(chosen)], labels.as_sequence(chosen), objective, decay)
