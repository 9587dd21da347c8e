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
        return chosen
    if read_format not in WRITERS or spec.input.is_series:
        return "jsonl"
    per_step = any(target.per_step for target in targets)
    return "jsonl" if per_step and read_format in ("csv", "tsv") else read_format


def _jsonl(layout: Layout) -> Writer:
    taken = layout.target_columns

    def write(predictions: Sequence[Prediction]) -> str:
        lines = []
        for prediction in predictions:
            line = {
                name: value
                for name, value in prediction.record.values.items()
                if name not in taken and not isinstance(value, np.ndarray)
            }
            for _, cells in layout.cells(prediction):
                line |= cells
            if layout.proba:
                line |= {f"{name}_probability": given for name, given in prediction.probabilities().items()}
            lines.append(json.dumps(line, ensure_ascii=False) + "\n")
        return "".join(lines)

    return write


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


def _delimited(delimiter: str) -> Callable[[Layout], Writer]:
    def make(layout: Layout) -> Writer:
        kept = [column for column in layout.columns if column not in {*layout.target_columns, "series"}]
        started = False

        def write(predictions: Sequence[Prediction]) -> str:
            nonlocal started
            text = io.StringIO()
            writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
            for prediction in predictions:
                row = {column: _text(prediction.record.values.get(column)) for column in kept}
                for own, cells in layout.cells(prediction):
                    row |= {column: _text(cell, own.delimiter) for column, cell in cells.items()}
                if layout.proba:
                    row |= _probability_columns(layout.targets, prediction)
                if not started:
                    writer.writerow(row)
                    started = True
                writer.writerow(row.values())
            return text.getvalue()

        return write

    return make


def _text(cell: Any, delimiter: str | None = None) -> str:
    if cell is None:
        return ""
    if isinstance(cell, list):
        return delimiter.join(map(label_text, cell)) if delimiter else json.dumps(cell, ensure_ascii=False)
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


def _conll(layout: Layout) -> Writer:
    def write(predictions: Sequence[Prediction]) -> str:
        return "".join("\n".join(_block(prediction)) + "\n\n" for prediction in predictions)

    def _block(prediction: Prediction) -> Iterator[str]:
        labels, probabilities = prediction.labels(), prediction.probabilities() if layout.proba else {}
        lists = [prediction.record.values[layout.spec.input.column]]
        for target in layout.targets:
            if not target.per_step:
                yield f"# {target.name} = {_text(labels[target.name])}"
                if layout.proba:
                    yield f"# {target.name}_probability = {json.dumps(probabilities[target.name], ensure_ascii=False)}"
                continue
            lists.append([_text(label) for label in labels[target.name]])
            if layout.proba:
                lists.append([_best(step) for step in probabilities[target.name]])
        yield from ("\t".join(row) for row in zip(*lists, strict=True))

    return write


def _best(step: dict[str, Any]) -> str:
    values = step.values()
    return str(max(values)) if all(isinstance(value, float) for value in values) else json.dumps(step)


_CONLLU = ("form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")


def _conllu(layout: Layout) -> Writer:
    def write(predictions: Sequence[Prediction]) -> str:
        return "".join("\n".join(_sentence(prediction)) + "\n\n" for prediction in predictions)

    def _sentence(prediction: Prediction) -> Iterator[str]:
        values = dict(prediction.record.values)
        for target, (_, cells) in zip(layout.targets, layout.cells(prediction), strict=True):
            values |= cells
            if layout.proba:
                values[f"{target.name}_probability"] = json.dumps(
                    prediction.probabilities()[target.name], ensure_ascii=False
                )
        for name, value in values.items():
            if name not in _CONLLU:
                yield f"# {name} = {_text(value)}"
        words = values[layout.spec.input.column]
        filled = [values.get(name) or ["_"] * len(words) for name in _CONLLU]
        for number, row in enumerate(zip(*filled, strict=True), start=1):
            yield "\t".join([str(number), *map(str, row)])

    return write


WRITERS: dict[str, Callable[[Layout], Writer]] = {
    "jsonl": _jsonl,
    "csv": _delimited(","),
    "tsv": _delimited("\t"),
    "conll": _conll,
    "conllu": _conllu,
}
"""By format, a function from a layout to a writer."""
