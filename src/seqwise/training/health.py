"""Whether a training came to anything: models that diverged, learned nothing, or state worse than no probabilities.

It is measured against what is always there: the most frequent class of training, and the loss of stating how frequent
each class is there, whatever the sequence says. A model that has learned anything has a lower loss. One whose loss is
ten times as high while its decisions are no better than the most frequent class has diverged, and so has any at a
hundred times. Of few labels nothing is said, and nothing of a model whose loss is below that of the frequencies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.data.labels import LabelCodec, class_counts
from seqwise.errors import counted
from seqwise.evaluation.scores import FIGURES
from seqwise.evaluation.summary import figure_text, main_figure, percent_text
from seqwise.task.prepare import Task
from seqwise.training.checkpoint import State

__all__ = ["Health", "frequency_loss", "health_of"]

_TIMES = 10.0  # so many times the loss of the frequencies is no loss of a model that has learned anything
_HOPELESS = 100.0  # so many times it no decision can be trusted, even where some are right
_LEAST_LOSS = 0.1  # of frequencies, where nearly all labels are of one class
_FEW = 30  # of fewer labels nothing is said
_CLEARLY = 1.05
_LARGEST_GRADIENT = 1e-2


@dataclass
class Health:
    """What is wrong with a trained model.

    Attributes:
        warnings: sentences.
        diverged: the targets for which the finished model is of no use.
    """

    warnings: list[str] = field(default_factory=list)
    diverged: list[str] = field(default_factory=list)


def frequency_loss(codec: LabelCodec, task: Task, rows: NDArray[np.int64]) -> float | None:
    """The mean loss, on the labels of these rows, of stating how frequent each class is in training; None without any.

    Args:
        codec: of the target.
        task: data and class counts.
        rows: which rows.
    """
    target = codec.target
    of_train, of_rows = (np.atleast_2d(c) for c in (task.counts[target.name], class_counts(codec, task.store, rows)))
    if not of_rows.any():
        return None
    sizes = [2] * len(of_train) if target.kind == "multilabel" else [len(classes) for classes in target.classes]
    inside = np.arange(of_train.shape[1]) < np.array(sizes)[:, None]
    known = np.where(inside, of_train + 0.5, 0.0)  # half a count more, so that no class is impossible
    frequencies = np.where(inside, known / known.sum(axis=1, keepdims=True), 1.0)
    return float(-(of_rows * np.log(frequencies)).sum() / of_rows.sum())


def health_of(
    task: Task,
    metrics: Mapping[str, Any],
    states: Sequence[State],
    rows: NDArray[np.int64],
) -> Health:
    """What is wrong with a trained model, by its dev figures.

    Args:
        task: data and config.
        metrics: the content of metrics.json, with figures of `dev`.
        states: how training went, of each model of an ensemble.
        rows: those of the dev figures.
    """
    health = Health()
    for codec in task.codecs:
        name = codec.target.name
        reference = frequency_loss(codec, task, rows)
        if reference is None:
            continue
        of_most_frequent = metrics["baselines"]["majority"]["dev"][name]
        _look_at_model(health, task, name, metrics["dev"][name], of_most_frequent, reference)
        _look_at_members(health, task, name, metrics.get("members", ()), of_most_frequent, reference)
        _look_at_epochs(health, task, name, states, reference)
    for state in states:
        taken, total = state.history[-1].get("learned_from", (0, 0))
        if taken < total:
            more = "" if task.config.train.effort == "best" else "; --effort best takes more"
            sample = f"a sample, {taken:,} of {counted(total, 'sequence')}"
            health.warnings.append(f"the regressions were fitted on {sample}, to save time{more}")
        gradient = state.history[-1].get("gradient") or 0.0
        if gradient > _LARGEST_GRADIENT:
            health.warnings.append(
                f"the convex fit of the heads did not converge: the largest gradient is {gradient:.1g}, expected below "
                f"{_LARGEST_GRADIENT:g}; scale the series, or add --set input.normalise=true"
            )
    health.warnings = list(dict.fromkeys(health.warnings))
    return health


def _look_at_model(
    health: Health, task: Task, target: str, scores: Mapping[str, Any], frequent: Mapping[str, Any], reference: float
) -> None:
    name = main_figure(scores)
    figure, loss = scores[name], scores["loss"]["value"]
    if figure["value"] is None or loss is None:
        return
    is_idle = figure["value"] <= (frequent[name]["value"] or 0.0)
    said = f"dev loss {loss:.4g}, and {reference:.4g} by stating the class frequencies of training"
    by_majority = percent_text(frequent[name]["value"])
    against = f"{FIGURES[name].title} {figure_text(name, figure)}, and {by_majority} by the majority"
    if loss > (_TIMES if is_idle else _HOPELESS) * max(reference, _LEAST_LOSS):
        health.diverged.append(target)
        health.warnings.append(f"{target}: training diverged: {said}; {against}. {_lower(task)}")
    elif figure["count"] < _FEW:
        return
    elif is_idle and loss >= reference:
        health.warnings.append(f"{target}: nothing was learned: {said}; {against}{_one_class(scores)}. {_lower(task)}")
    elif not is_idle and loss > _CLEARLY * reference:
        health.warnings.append(
            f"{target}: do not rely on the probabilities: {said}. The predicted labels are better: {against}"
        )


def _one_class(scores: Mapping[str, Any]) -> str:
    """Which class every prediction is, if it is one while the labels are several."""
    rows = scores.get("per_label", ())
    predicted = [row["label"] for row in rows if row["predicted"]]
    if len(predicted) != 1 or "average_precision" in rows[0] or sum(row["support"] > 0 for row in rows) < 2:
        return ""
    return f"; every prediction is '{predicted[0]}'"


def _look_at_members(
    health: Health,
    task: Task,
    target: str,
    members: Sequence[Mapping[str, Any]],
    frequent: Mapping[str, Any],
    reference: float,
) -> None:
    for number, member in enumerate(members, start=1):
        scores = member.get("dev", {}).get(target)
        if scores is None:
            continue
        alone = Health()
        _look_at_model(alone, task, target, scores, frequent, reference)
        if alone.diverged:
            health.warnings.append(f"model {number} of {len(members)}, seed {member['seed']}: {alone.warnings[0]}")


def _look_at_epochs(health: Health, task: Task, target: str, states: Sequence[State], reference: float) -> None:
    """Warns of training losses that exploded, whether or not a better epoch was kept."""
    for number, state in enumerate(states, start=1):
        exploded = [
            entry["epoch"]
            for entry in state.history
            if (found := entry["targets"].get(target)) is not None
            and found["count"]
            and found["loss_sum"] / found["count"] > _TIMES * max(reference, _LEAST_LOSS)
        ]
        if not exploded:
            continue
        which = f"model {number} of {len(states)}: " if len(states) > 1 else ""
        kept = state.best_epoch + 1
        health.warnings.append(
            f"{target}: {which}the training loss exploded in epoch {exploded[0]}; the weights of epoch {kept} "
            f"are kept. {_lower(task)}"
        )


def _lower(task: Task) -> str:
    """What to do about it."""
    if task.config.model.is_convex:
        return "Look at the labels, or train on more data."  # solved for at once, without a learning rate
    rate = task.config.train.learning_rate
    return f"Lower the learning rate, which is {rate:g}: --learning-rate {min(rate / 4, 1e-3):g}"
