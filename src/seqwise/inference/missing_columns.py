"""Builds the error for a file that lacks a column of the model's input."""

from __future__ import annotations

import re

from seqwise.data.readers import Source
from seqwise.errors import ColumnError, did_you_mean, listed

__all__ = ["no_column"]


def no_column(column: str, source: Source) -> ColumnError:
    """The error for a missing column, with the nearest name, the existing columns and how to fix it."""
    ways = [f"The columns are {listed(source.columns)}."]
    if all(re.fullmatch(r"column[0-9]+", name) for name in source.columns):
        ways.append("Name them with --columns.")
    elif spelled := [name for name in source.columns if name.strip().casefold() == column.strip().casefold()]:
        ways.insert(0, f"Did you mean '{spelled[0]}'? Names are case-sensitive: rename the column to '{column}'.")
    elif near := did_you_mean(column, source.columns):
        ways.insert(0, near)
    elif source.format in ("csv", "tsv"):
        ways.append("If the first line is not a header, add --no-header and name the columns with --columns.")
        if len(source.columns) == 1:
            ways.append("If every line is one text, add --format lines.")
    return ColumnError(f"there is no column '{column}'", file=source.files[0], hint=" ".join(ways))
