"""A search in words: a line when a trial begins and ends, and what came of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seqwise.tuning.journal import Trial

__all__ = ["begin_line", "closing_lines", "end_line", "figure_rows", "settings_text"]


def settings_text(settings: Mapping[str, Any]) -> str:
    """Settings as people write them; `the defaults` where there are none.

    Examples:
        >>> settings_text({"model.hidden": 64, "model.pooling": "mean"})
        'model.hidden=64 model.pooling=mean'
    """
    return " ".join(f"{key}={value}" for key, value in settings.items()) or "the defaults"


def begin_line(number: int, settings: Mapping[str, Any]) -> str:
    """The settings of a trial."""
    return f"trial {number}: {settings_text(settings)}"


def end_line(trial: Trial, before: Sequence[Trial], left: float) -> str:
    """The result of a trial compared with earlier ones, and the seconds left."""
    pace = f"{trial.seconds:.1f} s; {max(left, 0):.0f} s left"
    if trial.figure is None:
        return f"trial {trial.number}: broken off, {trial.ended}; {pace}"
    found = f"trial {trial.number}: {trial.figure:.4f} on dev, {len(trial.curve)} epochs, {pace}"
    if not before:
        return f"{found}; time for about {int(max(left, 0) / max(trial.seconds, 0.01))} more such trainings"
    best = max(other.figure for other in before if other.figure is not None)
    return f"{found} {'* best so far' if trial.figure > best else f'(best {best:.4f})'}"


def figure_rows(
    deciding: Sequence[str], trials: Sequence[tuple[str, Trial]], metrics: Sequence[Mapping[str, Any]]
) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of a table: of each trial the deciding figures on dev and test, and seconds."""
    parts = [part for part in ("dev", "test") if part in metrics[0]]
    head = ["", *(f"{part} {figure}" for part in parts for figure in deciding), "seconds"]
    rows = [
        [
            name,
            *(_figure(figures[part], figure) for part in parts for figure in deciding),
            f"{trial.seconds:.0f}",
        ]
        for (name, trial), figures in zip(trials, metrics, strict=True)
    ]
    return head, rows


def _interval(deciding: Sequence[str], metrics: Mapping[str, Any]) -> tuple[float, float] | None:
    """The interval of the deciding figure on dev, where there is one figure that has one."""
    target, _, name = deciding[0].rpartition(".")
    figure = metrics["dev"][target][name]
    return (figure["low"], figure["high"]) if len(deciding) == 1 and "low" in figure else None


def _figure(by_target: Mapping[str, Any], name: str) -> str:
    target, _, figure = name.rpartition(".")
    value = by_target[target][figure]["value"]
    return "–" if value is None else f"{value:.4f}"


def closing_lines(
    deciding: Sequence[str], default: Trial, best: Trial, trials: Sequence[Trial], metrics: Mapping[str, Any]
) -> list[str]:
    """An explanation of the metrics.

    Args:
        deciding: the deciding figures by name.
        default: the trial of the defaults.
        best: the best one.
        trials: all of them.
        metrics: the content of metrics.json of the defaults.
    """
    finished = sum(trial.figure is not None for trial in trials)
    tried = f"{len(trials)} trials, {finished} of them to the end"
    if best.number == default.number:
        return [f"{tried}: nothing was better on dev than the defaults"]
    lines = [
        f"{tried}: trial {best.number} was the best on dev, with {settings_text(best.settings)}",
        f"the best of {finished} on dev is in part luck: expect less than the {_gain(default, best)} it gained there",
    ]
    if (interval := _interval(deciding, metrics)) and best.figure is not None and best.figure <= interval[1]:
        lines.append(
            f"it lies within the 95% interval of the defaults on dev, {interval[0]:.4f} to {interval[1]:.4f}: on other "
            "rows it may be nothing"
        )
    if "test" in metrics:
        lines.append("test was looked at once, for these two alone, of one seed; several seeds would tell more")
    return lines


def _gain(default: Trial, best: Trial) -> str:
    assert best.figure is not None
    assert default.figure is not None
    return f"{best.figure - default.figure:.4f}"
