"""Converts Python sequences (texts, token lists, arrays) to records; rejects invalid ones with their position."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

import numpy as np
import torch

from seqwise.data.readers import Source
from seqwise.data.records import Place, Record
from seqwise.data.spec import InputSpec
from seqwise.errors import DataError, UsageError

__all__ = ["records_of"]

_LONGEST_SHOWN = 40


def records_of(sequences: Iterable[Any], spec: InputSpec, channels: int, caller: str) -> Iterator[Record]:
    """One record per sequence, whose place is `sequences` and its position, from 0.

    Args:
        sequences: texts, token lists (any ordered iterables), or series: arrays, tensors or lists (time,) or
            (time, channels). A missing value (None, NaN, pandas.NA) is an empty cell.
        spec: the expected type of input.
        channels: channels of a series; 0 for symbols.
        caller: name of the calling method, for messages.

    Raises:
        UsageError: a single sequence or a table instead of a list of sequences.
        DataError: an element of another type.
    """
    _refuse_other_than_lists(sequences, spec, channels, caller)
    read = _series if spec.is_series else _tokens if spec.kind == "tokens" else _text
    for position, sequence in enumerate(sequences):
        place = Place("sequences", position)
        plain = sequence.as_py() if hasattr(sequence, "as_py") else sequence  # an Arrow scalar
        cell = None if _is_missing(plain) else read(plain, place, spec.column)
        yield Record(place, {spec.column: cell})


def _refuse_other_than_lists(sequences: Any, spec: InputSpec, channels: int, caller: str) -> None:
    wanted, one = ("token lists", "tokens") if spec.kind == "tokens" else ("texts", "text")
    if spec.is_series:
        wanted = one = "series"
    took = f"{caller} takes a list of {wanted}, got"
    if isinstance(sequences, str):
        raise UsageError(f"{took} one text; write {caller}([{one}])")
    if isinstance(sequences, Source):
        raise UsageError(f"{took} the records of files; write predictions(source)")
    if isinstance(sequences, (bytes, Set)):
        raise UsageError(f"{took} {_described(sequences)}")
    if isinstance(sequences, Mapping) or hasattr(sequences, "columns") or hasattr(sequences, "column_names"):
        kind = type(sequences).__name__
        raise UsageError(f"{took} a {kind}; write {caller}(table['{spec.column}']), with the column's name in it")
    if channels > 1 and getattr(sequences, "ndim", 0) == 2:
        shape = tuple(map(int, sequences.shape))
        raise UsageError(f"{took} one array of shape {shape}; for one series write {caller}([series])")
    try:
        iter(sequences)
    except TypeError:
        raise UsageError(f"{took} {_described(sequences)}") from None


def _wrong(problem: str, place: Place, column: str, hint: str | None = None) -> DataError:
    return DataError(problem, file=place.file, line=place.line, field=column, hint=hint)


def _text(given: Any, place: Place, column: str) -> str:
    if isinstance(given, str):
        return given
    hint = "This model reads running text; join tokens with spaces." if isinstance(given, list) else None
    raise _wrong(f"expected a text, got {_described(given)}", place, column, hint)


def _tokens(given: Any, place: Place, column: str) -> list[Any]:
    if not isinstance(given, Iterable) or isinstance(given, (str, bytes, Mapping, Set)):
        hint = "For one sequence write predict([tokens])." if isinstance(given, str) else None
        raise _wrong(f"expected a list of tokens, got {_described(given)}", place, column, hint)
    tokens = given.tolist() if hasattr(given, "tolist") else list(given)
    for number, token in enumerate(tokens, 1):
        if not isinstance(token, (str, int, float)) or _is_nan(token):
            raise _wrong(f"token {number} is {_described(token)}, not a text", place, column)
    return tokens


def _series(given: Any, place: Place, column: str) -> Any:
    """An array (time, channels), or a list whose numbers are checked when it is read."""
    if isinstance(given, torch.Tensor):
        given = (given.double() if given.is_floating_point() else given).numpy(force=True)
    if hasattr(given, "__array__"):
        given = np.asarray(given)
        if given.ndim not in (1, 2):
            problem = f"expected an array (time,) or (time, channels), got one of shape {given.shape}"
            raise _wrong(problem, place, column)
        is_numeric = given.dtype.kind in "fiu"
        return given.reshape(len(given), -1) if is_numeric and given.size else given.tolist()
    if isinstance(given, (list, tuple)):
        return list(given)
    hint = "For one series write predict([series])." if isinstance(given, (int, float)) else None
    raise _wrong(f"expected an array or a list of numbers, got {_described(given)}", place, column, hint)


def _is_missing(value: Any) -> bool:
    """Whether a value is missing; recognises pandas.NA without importing pandas, which may not be installed."""
    return value is None or _is_nan(value) or type(value).__name__ in ("NAType", "NaTType")


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _described(value: Any) -> str:
    """A short description of the type of a value."""
    if value is None or _is_nan(value):
        return f"{value}, a missing value"
    if isinstance(value, str):
        return f"the text '{value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + '…'}'"
    if isinstance(value, bytes):
        return "bytes, which must be decoded first"
    if isinstance(value, Set):
        return "a set, which has no order"
    if isinstance(value, (bool, int, float)):
        return f"{value}, a {'boolean' if isinstance(value, bool) else 'number'}"
    kind = type(value).__name__
    return f"an {kind}" if kind[0] in "aeiouAEIOU" else f"a {kind}"
