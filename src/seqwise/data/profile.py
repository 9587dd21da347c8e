"""Looks at the cells of a column and says what they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from seqwise.data.records import Record
from seqwise.data.tokens import TOKENIZERS
from seqwise.targets import label_text

__all__ = ["ColumnProfile", "profile_columns"]

_DELIMITERS = ("|", ";", ",")


@dataclass(frozen=True)
class ColumnProfile:
    """What a sample of a column's cells looks like.

    Attributes:
        name: the column.
        cells: its cells, empty ones left out.
        rows: how many rows were looked at.
    """

    name: str
    cells: tuple[Any, ...]
    rows: int

    @cached_property
    def is_list(self) -> bool:
        """Whether the cells are lists."""
        return bool(self.cells) and all(isinstance(cell, list) for cell in self.cells)

    @cached_property
    def is_series(self) -> bool:
        """Whether the cells are arrays, equally long lists of numbers per step, or numbers, one of them a fraction."""
        if self.cells and isinstance(self.cells[0], np.ndarray):
            return True
        values = [value for cell in self.cells for value in _flat(cell)] if self.is_list else []
        if not values or not all(_is_number(value) for value in values):
            return False
        widths = {len(step) for cell in self.cells for step in cell if isinstance(step, list)}
        return len(widths) == 1 or any(isinstance(value, float) for value in values)

    @cached_property
    def is_partly_list(self) -> bool:
        """Whether some cells are lists and others single values."""
        return not self.is_list and any(isinstance(cell, list) for cell in self.cells)

    @cached_property
    def is_nested(self) -> bool:
        """Whether the cells are lists of lists."""
        return self.is_list and any(isinstance(value, list) for cell in self.cells for value in cell)

    @cached_property
    def is_text(self) -> bool:
        """Whether the cells are strings."""
        return bool(self.cells) and all(isinstance(cell, str) for cell in self.cells)

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
        """Whether every cell is 0 or 1."""
        return bool(self.values) and self.values <= {"0", "1", "true", "false", "True", "False"}

    @cached_property
    def is_label(self) -> bool:
        """Whether the cells could be labels: single values that repeat, and no measurements."""
        if not self.is_scalar or self.distinct > max(2, self.rows // 2):
            return False
        return not any(_is_fraction(cell) for cell in self.cells)

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
            blank = any(" " in part for part in parts)
            repeated = sum(parts.values()) >= 2 * len(parts)
            if several and not blank and repeated and len(parts) <= self.distinct:
                return delimiter
        return None


def profile_columns(columns: Sequence[str], sample: Sequence[Record]) -> dict[str, ColumnProfile]:
    """The profile of each column over the sample."""
    profiles = {}
    for column in columns:
        cells = tuple(record.values.get(column) for record in sample)
        filled = tuple(cell for cell in cells if cell is not None and not (isinstance(cell, str) and not cell))
        profiles[column] = ColumnProfile(column, filled, len(sample))
    return profiles


def _flat(cell: list[Any]) -> list[Any]:
    return [value for step in cell for value in (step if isinstance(step, list) else [step])]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_fraction(cell: Any) -> bool:
    if isinstance(cell, float):
        return not cell.is_integer()
    if not isinstance(cell, str) or "." not in cell:
        return False
    try:
        return not float(cell).is_integer()
    except ValueError:
        return False
