"""Computes the values of each section of the report from plain scores; the template only lays them out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seqwise.errors import counted
from seqwise.evaluation.scores import FIGURES
from seqwise.evaluation.summary import (
    Plain,
    figure_text,
    interval_text,
    main_figure,
    points_text,
    sample_text,
    seconds_text,
    verdict,
)
from seqwise.report.curve import curve_svg
from seqwise.report.report_data import ReportData
from seqwise.targets import label_text

__all__ = ["page_values"]

_FIRST_LABELS = 25  # rows of a long table that stand outside the fold
_CONFUSION_LABELS = 20
_PAIRS = 12
_SHARED_CLASSES = 6


def page_values(data: ReportData) -> dict[str, Any]:
    """The variables of the template."""
    from markupsafe import Markup

    split = "test" if "test" in data.splits else next(reversed(list(data.splits)), "")
    curves = [(caption, Markup(svg)) for caption, svg in _curves(data)]
    return {
        "data": data,
        "split": data.split_titles.get(split, split),
        "other_splits": [data.split_titles.get(name, name) for name in data.splits if name != split],
        "targets": [_target(data, split, name) for name in data.splits.get(split, {})],
        "curves": curves,
        "epochs": _epochs(data),
        "data_columns": list(dict.fromkeys(key for row in data.data.values() for key in row)),
        "settings": list(_flat(data.settings)),
    }


def _target(data: ReportData, split: str, name: str) -> dict[str, Any]:
    """Everything about one target on the split that is shown in full."""
    scores = data.splits[split][name]
    rivals = {key: found for key, plain in data.baselines.items() if (found := plain.get(split, {}).get(name))}
    others = [plain.get(name, {}) for key, plain in data.splits.items() if key != split]
    figures = _figures(scores, list(rivals.values()), others)
    labels = sorted(scores.get("per_label", ()), key=lambda row: -row["support"])
    return {
        "name": name,
        "verdict": verdict(
            scores,
            rivals,
            data.baseline_statistics,
            data.differences.get(name, {}),
            target=name,
            caveat=data.caveat,
        ),
        "baselines": [_baseline(key, data.baseline_statistics.get(key, {}), name) for key in rivals],
        "differences": list(_differences(data, name)),
        "main": next(row for row in figures if row["title"] == FIGURES[main_figure(scores)].title),
        "figures": figures,
        "labels": [row for row in labels if row["support"] or row["predicted"]],
        "silent": sum(not row["support"] and not row["predicted"] for row in labels),
        "first_labels": _FIRST_LABELS,
        "confusion": _confusion(scores.get("confusion")),
        "pairs": scores.get("confused_pairs", ())[:_PAIRS],
        "outputs": _outputs(scores, rivals.get("majority", {})),
        "spans": sorted(scores.get("per_span_type", ()), key=lambda row: -row["gold"]),
        "buckets": data.length_buckets.get(name, ()),
        "errors": [error for error in data.errors if error.get("target", name) == name],
    }


def _baseline(name: str, facts: Plain, target: str) -> dict[str, str]:
    """A column head: what the baseline is, and if it reads its input what it learned from and took."""
    if not facts.get("reads_input"):
        return {"title": facts.get("title", name), "cost": ""}
    sample = sample_text(facts, target)
    cost = f"{seconds_text(facts['seconds'])} to fit and predict" + (f", fitted on {sample}" if sample else "")
    return {"title": facts.get("title", name), "cost": cost}


def _differences(data: ReportData, target: str) -> Iterator[dict[str, Any]]:
    """A row per baseline and figure that have an interval for how much higher the model's figure is."""
    for name, by_figure in data.differences.get(target, {}).items():
        for figure in FIGURES:
            found = by_figure.get(figure)
            if found is not None and found["low"] is not None:
                yield {
                    "baseline": data.baseline_statistics.get(name, {}).get("title", name),
                    "figure": FIGURES[figure].title,
                    "points": points_text(found["value"]),
                    "interval": f"{points_text(found['low'])} to {points_text(found['high'])}",
                    "over": counted(found["sequences"], "independent sequence"),
                }


def _figures(scores: Plain, rivals: Sequence[Plain], others: Sequence[Plain]) -> list[dict[str, Any]]:
    """A row per figure: on the split shown in full, of each baseline, and on the other splits."""
    return [
        {
            "title": meaning.title,
            "meaning": meaning.text,
            "value": figure_text(name, scores[name]),
            "interval": interval_text(scores[name]),
            "over": counted(scores[name]["count"], meaning.unit),
            "rivals": [figure_text(name, plain.get(name)) for plain in rivals],
            "others": [figure_text(name, plain.get(name)) for plain in others],
        }
        for name, meaning in FIGURES.items()
        if name in scores
    ]


def _confusion(confusion: Plain | None) -> dict[str, Any] | None:
    """A table of at most 20 labels in class order, those of the most frequent confusions, which it all shows.

    The last column holds the predictions of labels that are not shown; shares are of a row.
    """
    if confusion is None:
        return None
    counts, size = confusion["counts"], len(confusion["labels"])
    chosen = sorted(_confused(counts, size))
    rows = []
    for i in chosen:
        support = sum(counts[i])
        shown = [counts[i][j] for j in chosen]
        cells = [
            {"count": count, "share": count / support if support else 0, "right": i == j}
            for j, count in zip(chosen, shown, strict=True)
        ]
        rows.append(
            {
                "label": label_text(confusion["labels"][i]),
                "cells": cells,
                "support": support,
                "rest": support - sum(shown),
            }
        )
    return {"labels": [row["label"] for row in rows], "rows": rows, "size": size}


def _confused(counts: Sequence[Sequence[int]], size: int) -> set[int]:
    """The labels of the most frequent confusions, until they are 20; then those with the most mistakes."""
    pairs = [(counts[i][j], i, j) for i in range(size) for j in range(size) if i != j and counts[i][j]]
    chosen: set[int] = set()
    for _, i, j in sorted(pairs, key=lambda pair: -pair[0]):
        if len(chosen | {i, j}) <= _CONFUSION_LABELS:
            chosen |= {i, j}
    wrong = [sum(counts[i]) + sum(row[i] for row in counts) - 2 * counts[i][i] for i in range(size)]
    for i in sorted(range(size), key=lambda i: -wrong[i]):
        if len(chosen) < _CONFUSION_LABELS:
            chosen.add(i)
    return chosen


def _outputs(scores: Plain, rival: Plain) -> dict[str, Any] | None:
    """A row per output, the hardest first, with the majority's accuracy beside its own."""
    rows = scores.get("per_output", ())
    if not rows:
        return None
    majority = {row["output"]: row["accuracy"] for row in rival.get("per_output", ())}
    classes = [label["label"] for label in rows[0]["per_label"]]
    shared = len(classes) <= _SHARED_CLASSES and all(
        [label["label"] for label in row["per_label"]] == classes for row in rows
    )
    shown = [{**row, "majority": majority.get(row["output"])} for row in rows]
    for row in shown:
        known = row["accuracy"] is not None and row["majority"] is not None
        row["beaten"] = known and row["accuracy"] <= row["majority"]
    return {
        "classes": classes if shared else [],
        "rows": sorted(shown, key=lambda row: 2.0 if row["macro_f1"] is None else row["macro_f1"]),
        "beaten": sum(row["beaten"] for row in shown),
        "compared": bool(majority),
    }


def _curves(data: ReportData) -> Iterator[tuple[str, str]]:
    """Caption and drawing of the losses, and of the figure that decides; one epoch makes no curve.

    Losses that are different functions of labels and logits are drawn apart.
    """
    if len(data.history) < 2:
        return
    epochs = [record["epoch"] for record in data.history]
    train, dev = {"train": _column(data, "loss")}, {"dev": _column(data, "dev_loss")}
    losses = [("Loss (nats)", train | dev)]
    if not data.losses_comparable:
        losses = [("Training objective", train), ("Dev loss (nats)", dev)]
    for caption, curves in (*losses, (f"{data.metric_name} on dev", {"dev": _column(data, "metric")})):
        known = {name: values for name, values in curves.items() if any(v is not None for v in values)}
        if known:
            yield caption, curve_svg(caption, epochs, known, data.best_epoch)


def _column(data: ReportData, key: str) -> list[float | None]:
    return [record.get(key) for record in data.history]


def _epochs(data: ReportData) -> list[dict[str, Any]]:
    """The history as text, without the columns that no epoch has."""
    texts = {
        "epoch": ("epoch", "{:d}"),
        "loss": ("train loss" if data.losses_comparable else "training objective", "{:.4f}"),
        "dev_loss": ("dev loss", "{:.4f}"),
        "metric": (data.metric_name or "metric", "{:.4f}"),
        "tokens_per_second": ("tokens/s", "{:,.0f}"),
        "padding_share": ("padding", "{:.1%}"),
        "seconds": ("seconds", "{:.1f}"),
    }
    columns = [key for key in texts if any(record.get(key) is not None for record in data.history)]
    return [
        {texts[key][0]: "" if record.get(key) is None else texts[key][1].format(record[key]) for key in columns}
        for record in data.history
    ]


def _flat(settings: Plain, before: str = "") -> Iterator[tuple[str, str]]:
    """Nested settings as dotted keys and text."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{before}{key}.")
        elif isinstance(value, list | tuple | Mapping):
            yield f"{before}{key}", ", ".join(map(str, value))
        else:
            yield f"{before}{key}", "" if value is None else label_text(value)
