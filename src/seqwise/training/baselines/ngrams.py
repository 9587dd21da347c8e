"""TF-IDF of n-grams and logistic regression: for texts with labels per sequence.

Words and pairs of words; of characters, bytes and the like runs of up to four. Where all training sequences have one
length, as the codes of a fixed form have, each symbol also counts at its place. One regression per class, output or
label, over the same features.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.data.labels import LabelCodec
from seqwise.data.spec import InputSpec
from seqwise.targets import Target
from seqwise.training.baselines.family import Answer, Answers, Family, joined_symbols
from seqwise.training.baselines.questions import Questions, fit_count, fitted_linear, target_logits
from seqwise.training.prepare import Task

__all__ = ["NGRAMS"]

_STRENGTH = 10.0
_GRAM_WORK, _FIT_WORK = 1.3, 0.2  # microseconds per n-gram, and per n-gram and regression


def _longest(task: Task) -> int:
    """Runs of so many symbols are features."""
    return 4 if joined_symbols(task) == "" else 2


def _suits(target: Target, given: InputSpec) -> bool:
    return not given.is_series and not target.per_step


def _work(task: Task, codec: LabelCodec, rows: NDArray[np.int64]) -> float:
    grams = int(task.store.lengths[rows].sum()) * _longest(task)
    return grams * (_GRAM_WORK + _FIT_WORK * fit_count(codec.target))


def _fit(task: Task, codec: LabelCodec, rows: NDArray[np.int64]) -> Answers:
    from sklearn.feature_extraction.text import TfidfVectorizer

    between, longest = joined_symbols(task), _longest(task)
    is_fixed = len(np.unique(task.store.lengths[rows])) == 1 and len(rows) > 1
    lowered = [symbol.lower() for symbol in task.store.symbols]

    def grams(row: int) -> Iterator[str]:
        symbols = [lowered[number] for number in task.store.sequence(row).tolist()]
        yield from symbols
        if is_fixed:
            yield from (f"{place}\n{symbol}" for place, symbol in enumerate(symbols))
        for size in range(2, longest + 1):
            for start in range(len(symbols) - size + 1):
                yield between.join(symbols[start : start + size])

    features = TfidfVectorizer(analyzer=grams, sublinear_tf=True, dtype=np.float32)
    known: Any = features.fit_transform(rows.tolist())
    model = fitted_linear(known, Questions.of(task, codec, rows), _STRENGTH)

    def answer(some: NDArray[np.int64]) -> Answer:
        return Answer(target_logits(codec.target, model.scores(features.transform(some.tolist()))))

    return answer


NGRAMS = Family("tfidf", "TF-IDF + logistic regression", _suits, _work, _fit)
