"""Writes docs/accuracy.md, its curves and the short table in README.md from the results."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.accuracy.curve import better_and_faster, points, write_curves
from benchmarks.accuracy.table import Learned, learned, line
from benchmarks.accuracy.tasks import TASKS
from benchmarks.accuracy.training import EFFORTS
from benchmarks.runs import Record
from seqwise.bench.machine import described

__all__ = ["page_text", "readme_with_table", "write_page"]

_ROOT = Path(__file__).parents[2]

_HEAD = """# Accuracy

What `seqwise train` reaches with no config and no flag but the columns, on official or fixed splits: the metric on the
test file, as the mean over seeds and the range between them. The best baseline is the strongest of the
[baselines](training.md#baselines) that every report has and of other libraries, each trained on the same rows with its
own defaults. Targets were set before anything was measured.

Defaults were chosen on the development files of these data sets (where there is none, on a part held out from the
training file), and by cross-validation for series. Some test figures were seen too early: those of the six data sets of
series while their convolutions were written (after JapaneseVowels, the number of features was doubled for a lower loss
in cross-validation, so its figure is slightly optimistic), those of MR and of the UN votes once while the regression
beside the network was tried, and that of PLAID once while thresholds were.

This page is made by `python -m benchmarks.accuracy --page` from `benchmarks/results/accuracy.jsonl`, which has a line
for every run.
"""

_CURVE = """## Time against quality

The line is `--effort seconds`, `minutes` (the default) and `best`; the marks are baselines and other libraries. Seconds
are those of training alone, without start-up, reading or evaluation, on one thread. Other programs ran on the machine
meanwhile, so the seconds are upper bounds.

![Time against quality, data set by data set](accuracy/curves.svg)
"""

_SHOWN = {
    "snips-slots": "slots in queries",
    "ewt-upos": "parts of speech",
    "bc5cdr": "chemicals and diseases in abstracts",
    "banking77": "77 intents",
    "mr": "sentiment of a sentence",
    "names-18": "language of a name",
    "un-votes": "47 votes, some missing",
    "goemotions": "emotions of a comment",
    "ts-plaid": "appliance from its current",
    "occupancy": "room occupied, each minute",
}
"""The rows of the README, by task: one or two of each kind, those included in which a cheap baseline wins."""


def page_text(records: Sequence[Record]) -> str:
    """The page."""
    found = learned(records)
    parts = [
        _HEAD,
        *_figures(found),
        _CURVE,
        *_unanswered(records),
        *_costs(records),
        *_published(found),
        *_made(records),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _figures(found: Sequence[Learned]) -> Iterator[str]:
    columns = ("data", "metric", "mean", "range", "seeds", "target", "met", "best baseline")
    yield from ("## Figures", "", line(columns), line("---" for _ in columns))
    for one in found:
        yield line([*_cells(one), one.asked, one.reached, one.best_rival])
    asked = [one for one in found if one.reached]
    reached = sum(one.reached == "yes" for one in asked)
    yield f"\nOf {len(asked)} targets, {reached} are met.\n"


def _cells(one: Learned) -> list[str]:
    if one.mean is None:
        return [one.task.title, one.goal.title, one.mean_text(3), "", "0"]
    spread = f"{min(one.values):.3f}–{max(one.values):.3f}"
    return [one.task.title, one.goal.title, f"**{one.mean:.3f}**", spread, str(len(one.values))]


def _unanswered(records: Sequence[Record]) -> Iterator[str]:
    """Where a baseline or another library is both faster and better."""
    yield from ("Where a baseline or another library is both faster and better:", "")
    columns = ("data", "which", "value", "seconds of training", "faster and better than effort")
    yield from (line(columns), line("---" for _ in columns))
    for task in TASKS:
        for point, efforts in better_and_faster(points(task, records)):
            yield line([task.title, point.name, f"{point.value:.3f}", f"{point.seconds:.1f}", ", ".join(efforts)])
    yield ""


def _costs(records: Sequence[Record]) -> Iterator[str]:
    columns = ("data", "effort", "metric", "mean", "seconds of training", "seconds in all", "epochs", "parameters")
    yield from ("## Costs", "", line(columns), line("---" for _ in columns))
    for effort in ("seconds", *EFFORTS[:1], "best"):
        for one in learned(records, effort):
            if one.goal is one.task.goals[0] and one.mean is not None:
                costs = [
                    _mean(one.runs, "train_seconds", "{:.1f}"),
                    _mean(one.runs, "seconds", "{:.0f}"),
                    _mean(one.runs, "epochs", "{:.0f}"),
                    _mean(one.runs, "parameters", "{:,.0f}"),
                ]
                yield line([one.task.title, effort, one.goal.title, f"{one.mean:.3f}", *costs])
    yield "\nSeconds in all are those of the whole command, from start-up to the report.\n"


def _mean(runs: Sequence[Record], key: str, form: str) -> str:
    values = [run[key] for run in runs if run.get(key) is not None]
    return form.format(statistics.fmean(values)) if values else ""


def _published(found: Sequence[Learned]) -> Iterator[str]:
    yield from ("## Published", "", line(("data", "published, without pretraining")), line(("---", "---")))
    for task in dict.fromkeys(one.task for one in found if one.task.published):
        yield line([task.title, task.published])
    yield ""


def _made(records: Sequence[Record]) -> Iterator[str]:
    """Where and of which commit the figures are."""
    ours = [record for record in records if "peer" not in record and not record.get("error")]
    if not ours:
        return
    commits = sorted({(record.get("commit") or "an unknown commit")[:10] for record in ours})
    yield "## Made"
    yield ""
    yield f"Commits {', '.join(commits)}. {described(ours[-1]['machine'], ours[-1]['versions'])}."
    yield ""


def readme_with_table(readme: str, records: Sequence[Record]) -> str:
    """The README with its table of figures made anew: the first metric of each task that is shown."""
    columns = ("task", "data", "metric", "seqwise", "best baseline", "seconds")
    by_task = {one.task.name: one for one in learned(records) if one.goal is one.task.goals[0] and one.mean is not None}
    rows = [line(columns), line("---" for _ in columns)]
    rows += [_short_row(by_task[name], title) for name, title in _SHOWN.items() if name in by_task]
    before, heading, rest = readme.partition("## Figures\n")
    section, next_heading, after = rest.partition("\n## ")
    text = [words for words in section.split("\n") if not words.startswith("|")]
    return before + heading + "\n".join(text).rstrip("\n") + "\n\n" + "\n".join(rows) + "\n" + next_heading + after


def _short_row(one: Learned, title: str) -> str:
    """Whichever is higher is bold; both where they are equal in three digits."""
    ours, best = one.mean_text(3), one.best_rival
    theirs, _, name = best.partition(" ")
    cells = [f"**{ours}**" if ours >= theirs else ours, f"**{theirs}** {name}" if theirs >= ours else best]
    return line([title, one.task.title, one.goal.title, *cells, _mean(one.runs, "train_seconds", "{:.0f}")])


def write_page(records: Sequence[Record]) -> None:
    """Writes the page, the curves and the README's table."""
    write_curves(_ROOT / "docs" / "accuracy" / "curves.svg", records)
    (_ROOT / "docs" / "accuracy.md").write_text(page_text(records), encoding="utf-8")
    readme = _ROOT / "README.md"
    readme.write_text(readme_with_table(readme.read_text(encoding="utf-8"), records), encoding="utf-8")
