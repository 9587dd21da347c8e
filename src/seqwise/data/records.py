"""Records, which readers yield one per sequence, with their file and line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Place", "Record", "listed_places"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in the user's files.

    Attributes:
        file: the file as the user named it.
        line: counted from 1, as editors do; in Parquet, which has no lines, the row counted from 1.

    Examples:
        >>> str(Place("train.csv", 17))
        'train.csv:17'
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Record:
    """One sequence as it stands in the file, before anything is decided about inputs and targets.

    Attributes:
        place: the record's first line. In CoNLL and CoNLL-U it is the line of the first token, below the
            comments.
        values: column name -> value. The type depends on the format:

            | format         | value                                                                        |
            |----------------|------------------------------------------------------------------------------|
            | CSV, TSV       | str, or None for an empty cell                                               |
            | JSONL, Parquet | int, float, bool, str, None, list or dict; absent keys are absent         |
            | CoNLL, CoNLL-U | a list of str, one per token; a str for a comment `# key = value`            |
            | `.ts`          | `series`: float32 array (time, channels), finite; `label`: str               |
            | long form      | `series` likewise; other columns as in the table where the value is the same |
            |                | at every step, else a list with one item per step                            |
        rows: in a table with one row per token, the cells of each of its rows; else nothing.
    """

    place: Place
    values: dict[str, Any]
    rows: tuple[dict[str, Any], ...] = ()


def listed_places(first: Sequence[Place], count: int) -> str:
    """Some places in words, of which only the first are named.

    Examples:
        >>> listed_places([Place("a.csv", 3), Place("a.csv", 7)], 12)
        'a.csv:3, a.csv:7 and 10 more'
    """
    more = count - len(first)
    return ", ".join(map(str, first)) + (f" and {more:,} more" if more else "")
