"""A CRF on features of each word and of those around it, by python-crfsuite: for symbols with one tag per step.

Trained by the passive-aggressive algorithm, which needs a tenth of the time of L-BFGS.
"""

from __future__ import annotations

import ctypes
import re
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.data.labels import LabelCodec
from seqwise.data.spec import InputSpec
from seqwise.targets import Target
from seqwise.task.prepare import Task
from seqwise.training.baselines.family import Answer, Answers, Family
from seqwise.training.baselines.word_baseline import padded

__all__ = ["CRF", "word_features"]

_PASSES = 10
_STEP_WORK, _PAIR_WORK = 40.0, 0.015  # microseconds per step, and per step and pair of tags
_SHUFFLING = threading.Lock()
_FAR, _NEAR = 5, 2  # how far around a step is looked: single signs say less than words


def word_features(word: str) -> tuple[str, ...]:
    """What is known of a word itself: its form, beginnings and endings.

    Examples:
        >>> word_features("Paris2")
        ('w=paris2', 's=Xx9', 'p1=p', 'p2=pa', 'p3=par', 'e1=2', 'e2=s2', 'e3=is2', 'e4=ris2')
    """
    lower = word.lower()
    return (
        f"w={lower}",
        f"s={_shape(word)}",
        *(f"p{size}={lower[:size]}" for size in (1, 2, 3) if len(lower) > size),
        *(f"e{size}={lower[-size:]}" for size in (1, 2, 3, 4) if len(lower) > size),
    )


def _shape(word: str) -> str:
    """Capitals as X, other letters as x, digits as 9, runs as one sign, six signs at most."""
    signs = ("X" if sign.isupper() else "x" if sign.isalpha() else "9" if sign.isdigit() else sign for sign in word)
    return re.sub(r"(.)\1+", r"\1", "".join(signs))[:6]


def _suits(target: Target, given: InputSpec) -> bool:
    return not given.is_series and target.kind == "tags"


def _work(task: Task, codec: LabelCodec, rows: NDArray[np.int64]) -> float:
    pairs = codec.target.class_count**2
    return float(task.store.lengths[rows].sum()) * (_STEP_WORK + _PAIR_WORK * pairs)


def _usable(task: Task, codec: LabelCodec, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows whose tags are all known."""
    lengths = task.store.lengths[rows]
    known = [codec.batch(task.store, rows[i : i + 1], int(lengths[i]))[1].all() for i in range(len(rows))]
    return np.asarray(rows[np.array(known, dtype=bool)])


def _fit(task: Task, codec: LabelCodec, rows: NDArray[np.int64]) -> Answers:
    import pycrfsuite

    features = _Features(task.store.symbols)
    trainer = pycrfsuite.Trainer(algorithm="pa", verbose=False)
    for row in rows:
        (labels,), _ = codec.batch(task.store, np.array([row]), int(task.store.lengths[row]))
        trainer.append(features.of(task.store.sequence(int(row))), [str(label) for label in labels.tolist()])
    trainer.set_params({"max_iterations": _PASSES, "feature.possible_transitions": True})
    tagger = pycrfsuite.Tagger()
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "model")
        with _SHUFFLING:
            _seed_shuffling()
            trainer.train(file)
        tagger.open(file)

    def answer(some: NDArray[np.int64]) -> Answer:
        tags = [tagger.tag(features.of(task.store.sequence(row))) for row in some.tolist()]
        flat = np.array([int(tag) for tags_of_row in tags for tag in tags_of_row], dtype=np.int64)
        return Answer(predictions=padded(flat, task.store.lengths[some]))

    return answer


def _seed_shuffling() -> None:
    """CRFsuite shuffles by rand() of the C library, which goes on where it stopped: every fit starts it anew."""
    with suppress(TypeError, OSError, AttributeError):  # Windows has no library of the whole process
        ctypes.CDLL(None).srand(1)


class _Features:
    """The features of each step; what concerns a word alone is worked out once."""

    def __init__(self, symbols: Sequence[str]) -> None:
        self.own = [word_features(symbol) for symbol in symbols]
        single = all(len(symbol) == 1 for symbol in symbols)
        self.reach = _FAR if single else _NEAR

    def of(self, sequence: NDArray[Any]) -> list[list[str]]:
        words = [self.own[number][:2] for number in sequence.tolist()]
        outside = ("w=", "s=")
        around = [outside] * self.reach + words + [outside] * self.reach
        return [
            [*self.own[number], *self._context(around[step : step + 2 * self.reach + 1])]
            for step, number in enumerate(sequence.tolist())
        ]

    def _context(self, window: Sequence[Sequence[str]]) -> Iterator[str]:
        here = self.reach
        for away in range(-here, here + 1):
            if away:
                yield f"{away}{window[here + away][0]}"
        yield f"-1{window[here - 1][1]}"
        yield f"+1{window[here + 1][1]}"
        yield f"-1,0{window[here - 1][0]}{window[here][0]}"
        yield f"0,1{window[here][0]}{window[here + 1][0]}"


CRF = Family(
    "crf",
    "CRF on words around (python-crfsuite)",
    _suits,
    _work,
    _fit,
    package="pycrfsuite",
    extra="crfsuite",
    usable=_usable,
)
