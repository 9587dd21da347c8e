"""python-crfsuite: a linear CRF over features of words, trained by L-BFGS as its own example does.

    python -m benchmarks.peers.crfsuite_tagger DATA/snips slots

Needs python-crfsuite.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pycrfsuite

from benchmarks.peers.command import Peer, Trained, main
from benchmarks.peers.rows import Row, tokens_of

__all__ = ["PEER"]

_OPTIONS = {"c1": 1.0, "c2": 1e-3, "feature.possible_transitions": True}


def _features(words: Sequence[str], step: int) -> Iterator[str]:
    """A word, its form and endings, and its neighbours."""
    word = words[step]
    yield "bias"
    yield f"lower={word.lower()}"
    yield f"last3={word[-3:]}"
    yield f"last2={word[-2:]}"
    yield f"first2={word[:2]}"
    yield f"form={word.isupper():d}{word.istitle():d}{word.isdigit():d}"
    for away in (-1, 1):
        inside = 0 <= step + away < len(words)
        neighbour = words[step + away] if inside else "outside"
        yield f"{away}:lower={neighbour.lower()}"
        yield f"{away}:form={neighbour.isupper():d}{neighbour.istitle():d}"


def _sequence(words: Sequence[str]) -> list[list[str]]:
    return [list(_features(words, step)) for step in range(len(words))]


def _train(rows: Sequence[Row], task: str, *, epochs: int, seed: int) -> Trained:  # noqa: ARG001 - nothing is random
    started = time.perf_counter()
    trainer = pycrfsuite.Trainer(verbose=False)
    for words, tags in rows:
        trainer.append(_sequence(words), tags)
    trainer.set_params({**_OPTIONS, "max_iterations": epochs})
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "model")
        trainer.train(file)
        seconds = time.perf_counter() - started
        tagger = pycrfsuite.Tagger()
        tagger.open(file)
    done = trainer.logparser.last_iteration["num"]
    return Trained(
        tokens_of(rows) * done / seconds,
        lambda sentences: [tagger.tag(_sequence(words)) for words in sentences],
        {"seconds": seconds},
    )


PEER = Peer("python-crfsuite", "python-crfsuite", ("slots", "upos"), _train, epochs=50)

if __name__ == "__main__":
    main(PEER)
