"""Writes docs/speed.md and its plots from the results: every ratio, and what was asked beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from benchmarks.speed.goals import Goal, Outcome, outcomes
from benchmarks.speed.plot import write_plot
from benchmarks.speed.records import Record, latest
from seqwise.bench import Measured, Spread
from seqwise.bench.bench_text import QUIET, readable_bytes, readable_seconds
from seqwise.bench.machine import described

__all__ = ["PARTS", "page_text", "write_page"]

_PAGE = Path(__file__).parents[2] / "docs" / "speed.md"

PARTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "losses": (
            "Losses",
            "Loss and gradient of the logits. The limit reads the logits that count once and writes each "
            "gradient once.",
        ),
        "heads": (
            "Head and loss in one",
            "Loss, and gradients of the hidden states and of the weight: tokens x features x classes. The limit is "
            "the three matrix products, into memory that is there already; in float32 also those of oneDNN, which on "
            "some processors are quicker than torch's own.",
        ),
        "crf": (
            "CRF",
            "(sequences, steps, classes), lengths from half of the steps to all of them. The limit is as many "
            "multiply-adds as the recursion has, as matrix products, one per step.",
        ),
        "layers": (
            "Recurrent layers",
            "(sequences, steps, features), forward and backward. The limits are the matrix products of the steps that "
            "count, and the same arithmetic as if no step waited for the one before. torch's layer over the padding "
            "gives other states: its backward direction begins in the padding.",
        ),
        "training": (
            "Training and prediction",
            "Time per word that is no padding; models of one size (BiLSTM of 128), two passes over the data. "
            "Prediction is that of the test file. Where goals fall short: on SNIPS a step has 500 words and takes "
            "3.2 ms, of which the layer has 1.4 (0.67 forward, 0.74 backward with rounded factors), Adam and the norm "
            "0.25, the head 0.25, and some sixty small operations and Python around them the rest; on EWT a step has "
            "1,000 words for the same rest. The arithmetic of the layer alone, at full speed of two cores and with "
            "rounded gradients, is 1.9 microseconds per word, which is more than a fortieth of Flair's time. Tried: "
            "all of it in compiled code, which is in use; larger batches, and rounded states, which cost figures; "
            "batches made ahead, longer spinning threads, which gain nothing (benchmarks/LOG.md).",
        ),
        "whole": (
            "Whole trainings",
            "CPU seconds from the start of the process to its end, ours with `--effort seconds` and without baselines, "
            "and the figure on the test file that the training ends with. A ratio counts when ours learned at least as "
            "well.",
        ),
        "start": ("Start", "From the start of the process to its end."),
    }
)
"""By part, its heading and what its table says."""

_HEAD = """# Speed

How much of the time of others seqwise takes, and how much more than the arithmetic alone: below 1 it is faster. Ratios
are medians over rounds in which all ways take turns in one run, after all gave the same values and gradients; a fifth
of the rounds is below the first number in parentheses and a fifth above the second. Goals were set before anything was
measured. Losses, heads and layers, ours and theirs, are measured in a process that keeps memory which was freed, as the
command line does. `seqwise bench` measures them on your machine.

"""


def write_page(results: Path, page: Path = _PAGE) -> None:
    """Writes the page and, in a folder of its name, a plot per part."""
    records = latest(results)
    page.write_text(page_text(records), encoding="utf-8")
    for part, (heading, _) in PARTS.items():
        cases = _cases(records, part)
        if cases:
            page.with_suffix("").mkdir(exist_ok=True)
            write_plot(page.with_suffix("") / f"{part}.svg", heading, cases)


def page_text(records: Sequence[Record]) -> str:
    """The page."""
    parts = [_HEAD]
    for part, (heading, about) in PARTS.items():
        cases = _cases(records, part)
        if cases:
            parts += [f"## {heading}\n\n{about}\n\n![{heading}](speed/{part}.svg)\n\n"]
            parts += [line + "\n" for line in _table(cases)] + ["\n"]
    machines = sorted({_machine(record) for record in records})
    return "".join([*parts, "## Measured on\n\n", *(f"* {machine}\n" for machine in machines)])


def _cases(records: Iterable[Record], part: str) -> list[Measured]:
    return [Measured.from_json(record) for record in records if record["part"] == part]


def _machine(record: Record) -> str:
    where, what, commit = record["machine"], record["versions"], record["commit"] or "unknown"
    changed = " with changes" if commit.endswith("-dirty") else ""
    return f"{described(where, what)}, {where['platform']}, Python {what['python']}; commit {commit[:12]}{changed}"


def _table(cases: Iterable[Measured]) -> Iterator[str]:
    yield "| what | time | beside | its time | ours / its | goal | |"
    yield "|---|---|---|---|---|---|---|"
    for measured in cases:
        first = True
        for cells in _rows(measured):
            named = f"{measured.name} {measured.shape}{_disturbed(measured)}" if first else ""
            took = readable_seconds(measured.seconds(measured.ours).p50) + _score(measured, measured.ours)
            yield "| " + " | ".join([named, took if first else "", *cells]) + " |"
            first = False


def _rows(measured: Measured) -> Iterator[list[str]]:
    """Beside what, its time, the ratio, the goal, the outcome: a row per way, then goals about several or none."""
    asked = list(outcomes(measured))
    for way in measured.times:
        if way == measured.ours:
            continue
        own = [one for one in asked if one.goal.beside == (way,)]
        its = readable_seconds(measured.seconds(way).p50) + _score(measured, way)
        name = f"*{way}*" if measured.kinds[way] == "limit" else way
        yield [name, its, _ratio(measured.ratio(way)), *(_goal(own[0]) if own else ["", ""])]
    for one in asked:
        goal = one.goal
        if goal.figure != "ratio":
            value = "" if one.value is None else _absolute(goal, one.value)
            yield ["memory beyond inputs and gradients" if goal.figure == "memory" else "", "", value, *_goal(one)]
        elif len(goal.beside) > 1:
            there = [way for way in goal.beside if way in measured.times]
            yield ["the fastest of torch's ways", "", _ratio(measured.ratio(*there)), *_goal(one)]
        elif one.value is None:
            yield [goal.beside[0], "", measured.missing.get(goal.beside[0], ""), *_goal(one)]


def _goal(outcome: Outcome) -> list[str]:
    goal = outcome.goal
    most = f"{goal.at_most:.3g}" if goal.figure == "ratio" else _absolute(goal, goal.at_most)
    told = str(outcome)
    return [f"≤ {most}", f"**{told}**" if told == "reached" else told]


def _absolute(goal: Goal, value: float) -> str:
    return readable_bytes(int(value)) if goal.figure == "memory" else readable_seconds(value)


def _ratio(ratio: Spread) -> str:
    low, middle, high = (f"{value:.2f}" if value >= 0.1 else f"{value:.3f}" for value in ratio)
    return f"{middle} ({low} to {high})"


def _disturbed(measured: Measured) -> str:
    """A word about other programs, where they used so much of the machine that figures are uncertain."""
    share = measured.disturbance or 0
    return f" (uncertain: other programs used {share:.0%} of the machine)" if share > QUIET else ""


def _score(measured: Measured, way: str) -> str:
    scores = measured.figures.get(way)
    return f", {sum(scores) / len(scores):.3f}" if scores else ""
