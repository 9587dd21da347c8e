"""MiniRocket of aeon: ten thousand random convolutions, and ridge regression.

    python -m benchmarks.peers.minirocket ROWS series

Needs aeon. Series of unequal length are padded with zeros to the longest of the training part, as aeon advises.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.peers.command import Peer, Trained, main
from benchmarks.peers.rows import Row, tokens_of

__all__ = ["PEER"]

_SHORTEST = 9  # of its convolutions


def _padded(series: Sequence[Any], steps: int) -> Any:
    """(series, channels, steps), cut or filled with zeros."""
    array = np.zeros((len(series), len(series[0][0]), steps), dtype=np.float32)
    for i, one in enumerate(series):
        values = np.asarray(one, dtype=np.float32)[:steps].T
        array[i, :, : values.shape[1]] = values
    return array


def _train(rows: Sequence[Row], task: str, *, epochs: int, seed: int) -> Trained:  # noqa: ARG001 - fitted in one go
    from aeon.classification.convolution_based import MiniRocketClassifier

    steps = max(*(len(series) for series, _ in rows), _SHORTEST)
    model = MiniRocketClassifier(random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        few = rows[:2]  # compiles the convolutions, which is start-up
        MiniRocketClassifier(n_kernels=84, random_state=seed).fit(
            _padded([series for series, _ in few], steps), np.array(["a", "b"])
        )
        started = time.perf_counter()
        model.fit(_padded([series for series, _ in rows], steps), np.array([label for _, label in rows]))
        seconds = time.perf_counter() - started

    def predict(sequences: list[Any]) -> list[str]:
        found: list[str] = model.predict(_padded(sequences, steps)).tolist()
        return found

    return Trained(tokens_of(rows) / seconds, predict, {"seconds": seconds})


PEER = Peer("MiniRocket", "aeon", ("series",), _train, epochs=1)

if __name__ == "__main__":
    main(PEER)
