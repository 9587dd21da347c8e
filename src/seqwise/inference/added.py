"""Columns added to the output: predictions, confidence, the most probable labels, probabilities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from seqwise.data.spec import DataSpec, TargetSpec
from seqwise.evaluation.decoding import decode_probabilities, log_softmax, sigmoid
from seqwise.inference.prediction import Prediction
from seqwise.targets import Label, Target, label_text

__all__ = ["Added", "Part", "Wanted", "added_columns", "parts_of", "predicted_cells"]


@dataclass(frozen=True)
class Wanted:
    """The columns written alongside the predictions.

    Attributes:
        proba: probabilities. `auto`: a column per label in tables, else `{label: probability}`. `wide`: a column per
            label everywhere. `long`: a row per sequence (and step) and label. None for none.
        top: number of most probable labels to add; 0 for none.
        confidence: whether to add the probability of each prediction.
        into: name of the prediction column; `*` stands for the name of the target's column.
    """

    proba: Literal["auto", "wide", "long"] | None = None
    top: int = 0
    confidence: bool = False
    into: str | None = None

    def name(self, name: str) -> str:
        """The output name for a target, one of its outputs, or a column.

        Examples:
            >>> Wanted(into="*_new").name("mood"), Wanted(into="guess").name("mood"), Wanted().name("mood")
            ('mood_new', 'guess', 'mood')
        """
        return name if self.into is None else self.into.replace("*", name)


@dataclass(frozen=True)
class Part:
    """A target or one of its outputs, with one distribution over labels per sequence or time step.

    Attributes:
        name: name of the target or of the output.
        target: the target.
        output: index of the output; 0 for a target without outputs.
    """

    name: str
    target: Target
    output: int = 0

    @property
    def labels(self) -> tuple[Label, ...]:
        """The user's label values in class order."""
        return self.target.classes[self.output]

    def probabilities(self, prediction: Prediction) -> NDArray[np.float64]:
        """(rows, labels) probabilities, with one row per step or a single row."""
        logits = self._rows(prediction.answers[self.target.name].logits, prediction)
        if self.target.kind == "multilabel":
            return sigmoid(logits)
        return np.asarray(np.exp(log_softmax(logits[..., : len(self.labels)])))

    def confidences(self, prediction: Prediction) -> list[float]:
        """The probability of the prediction per row; for a set of labels, that of its least certain yes or no."""
        chosen = self._rows(prediction.answers[self.target.name].predictions, prediction)
        given = self.probabilities(prediction)
        if self.target.kind == "multilabel":
            sure = np.where(chosen == 1, given, 1 - given).min(axis=-1)
        else:
            sure = np.take_along_axis(given, chosen[:, None], axis=-1)[:, 0]
        return list(map(_rounded, sure.tolist()))

    def top(self, prediction: Prediction, most: int) -> list[list[tuple[Label, float]]]:
        """The most probable labels of each row with their probabilities, in descending order."""
        given = self.probabilities(prediction)
        order = np.argsort(-given, axis=-1, kind="stable")[:, :most]
        return [
            [(self.labels[place], _rounded(float(row[place]))) for place in places]
            for row, places in zip(given, order.tolist(), strict=True)
        ]

    def _rows(self, array: NDArray[Any], prediction: Prediction) -> NDArray[Any]:
        """The values of this output for one sequence: one row per step, or a single row."""
        rows = array[: prediction.steps] if self.target.per_step else array[None]
        return rows[:, self.output] if self.target.kind == "outputs" else rows


@dataclass(frozen=True)
class Added:
    """Columns that are computed together.

    Attributes:
        names: names of the columns.
        flag: the flag that requested them.
        per_step: whether each cell is a list with one item per step.
        cells: computes the cells of a prediction that is not empty.
    """

    names: tuple[str, ...]
    flag: str
    per_step: bool
    cells: Callable[[Prediction], Sequence[Any]]

    def of(self, prediction: Prediction) -> Iterator[tuple[str, Any]]:
        """The columns with their cells; None or an empty list for an empty sequence."""
        if prediction.is_empty:
            return ((name, [] if self.per_step else None) for name in self.names)
        return zip(self.names, self.cells(prediction), strict=True)


def parts_of(targets: Sequence[Target]) -> tuple[Part, ...]:
    """The targets without outputs and the outputs of the others, in order."""
    return tuple(
        Part(name, target, place)
        for target in targets
        for place, name in enumerate(target.outputs if target.kind == "outputs" else (target.name,))
    )


def predicted_cells(spec: DataSpec, labels: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The predicted cells by column of the target: one, or one per output or 0/1 label."""
    for own in spec.targets:
        yield from _cells(own, labels[own.name]).items()


def added_columns(
    targets: Sequence[Target], wanted: Wanted, *, flat: bool, has_token_rows: bool = False
) -> tuple[Added, ...]:
    """The columns added alongside the predictions.

    Args:
        targets: the predicted targets.
        wanted: the requested columns.
        flat: whether to write one value per cell where possible, as in tables.
        has_token_rows: whether each token has its own row, so that labels per step can be single values too.
    """

    def is_flat(target: Target) -> bool:
        return flat and (has_token_rows or not target.per_step)

    parts = parts_of(targets)
    added = [_confidence(part, wanted) for part in parts] if wanted.confidence else []
    added += [_top(part, wanted, flat=is_flat(part.target)) for part in parts] if wanted.top else []
    for target in targets if wanted.proba in ("auto", "wide") else ():
        if wanted.proba == "wide" or is_flat(target):
            added += [_wide(part, wanted) for part in parts if part.target is target]
        else:
            added.append(_nested(target, wanted))
    return tuple(added)


def _confidence(part: Part, wanted: Wanted) -> Added:
    def cells(prediction: Prediction) -> list[Any]:
        sure = part.confidences(prediction)
        return [sure if part.target.per_step else sure[0]]

    return Added((f"{wanted.name(part.name)}_confidence",), "--confidence", part.target.per_step, cells)


def _top(part: Part, wanted: Wanted, *, flat: bool) -> Added:
    name = f"{wanted.name(part.name)}_top"
    if flat:
        places = range(1, min(wanted.top, len(part.labels)) + 1)
        names = tuple(column for n in places for column in (f"{name}_{n}", f"{name}_{n}_probability"))

        def flat_cells(prediction: Prediction) -> list[Any]:
            rows = [[value for pair in row for value in pair] for row in part.top(prediction, wanted.top)]
            return list(map(list, zip(*rows, strict=True))) if part.target.per_step else rows[0]

        return Added(names, "--top", part.target.per_step, flat_cells)

    def cells(prediction: Prediction) -> list[Any]:
        rows = part.top(prediction, wanted.top)
        told = [[{"label": label, "probability": given} for label, given in row] for row in rows]
        return [told if part.target.per_step else told[0]]

    return Added((name,), "--top", part.target.per_step, cells)


def _nested(target: Target, wanted: Wanted) -> Added:
    def cells(prediction: Prediction) -> list[Any]:
        return [decode_probabilities(target, prediction.answers[target.name].logits, prediction.steps)]

    return Added((f"{wanted.name(target.name)}_probability",), "--proba", target.per_step, cells)


def _wide(part: Part, wanted: Wanted) -> Added:
    def cells(prediction: Prediction) -> list[Any]:
        given = part.probabilities(prediction)
        if part.target.per_step:
            return [list(map(_rounded, column)) for column in given.T.tolist()]
        return list(map(_rounded, given[0].tolist()))

    names = tuple(f"{wanted.name(part.name)}_probability_{label_text(label)}" for label in part.labels)
    return Added(names, "--proba", part.target.per_step, cells)


def _rounded(probability: float) -> float:
    """The probability rounded to six significant digits."""
    return float(f"{probability:.6g}")


def _cells(spec: TargetSpec, predicted: Any) -> dict[str, Any]:
    if spec.form != "columns":
        return {spec.columns[0]: predicted}
    if predicted is None:  # for an empty sequence
        return dict.fromkeys(spec.columns)
    if spec.kind == "outputs":
        if spec.per_step:
            return {column: [step[column] for step in predicted] for column in spec.columns}
        return dict(predicted)
    if spec.per_step:
        return {column: [int(column in step) for step in predicted] for column in spec.columns}
    return {column: int(column in predicted) for column in spec.columns}
