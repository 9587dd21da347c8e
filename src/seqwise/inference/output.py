"""Streams predictions to standard output or to a file, which is written atomically."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from seqwise._files import write_atomically
from seqwise.inference.prediction import Prediction
from seqwise.inference.writers import Writer

__all__ = ["write_predictions"]


def write_predictions(predictions: Iterable[Prediction], writer: Writer, output: str | None, chunk: int = 256) -> None:
    """Writes predictions as they are computed.

    Args:
        predictions: in order.
        writer: see `seqwise.inference.writers`.
        output: a path, compressed if it ends in .gz; None for standard output.
        chunk: predictions per write.

    Raises:
        SaveError: the file could not be written; no partial file is left.
    """
    texts = _texts(iter(predictions), writer, chunk)
    if output is None:
        for text in texts:
            sys.stdout.write(text)
            sys.stdout.flush()
        return
    write_atomically(Path(output), lambda part: _write(part, texts, gzipped=output.endswith(".gz")))


def _texts(predictions: Iterator[Prediction], writer: Writer, chunk: int) -> Iterator[str]:
    while some := list(islice(predictions, chunk)):
        yield writer(some)


def _write(path: Path, texts: Iterable[str], *, gzipped: bool) -> None:
    with _opened(path, gzipped=gzipped) as file:
        for text in texts:
            file.write(text)


def _opened(path: Path, *, gzipped: bool) -> IO[str]:
    """A text file opened for writing without newline translation."""
    if gzipped:
        return gzip.open(path, "wt", encoding="utf-8", newline="")
    return path.open("w", encoding="utf-8", newline="")
