"""Scores in words and short rows: for the terminal, and for the head of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from seqwise.errors import counted
from seqwise.evaluation.paired import FEW_SEQUENCES
from seqwise.evaluation.scores import FIGURES

__all__ = [
    "SUMMARY_COLUMNS",
    "Plain",
    "Verdict",
    "caveat",
    "count_text",
    "ensemble_messages",
    "figure_text",
    "interval_text",
    "main_figure",
    "percent_text",
    "points_text",
    "regression_messages",
    "sample_text",
    "seconds_text",
    "split_titles",
    "summary_table",
    "verdict",
    "verdicts",
]

Plain = Mapping[str, Any]
"""Scores as `Scores.to_json` gives them."""

SUMMARY_COLUMNS = ("split", "target", "figure", "value", "95% interval", "over", "baseline")
"""The columns of `summary_table`."""

_MAIN = ("span_f1", "micro_f1", "accuracy")
_SHORT = ("span_f1", "micro_f1", "accuracy", "macro_f1", "exact_match")
_NONE = "–"
_NOTHING: Mapping[str, Plain] = MappingProxyType({})


@dataclass(frozen=True)
class Verdict:
    """A one-sentence summary of the scores of a target.

    Attributes:
        text: the sentence.
        beaten: whether a baseline does as well, as far as can be told; None where nothing is known.
        command: what trains that baseline as a model, where the sentence says to run it; else empty.
    """

    text: str
    beaten: bool | None
    command: str = ""


def percent_text(value: float | None) -> str:
    """A share as a percentage; only what is exactly 0 or 1 is shown as that.

    Examples:
        >>> percent_text(0.9714), percent_text(0.99999), percent_text(1.0), percent_text(None)
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
        return percent_text(value)
    return f"{value:.4g}"


def count_text(count: int) -> str:
    """A count with its thousands set apart.

    Examples:
        >>> count_text(1234567)
        '1,234,567'
    """
    return f"{count:,}"


def interval_text(figure: Plain) -> str:
    """The 95% interval of a figure, or a dash where there is none."""
    low, high = figure.get("low"), figure.get("high")
    return _NONE if low is None or high is None else f"{percent_text(low)} to {percent_text(high)}"


def main_figure(scores: Plain) -> str:
    """The name of the figure that speaks for a target: span F1, else micro F1, else accuracy."""
    return next(name for name in _MAIN if name in scores)


def ensemble_messages(metrics: Plain, split: str) -> list[str]:
    """How far the members of an ensemble are apart, and what they come to together; none without an ensemble.

    Args:
        metrics: the content of metrics.json.
        split: whose figures.

    Examples:
        >>> accuracy = [{"accuracy": {"value": value, "count": 40}} for value in (0.5, 0.6, 0.65)]
        >>> members = [{"test": {"intent": scores}} for scores in accuracy[:2]]
        >>> ensemble_messages({"members": members, "test": {"intent": accuracy[2]}}, "test")
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
        beside = "" if "ensemble" in metrics or target not in _regressions(metrics) else " with the regression"
        said = f"members {percent_text(min(values))} to {percent_text(max(values))}, "
        said += f"ensemble{beside} {figure_text(name, whole)}"
        if "ensemble" in metrics:
            said += f", the model that learned from it {figure_text(name, metrics[split][target][name])}"
        sentences.append(f"{target} {FIGURES[name].title} on {split}: {said}")
    return sentences


def _regressions(metrics: Plain) -> Plain:
    found: Plain = metrics.get("training", {}).get("regression", {})
    return found


def regression_messages(metrics: Plain) -> list[str]:
    """The weights of the n-gram regression beside the network, by target; none without one.

    Args:
        metrics: the content of metrics.json.

    Examples:
        >>> found = {"intent": {"network": 0.4, "regression": 0.5, "losses": [0.051, 0.062, 0.039]}}
        >>> regression_messages({"training": {"regression": found}})
        ['intent: weights network 0.40, n-gram regression 0.50; dev loss 0.051 of the network alone, 0.039 of both']
    """
    sentences = []
    for target, found in metrics["training"].get("regression", {}).items():
        alone, _, both = found["losses"]
        weights = f"network {found['network']:.2f}, n-gram regression {found['regression']:.2f}"
        losses = f"dev loss {alone:.3f} of the network alone, {both:.3f} of both"
        taken, total = found.get("learned_from", (0, 0))  # runs of earlier versions do not say
        sample = f"; the regression was fitted on {taken:,} of {counted(total, 'sequence')}" if taken < total else ""
        sentences.append(f"{target}: weights {weights}; {losses}{sample}")
    return sentences


def split_titles(metrics: Plain) -> dict[str, str]:
    """Clearer names for splits where the plain ones would mislead: dev metrics may be cross-validated."""
    return {"dev": "cross-validation"} if metrics["training"].get("cross_validation") else {}


def caveat(metrics: Plain, split: str) -> str:
    """Why the figures of a part show for no model that it is better; empty for a test part."""
    if split != "dev":
        return ""
    if metrics["training"].get("cross_validation"):
        return "Cross-validated figures have no interval for the difference."
    return "Dev also chose the epoch, so it cannot show which is better."


def verdicts(metrics: Plain, split: str) -> dict[str, Verdict]:
    """By target, how a run's model compares with its baselines on a part.

    Args:
        metrics: the content of metrics.json, of earlier versions too.
        split: `dev` or `test`.
    """
    baselines = metrics["baselines"]
    facts = metrics["training"].get("baselines", {}).get("facts", {})
    differences = metrics.get("comparisons", {}).get(split, {})
    found = {}
    for target in baselines["majority"][split]:
        rivals = {name: parts[split][target] for name, parts in baselines.items() if target in parts.get(split, ())}
        found[target] = verdict(
            metrics[split][target],
            rivals,
            facts,
            differences.get(target, {}),
            target=target,
            caveat=caveat(metrics, split),
        )
    return found


def verdict(
    scores: Plain,
    baselines: Mapping[str, Plain],
    facts: Mapping[str, Plain] = _NOTHING,
    differences: Mapping[str, Plain] = _NOTHING,
    *,
    target: str = "",
    caveat: str = "",
) -> Verdict:
    """How a model compares with the best of its baselines; one is said to be better only where an interval shows it.

    Args:
        scores: of the model, for one target.
        baselines: of the baselines, by name, on the same labels.
        facts: of baselines that read the input, by name: `title`, `learned_from`, and the `command` that trains it as
            a model, where there is one; all others ignore the input.
        differences: by baseline and figure, how much higher the model's figure is; see `seqwise.evaluation.paired`.
        target: its name, by which `learned_from` is looked up.
        caveat: a sentence on why these figures show for no model that it is better.

    Examples:
        >>> model = {"accuracy": {"value": 0.5, "count": 40}}
        >>> rival = {"majority": {"accuracy": {"value": 0.4, "count": 40}}}
        >>> found = {"majority": {"accuracy": {"value": 0.1, "low": 0.02, "high": 0.18, "sequences": 40}}}
        >>> verdict(model, rival, differences=found).text
        'Accuracy 50.0% beats the majority baseline, 40.0%, by 10.0 points (95% interval 2.0 to 18.0).'
    """
    name = main_figure(scores)
    figure, title = scores[name], FIGURES[name].title
    said = f"{title} {figure_text(name, figure)}"
    if figure["value"] is None:
        return Verdict(f"{title} is undefined: no labels to evaluate.", None)
    rivals = {key: plain[name]["value"] for key, plain in baselines.items() if plain.get(name)}
    rivals = {key: value for key, value in rivals.items() if value is not None}
    if not rivals:
        return Verdict(f"{said}.", None)
    blind = {key: value for key, value in rivals.items() if not _reads_input(facts, key)}
    is_blind = bool(blind) and figure["value"] <= max(blind.values())
    best = _best(blind if is_blind else rivals)
    rival = _rival(best, facts, target)
    difference = differences.get(best, {}).get(name) or {}
    is_behind = figure["value"] <= rivals[best]
    if reason := caveat or _no_test(difference):
        return Verdict(f"{said}; {rival} has {percent_text(rivals[best])}. {reason}", is_behind or None)
    rival = f"{rival}, {percent_text(rivals[best])}"
    interval = f"(95% interval {points_text(difference['low'])} to {points_text(difference['high'])})"
    points = points_text(abs(difference["value"]))
    if difference["low"] > 0:
        doubt = _accuracy_doubt(scores, baselines, facts, target)
        return Verdict(f"{said} beats {rival}, by {points} points {interval}{doubt}.", False)
    command = facts.get(best, {}).get("command", "") if is_behind else ""
    advice = _advice(command) if is_behind and not is_blind else "."
    if is_blind:
        advice = ": no sign that anything was learned from the input."
    if difference["high"] < 0:
        return Verdict(f"{said} is below {rival}, by {points} points {interval}{advice}", True, command)
    gap = points_text(difference["value"])
    return Verdict(f"{said} is not clearly different from {rival}: {gap} points {interval}{advice}", True, command)


def _no_test(difference: Plain) -> str:
    """Why a difference says nothing of which is better; empty where its interval does."""
    if difference.get("low") is None:
        return "No interval was computed for the difference."
    if difference["sequences"] < FEW_SEQUENCES:
        return f"{counted(difference['sequences'], 'independent sequence')} cannot tell which is better."
    return ""


def _reads_input(facts: Mapping[str, Plain], name: str) -> bool:
    return bool(facts.get(name, {}).get("reads_input"))


def _best(rivals: Mapping[str, float]) -> str:
    return max(rivals, key=lambda key: rivals[key])


def _rival(name: str, facts: Mapping[str, Plain], target: str) -> str:
    """A baseline in words, with the sequences that it learned from where they are not all."""
    if not _reads_input(facts, name):
        return f"the {name} baseline"
    sample = sample_text(facts[name], target)
    return f"{facts[name]['title']}{f' (fitted on {sample})' if sample else ''}"


def sample_text(fact: Plain, target: str) -> str:
    """From how many training sequences a baseline learned, where they are not all; else empty.

    Examples:
        >>> sample_text({"learned_from": {"intent": [430, 1000]}}, "intent")
        '430 of 1,000 sequences'
    """
    taken, total = fact.get("learned_from", {}).get(target, (0, 0))
    return f"{taken:,} of {counted(total, 'sequence')}" if taken < total else ""


def points_text(value: float) -> str:
    """A difference of shares in percentage points; only what is exactly 0 is shown as 0.

    Examples:
        >>> points_text(0.0512), points_text(-0.1), points_text(0.0002), points_text(0.0)
        ('5.1', '-10.0', '0.02', '0.0')
    """
    rounded = f"{100 * value:.1f}"
    return rounded if float(rounded) or not value else f"{100 * value:.1g}"


def seconds_text(seconds: float) -> str:
    """A short time in words.

    Examples:
        >>> seconds_text(0.234), seconds_text(12.7)
        ('0.2 s', '13 s')
    """
    return f"{max(seconds, 0.1):.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"


def _advice(command: str) -> str:
    return ". To use that, run:" if command else ". Train longer or on more data."


def _accuracy_doubt(scores: Plain, baselines: Mapping[str, Plain], facts: Mapping[str, Plain], target: str) -> str:
    """A caveat for when accuracy, which rare labels hardly affect, does not beat every baseline."""
    mine = scores["accuracy"]["value"]
    known = {name: plain["accuracy"]["value"] for name, plain in baselines.items() if plain.get("accuracy")}
    known = {name: value for name, value in known.items() if value is not None}
    if mine is None or not known or mine > max(known.values()):
        return ""
    best = _best(known)
    rival = _rival(best, facts, target)
    return f", but its accuracy, {percent_text(mine)}, is not above that of {rival}, {percent_text(known[best])}"


def summary_table(
    splits: Mapping[str, Mapping[str, Plain]],
    baselines: Mapping[str, Mapping[str, Mapping[str, Plain]]],
    titles: Mapping[str, str] = MappingProxyType({}),
) -> list[tuple[str, ...]]:
    """Rows of text under `SUMMARY_COLUMNS`: the main figures of every split and target.

    Args:
        splits: split -> target -> scores as JSON.
        baselines: name of the baseline -> split -> target -> scores as JSON; of each figure the best is shown.
        titles: what splits are called, where that is not their name.

    Examples:
        >>> accuracy = {"accuracy": {"value": 0.75, "count": 1200}}
        >>> summary_table({"test": {"intent": accuracy}}, {})
        [('test', 'intent', 'Accuracy', '75.0%', '–', '1,200 labels', '–')]
    """
    rows: list[tuple[str, ...]] = []
    for split, targets in splits.items():
        for target, scores in targets.items():
            rivals = {key: by_split.get(split, {}).get(target, {}) for key, by_split in baselines.items()}
            rows += [
                (titles.get(split, split), target, *_summary_row(name, scores[name], rivals))
                for name in _SHORT
                if name in scores
            ]
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
        _NONE if best is None else f"{percent_text(known[best])} {best}",
    )
