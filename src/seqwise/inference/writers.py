"""Writes predictions as files of the form that was read: what was read, with the targets' columns filled in.

Every column that is no target is kept as it was; each target stands under its own name. Series are not written again.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqwise.data.spec import DataSpec, TargetSpec
from seqwise.errors import ConfigError, listed
from seqwise.inference.model import Prediction
from seqwise.targets import Target, label_text

__all__ = ["WRITERS", "Layout", "Writer", "format_for"]


@dataclass(frozen=True)
class Layout:
    """What predictions are written of.

    Attributes:
        spec: the columns of the input and the targets.
        targets: what was predicted, in the order of the spec.
        columns: the columns that were read.
        proba: whether probabilities are written too.
    """

    spec: DataSpec
    targets: tuple[Target, ...]
    columns: tuple[str, ...]
    proba: bool

    @property
    def target_columns(self) -> set[str]:
        """The columns that predictions fill."""
        return {column for target in self.spec.targets for column in target.columns}

    def cells(self, prediction: Prediction) -> Iterator[tuple[TargetSpec, dict[str, Any]]]:
        """Per target, the predicted cells by column."""
        labels = prediction.labels()
        for target, own in zip(self.targets, self.spec.targets, strict=True):
            yield own, _cells(own, labels[target.name])


Writer = Callable[[Sequence[Prediction]], str]
"""Text for some predictions; called with one chunk after the other."""


def format_for(output: str | None, read_format: str, spec: DataSpec, targets: Sequence[Target]) -> str:
    """The format to write: by the ending of the output, else the one that was read.

    Series and Parquet come out as JSON lines, and so do labels per step that do not stand in a token file.

    Raises:
        ConfigError: an ending that predictions are not written in.
    """
    if output is not None:
        ending = output.removesuffix(".gz").rsplit(".", 1)[-1].lower()
        by_ending = {"ndjson": "jsonl", "json": "jsonl", "iob": "conll", "iob2": "conll", "bio": "conll"}
        chosen = by_ending.get(ending, ending)
        if chosen not in WRITERS:
            raise ConfigError(f"--output {output}: predictions are written as {listed(WRITERS)}; name the file so")
        if chosen in ("conll", "conllu") and spec.input.kind != "tokens":
            raise ConfigError(f"--output {output}: {chosen} holds tokens, but this model reads {spec.input.kind}")
        return chosen
    if read_format not in WRITERS or spec.input.is_series:
        return "jsonl"
    per_step = any(target.per_step for target in targets)
    return "jsonl" if per_step and read_format in ("csv", "tsv") else read_format


def _jsonl(layout: Layout) -> Writer:
    def line(prediction: Prediction) -> str:
        values = _filled(layout, prediction)
        plain = {name: value for name, value in values.items() if not isinstance(value, np.ndarray)}
        return json.dumps(plain, ensure_ascii=False) + "\n"

    return lambda predictions: "".join(map(line, predictions))


def _cells(spec: TargetSpec, predicted: Any) -> dict[str, Any]:
    """The predicted cells by column: one, or one per output or 0/1 label."""
    if spec.form != "columns":
        return {spec.columns[0]: predicted}
    if spec.kind == "outputs":
        if spec.per_step:
            return {column: [step[column] for step in predicted] for column in spec.columns}
        return dict(predicted)
    if spec.per_step:
        return {column: [int(column in step) for step in predicted] for column in spec.columns}
    return {column: int(column in predicted) for column in spec.columns}


def _delimited(line_of: Callable[[list[str]], str]) -> Callable[[Layout], Writer]:
    def make(layout: Layout) -> Writer:
        kept = [
            column
            for column in layout.columns
            if column not in layout.target_columns and (column != "series" or not layout.spec.input.is_series)
        ]
        started = False

        def write(predictions: Sequence[Prediction]) -> str:
            nonlocal started
            lines = []
            for prediction in predictions:
                row = {column: _text(prediction.record.values.get(column)) for column in kept}
                for own, cells in layout.cells(prediction):
                    row |= {column: _text(cell, own.delimiter) for column, cell in cells.items()}
                if layout.proba:
                    row |= _probability_columns(layout.targets, prediction)
                if not started:
                    lines.append(line_of(list(row)))
                    started = True
                lines.append(line_of(list(row.values())))
            return "".join(lines)

        return write

    return make


def _csv_line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _tsv_line(cells: list[str]) -> str:
    """Cells between tabs, unquoted (IANA text/tab-separated-values); a tab or line break in one becomes a blank."""
    return "\t".join(" ".join(cell.replace("\t", " ").splitlines()) for cell in cells) + "\n"


def _text(cell: Any, delimiter: str | None = None) -> str:
    """A cell as a table holds it; an empty set of labels is a lone delimiter, since an empty cell means missing."""
    if cell is None:
        return ""
    if isinstance(cell, list):
        if delimiter is None:
            return json.dumps(cell, ensure_ascii=False)
        return delimiter.join(map(label_text, cell)) or delimiter
    return label_text(cell) if isinstance(cell, (str, int, float)) else json.dumps(cell, ensure_ascii=False)


def _probability_columns(targets: Sequence[Target], prediction: Prediction) -> dict[str, str]:
    columns: dict[str, str] = {}
    for target in targets:
        given = prediction.probabilities()[target.name]
        if target.per_step:
            columns[f"{target.name}_probability"] = json.dumps(given, ensure_ascii=False)
            continue
        named = given if target.kind == "outputs" else {target.name: given}
        for name, by_label in named.items():
            columns |= {f"{name}_probability_{label}": str(value) for label, value in by_label.items()}
    return columns


def _filled(layout: Layout, prediction: Prediction) -> dict[str, Any]:
    """Everything that was read, the targets' columns filled in, probabilities behind."""
    values = dict(prediction.record.values)
    for _, cells in layout.cells(prediction):
        values |= cells
    if layout.proba:
        values |= {f"{name}_probability": given for name, given in prediction.probabilities().items()}
    return values


def _conll(layout: Layout) -> Writer:
    """A column for every list that has one item per token, a comment for everything else."""

    def block(prediction: Prediction) -> Iterator[str]:
        values = _filled(layout, prediction)
        columns = {
            name: value for name, value in values.items() if isinstance(value, list) and len(value) == prediction.steps
        }
        sets = {own.columns[0] for own in layout.spec.targets if own.kind == "multilabel" and not own.per_step}
        tokens = layout.spec.input.column  # first, where readers look for them
        columns = {tokens: columns[tokens], **{name: value for name, value in columns.items() if name not in sets}}
        yield from (f"# {name} = {_text(value)}" for name, value in values.items() if name not in columns)
        yield from ("\t".join(map(_text, row)) for row in zip(*columns.values(), strict=True))

    return lambda predictions: "".join("\n".join(block(prediction)) + "\n\n" for prediction in predictions)


_CONLLU = ("form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")


def _conllu(layout: Layout) -> Writer:
    """Ten columns, comments kept; words only: ranges such as 1-2 and empty nodes are not read and not written."""

    def sentence(prediction: Prediction) -> Iterator[str]:
        values = _filled(layout, prediction)
        yield from (f"# {name} = {_text(value)}" for name, value in values.items() if name not in _CONLLU)
        words = values["form"] = values[layout.spec.input.column]
        filled = [values.get(name) or ["_"] * len(words) for name in _CONLLU]
        for number, row in enumerate(zip(*filled, strict=True), start=1):
            yield "\t".join([str(number), *(_text(cell) or "_" for cell in row)])

    return lambda predictions: "".join("\n".join(sentence(prediction)) + "\n\n" for prediction in predictions)


WRITERS: dict[str, Callable[[Layout], Writer]] = {
    "jsonl": _jsonl,
    "csv": _delimited(_csv_line),
    "tsv": _delimited(_tsv_line),
    "conll": _conll,
    "conllu": _conllu,
}
"""By format, a function from a layout to a writer."""
