"""Figures and the tables they stand in: what a tally of predictions comes to, ready for JSON.

`FIGURES` says what each figure is. Only labels that are present count: padding and gaps never do, and a
row without a present label is no row. What is over nothing is `None` (`null` in JSON), neither 0 nor NaN: accuracy
without labels, the F1 of a label that is in neither labels nor predictions, span recall without gold spans.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from seqwise.targets import Label

__all__ = [
    "FIGURES",
    "Confusion",
    "Figure",
    "LabelScore",
    "Meaning",
    "MultilabelScore",
    "OutputScore",
    "PairScore",
    "Scores",
    "SpanScore",
    "proportion",
    "ratio",
    "wilson_interval",
]

_NORMAL_97_5 = 1.959963984540054  # the quantile that leaves 2.5% on each side


NEVER_SEEN = "(never seen in training)"
"""Stands for every label that is no class, in tables of labels and of types of span."""


@dataclass(frozen=True)
class Meaning:
    """The name of a metric in a report, its meaning, and the unit that it counts."""

    title: str
    text: str
    unit: str = "label"


FIGURES: Mapping[str, Meaning] = MappingProxyType(
    {
        # tags that mark spans
        "span_f1": Meaning("Span F1", "harmonic mean of span precision and recall", "gold span"),
        "span_precision": Meaning("Span precision", "share of predicted spans that are right", "predicted span"),
        "span_recall": Meaning("Span recall", "share of gold spans that were found", "gold span"),
        # multilabel
        "micro_f1": Meaning("Micro F1", "F1 over all labels taken together"),
        # all kinds; a class that occurs in neither labels nor predictions is left out of the macro mean, as
        # scikit-learn does for one class per label (for multilabel it counts such a label as 0)
        "accuracy": Meaning("Accuracy", "share of labels that are right"),
        "macro_f1": Meaning("Macro F1", "mean F1 over classes, however rare; for outputs the mean over outputs"),
        "weighted_f1": Meaning("Weighted F1", "mean F1 over classes, weighted by how often they occur"),
        # all kinds but label; a row is a sequence, and for outputs and multilabel per step it is a step
        "exact_match": Meaning("Exact match", "share of rows without a single wrong label", "row"),
        # multilabel, and where each output has two classes
        "roc_auc": Meaning(
            "ROC-AUC", "mean over labels or outputs of the chance that a yes scores above a no, ties counting half"
        ),
        # multilabel
        "average_precision": Meaning("Average precision", "mean over the labels that are positive somewhere"),
        "average_precision_micro": Meaning("Average precision, micro", "over all labels taken together"),
        # all kinds but multilabel
        "ece": Meaning("Calibration error", "mean gap between stated probability and share right; 0 is best"),
        # the training's, where it is given
        "loss": Meaning("Loss", "mean loss in nats; lower is better"),
    }
)
"""Every figure, the most telling first."""


@dataclass(frozen=True)
class Figure:
    """One number of a report, with what it rests on.

    Attributes:
        value: the figure; `None` when it is over nothing and so has no value.
        count: how many labels, rows or spans it is over.
        low: lower end of the 95% interval, where one exists.
        high: upper end of it.
    """

    value: float | None
    count: int
    low: float | None = None
    high: float | None = None

    def to_json(self) -> dict[str, float | int | None]:
        """The figure as metrics.json holds it; the interval only where there is one.

        Examples:
            >>> Figure(0.5, 8).to_json(), Figure(None, 0).to_json()
            ({'value': 0.5, 'count': 8}, {'value': None, 'count': 0})
        """
        plain: dict[str, float | int | None] = {"value": self.value, "count": self.count}
        return plain if self.low is None else {**plain, "low": self.low, "high": self.high}


def ratio(part: float, whole: int) -> Figure:
    """The figure part / whole, undefined when `whole` is 0."""
    return Figure(part / whole if whole else None, whole)


def proportion(successes: int, trials: int) -> Figure:
    """The share of independent trials that succeeded, with its 95% Wilson interval.

    Examples:
        >>> proportion(1, 2).value, proportion(0, 0)
        (0.5, Figure(value=None, count=0, low=None, high=None))
    """
    if not trials:
        return Figure(None, 0)
    low, high = wilson_interval(successes, trials)
    return Figure(successes / trials, trials, low, high)


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """The 95% score interval of a proportion; it stays inside [0, 1] and has a width even at 0% and 100%.

    Only for independent trials: one label per sequence, not the steps of a sequence.

    Args:
        successes: 0 <= successes <= trials.
        trials: at least 1.

    Returns:
        The lower and the upper end.

    Source: E. B. Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA
    22:209-212.

    Examples:
        >>> [round(end, 4) for end in wilson_interval(10, 10)]
        [0.7225, 1.0]
    """
    share, spread = successes / trials, _NORMAL_97_5**2 / trials
    centre = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


@dataclass(frozen=True)
class LabelScore:
    """How one label fared; a share of nothing is `None`.

    Attributes:
        label: the label as the user writes it.
        precision: of what was predicted as this label, the share that is it.
        recall: of what is this label, the share that was predicted as it.
        f1: harmonic mean of both; undefined only when the label occurs in neither labels nor predictions.
        support: how often it occurs in the labels.
        predicted: how often it was predicted.
    """

    label: Label
    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    predicted: int

    @classmethod
    def from_counts(cls, label: Label, hits: int, support: int, predicted: int) -> LabelScore:
        """The row of a label that was right `hits` times.

        Examples:
            >>> LabelScore.from_counts("yes", hits=1, support=2, predicted=1).recall
            0.5
        """
        return cls(
            label=label,
            precision=hits / predicted if predicted else None,
            recall=hits / support if support else None,
            f1=2 * hits / (support + predicted) if support + predicted else None,
            support=support,
            predicted=predicted,
        )


@dataclass(frozen=True)
class MultilabelScore(LabelScore):
    """How one of L labels fared: `support` rows have it, among the `count` rows where that is known."""

    average_precision: float | None
    count: int


@dataclass(frozen=True)
class OutputScore:
    """How one of K outputs fared, over the rows that have its label."""

    output: str
    accuracy: float | None
    macro_f1: float | None
    weighted_f1: float | None
    count: int
    per_label: tuple[LabelScore, ...]


@dataclass(frozen=True)
class SpanScore:
    """How the spans of one type fared, by the rules of conlleval."""

    type: str
    precision: float | None
    recall: float | None
    f1: float | None
    gold: int
    predicted: int
    correct: int


@dataclass(frozen=True)
class PairScore:
    """How often one label was taken for another."""

    label: Label
    predicted: Label
    count: int


@dataclass(frozen=True)
class Confusion:
    """`counts[i][j]`: how often `labels[i]` was predicted as `labels[j]`."""

    labels: tuple[Label, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Scores:
    """Everything that is known about the predictions for one target.

    Attributes:
        figures: the figures of the module's table by name, those that the kind of target has.
        count: how many labels were counted.
        per_label: a row per label, in class order (`label`, `tags`, `multilabel`).
        confusion: labels against predictions (`label` and `tags` with at most 100 classes).
        confused_pairs: the labels most often taken for another, worst first (`label` and `tags`).
        per_output: a row per output (`outputs`).
        per_span_type: a row per type of span (`tags` that mark spans).
    """

    figures: Mapping[str, Figure]
    count: int
    per_label: tuple[LabelScore, ...] = ()
    confusion: Confusion | None = None
    confused_pairs: tuple[PairScore, ...] = ()
    per_output: tuple[OutputScore, ...] = ()
    per_span_type: tuple[SpanScore, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain dicts and lists: the figures by name, `count`, and those tables that have rows.

        Examples:
            >>> Scores({"accuracy": Figure(0.5, 2)}, count=2).to_json()
            {'accuracy': {'value': 0.5, 'count': 2}, 'count': 2}
        """
        plain: dict[str, Any] = {name: figure.to_json() for name, figure in self.figures.items()}
        plain["count"] = self.count
        for name in ("per_label", "confused_pairs", "per_output", "per_span_type"):
            if rows := getattr(self, name):
                plain[name] = [_plain(row) for row in rows]
        if self.confusion is not None:
            plain["confusion"] = _plain(self.confusion)
        return plain


def _plain(row: Any) -> dict[str, Any]:
    """A row as dicts and lists; tuples become the lists that JSON reads back."""

    def listed_deep(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: listed_deep(inner) for key, inner in value.items()}
        return [listed_deep(inner) for inner in value] if isinstance(value, tuple | list) else value

    plain: dict[str, Any] = listed_deep(asdict(row))
    return plain
