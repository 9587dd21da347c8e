"""fastText: the mean of word and bigram vectors, and a linear layer.

    python -m benchmarks.peers.fasttext_classifier DATA/snips intent

Needs fasttext-wheel.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import fasttext

from benchmarks.peers.command import Peer, Trained, main
from benchmarks.peers.rows import Row, tokens_of

__all__ = ["PEER"]

_LABEL = "__label__"


def _train(rows: Sequence[Row], task: str, *, epochs: int, seed: int) -> Trained:  # noqa: ARG001 - there is one task
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "train.txt"
        file.write_text("".join(f"{_LABEL}{label} {' '.join(words)}\n" for words, label in rows), encoding="utf-8")
        started = time.perf_counter()
        model = fasttext.train_supervised(
            str(file), epoch=epochs, wordNgrams=2, dim=100, lr=0.5, seed=seed, thread=os.cpu_count() or 1, verbose=0
        )
        seconds = time.perf_counter() - started

    def predict(sentences: list[list[str]]) -> list[str]:
        labels, _ = model.predict([" ".join(words) for words in sentences])
        return [first.removeprefix(_LABEL) for (first, *_) in labels]

    return Trained(tokens_of(rows) * epochs / seconds, predict, {"seconds": seconds})


PEER = Peer("fastText", "fasttext-wheel", ("intent",), _train, epochs=10)

if __name__ == "__main__":
    main(PEER)
