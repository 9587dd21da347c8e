"""The command line that all peers share: data and task in, one line of JSON out."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.peers.rows import TASKS, Row, figure, read, tokens_of

__all__ = ["Peer", "Trained", "main", "median_speed"]


@dataclass(frozen=True)
class Trained:
    """What a peer has to tell.

    Attributes:
        tokens_per_second: of the training, words that are no padding.
        predict: labels for sequences of words, in order.
        facts: what else is worth a word.
    """

    tokens_per_second: float
    predict: Callable[[list[list[str]]], list[Any]]
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Peer:
    """A peer.

    Attributes:
        name: how it is called in results.
        package: whose version is told.
        tasks: what it can do.
        train: trains on rows; gets the task, the number of passes and the seed.
        epochs: passes over the data, where the command line does not say.
    """

    name: str
    package: str
    tasks: tuple[str, ...]
    train: Callable[..., Trained]
    epochs: int = 10


def median_speed(tokens: int, seconds: Iterable[float]) -> float:
    """Tokens per second of the median epoch; the first is left out where there are more, since it also sets up."""
    times = list(seconds)
    return tokens / statistics.median(times[1:] or times)


def main(peer: Peer, arguments: Sequence[str] | None = None) -> None:
    """Trains on `train`, predicts `test`, and prints what came of it."""
    parser = argparse.ArgumentParser(description=f"Train {peer.name}; print one line of JSON.")
    parser.add_argument("data", type=Path, help="a folder that benchmarks.prepare wrote: snips or ud-en-ewt")
    parser.add_argument("task", choices=[task for task in TASKS if task in peer.tasks])
    parser.add_argument("--epochs", type=int, default=peer.epochs, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--rows", type=int, help="train on the first rows only; to tell the speed of what is slow")
    parsed = parser.parse_args(arguments)
    rows: list[Row] = read(parsed.data, "train", parsed.task)[: parsed.rows]
    trained = peer.train(rows, parsed.task, epochs=parsed.epochs, seed=parsed.seed)
    test = read(parsed.data, "test", parsed.task)
    started = time.perf_counter()
    predicted = trained.predict([words for words, _ in test])
    seconds = time.perf_counter() - started
    facts = {
        "peer": peer.name,
        "data": parsed.data.name,
        "task": parsed.task,
        "seed": parsed.seed,
        "epochs": parsed.epochs,
        "rows": len(rows),
        "test": figure(parsed.task, [label for _, label in test], predicted),
        "tokens_per_second": trained.tokens_per_second,
        "test_tokens_per_second": tokens_of(test) / seconds,
        "cpu_seconds": sum(os.times()[:4]),
        "versions": {peer.package: version(peer.package)},
    }
    print(json.dumps({**facts, **trained.facts}))
