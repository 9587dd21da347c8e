"""Says what stands in a written prediction and under which names: what was read, what was predicted, how surely."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from seqwise.data.lists import written_list
from seqwise.data.readers import ReadOptions, Source
from seqwise.data.spec import DataSpec, TargetSpec
from seqwise.errors import DataError
from seqwise.inference.model import Prediction
from seqwise.targets import Target, label_text

__all__ = ["Layout", "cell_text", "json_text", "one_line"]

_BREAKS = re.compile(r"\r\n|[\t\r\n]")
_NUMBERED = re.compile(r"column([1-9][0-9]{0,3})")


@dataclass(frozen=True)
class Layout:
    """What predictions are written of, and how it will be read again.

    Attributes:
        spec: the columns of the input and the targets.
        targets: what was predicted, in the order of the spec.
        source: what was read.
        options: how the model would read the file that is written.
        proba: whether probabilities are written too.
    """

    spec: DataSpec
    targets: tuple[Target, ...]
    source: Source
    options: ReadOptions
    proba: bool

    @property
    def tag_columns(self) -> tuple[str, ...]:
        """The columns of targets that have something to say of every step."""
        return tuple(column for target in self.spec.targets if target.per_step for column in target.columns)

    def values(self, prediction: Prediction, *, flat: bool = False) -> dict[str, Any]:
        """What was read but for the arrays of series, the targets' columns filled in, probabilities behind; by column.

        Args:
            prediction: one sequence.
            flat: whether a label's probability is a column of its own.

        Raises:
            DataError: a column of the name that probabilities would get was read.
        """
        read = prediction.record.values
        values = {name: value for name, value in read.items() if not isinstance(value, np.ndarray)}
        values.pop(self.source.options.joined_column or "", None)
        if self.spec.input.kind == "tokens" and (tokens := written_list(values[self.spec.input.column])) is not None:
            values[self.spec.input.column] = tokens
        labels = prediction.labels()
        for target, own in zip(self.targets, self.spec.targets, strict=True):
            values |= _cells(own, labels[target.name])
        if self.proba:
            place = prediction.record.place
            for name, given in self._probabilities(prediction, flat=flat):
                if name in values:
                    problem = "--proba would write a column of this name"
                    hint = "Rename the column, or leave --proba out."
                    raise DataError(problem, file=place.file, line=place.line, field=name, hint=hint)
                values[name] = given
        return values

    def text(self, name: str, cell: Any) -> str:
        """A cell of that column in a text file: sets of labels as the target has them, other lists as JSON."""
        return cell_text(cell, self._delimiters.get(name))

    def in_order(self, names: Iterable[str]) -> list[str]:
        """The columns of a file without a header in the order in which it will be read; those that are lacking too."""
        expected = self.options.columns
        if expected is None:
            own = [self.spec.input.column, *(column for target in self.spec.targets for column in target.columns)]
            last = max((int(found[1]) for name in own if (found := _NUMBERED.fullmatch(name))), default=0)
            expected = tuple(f"column{number}" for number in range(1, last + 1))
        return list(dict.fromkeys((*expected, *names)))

    @cached_property
    def _delimiters(self) -> dict[str, str | None]:
        return {each.columns[0]: each.delimiter for each in self.spec.targets if each.form == "delimited"}

    def _probabilities(self, prediction: Prediction, *, flat: bool) -> Iterator[tuple[str, Any]]:
        for target, given in zip(self.targets, prediction.probabilities().values(), strict=True):
            if not flat or target.per_step or given is None:
                yield f"{target.name}_probability", given
                continue
            named = given if target.kind == "outputs" else {target.name: given}
            for name, by_label in named.items():
                yield from ((f"{name}_probability_{label}", value) for label, value in by_label.items())


def _cells(spec: TargetSpec, predicted: Any) -> dict[str, Any]:
    """The predicted cells by column: one, or one per output or 0/1 label."""
    if spec.form != "columns":
        return {spec.columns[0]: predicted}
    if predicted is None:  # of an empty sequence
        return dict.fromkeys(spec.columns)
    if spec.kind == "outputs":
        if spec.per_step:
            return {column: [step[column] for step in predicted] for column in spec.columns}
        return dict(predicted)
    if spec.per_step:
        return {column: [int(column in step) for step in predicted] for column in spec.columns}
    return {column: int(column in predicted) for column in spec.columns}


def cell_text(cell: Any, delimiter: str | None = None) -> str:
    """A cell as text files hold it; an empty set of labels is a lone delimiter, since an empty cell means missing.

    A set is written as a list where its labels would be read back otherwise: one holds the delimiter, or nothing is
    left of an empty set between blanks.

    Example:
        >>> cell_text(["a", "b"]), cell_text(["a", "b"], "|"), cell_text([], "|"), cell_text([]), cell_text(None)
        ('["a", "b"]', 'a|b', '|', '[]', '')
    """
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, list) and delimiter is not None:
        text = delimiter.join(map(label_text, cell)) or delimiter
        is_alike = text.count(delimiter) == max(len(cell) - 1, not cell) and text.strip(" \t") != ""
        return text if is_alike else json_text(cell)
    return label_text(cell) if isinstance(cell, (str, int, float)) else json_text(cell)


def json_text(value: Any) -> str:
    """A value as JSON; what JSON has no number for and Parquet may hold becomes null.

    Example:
        >>> json_text({"a": [1.5, float("nan")], "b": "é"})
        '{"a": [1.5, null], "b": "é"}'
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=False)


def _finite(value: Any) -> Any:
    """The value with null for NaN and the infinities."""
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def one_line(text: str, delimiter: str | None) -> str | None:
    r"""A cell of a file without quotes: tabs and line breaks become blanks; None where it holds the delimiter.

    Example:
        >>> one_line("two\nlines", "\t"), one_line("a,b", ",")
        ('two lines', None)
    """
    line = _BREAKS.sub(" ", text)
    return None if delimiter is not None and delimiter in line else line
