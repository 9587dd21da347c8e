"""Evaluates a model on rows: scores and losses per target, the same for every batch size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqwise.config import TrainConfig
from seqwise.data.batching import Batch, Batcher, length_plan
from seqwise.evaluation import Scores, tally_for
from seqwise.evaluation.thresholds import chosen_thresholds
from seqwise.models.decisions import Answer, Thresholds, answers_of, decided
from seqwise.models.target_loss import target_loss
from seqwise.nn import Network
from seqwise.targets import Target

__all__ = [
    "Evaluation",
    "RowCounts",
    "choose_thresholds",
    "evaluate_batches",
    "evaluate_dev",
    "evaluate_rows",
    "threshold_figures",
]


@dataclass(frozen=True)
class RowCounts:
    """How many rows were read to evaluate a target, and which of them its figures leave out.

    Attributes:
        read: all rows.
        empty: rows whose sequence is empty.
        unlabelled: other rows without a label of the target.
        unseen: labels that training never saw. They count as wrong.
    """

    read: int = 0
    empty: int = 0
    unlabelled: int = 0
    unseen: int = 0

    def to_json(self) -> dict[str, int]:
        """The counts as metrics.json has them, with the rows that the figures are over.

        Examples:
            >>> RowCounts(read=9, empty=1, unlabelled=2).to_json()
            {'read': 9, 'empty': 1, 'unlabelled': 2, 'evaluated': 6, 'unseen_labels': 0}
        """
        evaluated = self.read - self.empty - self.unlabelled
        counts = {"read": self.read, "empty": self.empty, "unlabelled": self.unlabelled}
        return {**counts, "evaluated": evaluated, "unseen_labels": self.unseen}


@dataclass(frozen=True)
class Evaluation:
    """The scores of a model on some rows.

    Attributes:
        scores: per target.
        losses: per target, (sum, count) of the plain loss of each label: no smoothing, no weights; for a
            linear-chain CRF, that of the marginal probabilities.
        rows: per target, how many rows were read and left out.
    """

    scores: Mapping[str, Scores]
    losses: Mapping[str, tuple[float, int]]
    rows: Mapping[str, RowCounts]

    def beside_left_out(self, *, empty: int = 0, unlabelled: int = 0) -> Evaluation:
        """The same figures, with rows counted as read that were left out beforehand."""
        return replace(
            self,
            rows={
                name: replace(
                    rows,
                    read=rows.read + empty + unlabelled,
                    empty=rows.empty + empty,
                    unlabelled=rows.unlabelled + unlabelled,
                )
                for name, rows in self.rows.items()
            },
        )

    def loss(self, name: str) -> float | None:
        """The mean loss of a target; None where nothing counts."""
        total, count = self.losses[name]
        return total / count if count else None

    def figure(self, name: str, metric: str) -> float | None:
        """A figure of a target by its key, `loss` included; None where it is over nothing."""
        return self.loss(name) if metric == "loss" else self.scores[name].figures[metric].value

    def deciding(self, figures: Iterable[tuple[str, str]]) -> float | None:
        """The mean of some (target, figure) pairs, turned so that higher is better; None where all are over nothing."""
        values = [(self.figure(name, metric), metric) for name, metric in figures]
        known = [-value if metric in ("loss", "ece") else value for value, metric in values if value is not None]
        return sum(known) / len(known) if known else None

    def main_json(self) -> dict[str, Any]:
        """Per target: its figures and its loss, no tables."""
        return {
            name: {key: plain[key] for key in (*self.scores[name].figures, "loss")}
            for name, plain in self.to_json().items()
        }

    def to_json(self) -> dict[str, Any]:
        """Per target: its figures, its loss, its tables and its rows, as metrics.json keeps them."""
        plain = {}
        for name, scores in self.scores.items():
            loss = {"value": self.loss(name), "count": self.losses[name][1]}
            plain[name] = {**scores.to_json(), "loss": loss, "rows": self.rows[name].to_json()}
        return plain


def threshold_figures(
    config: TrainConfig, targets: Sequence[Target], deciding: Sequence[tuple[str, str]]
) -> dict[str, str]:
    """By multilabel target, the figure for which thresholds are chosen: the deciding one, else micro F1.

    Nothing with `train.thresholds` switched off.
    """
    decided = dict(deciding)
    chosen = [target.name for target in targets if target.kind == "multilabel" and config.thresholds]
    return {name: decided.get(name, "micro_f1") for name in chosen}


def choose_thresholds(
    model: Network,
    batcher: Batcher,
    targets: Sequence[Target],
    rows: NDArray[np.int64],
    figures: Mapping[str, str],
    *,
    batch_tokens: int,
    device: torch.device,
) -> dict[str, tuple[float, ...]]:
    """The thresholds of multilabel targets that serve these figures best on these rows.

    Args:
        model: left in the mode it was in.
        batcher: makes the batches; must carry the codecs of the targets.
        targets: what is predicted.
        rows: which rows, those of dev.
        figures: see `threshold_figures` and `seqwise.evaluation.thresholds.chosen_thresholds`.
        batch_tokens: most steps of a batch; decides speed only.
        device: where the model is.
    """
    chosen = [target for target in targets if target.name in figures]
    if not chosen:
        return {}
    batches = batcher.batches(length_plan(batcher.sizes, rows, batch_tokens))
    return _best_thresholds(_answered(model, batches, chosen, device), chosen, figures)


def evaluate_rows(
    model: Network,
    batcher: Batcher,
    targets: Sequence[Target],
    rows: NDArray[np.int64],
    *,
    batch_tokens: int,
    device: torch.device,
    thresholds: Thresholds | None = None,
    observe: Callable[[Batch, Mapping[str, Answer]], object] | None = None,
) -> Evaluation:
    """Scores and losses of a model on rows of a store.

    Args:
        model: left in the mode it was in.
        batcher: makes the batches; must carry the codecs of the targets.
        targets: what is evaluated.
        rows: which rows.
        batch_tokens: most steps of a batch; decides speed only.
        device: where the model is.
        thresholds: of multilabel targets.
        observe: called with each batch and its answers, for instance to write predictions.
    """
    plan = length_plan(batcher.sizes, rows, batch_tokens)
    return evaluate_batches(
        model, batcher.batches(plan), targets, device=device, thresholds=thresholds, observe=observe
    )


def evaluate_dev(
    model: Network,
    batcher: Batcher,
    targets: Sequence[Target],
    rows: NDArray[np.int64],
    figures: Mapping[str, str],
    *,
    batch_tokens: int,
    device: torch.device,
) -> Evaluation:
    """As `evaluate_rows`, by the thresholds that are best on these very rows (see `choose_thresholds`), in one pass.

    Where there are thresholds to choose, the answers to all rows are in memory until they are chosen.
    """
    batches = batcher.batches(length_plan(batcher.sizes, rows, batch_tokens))
    answered = _answered(model, batches, targets, device)
    if not figures:
        return _counted(answered, targets)
    kept = [(replace(batch, inputs=batch.inputs[:, :0], ngrams=None), answers) for batch, answers in answered]
    thresholds = _best_thresholds(kept, [target for target in targets if target.name in figures], figures)
    return _counted(((batch, decided(answers, targets, thresholds)) for batch, answers in kept), targets)


def evaluate_batches(
    model: Network,
    batches: Iterable[Batch],
    targets: Sequence[Target],
    *,
    device: torch.device,
    thresholds: Thresholds | None = None,
    observe: Callable[[Batch, Mapping[str, Answer]], object] | None = None,
) -> Evaluation:
    """Scores and losses of a model on labelled batches, one at a time in memory; otherwise as `evaluate_rows`."""
    return _counted(_answered(model, batches, targets, device, thresholds), targets, observe)


_Answered = Iterable[tuple[Batch, Mapping[str, Answer]]]


def _answered(
    model: Network,
    batches: Iterable[Batch],
    targets: Sequence[Target],
    device: torch.device,
    thresholds: Thresholds | None = None,
) -> Iterator[tuple[Batch, Mapping[str, Answer]]]:
    """Each batch with its answers; the model evaluates meanwhile."""
    was_training = model.training
    model.eval()
    try:
        for batch in batches:
            yield batch, answers_of(model, batch, targets, device, thresholds)
    finally:
        model.train(was_training)


def _best_thresholds(
    answered: _Answered, targets: Sequence[Target], figures: Mapping[str, str]
) -> dict[str, tuple[float, ...]]:
    kept: dict[str, list[list[NDArray[Any]]]] = {target.name: [[], [], []] for target in targets}
    for batch, answers in answered:
        for target in targets:
            name = target.name
            arrays: tuple[NDArray[Any], ...] = (answers[name].logits, batch.labels[name], batch.masks[name])
            for so_far, array in zip(kept[name], arrays, strict=True):
                so_far.append(array.reshape(-1, target.class_count))
    found = {}
    for name, blocks in kept.items():
        logits, labels, mask = map(np.concatenate, blocks)
        found[name] = tuple(chosen_thresholds(logits, labels, mask, figures[name]).tolist())
    return found


def _counted(
    answered: _Answered,
    targets: Sequence[Target],
    observe: Callable[[Batch, Mapping[str, Answer]], object] | None = None,
) -> Evaluation:
    tallies = {target.name: tally_for(target) for target in targets}
    losses = {target.name: [0.0, 0] for target in targets}
    rows = {target.name: RowCounts() for target in targets}
    for batch, answers in answered:
        for target in targets:
            name = target.name
            labels, mask, answer = batch.labels[name], batch.masks[name], answers[name]
            unseen = batch.unseen.get(name)
            tallies[name].update(answer.logits, labels, mask, batch.lengths, answer.predictions, unseen)
            part = target_loss(
                target, torch.from_numpy(answer.logits), torch.from_numpy(labels), torch.from_numpy(mask)
            )
            losses[name][0] += float(part.sum)
            losses[name][1] += round(float(part.count))
            rows[name] = _more_rows(rows[name], mask, unseen)
        if observe is not None:
            observe(batch, answers)
    return Evaluation(
        {name: tally.scores() for name, tally in tallies.items()},
        {name: (total, int(count)) for name, (total, count) in losses.items()},
        rows,
    )


def _more_rows(so_far: RowCounts, mask: NDArray[np.bool_], unseen: NDArray[np.int64] | None) -> RowCounts:
    """The counts with those of one more batch: the mask says which known labels are there, `unseen` counts others."""
    labelled = mask.reshape(len(mask), -1).any(axis=1)
    if unseen is not None:
        labelled |= unseen.reshape(len(mask), -1).any(axis=1)
    return replace(
        so_far,
        read=so_far.read + len(mask),
        unlabelled=so_far.unlabelled + len(mask) - int(labelled.sum()),
        unseen=so_far.unseen + (0 if unseen is None else int(unseen.sum())),
    )
