"""Rows of the prepared data sets, and the figures of predicted labels; the standard library alone."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["TASKS", "Row", "figure", "read", "spans", "tokens_of"]

TASKS = ("intent", "slots", "upos", "series")

Row = tuple[list[str], Any]
"""Words (or the values of the channels, step by step), and the label of the sequence or those of its words (a list)."""


def read(folder: Path, part: str, task: str) -> list[Row]:
    """The rows of `train`, `dev` or `test`: JSONL with `tokens` and the task as a column, or CoNLL-U with UPOS."""
    path = next(path for path in sorted(folder.iterdir()) if path.name.startswith(f"{part}."))
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        lines = file.read().split("\n")
    if ".conllu" not in path.suffixes:
        return [(row["tokens"], row[task]) for row in map(json.loads, filter(None, lines))]
    rows: list[Row] = [([], [])]
    for line in lines:
        fields = line.split("\t")
        if not line:
            rows.append(([], []))
        elif not line.startswith("#") and fields[0].isdigit():
            rows[-1][0].append(fields[1])
            rows[-1][1].append(fields[3])
    return [row for row in rows if row[0]]


def tokens_of(rows: Sequence[Row]) -> int:
    """How many words there are."""
    return sum(len(words) for words, _ in rows)


def figure(task: str, gold: Sequence[Any], predicted: Sequence[Any]) -> float:
    """Accuracy of labels or of the words' labels; for slots the F1 of spans."""
    if task == "slots":
        pairs = [(spans(tags), spans(found)) for tags, found in zip(gold, predicted, strict=True)]
        found_and_gold = sum(len(tags) + len(found) for tags, found in pairs)
        return 2 * sum(len(tags & found) for tags, found in pairs) / max(found_and_gold, 1)
    if task == "upos":
        gold, predicted = ([tag for tags in both for tag in tags] for both in (gold, predicted))
    return sum(label == found for label, found in zip(gold, predicted, strict=True)) / len(gold)


def spans(tags: Sequence[str]) -> set[tuple[str, int, int]]:
    """The spans of IOB tags: type, first step, step after the last."""
    found, start, kind = set(), 0, ""
    for step, tag in enumerate([*tags, "O"]):
        if kind and (tag[0] != "I" or tag[2:] != kind):
            found.add((kind, start, step))
            kind = ""
        if tag != "O" and not kind:
            start, kind = step, tag[2:]
    return found
