"""Scores in words and short rows: for the terminal, and for the head of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seqwise.errors import counted
from seqwise.evaluation.scores import FIGURES

__all__ = [
    "SUMMARY_COLUMNS",
    "Plain",
    "Verdict",
    "count_text",
    "figure_text",
    "interval_text",
    "main_figure",
    "share_text",
    "summary_table",
    "verdict",
]

Plain = Mapping[str, Any]
"""Scores as `Scores.to_json` gives them."""

SUMMARY_COLUMNS = ("split", "target", "figure", "value", "95% interval", "over", "baseline")
"""The columns of `summary_table`."""

_MAIN = ("span_f1", "micro_f1", "accuracy")
_SHORT = ("span_f1", "micro_f1", "accuracy", "macro_f1", "exact_match")
_NONE = "–"
_FEW = 30  # of fewer labels hardly any share tells two models apart


@dataclass(frozen=True)
class Verdict:
    """What the scores of a target come to, in a sentence.

    Attributes:
        text: the sentence.
        beaten: whether a baseline that ignores its input does as well; None without one to compare with.
    """

    text: str
    beaten: bool | None


def share_text(value: float | None) -> str:
    """A share as a percentage; only what is exactly 0 or 1 is shown as that.

    Example:
        >>> share_text(0.9714), share_text(0.99999), share_text(1.0), share_text(None)
        ('97.1%', '>99.9%', '100%', '–')
    """
    if value is None:
        return _NONE
    if value in (0.0, 1.0):
        return f"{100 * value:.0f}%"
    return ">99.9%" if value > 0.9995 else "<0.1%" if value < 0.0005 else f"{100 * value:.1f}%"


def figure_text(name: str, figure: Plain | None) -> str:
    """The value of a figure: a percentage, or four digits for a loss."""
    value = None if figure is None else figure["value"]
    if value is None or name != "loss":
        return share_text(value)
    return f"{value:.4g}"


def count_text(count: int) -> str:
    """A count with its thousands set apart.

    Example:
        >>> count_text(1234567)
        '1,234,567'
    """
    return f"{count:,}"


def interval_text(figure: Plain) -> str:
    """The 95% interval of a figure, or a dash where there is none."""
    low, high = figure.get("low"), figure.get("high")
    return _NONE if low is None or high is None else f"{share_text(low)} to {share_text(high)}"


def main_figure(scores: Plain) -> str:
    """The name of the figure that speaks for a target: span F1, else micro F1, else accuracy."""
    return next(name for name in _MAIN if name in scores)


def verdict(scores: Plain, baselines: Mapping[str, Plain]) -> Verdict:
    """Whether a model has learned something from its input.

    Args:
        scores: of the model, for one target.
        baselines: of models that ignore the input, by name, on the same labels.

    Example:
        >>> model = {"accuracy": {"value": 0.5, "count": 40}}
        >>> verdict(model, {"majority": {"accuracy": {"value": 0.6, "count": 40}}}).text
        'Accuracy 50.0% does not beat the majority baseline, 60.0%: nothing useful was learned from the input.'
    """
    name = main_figure(scores)
    figure, title = scores[name], FIGURES[name].title
    said = f"{title} {figure_text(name, figure)}"
    if figure["value"] is None:
        return Verdict(f"{title} is undefined: nothing to judge on.", None)
    rivals = {key: plain[name]["value"] for key, plain in baselines.items() if plain.get(name)}
    rivals = {key: value for key, value in rivals.items() if value is not None}
    if not rivals:
        return Verdict(f"{said}.", None)
    best = max(rivals, key=lambda key: rivals[key])
    rival = f"the {best} baseline, {share_text(rivals[best])}"
    if figure["value"] <= rivals[best] and figure["count"] < _FEW:
        over = counted(figure["count"], FIGURES[name].unit)
        return Verdict(f"{said} does not beat {rival}, but {over} cannot tell much.", True)
    if figure["value"] <= rivals[best]:
        return Verdict(f"{said} does not beat {rival}: nothing useful was learned from the input.", True)
    if figure.get("low") is not None and figure["low"] <= rivals[best]:
        return Verdict(f"{said} is not clearly above {rival}, which lies inside its 95% interval.", True)
    return Verdict(f"{said} beats {rival}{_accuracy_doubt(scores, baselines)}.", False)


def _accuracy_doubt(scores: Plain, baselines: Mapping[str, Plain]) -> str:
    """What remains to be said when accuracy, which rare labels hardly move, is no better than a baseline."""
    mine = scores["accuracy"]["value"]
    for plain in baselines.values():
        theirs = plain["accuracy"]["value"]
        if theirs is not None and mine is not None and mine <= theirs:
            return f", but its accuracy, {share_text(mine)}, is not above the baseline's {share_text(theirs)}"
    return ""


def summary_table(
    splits: Mapping[str, Mapping[str, Plain]], baselines: Mapping[str, Mapping[str, Mapping[str, Plain]]]
) -> list[tuple[str, ...]]:
    """Rows of text under `SUMMARY_COLUMNS`: the main figures of every split and target.

    Args:
        splits: split -> target -> scores as JSON.
        baselines: name of the baseline -> split -> target -> scores as JSON; the first that knows the split and
            target is shown.

    Example:
        >>> accuracy = {"accuracy": {"value": 0.75, "count": 1200}}
        >>> summary_table({"test": {"intent": accuracy}}, {})
        [('test', 'intent', 'Accuracy', '75.0%', '–', '1,200 labels', '–')]
    """
    rows: list[tuple[str, ...]] = []
    for split, targets in splits.items():
        for target, scores in targets.items():
            known = (by_split.get(split, {}).get(target) for by_split in baselines.values())
            rival: Plain = next((plain for plain in known if plain is not None), {})
            rows += [
                (split, target, *_summary_row(name, scores[name], rival.get(name))) for name in _SHORT if name in scores
            ]
    return rows


def _summary_row(name: str, figure: Plain, rival: Plain | None) -> tuple[str, ...]:
    return (
        FIGURES[name].title,
        figure_text(name, figure),
        interval_text(figure),
        counted(figure["count"], FIGURES[name].unit),
        figure_text(name, rival),
    )
