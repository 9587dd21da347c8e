"""TF-IDF of n-grams and logistic regression: for symbols with labels per sequence.

Words and pairs of words; of characters, bytes and the like runs of up to four. Where all training sequences have one
length, as the codes of a fixed form have, each symbol also counts at its place. One regression per class, output or
label, over the same features.

The fitted baseline is the model that `model.encoder=tfidf` trains, so what is said of one holds for the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqwise.data.labels import LabelCodec
from seqwise.data.ngrams import Bags
from seqwise.data.spec import InputSpec
from seqwise.data.vocabulary import symbol_counts
from seqwise.nn import TFIDF, MarginHead, SequenceModel, TfidfMargins, build_tfidf
from seqwise.targets import Target
from seqwise.task.defaults import DataStatistics, tfidf_ngrams
from seqwise.task.fit_encoding import ngrams_for
from seqwise.task.prepare import Task
from seqwise.training.baselines.family import Answer, Answers, Family
from seqwise.training.baselines.questions import NEVER, LinearModel, Questions, fit_count, fitted_linear

__all__ = ["NGRAMS", "fill_tfidf"]

_STRENGTH = 10.0
_GRAM_WORK, _FIT_WORK = 0.2, 0.2  # microseconds per n-gram, and per n-gram and regression
_BLOCK_ROWS = 1024

_Numbers = Callable[[NDArray[np.int64]], NDArray[np.int64]]
"""Rows -> the numbers of their n-grams, (rows, n-grams) filled up with 0."""


def _suits(target: Target, given: InputSpec) -> bool:
    return not given.is_series and not target.per_step


def _work(task: Task, codec: LabelCodec, rows: NDArray[np.int64]) -> float:  # noqa: ARG001 - all targets share rows
    fits = max(fit_count(target) for target in task.targets if not target.per_step)
    read = _settings(task)
    grams: float = float(task.store.lengths[rows].sum()) * (read["ngrams"] + read["character_ngrams"])
    return grams * (_GRAM_WORK + _FIT_WORK * fits)


def _settings(task: Task) -> dict[str, Any]:
    """The settings of the n-grams that are read, by their names in `input`."""
    if task.config.model.encoder == TFIDF:
        given = task.config.input
        return {"ngrams": given.ngrams, "character_ngrams": given.character_ngrams, "ngram_limit": given.ngram_limit}
    chosen = tfidf_ngrams(_facts(task))
    return {key.partition(".")[2]: choice.value for key, choice in chosen.items()}


def _facts(task: Task) -> DataStatistics:
    return DataStatistics.of(task.store, task.split, task.codecs, task.config)


def _fit(task: Task, codec: LabelCodec, rows: NDArray[np.int64]) -> Answers:
    counts = symbol_counts(task.store, task.split.train)
    ngrams = ngrams_for(
        task.store,
        task.split,
        task.config.input.model_copy(update=_settings(task)),
        counts,
        is_fixed=_facts(task).is_fixed,
        counted=True,
    )
    numbers = Bags(task.store, ngrams).numbers
    model = build_tfidf([codec.target], ngram_count=len(ngrams))
    fill_tfidf(model, task, numbers, rows)

    def answer(some: NDArray[np.int64]) -> Answer:
        ids = torch.from_numpy(numbers(some))
        with torch.inference_mode():
            return Answer(model(ids, ngrams=ids)[codec.target.name].numpy())

    return answer


def fill_tfidf(model: SequenceModel, task: Task, numbers: _Numbers, rows: NDArray[np.int64]) -> None:
    """Solves for the regressions of a model, one for each class, output or label.

    Args:
        model: made by `seqwise.nn.build_tfidf`, of some of the targets of the task.
        task: data and config.
        numbers: rows -> their n-grams, each as often as it stands there.
        rows: what it learns from.
    """
    margins: Any = model.bag
    assert isinstance(margins, TfidfMargins)
    features, frequencies = _features(numbers, len(margins.inverse_frequencies), rows)
    with torch.no_grad():
        margins.inverse_frequencies.copy_(torch.from_numpy(frequencies))
        codecs = {codec.target.name: codec for codec in task.codecs}
        for name, target in zip(model.names, model.targets, strict=True):
            head: Any = target.head
            _fill(margins, head, codecs[name], features, Questions.of(task, codecs[name], rows))


def _features(numbers: _Numbers, count: int, rows: NDArray[np.int64]) -> tuple[Any, NDArray[np.float32]]:
    """(rows, n-grams) TF-IDF as a sparse matrix, and the weight of each n-gram; 0 where no row has it."""
    from scipy.sparse import csr_matrix

    found, sizes = [], []
    for start in range(0, len(rows), _BLOCK_ROWS):
        ids = numbers(rows[start : start + _BLOCK_ROWS])
        found.append(ids[ids > 0])
        sizes.append(np.count_nonzero(ids, axis=1))
    ends = np.concatenate([[0], np.cumsum(np.concatenate(sizes))])
    every = np.concatenate(found)
    matrix = csr_matrix((np.ones(len(every), dtype=np.float32), every, ends), shape=(len(rows), count))
    matrix.sum_duplicates()
    documents = np.bincount(matrix.indices, minlength=count)
    known = np.log((1 + len(rows)) / (1 + documents)) + 1
    frequencies = np.where(documents > 0, known, 0.0).astype(np.float32)
    matrix.data = (1 + np.log(matrix.data)) * frequencies[matrix.indices]
    squares = np.add.reduceat(np.append(matrix.data**2, 0.0), matrix.indptr[:-1])
    lengths = np.sqrt(np.where(np.diff(matrix.indptr) > 0, squares, 1.0))
    matrix.data /= np.repeat(lengths, np.diff(matrix.indptr)).astype(np.float32)
    return matrix, frequencies


def _fill(margins: TfidfMargins, head: MarginHead, codec: LabelCodec, features: Any, questions: Questions) -> None:
    found = fitted_linear(features, questions, _STRENGTH)
    target, own = codec.target, slice(head.start, head.start + head.size)
    columns = _columns(target)
    margins.biases[own] = torch.from_numpy(_biases(target, found, columns))
    for place, (question, label) in enumerate(found.places):
        column = columns[question, label]
        margins.weights[:, head.start + column] = torch.from_numpy(found.weights[:, place])
        margins.biases[head.start + column] = float(found.biases[place])
        head.one_vs_rest[column] = len(found.seen[question]) > 2


def _columns(target: Target) -> Mapping[tuple[int, int], int]:
    """By question and class, the place of its model among those of the target."""
    if target.kind == "multilabel":
        return {(label, 1): label for label in range(target.class_count)}
    pairs = [(output, label) for output, classes in enumerate(target.classes) for label in range(len(classes))]
    return {pair: column for column, pair in enumerate(pairs)}


def _biases(target: Target, found: LinearModel, columns: Mapping[tuple[int, int], int]) -> NDArray[np.float32]:
    """The logits of classes that no regression tells: 0 for those that are seen, very low for those that are not."""

    def constant(question: int, label: int) -> float:
        return 0.0 if label in found.seen[question] else NEVER

    is_set = target.kind == "multilabel"
    return np.array([constant(*pair) - (constant(pair[0], 0) if is_set else 0.0) for pair in columns], dtype=np.float32)


NGRAMS = Family("tfidf", "TF-IDF + logistic regression", _suits, _work, _fit, encoder=TFIDF)
