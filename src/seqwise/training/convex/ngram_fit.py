"""Finds the regression that stands beside a network (`seqwise.nn.NgramRegression`): a convex problem, solved at once.

What is minimised for each target is C times the sum of the losses that train the network, without label smoothing, plus
half of the squared weights; C is 10, with which TF-IDF and logistic regression are usually strong, and which is not
delicate here: how much the regression says is weighed afterwards. L-BFGS begins at 0 and ends after some tens of steps,
when most of what can be gained is gained.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqwise.errors import DivergenceError
from seqwise.models.build import regression_for
from seqwise.models.target_loss import target_loss
from seqwise.nn import NgramRegression
from seqwise.targets import Target
from seqwise.task.prepare import Task
from seqwise.training.objective import Objective

__all__ = ["fitted_regression"]

_STRENGTH = 10.0
_STEPS = 100
_PAIRS = 5
_MOST_WORK = {"seconds": 10e9, "minutes": 60e9, "best": 120e9}
"""By effort, products of a feature and a weight in all steps: about a second for 3e9. Counted, so that runs repeat."""
_SAMPLE, _BLOCK_ROWS = 13, 1024


def fitted_regression(task: Task, objective: Objective) -> tuple[NgramRegression, int] | None:
    """The regression of a task, in evaluation mode on the CPU, and from how many sequences it learned.

    None where the config has none.

    Where the training part is so large that it would take minutes, it learns from some of the sequences, drawn by the
    seed.
    """
    regression = regression_for(task.config, task.targets, len(task.encoding.ngrams))
    if regression is None:
        return None
    features, frequencies, rows = _features(task, sum(regression.sizes))
    regression.inverse_frequencies.copy_(torch.from_numpy(frequencies))
    start = 0
    for codec in (codec for codec in task.codecs if not codec.target.per_step):
        target, size = codec.target, codec.target.logit_count
        labels, mask = map(torch.from_numpy, codec.batch(task.store, rows, 1))
        weights, biases = _solved(features, target, labels, mask, objective.class_weight[target.name])
        with torch.no_grad():
            regression.weights[:, start : start + size] = weights
            regression.biases[start : start + size] = biases
        start += size
    return regression.eval(), len(rows)


def _features(task: Task, columns: int) -> tuple[Any, NDArray[np.float32], NDArray[np.int64]]:
    """(rows, n-grams) TF-IDF as a sparse matrix, the weight of each n-gram, and the rows that fit the work."""
    from scipy.sparse import csr_matrix

    most = _MOST_WORK[task.config.train.effort] / (2 * _STEPS * columns)
    rows, numbers, ends = _numbers(task, most)
    count = len(task.encoding.ngrams)
    shape = (len(rows), count)
    matrix = csr_matrix((np.ones(len(numbers), dtype=np.float32), numbers, ends), shape=shape)
    matrix.sum_duplicates()
    documents = np.bincount(matrix.indices, minlength=count)
    frequencies = (np.log((1 + len(rows)) / (1 + documents)) + 1).astype(np.float32)
    frequencies[0] = 0.0
    squares = matrix @ (frequencies**2)
    scale = 1 / np.sqrt(np.where(squares > 0, squares, 1.0))
    matrix.data *= frequencies[matrix.indices] * np.repeat(scale, np.diff(matrix.indptr)).astype(np.float32)
    return matrix, frequencies, rows


def _numbers(task: Task, most: float) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """As many training rows as have so many n-grams, the numbers of these, one row after the other, and their ends.

    Rows are drawn by the seed; all of them are taken where that is not too much. At least one is.
    """
    drawn = np.random.default_rng([task.config.train.seed, _SAMPLE]).permutation(task.split.train)
    found: list[NDArray[np.int64]] = []
    total = 0
    for start in range(0, len(drawn), _BLOCK_ROWS):
        bags = task.batcher.ngrams(drawn[start : start + _BLOCK_ROWS])
        assert bags is not None
        for bag in bags:
            total += int(np.count_nonzero(bag))
            if found and total > most:
                break
            found.append(bag[bag > 0])
        if total > most:
            break
    order = np.argsort(drawn[: len(found)])
    ends = np.concatenate([[0], np.cumsum([len(found[place]) for place in order])])
    return drawn[order], np.concatenate([found[place] for place in order]), ends


def _solved(
    features: Any, target: Target, labels: Tensor, mask: Tensor, class_weight: NDArray[np.float32] | None
) -> tuple[Tensor, Tensor]:
    """(n-grams, logits) weights and (logits,) biases of the least loss."""
    size = target.logit_count
    weigh = None if class_weight is None else torch.from_numpy(class_weight)
    threads = torch.get_num_threads()
    forth, back = (_Product(matrix, threads) for matrix in (features, features.T.tocsr()))
    weights = torch.zeros(features.shape[1], size, requires_grad=True)
    biases = torch.zeros(size, requires_grad=True)
    shape = (*labels.shape, target.class_count) if target.kind != "multilabel" else labels.shape
    optimizer = torch.optim.LBFGS(
        [weights, biases], max_iter=_STEPS, history_size=_PAIRS, tolerance_change=1e-6, line_search_fn="strong_wolfe"
    )
    rows = features.shape[0]

    def loss() -> Tensor:
        flat = torch.from_numpy(forth(weights.detach().numpy())) + biases.detach()
        flat.requires_grad_()
        total = target_loss(target, flat.reshape(shape), labels, mask, class_weight=weigh).sum
        total.backward()  # type: ignore[no-untyped-call]
        assert flat.grad is not None
        with torch.no_grad():
            weights.grad = (torch.from_numpy(back(flat.grad.numpy())) + weights / _STRENGTH) / rows
            biases.grad = flat.grad.sum(dim=0) / rows
            value: Tensor = (total + weights.square().sum() / (2 * _STRENGTH)) / rows
            return value

    problem = DivergenceError(
        f"target '{target.name}': the n-gram regression ended in weights that are not finite\n"
        "  Train without it: --set model.regression=false"
    )
    try:
        optimizer.step(loss)  # type: ignore[no-untyped-call]
    except RuntimeError as error:  # torch's of a step that is not finite
        raise problem from error
    if not (bool(weights.isfinite().all()) and bool(biases.isfinite().all())):
        raise problem
    return weights.detach(), biases.detach()


class _Product:
    """A sparse matrix times dense ones, some rows on each thread: no row depends on how many there are."""

    def __init__(self, matrix: Any, threads: int) -> None:
        cuts = np.searchsorted(matrix.indptr, np.linspace(0, matrix.nnz, threads + 1)[1:-1])
        edges = [0, *cuts.tolist(), matrix.shape[0]]
        self.blocks = [matrix[start:end] for start, end in pairwise(edges)]

    def __call__(self, dense: NDArray[np.float32]) -> NDArray[np.float32]:
        if len(self.blocks) == 1:
            product: NDArray[np.float32] = self.blocks[0] @ dense
            return product
        with ThreadPoolExecutor(len(self.blocks)) as pool:  # the product runs without the lock of Python
            return np.concatenate(list(pool.map(lambda block: block @ dense, self.blocks)))
