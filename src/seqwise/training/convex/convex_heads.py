"""Finds the heads of a model of fixed features at once: a convex problem, whose solution does not depend on chance.

Features are taken from the training rows once and brought to mean 0 and deviation 1. What is minimised is the objective
of all training plus `decay` times the sum of squared weights, over the number of rows; its minimum is unique, and found
by L-BFGS to the end. The decay is the one of `DECAYS` with the least loss in a cross-validation on the training
rows, which also says how good the model is: no dev part has to be cut off, and each series teaches. Likewise it is
chosen how much summaries weigh beside the shares (`WEIGHTS`), or whether they are left out.

With more features than rows, rows span few directions, and weights outside of them are zero at the minimum: the
problem is solved in those directions (Hastie and Tibshirani 2004, Efficient quadratic regularization for expression
arrays).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqwise.data.batching import Batch, length_plan
from seqwise.data.row_labels import Labelled, RowLabels
from seqwise.errors import DivergenceError
from seqwise.evaluation import tally_for
from seqwise.models.scoring import Evaluation, RowCounts
from seqwise.models.target_loss import target_loss
from seqwise.nn import PPVAndSummaries, PPVPooling, SequenceModel
from seqwise.task.prepare import Task
from seqwise.training.objective import Objective

__all__ = [
    "BATCH_TOKENS",
    "DECAYS",
    "FOLDS",
    "WEIGHTS",
    "Solution",
    "block_scale",
    "cross_validated_rows",
    "head_over",
    "is_convex",
    "minimise",
    "scaling",
    "solved",
    "take_solution",
]

DECAYS = (1.0, 1e-1, 1e-2, 1e-3, 1e-4)
"""What is tried; features are scaled so that the squared length of a row is about 1."""
WEIGHTS = (0.2, 0.0, 0.5)
"""What summaries make up of the squared length of a row, of which the rest are shares; tried in this order."""
FOLDS = 5
"""Parts of the cross-validation."""
BATCH_TOKENS = 2048
"""Steps whose features are computed at a time."""

_ROWS_FOR_THRESHOLDS = 256
_ROWS_FOR_DECAY = 2000
_MOST_STEPS = 200
_SPLIT, _THRESHOLDS = 11, 12
_NOT_FINITE = "the convex fit of the heads ended in weights that are not finite\n  Scale the series."


@dataclass(frozen=True)
class Solution:
    """What was found besides the weights, which the model has.

    Attributes:
        decay: the chosen one.
        weight: the chosen one of `WEIGHTS`; 0 where there are no summaries.
        evaluation: of the cross-validation with it.
        losses: by target, loss sum and count of the training rows under the solution.
        gradient: the largest gradient of a weight there; 0 at the minimum.
    """

    decay: float
    weight: float
    evaluation: Evaluation
    losses: dict[str, tuple[float, float]]
    gradient: float


def is_convex(model: SequenceModel) -> bool:
    """Whether all that a model can learn are linear heads over fixed features."""
    return all(isinstance(target.pooling, PPVPooling | PPVAndSummaries) for _, target in _targets(model))


def solved(
    task: Task, model: SequenceModel, objective: Objective, device: torch.device, seed: int | None = None
) -> Solution:
    """Fills the thresholds and the heads of a model.

    Args:
        task: data and config.
        model: on the device; see `is_convex`.
        objective: what is minimised.
        device: where features are computed; the solution is found on the CPU, in float64.
        seed: draws the thresholds; that of the config when not given.
    """
    rows = task.split.train
    _fill_thresholds(task, model, device, task.config.train.seed if seed is None else seed)
    features = _features(task, model, rows, device)
    if not bool(features.isfinite().all()):
        raise DivergenceError(
            "the features of the training series are not finite: their values are too large\n"
            "  Scale the series, or add --set input.normalise=true."
        )
    best = _best(task, model, objective, features)
    gradient = minimise(best.heads, best.vectors, _labels(task, rows), objective, best.decay)
    for name, target in _targets(model):
        take_solution(target.head.linear, best.heads[name].linear, best.basis, features.mean(dim=0), best.scale)
    with torch.no_grad():
        logits = {name: head(best.vectors) for name, head in best.heads.items()}
        sums = objective.sums(logits, _labels(task, rows), {})
    return Solution(
        best.decay,
        best.weight,
        best.evaluation,
        {name: (float(part.sum), float(part.count)) for name, part in sums.items()},
        gradient,
    )


def _targets(model: SequenceModel) -> Iterator[tuple[str, Any]]:
    return zip(model.names, model.targets, strict=True)


def _batches(task: Task, rows: NDArray[np.int64]) -> Iterator[Batch]:
    return task.batcher.batches(length_plan(task.store.lengths, rows, BATCH_TOKENS))


def _states(model: SequenceModel, batch: Batch, device: torch.device) -> tuple[Tensor, Tensor]:
    assert model.input_layer is not None
    assert model.encoder is not None
    lengths = torch.from_numpy(batch.lengths).to(device)
    with torch.inference_mode():
        values = model.input_layer(torch.from_numpy(batch.inputs).to(device), lengths=lengths)
        return model.encoder(values, lengths=lengths), lengths


def _fill_thresholds(task: Task, model: SequenceModel, device: torch.device, seed: int) -> None:
    """Each feature's thresholds are values that it has in one series, drawn by chance.

    Taken from all series together, most thresholds would lie where the long and the quiet ones have their values.
    """
    rng = np.random.default_rng([seed, _THRESHOLDS])
    rows = np.sort(rng.permutation(task.split.train)[:_ROWS_FOR_THRESHOLDS])
    poolings = [_shares(target.pooling) for _, target in _targets(model)]
    drawn = torch.from_numpy(rows[rng.integers(len(rows), size=poolings[0].size)]).to(device)
    for batch in _batches(task, rows):
        states, _ = _states(model, batch, device)
        for place, row in enumerate(batch.rows):
            features = (drawn == int(row)).nonzero()[:, 0]
            if len(features):
                steps = states[place, : batch.lengths[place]]
                for pooling in poolings:
                    pooling.fill(steps[:, features], features)


def _shares(pooling: PPVPooling | PPVAndSummaries) -> PPVPooling:
    return pooling.shares if isinstance(pooling, PPVAndSummaries) else pooling


def _features(task: Task, model: SequenceModel, rows: NDArray[np.int64], device: torch.device) -> Tensor:
    """(rows, features) in float64, in the order of the rows; those of all targets are the same."""
    place = {int(row): number for number, row in enumerate(rows)}
    pooling: Any = next(iter(_targets(model)))[1].pooling
    features = torch.empty(len(rows), pooling.output_size, dtype=torch.float64)
    for batch in _batches(task, rows):
        states, lengths = _states(model, batch, device)
        with torch.inference_mode():
            vectors = pooling(states, lengths=lengths).cpu()
        features[[place[int(row)] for row in batch.rows]] = vectors.double()
    return features


def _rotated(scaled: Tensor) -> tuple[Tensor, Tensor]:
    """(rows, directions) coordinates, and (features, directions) what they are coordinates of, orthonormal."""
    rows, features = scaled.shape
    if rows >= features:
        return scaled, torch.eye(features, dtype=scaled.dtype)
    squares, vectors = torch.linalg.eigh(scaled @ scaled.T)
    kept = squares > 1e-10 * squares[-1].clamp(min=1e-300)
    lengths = squares[kept].sqrt()
    return vectors[:, kept] * lengths, scaled.T @ (vectors[:, kept] / lengths)


def _labels(task: Task, rows: NDArray[np.int64]) -> RowLabels:
    return RowLabels.of(task.store, task.codecs, rows)


def scaling(features: Tensor) -> tuple[Tensor, Tensor]:
    """What is taken off features (rows, features), and what they are then multiplied by; 0 where they never vary.

    Mean 0, deviations alike, and a squared length of about 1.
    """
    mean, deviation = features.mean(dim=0), features.std(dim=0, correction=0)
    varies = deviation > 1e-6
    return mean, torch.where(varies, 1 / (deviation * varies.sum().clamp(min=1).sqrt()).clamp(min=1e-12), 0.0)


def head_over(head: nn.Module, size: int) -> Any:
    """The same head over vectors of another size, in float64, all weights 0."""
    own: Any = copy.deepcopy(head)
    linear = nn.Linear(size, own.linear.out_features, dtype=torch.float64)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    own.linear = linear
    return own


def minimise(heads: Mapping[str, Any], vectors: Tensor, labels: Labelled, objective: Objective, decay: float) -> float:
    """Moves the heads to the minimum of the objective plus decay x squared weights / number of vectors.

    Args:
        heads: by target, see `head_over`.
        vectors: (rows, size), or (1, steps, size) for targets with labels per step.
        labels: those of the vectors.
        objective: what is minimised.
        decay: at least 0.

    Returns:
        The largest gradient of a weight where the search ended; 0 at the minimum.

    Raises:
        DivergenceError: a weight is not finite.
    """
    parameters = [parameter for head in heads.values() for parameter in head.parameters()]
    optimizer = torch.optim.LBFGS(
        parameters, max_iter=_MOST_STEPS, history_size=20, tolerance_grad=1e-7, line_search_fn="strong_wolfe"
    )
    divisors = objective.divisors([labels])

    def loss() -> Tensor:
        optimizer.zero_grad()
        sums = objective.sums({name: head(vectors) for name, head in heads.items()}, labels, {})
        squares = torch.stack([head.linear.weight.square().sum() for head in heads.values()]).sum()
        total = objective.total(sums, divisors) + decay / vectors.shape[:-1].numel() * squares
        total.backward()  # type: ignore[no-untyped-call]
        return total

    try:
        optimizer.step(loss)  # type: ignore[no-untyped-call]
    except RuntimeError as error:  # torch's of a step that is not finite
        raise DivergenceError(_NOT_FINITE) from error
    loss()
    if not all(bool(parameter.isfinite().all()) for parameter in parameters):
        raise DivergenceError(_NOT_FINITE)
    return max(float(parameter.grad.abs().max()) for parameter in parameters if parameter.grad is not None)


@dataclass(frozen=True)
class _Tried:
    """One way to weigh summaries: the features so scaled, in fewer directions, and what cross-validation says of it."""

    weight: float
    scale: Tensor
    vectors: Tensor
    basis: Tensor
    heads: dict[str, Any]
    decay: float
    loss: float
    evaluation: Evaluation


def _best(task: Task, model: SequenceModel, objective: Objective, features: Tensor) -> _Tried:
    """The weight of summaries with the least loss on rows that were left out, all with the decay of the first one."""
    sizes = _block_sizes(model)
    best: _Tried | None = None
    for weight in WEIGHTS if len(sizes) > 1 else (0.0,):
        scale = block_scale(features, sizes, weight)
        vectors, basis = _rotated((features - features.mean(dim=0)) * scale)
        heads = {name: head_over(target.head, vectors.shape[1]) for name, target in _targets(model)}
        decays = DECAYS if best is None else (best.decay,)
        decay, loss, evaluation = _best_decay(task, objective, heads, vectors, decays)
        if best is None or loss < best.loss:
            best = _Tried(weight, scale, vectors, basis, heads, decay, loss, evaluation)
    assert best is not None
    return best


def _block_sizes(model: SequenceModel) -> tuple[int, ...]:
    """How many features are shares, and how many summaries if there are some."""
    pooling: Any = next(iter(_targets(model)))[1].pooling
    if isinstance(pooling, PPVAndSummaries):
        return pooling.ppv_size, pooling.output_size - pooling.ppv_size
    return (pooling.output_size,)


def block_scale(features: Tensor, sizes: tuple[int, ...], weight: float) -> Tensor:
    """What features (rows, shares + summaries) are multiplied by when summaries weigh so much; see `scaling`."""
    squares = (1 - weight, weight)[: len(sizes)]
    parts = zip(features.tensor_split(sizes[:1], dim=1), squares, strict=False)  # the second is empty without summaries
    return torch.cat([math.sqrt(square) * scaling(part)[1] for part, square in parts])


def _best_decay(
    task: Task, objective: Objective, heads: Mapping[str, Any], rotated: Tensor, decays: Sequence[float]
) -> tuple[float, float, Evaluation]:
    """The decay with the least loss on rows that were left out, that loss, and the evaluation of them all with it."""
    rng, chosen = _chosen(task)
    rows, vectors = task.split.train[chosen], rotated[torch.from_numpy(chosen)]
    folds = _folds(task, rows, rng)
    begun = {int(fold): {name: copy.deepcopy(head) for name, head in heads.items()} for fold in np.unique(folds)}
    best: tuple[float, float, Evaluation] | None = None
    for decay in decays:
        evaluation = _cross_validated(task, objective, begun, vectors, rows, folds, decay)
        loss = sum(objective.target_weight[name] * (evaluation.loss(name) or 0.0) for name in evaluation.losses)
        if best is None or loss < best[1]:
            best = (decay, loss, evaluation)
    assert best is not None
    return best


def _chosen(task: Task) -> tuple[np.random.Generator, NDArray[np.int64]]:
    """Which of the training rows are cross-validated, and what draws the folds afterwards."""
    rng = np.random.default_rng([task.config.train.seed, _SPLIT])
    return rng, np.sort(rng.permutation(len(task.split.train))[:_ROWS_FOR_DECAY])


def cross_validated_rows(task: Task) -> NDArray[np.int64]:
    """The training rows whose figures the cross-validation gives: all, or some of very many."""
    return task.split.train[_chosen(task)[1]]


def _folds(task: Task, rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """The fold of each row; rows of one label, and equal or grouped rows, are dealt out together where there are some.

    Rows of one group share a fold; groups are dealt out in the order of the label of the first target, so that each
    fold has its share.
    """
    groups, first, group_of_row = np.unique(task.store.groups[rows], return_index=True, return_inverse=True)
    shuffled = rng.permutation(len(groups))
    target = task.codecs[0].target.name
    labels = _labels(task, rows[first]).labels[target].reshape(len(groups), -1)[:, 0]
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    fold_of_group = np.empty(len(groups), dtype=np.int64)
    fold_of_group[order] = np.arange(len(groups)) % FOLDS
    return fold_of_group[group_of_row]


def _cross_validated(
    task: Task,
    objective: Objective,
    begun: Mapping[int, Mapping[str, Any]],
    vectors: Tensor,
    rows: NDArray[np.int64],
    folds: NDArray[np.int64],
    decay: float,
) -> Evaluation:
    """How heads do on the fold that they have not seen. By fold, `begun` are heads to start from, moved to the minimum.

    The minimum is one, wherever they start: from that of another decay it is not far.
    """
    tallies = {target.name: tally_for(target) for target in task.targets}
    losses = {target.name: [0.0, 0.0] for target in task.targets}
    for fold, tried in begun.items():
        kept, left_out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        if not len(kept):
            continue
        minimise(tried, vectors[torch.from_numpy(kept)], _labels(task, rows[kept]), objective, decay)
        labels = _labels(task, rows[left_out])
        for target in task.targets:
            with torch.no_grad():
                logits = tried[target.name](vectors[torch.from_numpy(left_out)])
            truth, mask = labels.labels[target.name], labels.masks[target.name]
            tallies[target.name].update(logits.numpy(), truth, mask, task.store.lengths[rows[left_out]])
            part = target_loss(target, logits, torch.from_numpy(truth), torch.from_numpy(mask))
            losses[target.name][0] += float(part.sum)
            losses[target.name][1] += float(part.count)
    return Evaluation(
        {name: tally.scores() for name, tally in tallies.items()},
        {name: (total, round(count)) for name, (total, count) in losses.items()},
        {target.name: RowCounts(read=len(rows)) for target in task.targets},
    )


def take_solution(linear: nn.Linear, found: nn.Linear, basis: Tensor, mean: Tensor, scale: Tensor) -> None:
    """Writes a head over rotated features as one over the features themselves."""
    with torch.no_grad():
        weight = (found.weight @ basis.T) * scale
        linear.weight.copy_(weight)
        linear.bias.copy_(found.bias - weight @ mean)
