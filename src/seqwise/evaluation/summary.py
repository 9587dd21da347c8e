"""Scores in words and short rows: for the terminal, and for the head of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
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
    "member_sentences",
    "regression_sentences",
    "seconds_text",
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
_NO_FACTS: Mapping[str, Plain] = MappingProxyType({})
_FEW = 30  # of fewer labels hardly any share tells two models apart


@dataclass(frozen=True)
class Verdict:
    """What the scores of a target come to, in a sentence.

    Attributes:
        text: the sentence.
        beaten: whether a baseline does as well; None without one to compare with.
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


def member_sentences(metrics: Plain, split: str) -> list[str]:
    """How far the members of an ensemble are apart, and what they come to together; none without an ensemble.

    Args:
        metrics: the content of metrics.json.
        split: whose figures.

    Example:
        >>> accuracy = [{"accuracy": {"value": value, "count": 40}} for value in (0.5, 0.6, 0.65)]
        >>> members = [{"test": {"intent": scores}} for scores in accuracy[:2]]
        >>> member_sentences({"members": members, "test": {"intent": accuracy[2]}}, "test")
        ['intent Accuracy on test: members 50.0% to 60.0%, ensemble 65.0%']
    """
    sentences = []
    members = metrics.get("members", [])
    for target, scores in (members[0].get(split, {}) if members else {}).items():
        name = main_figure(scores)
        values = [value for member in members if (value := member[split][target][name]["value"]) is not None]
        if not values:
            continue
        whole = metrics.get("ensemble", metrics)[split][target][name]
        said = f"members {share_text(min(values))} to {share_text(max(values))}, ensemble {figure_text(name, whole)}"
        if "ensemble" in metrics:
            said += f", the model that learned from it {figure_text(name, metrics[split][target][name])}"
        sentences.append(f"{target} {FIGURES[name].title} on {split}: {said}")
    return sentences


def regression_sentences(metrics: Plain) -> list[str]:
    """What the regression beside the network counts for, by target; none without one.

    Args:
        metrics: the content of metrics.json.

    Example:
        >>> found = {"intent": {"network": 0.4, "regression": 0.5, "losses": [0.051, 0.062, 0.039]}}
        >>> regression_sentences({"training": {"regression": found}})
        ['regression on n-grams, intent: it counts 0.50, the network 0.40; dev loss 0.051, with it 0.039']
    """
    sentences = []
    for target, found in metrics["training"].get("regression", {}).items():
        alone, _, both = found["losses"]
        weights = f"it counts {found['regression']:.2f}, the network {found['network']:.2f}"
        losses = f"dev loss {alone:.3f}, with it {both:.3f}"
        sentences.append(f"regression on n-grams, {target}: {weights}; {losses}")
    return sentences


def verdict(scores: Plain, baselines: Mapping[str, Plain], facts: Mapping[str, Plain] = _NO_FACTS) -> Verdict:
    """Whether a model has learned something from its input, and more than what is cheap.

    Args:
        scores: of the model, for one target.
        baselines: of the baselines, by name, on the same labels.
        facts: of baselines that read the input, by name: `title` and `seconds`; all others ignore it.

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
    blind = {key: value for key, value in rivals.items() if not _reads_input(facts, key)}
    is_blind = bool(blind) and figure["value"] <= max(blind.values())
    best = _best(blind if is_blind else rivals)
    rival = _rival(best, rivals[best], facts)
    if figure["value"] <= rivals[best]:
        return Verdict(f"{said} does not beat {rival}{_what_follows(name, figure, is_blind)}.", True)
    if figure.get("low") is not None and figure["low"] <= rivals[best]:
        return Verdict(f"{said} is not clearly above {rival}, which lies inside its 95% interval.", True)
    ignorant = {key: plain for key, plain in baselines.items() if key in blind}
    return Verdict(f"{said} beats {rival}{_accuracy_doubt(scores, ignorant)}.", False)


def _reads_input(facts: Mapping[str, Plain], name: str) -> bool:
    return bool(facts.get(name, {}).get("reads_input"))


def _best(rivals: Mapping[str, float]) -> str:
    return max(rivals, key=lambda key: rivals[key])


def _rival(name: str, value: float, facts: Mapping[str, Plain]) -> str:
    """A baseline in words: what it is, what it reaches, and what it costs where it costs anything."""
    if not _reads_input(facts, name):
        return f"the {name} baseline, {share_text(value)}"
    return f"{facts[name]['title']}, {share_text(value)} after {seconds_text(facts[name]['seconds'])}"


def seconds_text(seconds: float) -> str:
    """A short time in words.

    Example:
        >>> seconds_text(0.234), seconds_text(12.7)
        ('0.2 s', '13 s')
    """
    return f"{max(seconds, 0.1):.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"


def _what_follows(name: str, figure: Plain, is_blind: bool) -> str:
    if figure["count"] < _FEW:
        return f", but {counted(figure['count'], FIGURES[name].unit)} cannot tell much"
    return ": nothing useful was learned from the input" if is_blind else ": use that, or train longer or on more data"


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
        baselines: name of the baseline -> split -> target -> scores as JSON; of each figure the best is shown.

    Example:
        >>> accuracy = {"accuracy": {"value": 0.75, "count": 1200}}
        >>> summary_table({"test": {"intent": accuracy}}, {})
        [('test', 'intent', 'Accuracy', '75.0%', '–', '1,200 labels', '–')]
    """
    rows: list[tuple[str, ...]] = []
    for split, targets in splits.items():
        for target, scores in targets.items():
            rivals = {key: by_split.get(split, {}).get(target, {}) for key, by_split in baselines.items()}
            rows += [(split, target, *_summary_row(name, scores[name], rivals)) for name in _SHORT if name in scores]
    return rows


def _summary_row(name: str, figure: Plain, rivals: Mapping[str, Plain]) -> tuple[str, ...]:
    known = {key: plain[name]["value"] for key, plain in rivals.items() if name in plain}
    known = {key: value for key, value in known.items() if value is not None}
    best = _best(known) if known else None
    return (
        FIGURES[name].title,
        figure_text(name, figure),
        interval_text(figure),
        counted(figure["count"], FIGURES[name].unit),
        _NONE if best is None else f"{share_text(known[best])} {best}",
    )
