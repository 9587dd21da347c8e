"""Layout of written predictions: the input columns, the predictions and their probabilities, under unique names."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from seqwise.data.lists import is_enclosed, label_set, written_list
from seqwise.data.readers import ReadOptions, Source
from seqwise.data.records import Record
from seqwise.data.separators import cut
from seqwise.data.spec import DataSpec
from seqwise.errors import ConfigError, DataError, listed
from seqwise.inference.added import Added, Wanted, added_columns, parts_of, predicted_cells
from seqwise.inference.prediction import Prediction
from seqwise.targets import Target, label_text

__all__ = ["CONLLU_COLUMNS", "Layout", "cell_text", "json_text"]

CONLLU_COLUMNS = ("form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
"""The columns of CoNLL-U after the word's number."""

_NUMBERED = re.compile(r"column([1-9][0-9]{0,3})")
_KEPT = "_predicted"
_LONG = ("proba_row", "proba_target", "proba_step", "proba_label", "proba")


@dataclass(frozen=True)
class Layout:
    """The columns of written predictions, and the options for reading them back.

    Input columns are never overwritten: a prediction for a column of the input gets a column with another name.

    Attributes:
        spec: the columns of the input and the targets.
        targets: the predicted targets, in the order of the spec.
        source: the input.
        options: how the model reads the written file.
        wanted: the columns written alongside the predictions.

    Raises:
        ConfigError: a prediction column has the name of a column of the file or of another prediction.
    """

    spec: DataSpec
    targets: tuple[Target, ...]
    source: Source
    options: ReadOptions
    wanted: Wanted

    def __post_init__(self) -> None:
        self._check_into()
        taken = [name for name in self.names.values() if name.endswith(_KEPT) and name in self.source.columns]
        if taken and self.wanted.into is None:
            problem = f"the file has {listed([taken[0].removesuffix(_KEPT), taken[0]])}"
            raise ConfigError(f"{problem}, which are not replaced\n  Name the prediction column with --into COLUMN.")

    @cached_property
    def names(self) -> dict[str, str]:
        """The prediction column of each target column."""
        own = [column for target in self.spec.targets for column in target.columns]
        if self.wanted.into is not None:
            return {column: self.wanted.name(column) for column in own}
        return {column: column + _KEPT if column in self.source.columns else column for column in own}

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for the user about the output."""
        notes = []
        kept = {} if self.wanted.into else {own: name for own, name in self.names.items() if name != own}
        unclear = [column for column in kept if self._is_filled_where_empty(column)]
        certain = [column for column in kept if column not in unclear]
        if certain:
            columns = f"column{'s' if len(certain) > 1 else ''} {listed(certain, 3)}"
            notes.append(f"{columns} of the file: kept; predictions are in {listed([kept[c] for c in certain], 3)}")
        if unclear:
            notes.append(
                f"predictions are in {listed(unclear)} where it is empty, else in misc as {unclear[0]}{_KEPT}="
            )
        if self.source.series is not None:
            notes.append("the values of the series are not written")
        return tuple(notes)

    @property
    def has_token_rows(self) -> bool:
        """Whether each token gets its own row, as in the input table.

        A file of another format has one sequence per row, as the model reads such a file.
        """
        is_alike = self.options.format in ("csv", "tsv") or self.options.format == self.source.format
        return self.source.has_token_rows and is_alike

    @cached_property
    def tag_columns(self) -> tuple[str, ...]:
        """The added columns with a value per step, predictions first."""
        return (*self._tags, *(name for added in self._nested for name in added.names if added.per_step))

    @cached_property
    def _tags(self) -> tuple[str, ...]:
        return tuple(self.names[column] for each in self.spec.targets if each.per_step for column in each.columns)

    @cached_property
    def _step_names(self) -> frozenset[str]:
        """The added columns whose cells are lists with one item per step."""
        added = (name for each in (*self._flat, *self._nested) for name in each.names if each.per_step)
        return frozenset((*self._tags, *added))

    def values(self, prediction: Prediction, *, flat: bool = False) -> dict[str, Any]:
        """The columns of the input (without arrays of series), the predictions, and the extra columns.

        Args:
            prediction: one sequence.
            flat: whether to write one value per cell where possible.

        Raises:
            DataError: a column to be written exists in the input.
        """
        record = prediction.record
        values = {name: value for name, value in record.values.items() if not isinstance(value, np.ndarray)}
        values.pop(self.source.options.joined_column or "", None)
        column = self.spec.input.column
        if self.spec.input.kind == "tokens" and (tokens := written_list(values.get(column))) is not None:
            values[column] = tokens
        for column, cell in predicted_cells(self.spec, prediction.labels()):
            name = self.name_in(record, column)
            if name in values and not (name == column and _is_blank(values[name])):
                raise _replaced(record, name, "the predictions", "Choose another name with --into COLUMN.")
            values[name] = cell
        for added in self._flat if flat else self._nested:
            for name, cell in added.of(prediction):
                if name in values:
                    raise _replaced(record, name, added.flag, f"Rename the column, or leave {added.flag} out.")
                values[name] = cell
        return values

    def rows(self, prediction: Prediction, number: int, *, flat: bool = False) -> Iterator[dict[str, Any]]:
        """The output rows: one with the `values`, one per token for a table of tokens, or one per label in long form.

        Args:
            prediction: one sequence.
            number: its position among all sequences, from 1.
            flat: see `values`.
        """
        values = self.values(prediction, flat=flat)
        rows = list(self._token_rows(prediction, values)) if self.has_token_rows else [values]
        if self.wanted.proba != "long":
            yield from rows
            return
        for name in self._long_names:
            if name in values:
                hint = "Rename the column, or use --proba wide."
                raise _replaced(prediction.record, name, "--proba long", hint)
        for cells in self._long(prediction):
            own = {name: {"proba_row": number, **cells}.get(name) for name in self._long_names}
            step = cells.get("proba_step") if self.has_token_rows else None
            for row in rows if step is None else rows[step - 1 : step]:
                yield row | own

    def _token_rows(self, prediction: Prediction, values: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The input rows with the predictions for their tokens; predictions for the sequence are repeated in each."""
        added = {name: cell for name, cell in values.items() if name not in prediction.record.values}
        for step, row in enumerate(prediction.record.rows):
            cells = {name: cell[step] if cell else None for name, cell in added.items() if name in self._step_names}
            yield row | added | cells

    def name_in(self, record: Record, column: str) -> str:
        """The prediction column for a record; CoNLL-U has all columns, even if they are empty."""
        if self._is_filled_where_empty(column) and _is_blank(record.values.get(column)):
            return column
        return self.names[column]

    def text(self, name: str, cell: Any) -> str:
        """The text of a cell: sets of labels as the target writes them, other lists as JSON."""
        return cell_text(cell, self._delimiters.get(name))

    def in_order(self, names: Iterable[str]) -> list[str]:
        """The columns of a file without a header in the order in which it is read, missing ones included."""
        expected = self.options.columns
        if expected is None:
            own = [self.spec.input.column, *(column for target in self.spec.targets for column in target.columns)]
            last = max((int(found[1]) for name in own if (found := _NUMBERED.fullmatch(name))), default=0)
            expected = tuple(f"column{number}" for number in range(1, last + 1))
        return list(dict.fromkeys((*expected, *names)))

    def _check_into(self) -> None:
        into = self.wanted.into
        if into is None:
            return
        if not into:
            raise ConfigError("--into is empty; give a name for the prediction column")
        if len(self.names) > 1 and "*" not in into:
            columns = listed(self.names, 4)
            raise ConfigError(
                f"--into {into} is one name, but the model predicts {columns}\n  Write --into '*_{into}'."
            )
        for column, name in self.names.items():
            if name in self.source.columns and name != column:
                raise ConfigError(f"--into {into}: the file has a column '{name}', which is not replaced")

    def _is_filled_where_empty(self, column: str) -> bool:
        is_there = self.source.format == "conllu" and column in CONLLU_COLUMNS
        return is_there and self.wanted.into is None

    @cached_property
    def _flat(self) -> tuple[Added, ...]:
        return added_columns(self.targets, self.wanted, flat=True, has_token_rows=self.has_token_rows)

    @cached_property
    def _nested(self) -> tuple[Added, ...]:
        return added_columns(self.targets, self.wanted, flat=False)

    @cached_property
    def _long_names(self) -> tuple[str, ...]:
        absent = set() if len(parts_of(self.targets)) > 1 else {"proba_target"}
        if not any(target.per_step for target in self.targets):
            absent.add("proba_step")
        return tuple(name for name in _LONG if name not in absent)

    def _long(self, prediction: Prediction) -> Iterator[dict[str, Any]]:
        """The added cells of a sequence in long form; a single row of empty cells for an empty sequence."""
        if prediction.is_empty:
            yield {}
            return
        for part in parts_of(self.targets):
            for step, row in enumerate(part.top(prediction, len(part.labels)), 1):
                for label, given in row:
                    own = {"proba_target": part.name, "proba_label": label, "proba": given}
                    yield own | ({"proba_step": step} if part.target.per_step else {})

    @cached_property
    def _delimiters(self) -> dict[str, str | None]:
        sets = {each.columns[0]: each.delimiter for each in self.spec.targets if each.form == "delimited"}
        return sets | {self.names[column]: delimiter for column, delimiter in sets.items()}


def _replaced(record: Record, name: str, who: str, hint: str) -> DataError:
    place = record.place
    problem = f"{who} would write a column of this name"
    return DataError(problem, file=place.file, line=place.line, field=name, hint=hint)


def _is_blank(cell: Any) -> bool:
    """Whether a cell is empty, so that a prediction may replace it; token files write `_`."""
    if isinstance(cell, list):
        return all(map(_is_blank, cell))
    return cell is None or cell in ("", "_") or (isinstance(cell, float) and math.isnan(cell))


def cell_text(cell: Any, delimiter: str | None = None) -> str:
    """A cell as text; an empty set of labels is written as a lone delimiter, since an empty cell means missing.

    A set is written as a list if its labels would otherwise be read back differently: one contains the delimiter or
    outer spaces, or looks like a list itself.

    Examples:
        >>> cell_text(["a", "b"]), cell_text(["a", "b"], "|"), cell_text([], "|"), cell_text([]), cell_text(None)
        ('["a", "b"]', 'a|b', '|', '[]', '')
    """
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, list) and delimiter is not None:
        labels = list(map(label_text, cell))
        text = delimiter.join(labels) or delimiter
        is_alike = cut(text, delimiter) == labels and label_set(text) is None and not is_enclosed(text) and text.strip()
        return text if is_alike else json_text(cell)
    return label_text(cell) if isinstance(cell, (str, int, float)) else json_text(cell)


def json_text(value: Any) -> str:
    """A value as JSON; NaN and infinities, which Parquet can hold and JSON cannot, become null.

    Examples:
        >>> json_text({"a": [1.5, float("nan")], "b": "é"})
        '{"a": [1.5, null], "b": "é"}'
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=False)


def _finite(value: Any) -> Any:
    """The value with None for NaN and infinities."""
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
