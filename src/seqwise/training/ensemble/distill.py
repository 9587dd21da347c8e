"""Trains one model on what an ensemble says, beside the labels.

For every label, and where labels are missing, the model learns the ensemble's whole distribution: which other classes
it finds likely is what the label alone does not tell. With teacher z, student y and temperature T,

    loss = labels + T^2 * cross-entropy(softmax(z / T), softmax(y / T)),

and for a set of labels the same with a sigmoid for each. A temperature above 1 shows the small probabilities; T^2 keeps
the gradients of the two terms of one size when T changes. Of tags of a chain the ensemble says the marginal
probabilities, which the model's emissions learn; its transitions learn from the labels. Source: Hinton, Vinyals and
Dean, 2015, "Distilling the Knowledge in a Neural Network".
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqwise._files import reason
from seqwise.data.batching import Batch, length_plan
from seqwise.errors import SaveError
from seqwise.losses.torch import LossSum, binary_cross_entropy, cross_entropy, loss_sum
from seqwise.masks import lengths_to_mask
from seqwise.models.crf_targets import tag_emissions
from seqwise.models.decisions import answers_of
from seqwise.nn import CRFScores, Ensemble
from seqwise.targets import Target
from seqwise.task.prepare import Task
from seqwise.training.objective import Objective

__all__ = ["TEMPERATURE", "Distilled", "TeacherLogits", "distilled", "soft_loss"]

TEMPERATURE = 2.0
_BLOCK = 1 << 20


@dataclass(frozen=True)
class TeacherLogits:
    """The logits of one target for the rows of a training part, in half precision in a file without a name.

    Attributes:
        values: (units, ...) logits: a unit is a row, or a step where labels are per step.
        starts: per row of the store, its first unit; of rows that are not there anything.
        per_step: whether a unit is a step.
    """

    values: NDArray[np.float16]
    starts: NDArray[np.int64]
    per_step: bool

    @classmethod
    def room(cls, target: Target, task: Task) -> TeacherLogits:
        """Room for the logits of all training rows.

        Raises:
            SaveError: the folder of temporary files has no room for them.
        """
        rows, lengths = task.split.train, task.store.lengths
        sizes = lengths[rows] if target.per_step else np.ones(len(rows), dtype=np.int64)
        starts = np.zeros(len(lengths), dtype=np.int64)
        starts[rows] = np.cumsum(sizes) - sizes
        inner = (len(target.classes), target.class_count) if target.kind == "outputs" else (target.class_count,)
        shape = (int(sizes.sum()), *inner)
        with _temporary_file(math.prod(shape) * np.dtype(np.float16).itemsize) as file:  # mapped, it outlives this
            return cls(np.memmap(file, np.float16, "r+", shape=shape), starts, target.per_step)

    def put(self, batch: Batch, logits: NDArray[np.float32]) -> None:
        """Keeps the logits of a batch."""
        units = self._units(batch)
        self.values[units] = logits[lengths_to_mask(batch.lengths, logits.shape[1])] if self.per_step else logits

    def of(self, batch: Batch) -> NDArray[np.float32]:
        """The logits of a batch, (batch, ...) or (batch, time, ...) with zeros behind the end of a sequence."""
        values = self.values[self._units(batch)].astype(np.float32)
        if not self.per_step:
            return values
        mask = lengths_to_mask(batch.lengths, int(batch.lengths.max()))
        padded = np.zeros((*mask.shape, *values.shape[1:]), dtype=np.float32)
        padded[mask] = values
        return padded

    def _units(self, batch: Batch) -> NDArray[np.int64]:
        starts = self.starts[batch.rows]
        if not self.per_step:
            return starts
        return np.concatenate([np.arange(s, s + n) for s, n in zip(starts, batch.lengths, strict=True)])


def _temporary_file(size: int) -> BinaryIO:
    """A file of so many zeros, whose room is taken now: a later write to its map cannot fail, which ends a process."""
    try:
        file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
        try:
            _reserve(file, size)
        except BaseException:
            file.close()
            raise
    except OSError as error:
        raise SaveError(
            f"train.distill keeps what the ensemble predicts in a temporary file of {size:,} bytes, and the folder "
            f"{tempfile.gettempdir()} does not take it: {reason(error)}\n"
            "  Make room there, or set TMPDIR to a folder that has it."
        ) from error
    return file


def _reserve(file: BinaryIO, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    block = bytes(_BLOCK)
    for start in range(0, size, _BLOCK):
        file.write(block[: size - start])
    file.flush()


def soft_loss(target: Target, logits: Tensor, said: Tensor, mask: Tensor | None) -> LossSum:
    """The cross-entropy of what a model says with what the ensemble said, both at `TEMPERATURE`.

    Args:
        target: what is predicted.
        logits: of the model; see `seqwise.targets.Target`.
        said: of the ensemble, in the same shape.
        mask: (batch, time) booleans for a target with labels per step, True = the step is there; else None.
    """
    if target.kind == "multilabel":
        return loss_sum(binary_cross_entropy, logits / TEMPERATURE, (said / TEMPERATURE).sigmoid(), mask=mask)
    if target.kind != "outputs" or len(target.output_groups) == 1:
        return loss_sum(cross_entropy, logits / TEMPERATURE, (said / TEMPERATURE).softmax(-1), mask=mask)
    parts = []
    for size, outputs in target.output_groups:
        chosen = [array[..., list(outputs), :size] / TEMPERATURE for array in (logits, said)]
        parts.append(loss_sum(cross_entropy, chosen[0], chosen[1].softmax(-1), mask=mask))
    return sum(parts[1:], start=parts[0])


@dataclass(frozen=True)
class Distilled:
    """An objective with a term more per target: what an ensemble said; see the head of this file.

    Attributes:
        labels: the objective of the labels.
        said: per target, the ensemble's logits.
    """

    labels: Objective
    said: Mapping[str, TeacherLogits]

    @property
    def target_weight(self) -> dict[str, float]:
        """The weight of each term's mean in the sum."""
        soft = {_term(name): TEMPERATURE**2 * weight for name, weight in self.labels.target_weight.items()}
        return {**self.labels.target_weight, **soft}

    def divisors(self, batches: Sequence[Batch]) -> dict[str, float]:
        """Per term, the weight of everything that counts in these batches."""
        soft = {
            _term(target.name): float(sum(_units(target, batch) for batch in batches)) for target in self.labels.targets
        }
        return {**self.labels.divisors(batches), **soft}

    def sums(self, logits: Mapping[str, Tensor], batch: Batch, chains: Mapping[str, CRFScores]) -> dict[str, LossSum]:
        """Per term, the loss of a batch as a sum and its divisor."""
        found = self.labels.sums(logits, batch, chains)
        mask = torch.from_numpy(lengths_to_mask(batch.lengths, int(batch.lengths.max())))
        for target in self.labels.targets:
            own = logits[target.name]
            if target.name in chains:
                own = tag_emissions(target, chains[target.name], own)
            said = torch.from_numpy(self.said[target.name].of(batch)).to(own.device)
            steps = mask.to(own.device) if target.per_step else None
            found[_term(target.name)] = soft_loss(target, own, said, steps)
        return found

    def total(self, sums: Mapping[str, LossSum], divisors: Mapping[str, float]) -> Tensor:
        """What is differentiated: the weighted sum over terms of sum / divisor."""
        weight = self.target_weight
        return torch.stack(
            [sums[n].sum * (weight[n] / divisor if divisor else 0.0) for n, divisor in divisors.items()]
        ).sum()


def distilled(objective: Objective, task: Task, ensemble: Ensemble, device: torch.device) -> Distilled:
    """The objective of a model that learns from labels and from a trained ensemble, which says its part here, once."""
    said = {target.name: TeacherLogits.room(target, task) for target in task.targets}
    assert task.config.train.batch_tokens is not None
    ensemble.eval()
    for rows in length_plan(task.store.lengths, task.split.train, 4 * task.config.train.batch_tokens):
        batch = task.batcher.batch(rows)
        for name, answer in answers_of(ensemble, batch, task.targets, device).items():
            said[name].put(batch, answer.logits)
    return Distilled(objective, said)


def _term(name: str) -> str:
    return f"{name}, as the ensemble says"


def _units(target: Target, batch: Batch) -> int:
    """How many distributions of a target a batch has."""
    units = int(batch.lengths.sum()) if target.per_step else len(batch.rows)
    return units * {"outputs": len(target.classes), "multilabel": target.class_count}.get(target.kind, 1)
