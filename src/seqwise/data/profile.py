"""Profiles the cells of a column: their types, values and separators."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np

from seqwise.data.cells import cell_of, zero_or_one
from seqwise.data.lists import label_set, writes_objects, written_list
from seqwise.data.missing import CERTAIN, WORDS
from seqwise.data.records import Record
from seqwise.data.separators import SIGNS, separator_of
from seqwise.data.tokens import TOKENIZERS
from seqwise.errors import counted
from seqwise.targets import label_text

__all__ = ["ColumnProfile", "profile_columns"]


@dataclass(frozen=True)
class ColumnProfile:
    """The profile of a sample of a column's cells.

    Attributes:
        name: the column.
        column: its cells, one per row; None where one is empty or a word says that its value is missing.
        is_written: whether the file has strings where `column` has the lists that they write out; see `lists`.
        is_set: whether these lists have no order: printed sets, or the choices of Label Studio.
    """

    name: str
    column: tuple[Any, ...]
    is_written: bool = False
    is_set: bool = False

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
        numbers = [value for value in self.flat if value is not None]
        if not self.is_list or self.is_set or not numbers or not all(map(_is_number, numbers)):
            return False
        widths = {len(step) for cell in self.cells for step in cell if isinstance(step, list)}
        return len(widths) == 1 or any(isinstance(value, float) for value in numbers)

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
        return any(isinstance(value, (dict, list)) for value in self.flat) or (
            self.is_text and all(map(writes_objects, self.cells))
        )

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
        """Whether every cell says 0 or 1, or that this is not known; see `cells.zero_or_one`."""
        known = self.values - WORDS
        return bool(known) and all(zero_or_one(value) is not None for value in known)

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
        """The separator of several labels in one cell, if the cells prove it; see `separators`."""
        return separator_of(self.cells) if self.is_text else None

    @cached_property
    def separator(self) -> str | None:
        """The first sign that could separate labels in any cell."""
        strings = [cell for cell in self.cells if isinstance(cell, str) and label_set(cell) is None]
        return next((sign for sign in SIGNS if any(sign in cell for cell in strings)), None)


def profile_columns(
    columns: Sequence[str], sample: Sequence[Record], missing: Collection[str] | None = None
) -> dict[str, ColumnProfile]:
    """The profile of each column over the sample; `missing` are the words for it, by default the certain ones."""
    words = CERTAIN if missing is None else missing
    return {column: _profile(column, [cell_of(record, column) for record in sample], words) for column in columns}


def _profile(name: str, cells: list[Any], missing: Collection[str]) -> ColumnProfile:
    filled = [None if _is_gap(cell, missing) else cell for cell in cells]
    there = sum(cell is not None for cell in filled)
    sets = [label_set(cell) for cell in filled]
    if any(_holds_choices(cell, found) for cell, found in zip(filled, sets, strict=True)):
        # Label Studio writes a choice as it is, and several as an object.
        mixed = [
            [cell] if found is None and isinstance(cell, str) else found
            for cell, found in zip(filled, sets, strict=True)
        ]
        if sum(cell is not None for cell in mixed) == there:
            return ColumnProfile(name, tuple(mixed), any(isinstance(cell, str) for cell in filled), is_set=True)
    # One rule for the column: nine strings of ten are enough, and the one that is no list is an error when it is read.
    lists = [_written(cell) for cell in filled]
    if sum(cell is not None for cell in lists) > 0.9 * there:
        return ColumnProfile(name, tuple(lists), is_written=True)
    if any(isinstance(cell, str) for cell in filled) and sum(cell is not None for cell in sets) > 0.9 * there:
        return ColumnProfile(name, tuple(sets), is_written=True, is_set=True)
    return ColumnProfile(name, tuple(filled))


def _is_gap(cell: Any, missing: Collection[str]) -> bool:
    if isinstance(cell, str):
        return not cell or cell.strip() in missing
    if isinstance(cell, float) and math.isnan(cell):
        return True
    return isinstance(cell, (bool, int, float)) and label_text(cell) in missing


def _holds_choices(cell: Any, found: list[Any] | None) -> bool:
    return found is not None and (isinstance(cell, dict) or (isinstance(cell, str) and '"choices"' in cell))


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
    return number is not None and not math.isnan(number) and not float(number).is_integer()


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
