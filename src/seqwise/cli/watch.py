"""Shows training progress on stderr: notes, epochs, and a progress bar in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from seqwise.evaluation.summary import (
    SUMMARY_COLUMNS,
    ensemble_messages,
    main_figure,
    regression_messages,
    seconds_text,
    split_titles,
    summary_table,
    verdicts,
)

__all__ = ["Watch", "clock", "show_figures", "show_metrics", "show_table"]


class Watch:
    """Shows the progress of a training; a `seqwise.training.sgd.loop.Progress`.

    Args:
        quiet: print nothing.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.console = Console(stderr=True, quiet=quiet, highlight=False, soft_wrap=True, emoji=False)
        self.bar = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=30),
            TextColumn("{task.completed}/{task.total} steps, {task.fields[left]} left"),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal or quiet,
        )
        self.task: TaskID | None = None
        self.left = "?"

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def say(self, text: str) -> None:
        """Prints one line on stderr."""
        self.console.print(text, markup=False)

    def epoch_begins(self, epoch: int, max_epochs: int, steps: int) -> None:
        """Starts the progress bar of an epoch."""
        if self.task is not None:
            self.bar.remove_task(self.task)
        self.max_epochs = max_epochs
        self.task = self.bar.add_task("", total=steps, epoch=f"{epoch + 1}/{max_epochs}", left=self.left)

    def step_done(self, step: int, share: float, seconds: float) -> None:
        """Advances the bar; the remaining time covers all epochs, at the speed so far."""
        assert self.task is not None
        self.left = clock(seconds / share - seconds) if share > 0 else "?"
        self.bar.update(self.task, completed=step, left=self.left)

    def epoch_ends(self, entry: dict[str, Any], is_best: bool) -> None:
        """Prints one line per epoch; a star marks the best epoch so far."""
        figures = "  ".join(_epoch_figures(entry["dev"]))
        model = f"model {entry['member']}  " if "member" in entry else ""
        self.say(
            f"{model}epoch {entry['epoch']:>3}/{self.max_epochs}  loss {entry['loss']:.4f}  "
            f"dev loss {entry['dev_loss']:.4f}  {figures} {'*' if is_best else ' '} "
            f"{entry['tokens_per_second'] or 0:,.0f} tokens/s  "
            f"padding {entry['padding_share']:.1%}  {entry['seconds']:.1f} s  {self.left} left"
        )


def _epoch_figures(dev: Mapping[str, Mapping[str, float | None]]) -> list[str]:
    """The main figure of each target, or several figures of a single target."""
    if len(dev) > 1:
        return [f"{target} {_named(main_figure(figures), figures)}" for target, figures in dev.items()]
    (figures,) = dev.values()
    return [_named(name, figures) for name in ("accuracy", "span_f1", "micro_f1", "macro_f1") if name in figures]


def _named(name: str, figures: Mapping[str, float | None]) -> str:
    value = figures[name]
    return f"{name} –" if value is None else f"{name} {value:.4f}"


def show_metrics(metrics: dict[str, Any]) -> None:
    """Prints the main figures of each split and target with the best baseline, and a verdict, on stdout."""
    baselines = metrics["baselines"]
    known = metrics["training"].get("baselines", {"facts": {}, "notes": []})
    facts, notes = known["facts"], known["notes"]
    splits = {
        split: {target: metrics[split][target] for target in targets}
        for split, targets in baselines["majority"].items()
    }
    titles = split_titles(metrics)
    show_table(SUMMARY_COLUMNS, summary_table(splits, baselines, titles))
    last = "test" if "test" in splits else list(splits)[-1]
    for sentence in [*ensemble_messages(metrics, last), *regression_messages(metrics)]:
        _console().print(sentence, markup=False)
    for target, verdict in verdicts(metrics, last).items():
        _console().print(f"{target} on {titles.get(last, last)}: {verdict.text}", markup=False)
        if verdict.command:
            _console().print(f"  {verdict.command}", markup=False, soft_wrap=True)
    for line in [*_baseline_lines(facts), *notes]:
        _console().print(line, markup=False)


def _baseline_lines(facts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The meaning of the short names of baselines in the table."""
    named = [
        f"{name} is {fact['title']}, {seconds_text(fact['seconds'])} to fit and predict"
        for name, fact in facts.items()
        if fact["reads_input"]
    ]
    return [f"baselines: {'; '.join(named)}"] if named else []


def show_figures(per_target: dict[str, Any]) -> None:
    """Prints the main figures of each target on stdout."""
    show_table(SUMMARY_COLUMNS[1:-1], [row[1:-1] for row in summary_table({"": per_target}, {})])


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints rows under their column headings on stdout."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in ("value", "over", "baseline") else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(escape, row))
    _console().print(table)


def _console() -> Console:
    """A console on standard output; 200 columns wide if it is not a terminal."""
    console = Console(highlight=False, emoji=False)
    return console if console.is_terminal else Console(highlight=False, emoji=False, width=200)


def clock(seconds: float) -> str:
    """A duration as minutes and seconds, with hours if needed.

    Examples:
        >>> clock(75.2), clock(3700)
        ('1:15', '1:01:40')
    """
    whole = max(round(seconds), 0)
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
