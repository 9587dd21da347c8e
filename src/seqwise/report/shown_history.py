"""The epochs of a training as a report shows them: metrics with their natural sign, and sentences that explain them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from seqwise.errors import listed
from seqwise.nn import TFIDF
from seqwise.task.crf_states import uses_crf
from seqwise.task.prepare import Task

__all__ = ["Epochs", "deciding_name", "history_notes", "objective_differences", "shown_history"]


class Epochs(Protocol):
    """How a training went: what the report asks of its state."""

    history: list[dict[str, Any]]
    best_epoch: int
    stopped: str


_LOWER_IS_BETTER = ("loss", "ece")


def deciding_name(deciding: Sequence[str]) -> str:
    """The name of the metric that selected the epoch.

    Examples:
        >>> deciding_name(["intent.accuracy", "slots.span_f1"])
        'mean of intent.accuracy and slots.span_f1'
    """
    return deciding[0] if len(deciding) == 1 else f"mean of {' and '.join(deciding)}"


def shown_history(history: Sequence[Mapping[str, Any]], deciding: Sequence[str]) -> list[dict[str, Any]]:
    """The epochs, with the figure that chose among them as `metric`; a loss is positive there.

    Examples:
        >>> shown_history([{"epoch": 1, "dev_figure": -0.7}], ["intent.loss"])[0]["metric"]
        0.7
    """
    is_lower_better = all(figure.rpartition(".")[2] in _LOWER_IS_BETTER for figure in deciding)
    sign = -1 if is_lower_better else 1
    return [
        {**entry, "metric": None if entry["dev_figure"] is None else sign * entry["dev_figure"]} for entry in history
    ]


def objective_differences(task: Task) -> list[str]:
    """In what the training objective differs from the loss that is reported on dev; nothing where they are alike."""
    config = task.config.loss
    found = []
    if config.label_smoothing:
        found.append(f"label smoothing of {config.label_smoothing:g}")
    if config.class_weight is not None:
        found.append("class weights")
    if config.ordinal and (config.ordinal is True or any(config.ordinal.values())):
        found.append("the ordinal loss")
    if chained := [target.name for target in task.targets if uses_crf(target, config.crf)]:
        found.append(f"the CRF of {listed(chained)}")
    if task.config.train.distill:
        found.append("the teacher logits")
    return found


def history_notes(task: Task, metrics: Mapping[str, Any]) -> list[str]:
    """Whose epochs these are, where the model has more parts, and how the losses of train and dev differ."""
    notes = []
    members = len(metrics.get("members", ()))
    if members:
        first = (
            "the model that learned from the ensemble" if "ensemble" in metrics else f"the first of {members} models"
        )
        notes.append(f"These are the epochs of {first}.")
    if targets := list(metrics["training"]["regression"]):
        notes.append(f"They are those of the network alone, without the n-gram regression of {listed(targets)}.")
    if task.config.model.encoder == TFIDF:
        return ["The regressions are solved for at once: both losses are of the finished model."]
    if found := objective_differences(task):
        notes.append(f"The training objective has {listed(found)}; the dev loss is without it.")
    elif not metrics["training"]["cross_validation"]:
        notes.append("The train loss is the mean over an epoch, with dropout; the dev loss is that after the epoch.")
    if metrics["training"]["cross_validation"]:
        notes.append("The dev figures are those of a cross-validation on the training part.")
    return notes
