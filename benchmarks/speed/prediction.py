"""How fast a trained model predicts: prints the words per second of a file, read before: RUN FILE."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import seqwise

__all__ = ["words_per_second"]


def words_per_second(run: Path, file: Path) -> float:
    """The words per second of predicting labels for all sequences of a file; loading and reading are not counted."""
    model = seqwise.load(run)
    records = list(model.read_files([file]))
    started = time.perf_counter()
    words = 0
    for prediction in model.predictions(records):
        prediction.labels()
        words += prediction.steps
    return words / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("file", type=Path)
    parsed = parser.parse_args()
    print(words_per_second(parsed.run, parsed.file))


if __name__ == "__main__":
    main()
