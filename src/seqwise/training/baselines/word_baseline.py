"""The most frequent label of each word: for symbols with labels per step.

A word that training does not show gets what is most frequent among the rare words with its last letters, the longest
ending that is known, and else what is most frequent of all.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from seqwise.data.labels import LabelCodec
from seqwise.data.spec import InputSpec
from seqwise.masks import lengths_to_mask
from seqwise.targets import Target
from seqwise.task.prepare import Task
from seqwise.training.baselines.family import Answer, Answers, Family
from seqwise.training.baselines.questions import Questions, target_logits

__all__ = ["WORD", "padded"]

_Number = TypeVar("_Number", np.float32, np.int64)

_ENDINGS = (3, 2, 1)
_RARE = 5  # words that stand so often at most tell what unknown words are


def _suits(target: Target, given: InputSpec) -> bool:
    return not given.is_series and target.per_step


def _work(task: Task, codec: LabelCodec, rows: NDArray[np.int64]) -> float:
    return float(task.store.lengths[rows].sum()) * 0.2 * len(codec.target.classes[0])


def _fit(task: Task, codec: LabelCodec, rows: NDArray[np.int64]) -> Answers:
    questions = Questions.of(task, codec, rows)
    steps = task.store.sequences(rows)
    tables = [
        _table(task.store.symbols, steps[known], labels[known], size)
        for labels, known, size in zip(questions.labels.T, questions.known.T, questions.sizes, strict=True)
    ]

    def answer(some: NDArray[np.int64]) -> Answer:
        found = target_logits(codec.target, [table[task.store.sequences(some)] for table in tables])
        return Answer(padded(found, task.store.lengths[some]))

    return answer


def _table(symbols: list[str], steps: NDArray[np.int64], labels: NDArray[np.int64], size: int) -> NDArray[np.float32]:
    """(symbols, classes) the logarithm of how often each symbol has each class, or those that end like it."""
    counts = np.zeros((len(symbols), size))
    np.add.at(counts, (steps, labels), 1)
    seen = counts.sum(axis=1)
    by_ending: dict[str, NDArray[np.float64]] = {}
    for number in np.flatnonzero((seen > 0) & (seen <= _RARE)).tolist():
        for length in _ENDINGS:
            ending = symbols[number][-length:]
            by_ending[ending] = by_ending.get(ending, 0) + counts[number]
    everything = counts.sum(axis=0)
    for number in np.flatnonzero(seen == 0).tolist():
        endings = (symbols[number][-length:] for length in _ENDINGS)
        counts[number] = next((by_ending[ending] for ending in endings if ending in by_ending), everything)
    smoothed: NDArray[np.float64] = counts + 1e-3 * (everything + 1) / (everything.sum() + size)
    return np.log(smoothed, dtype=np.float64).astype(np.float32)


def padded(found: NDArray[_Number], lengths: NDArray[np.int64]) -> NDArray[_Number]:
    """What is known of steps, one sequence after the other, as (batch, time, ...) with zeros behind each sequence."""
    mask: NDArray[np.bool_] = lengths_to_mask(lengths, int(lengths.max()))
    batch: NDArray[_Number] = np.zeros((*mask.shape, *found.shape[1:]), dtype=found.dtype)
    batch[mask] = found
    return batch


WORD = Family("word", "most frequent label of each word", _suits, _work, _fit)
