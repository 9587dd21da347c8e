"""Reads pretrained word vectors: word2vec's text format, GloVe's, fastText's `.vec`, plain or .gz.

All three have a line per word, the word and then its numbers, the most frequent words first. word2vec and fastText
begin with a line of two counts, words and numbers per word. A word of GloVe may hold spaces, so a line is read from its
end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqwise.data.readers._inputs import input_named
from seqwise.data.readers._limits import bounded_lines, short
from seqwise.data.readers._lines import GZIP_DAMAGE, damaged_gzip
from seqwise.errors import DataError

__all__ = ["WordVectors", "read_vectors"]

_HINT = "A file of word vectors has a word per line and behind it the same number of numbers, with spaces between."


@dataclass(frozen=True)
class WordVectors:
    """Words and their vectors.

    Attributes:
        words: each once.
        matrix: (words, size) float32.
        seen: words in the file.
    """

    words: tuple[str, ...]
    matrix: NDArray[np.float32]
    seen: int


def read_vectors(file: str | Path, wanted: Iterable[str], most_frequent: int) -> WordVectors:
    """The vectors of the wanted words, and of the first words of the file, which are its most frequent ones.

    Of a word that stands twice, the first line counts.

    Args:
        file: its path.
        wanted: words whose vectors are kept wherever they stand.
        most_frequent: how many words from the beginning of the file are kept beside them.

    Raises:
        DataError: no such file, none of these words in it, a line with more or fewer numbers than the others, or with
            one that is no finite number.
    """
    names = {word.encode() for word in wanted}
    kept: dict[bytes, NDArray[np.float32]] = {}
    size, seen = 0, 0
    for number, line in _lines(file):
        fields = line.split()
        if number == 1 and len(fields) == 2 and all(field.isdigit() and len(field) < 19 for field in fields):
            size = int(fields[1])
            continue
        size = size or len(fields) - 1
        if len(fields) == size and line[:1].isspace():  # the word is a space
            continue
        _check(fields, size, file, number)
        seen += 1
        word = b" ".join(fields[:-size])
        if (seen <= most_frequent or word in names) and word not in kept:
            kept[word] = _numbers(fields[-size:], file, number)
    if not kept:
        problem = "holds none of the words of the training part" if seen else "holds no word vectors"
        raise DataError(problem, file=str(file), hint=_HINT)
    return WordVectors(tuple(word.decode(errors="replace") for word in kept), np.stack(list(kept.values())), seen)


def _lines(file: str | Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty, with their numbers."""
    number = 0
    try:
        with input_named(file).open() as stream:
            for number, line in enumerate(bounded_lines(stream, str(file)), start=1):
                if line.strip():
                    yield number, line
    except GZIP_DAMAGE as error:
        raise damaged_gzip(error, str(file), number + 1) from None


def _check(fields: Sequence[bytes], size: int, file: str | Path, number: int) -> None:
    """Raises where a line has not `size` numbers behind its word; a word may hold spaces."""
    count = len(fields) - 1
    if size > 0 and (count == size or (count > size and not all(map(_is_number, fields[1:-size])))):
        return
    raise DataError(
        f"{count} numbers behind the word, expected {max(size, 1)}", file=str(file), line=number, hint=_HINT
    )


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _numbers(fields: Sequence[bytes], file: str | Path, number: int) -> NDArray[np.float32]:
    wrong = next((field for field in fields if not _is_number(field) or not np.isfinite(float(field))), None)
    if wrong is not None:
        text = short(wrong.decode(errors="replace"))
        raise DataError(f"'{text}' is no finite number", file=str(file), line=number, hint=_HINT)
    return np.array([float(field) for field in fields], dtype=np.float32)
