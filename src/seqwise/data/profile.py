"""Looks at the cells of a column and says what they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np

from seqwise.data.cells import cell_of, zero_or_one
from seqwise.data.lists import written_list
from seqwise.data.records import Record
from seqwise.data.tokens import TOKENIZERS
from seqwise.errors import counted
from seqwise.targets import label_text

__all__ = ["ColumnProfile", "profile_columns"]

_DELIMITERS = ("|", ";", ",")


@dataclass(frozen=True)
class ColumnProfile:
    """What a sample of a column's cells looks like.

    Attributes:
        name: the column.
        column: its cells, one per row; None where one is empty.
        is_written: whether the file has strings where `column` has the lists that they write out; see `lists`.
    """

    name: str
    column: tuple[Any, ...]
    is_written: bool = False

    @property
    def rows(self) -> int:
        """How many rows were looked at."""
        return len(self.column)

    @cached_property
    def cells(self) -> tuple[Any, ...]:
        """The cells that are not empty."""
        return tuple(cell for cell in self.column if cell is not None)

    @cached_property
    def is_list(self) -> bool:
        """Whether the cells are lists."""
        return bool(self.cells) and all(isinstance(cell, list) for cell in self.cells)

    @cached_property
    def is_series(self) -> bool:
        """Whether the cells are arrays, equally long lists of numbers per step, or numbers, one of them a fraction."""
        if self.cells and isinstance(self.cells[0], np.ndarray):
            return True
        if not self.is_list or not self.flat or not all(_is_number(value) for value in self.flat):
            return False
        widths = {len(step) for cell in self.cells for step in cell if isinstance(step, list)}
        return len(widths) == 1 or any(isinstance(value, float) for value in self.flat)

    @cached_property
    def is_partly_list(self) -> bool:
        """Whether some cells are lists and others single values."""
        return not self.is_list and any(isinstance(cell, list) for cell in self.cells)

    @cached_property
    def is_nested(self) -> bool:
        """Whether the cells are lists of lists."""
        return self.is_list and any(isinstance(value, list) for cell in self.cells for value in cell)

    @cached_property
    def has_objects(self) -> bool:
        """Whether the cells are or hold what can be no label: objects, or lists in lists of lists."""
        return any(isinstance(value, (dict, list)) for value in self.flat)

    @cached_property
    def flat(self) -> tuple[Any, ...]:
        """Every value in the cells and in their lists; of numeric arrays none."""
        return tuple(value for cell in self.cells if not isinstance(cell, np.ndarray) for value in _flat(cell))

    @cached_property
    def fraction(self) -> Any:
        """A number with a fraction, if there is one: the column holds measurements. Else None."""
        return next((value for value in self.flat if _is_fraction(value)), None)

    @cached_property
    def is_text(self) -> bool:
        """Whether the cells are strings."""
        return bool(self.cells) and all(isinstance(cell, str) for cell in self.cells)

    @cached_property
    def is_numeric(self) -> bool:
        """Whether the cells are single numbers, also in strings."""
        return self.is_scalar and all(_number(cell) is not None for cell in self.cells)

    @cached_property
    def is_moment(self) -> bool:
        """Whether the cells are dates, or dates and times, as ISO 8601 writes them."""
        return self.is_text and all("-" in cell and _is_moment(cell) for cell in self.cells)

    @cached_property
    def is_scalar(self) -> bool:
        """Whether each cell is one value."""
        return bool(self.cells) and not any(isinstance(cell, (list, dict, np.ndarray)) for cell in self.cells)

    @cached_property
    def distinct(self) -> int:
        """How many different values the cells have."""
        return len({str(cell) for cell in self.cells})

    @cached_property
    def distinct_items(self) -> int:
        """How many different items stand in the lists: there are more tokens than tags."""
        return len({str(item) for cell in self.cells for item in cell}) if self.is_list else 0

    @cached_property
    def values(self) -> frozenset[str]:
        """The different values as text."""
        return frozenset(label_text(cell) for cell in self.cells) if self.is_scalar else frozenset()

    @cached_property
    def is_zero_or_one(self) -> bool:
        """Whether every cell says 0 or 1; see `cells.zero_or_one`."""
        return bool(self.values) and all(zero_or_one(value) is not None for value in self.values)

    @cached_property
    def is_label(self) -> bool:
        """Whether the cells could be labels: single values that repeat, and no measurements."""
        return self.label_obstacle is None

    @cached_property
    def label_obstacle(self) -> str | None:
        """Why the cells are hardly labels, in words; None where they could be."""
        if not self.cells:
            return "is empty"
        if self.has_objects:
            return "holds objects"
        if self.fraction is not None:
            return f"holds fractions such as {self.fraction}"
        if not self.is_scalar:
            return "holds lists"
        if self.is_moment:
            return f"holds dates such as {self.cells[0]}"
        if self.distinct > max(2, self.rows // 2):
            return f"has {self.distinct} different values in {counted(self.rows, 'row')}"
        return None

    @cached_property
    def mean_words(self) -> float:
        """Words per cell."""
        return sum(len(TOKENIZERS["whitespace"](str(cell))) for cell in self.cells) / max(len(self.cells), 1)

    @cached_property
    def mean_length(self) -> float:
        """Characters per cell."""
        return sum(len(str(cell)) for cell in self.cells) / max(len(self.cells), 1)

    @cached_property
    def delimiter(self) -> str | None:
        """What separates several labels in one cell, if the cells look so: parts that are few and repeat."""
        if not self.is_text:
            return None
        for delimiter in _DELIMITERS:
            parts = Counter(part.strip() for cell in self.cells for part in cell.split(delimiter))
            several = sum(delimiter in cell for cell in self.cells)
            prose = delimiter == "," and any(" " in part for part in parts)
            repeated = sum(parts.values()) >= 2 * len(parts)
            if several and not prose and repeated and len(parts) <= self.distinct:
                return delimiter
        return None

    @cached_property
    def separator(self) -> str | None:
        """The first sign that could separate labels in any cell."""
        strings = [cell for cell in self.cells if isinstance(cell, str) and written_list(cell) is None]
        return next((sign for sign in _DELIMITERS if any(sign in cell for cell in strings)), None)


def profile_columns(columns: Sequence[str], sample: Sequence[Record]) -> dict[str, ColumnProfile]:
    """The profile of each column over the sample."""
    return {column: _profile(column, [cell_of(record, column) for record in sample]) for column in columns}


def _profile(name: str, cells: list[Any]) -> ColumnProfile:
    filled = [None if isinstance(cell, str) and not cell else cell for cell in cells]
    lists = [_written(cell) for cell in filled]
    # One rule for the column: nine strings of ten are enough, and the one that is no list is an error when it is read.
    is_written = sum(cell is not None for cell in lists) > 0.9 * sum(cell is not None for cell in filled)
    return ColumnProfile(name, tuple(lists if is_written else filled), is_written)


def _written(cell: Any) -> list[Any] | None:
    """The list that a string writes out, or the lists that all strings of a list do (a set per token in CoNLL)."""
    if not isinstance(cell, list):
        return written_list(cell)
    sets = []
    for item in cell:
        found = written_list(item)
        if found is None:
            return None
        sets.append(found)
    return sets or None


def _flat(cell: Any) -> list[Any]:
    steps = cell if isinstance(cell, list) else [cell]
    return [value for step in steps for value in (step if isinstance(step, list) else [step])]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_fraction(cell: Any) -> bool:
    number = cell if isinstance(cell, float) else _number(cell) if isinstance(cell, str) and "." in cell else None
    return number is not None and not float(number).is_integer()


def _is_moment(cell: str) -> bool:
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return False
    return True


def _number(cell: Any) -> float | None:
    if isinstance(cell, bool):
        return None
    try:
        return float(cell)
    except (TypeError, ValueError):
        return None
