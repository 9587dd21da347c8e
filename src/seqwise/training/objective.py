"""What is minimised: the losses of all targets, each summed over what counts, then divided once."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqwise.config import LossConfig
from seqwise.data.batching import Batch
from seqwise.data.row_labels import Labelled
from seqwise.errors import ConfigError, did_you_mean, listed
from seqwise.losses.torch import LossSum
from seqwise.models.crf_targets import crf_loss
from seqwise.models.target_loss import target_loss
from seqwise.nn import CRFScores
from seqwise.targets import Target, label_text
from seqwise.task.crf_states import crf_states
from seqwise.task.ordinal import check_ordinal, ranks_of
from seqwise.task.tag_schemes import States

__all__ = ["Objective", "TrainingObjective"]


class TrainingObjective(Protocol):
    """What a training asks of that which it minimises; see `Objective`."""

    @property
    def target_weight(self) -> Mapping[str, float]:
        """The weight of each term's mean in the sum, by the term's name."""

    def divisors(self, batches: Sequence[Batch]) -> dict[str, float]:
        """Per term, the weight of everything that counts in these batches."""

    def sums(self, logits: Mapping[str, Tensor], batch: Batch, chains: Mapping[str, CRFScores]) -> dict[str, LossSum]:
        """Per term, the loss of a batch as a sum and its divisor."""

    def total(self, sums: Mapping[str, LossSum], divisors: Mapping[str, float]) -> Tensor:
        """What is differentiated."""


@dataclass(frozen=True)
class Objective:
    """The loss of a model with one or more targets.

    Attributes:
        targets: what is predicted.
        label_smoothing: see `target_loss`.
        class_weight: per target, (C,), (K, C) or (L,) weights, or None.
        target_weight: per target, the weight of its mean in the sum.
        states: per target of kind `tags`, those of its chain.
        ranks: per target whose classes have an order, the place of each; see `seqwise.task.ordinal`.
    """

    targets: tuple[Target, ...]
    label_smoothing: float
    class_weight: Mapping[str, NDArray[np.float32] | None]
    target_weight: Mapping[str, float]
    states: Mapping[str, States]
    ranks: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)

    @classmethod
    def from_config(
        cls, config: LossConfig, targets: tuple[Target, ...], counts: Mapping[str, NDArray[np.int64]]
    ) -> Objective:
        """The objective of a config, for targets with these class counts.

        Raises:
            ConfigError: a class weight or target weight for a name that does not exist; weights that leave nothing
                to learn; an order that does not fit the classes.
        """
        names = [target.name for target in targets]
        for name in config.target_weight:
            if name not in names:
                raise ConfigError(
                    f"loss.target_weight names '{name}'. {did_you_mean(name, names)} The targets are {listed(names)}."
                )
        _check_weight_names(config.class_weight, targets)
        check_ordinal(config, targets)
        if not any(config.target_weight.get(name, 1.0) for name in names):
            raise ConfigError("loss.target_weight is 0 for every target: nothing is left to learn")
        weights = {target.name: _class_weight(config.class_weight, target, counts[target.name]) for target in targets}
        for target in targets:
            _check_something_weighs(target, weights[target.name], counts[target.name])
        return cls(
            targets,
            config.label_smoothing,
            weights,
            {name: config.target_weight.get(name, 1.0) for name in names},
            {target.name: crf_states(target, config) for target in targets if target.kind == "tags"},
            {target.name: ranks for target in targets if (ranks := ranks_of(config, target)) is not None},
        )

    def divisors(self, batches: Sequence[Labelled]) -> dict[str, float]:
        """Per target, the weight of everything that counts in these batches: one divisor for all of them."""
        return {target.name: sum(self._divisor(target, batch) for batch in batches) for target in self.targets}

    def _divisor(self, target: Target, batch: Labelled) -> float:
        mask = batch.masks[target.name]
        weight = self.class_weight[target.name]
        if weight is None or target.kind == "multilabel":
            return float(mask.sum())
        labels = batch.labels[target.name]
        of_labels = weight[labels] if weight.ndim == 1 else weight[np.arange(len(weight)), labels]
        return float(of_labels[mask].sum(dtype=np.float64))

    def sums(
        self, logits: Mapping[str, Tensor], batch: Labelled, chains: Mapping[str, CRFScores]
    ) -> dict[str, LossSum]:
        """Per target, the loss of a batch as a sum and its divisor.

        Args:
            logits: of the model, by target.
            batch: the labels.
            chains: those of the model (`SequenceModel.crf_scores`), by target.
        """
        found = {}
        for target in self.targets:
            name, device = target.name, logits[target.name].device
            weight = self.class_weight[name]
            labels, mask = batch.labels[name], torch.from_numpy(batch.masks[name]).to(device)
            if name in chains and chains[name].is_learned:
                found[name] = crf_loss(self.states[name], chains[name], logits[name], labels, mask)
                continue
            found[name] = target_loss(
                target,
                logits[name],
                torch.from_numpy(labels).to(device),
                mask,
                class_weight=None if weight is None else torch.from_numpy(weight).to(device),
                label_smoothing=self.label_smoothing,
                ranks=torch.from_numpy(self.ranks[name]).to(device) if name in self.ranks else None,
            )
        return found

    def total(self, sums: Mapping[str, LossSum], divisors: Mapping[str, float]) -> Tensor:
        """What is differentiated: the weighted sum over targets of sum / divisor; one without labels adds nothing."""
        terms = [
            sums[name].sum * (self.target_weight[name] / divisor if divisor else 0.0)
            for name, divisor in divisors.items()
        ]
        return functools.reduce(torch.add, terms)


def _check_weight_names(config: Any, targets: Sequence[Target]) -> None:
    if not isinstance(config, dict):
        return
    known = [label_text(label) for target in targets for classes in target.classes for label in classes]
    for name in config:
        if name not in known:
            near = did_you_mean(name, known)
            raise ConfigError(
                f"loss.class_weight names '{name}', which is no label. {near} "
                f"The labels are {listed(dict.fromkeys(known))}."
            )


def _check_something_weighs(target: Target, weight: NDArray[np.float32] | None, counts: NDArray[np.int64]) -> None:
    """Refuses weights of 0 for every label of a target, or of an output, that training shows."""
    if weight is None:
        return
    seen = np.atleast_2d(counts[:, 1] if target.kind == "multilabel" else counts)
    for row, (numbers, weights) in enumerate(zip(seen, np.atleast_2d(weight), strict=True)):
        if numbers.any() and not (numbers * weights).any():
            what = f"output '{target.outputs[row]}'" if target.outputs else f"target '{target.name}'"
            raise ConfigError(f"loss.class_weight is 0 for every label of {what}: nothing is left to learn")


def _class_weight(config: Any, target: Target, counts: NDArray[np.int64]) -> NDArray[np.float32] | None:
    if config is None:
        return None
    if config == "balanced":
        return _balanced(target, counts)
    rows = [[float(config.get(label_text(label), 1.0)) for label in classes] for classes in target.classes]
    if target.kind != "outputs":
        return np.array(rows[0], dtype=np.float32)
    width = target.class_count
    return np.array([row + [1.0] * (width - len(row)) for row in rows], dtype=np.float32)


def _balanced(target: Target, counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Weights that give every class the same total: n / (classes x count), as scikit-learn's `balanced` does.

    For `multilabel`, the weight of the positive term: negatives / positives. A class without examples weighs 1.
    """
    if target.kind == "multilabel":
        negative, positive = counts[:, 0], counts[:, 1]
        weights = np.where(positive > 0, negative / np.maximum(positive, 1), 1.0)
        return np.where(negative > 0, weights, 1.0).astype(np.float32)
    rows = np.atleast_2d(counts)
    sizes = np.array([[len(classes)] for classes in target.classes])
    weights = np.where(rows > 0, rows.sum(axis=1, keepdims=True) / (sizes * np.maximum(rows, 1)), 1.0)
    return (weights if counts.ndim == 2 else weights[0]).astype(np.float32)
