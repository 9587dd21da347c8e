"""Data sets with several labels per sequence."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from benchmarks.converters.files import (
    divided,
    original_bytes,
    original_lines,
    original_text,
    write_csv,
    write_jsonl,
)

__all__ = ["goemotions", "mams_acsa", "tox21", "un_votes"]

_ABSENT = "absent"


def un_votes(source: Path, out: Path) -> None:
    """The original columns, `text` made of the two texts, and `vote_COUNTRY` for each of 47 countries.

    A vote is -1, 0 or 1; an empty cell means that the country did not vote.
    """
    for split in ("train", "dev", "test"):
        header, *rows = (line.split("\t") for line in original_lines(source, f"{split}.tsv"))
        facts, countries = header[:6], header[6:]
        short, description = facts.index("short"), facts.index("descr")
        write_csv(
            out / f"{split}.csv",
            [*facts, "text", *(f"vote_{country}" for country in countries)],
            ([*row[:6], f"{row[short]}. {row[description]}", *row[6:]] for row in rows),
        )


def goemotions(source: Path, out: Path) -> None:
    """The `text`, and in the list `emotions` one to five of 28 labels by name; quote signs are text."""
    emotions = [line.strip() for line in original_lines(source, "labels.txt") if line.strip()]
    for split in ("train", "dev", "test"):
        rows = (line.split("\t") for line in original_lines(source, f"{split}.tsv"))
        records = (
            {"text": text, "emotions": [emotions[int(number)] for number in numbers.split(",")]}
            for text, numbers, _ in rows
        )
        write_jsonl(out / f"{split}.jsonl", records)


def mams_acsa(source: Path, out: Path) -> None:
    """The `text`, and in eight columns `aspect_NAME` one of negative, neutral, positive and absent."""
    names = {"train": "train.xml", "dev": "val.xml", "test": "test.xml"}
    parts = {split: _opinions(original_bytes(source, name)) for split, name in names.items()}
    aspects = sorted({aspect for part in parts.values() for _, opinions in part for aspect in opinions})
    for split, part in parts.items():
        write_csv(
            out / f"{split}.csv",
            ["text", *(f"aspect_{aspect}" for aspect in aspects)],
            ([text, *(opinions.get(aspect, _ABSENT) for aspect in aspects)] for text, opinions in part),
        )


def _opinions(xml: bytes) -> list[tuple[str, dict[str, str]]]:
    """Each sentence with the polarity of every aspect that it speaks of."""
    sentences = []
    for sentence in ElementTree.fromstring(xml).iter("sentence"):
        marks = [(mark.attrib["category"], mark.attrib["polarity"]) for mark in sentence.iter("aspectCategory")]
        opinions = dict(marks)
        assert len(opinions) == len(marks), "an aspect stands twice in one sentence"
        sentences.append((sentence.findtext("text", ""), opinions))
    return sentences


def tox21(source: Path, out: Path) -> None:
    """The formula in `smiles`, and 12 assays of 0 and 1 that `?R-*` matches; gaps are empty cells."""
    header, *rows = csv.reader(io.StringIO(original_text(source, "tox21.csv"), newline=""))
    smiles = header.index("smiles")
    assays = [number for number, name in enumerate(header) if name not in ("mol_id", "smiles")]
    for split, part in divided(rows).items():
        write_csv(
            out / f"{split}.csv",
            ["smiles", *(header[number] for number in assays)],
            ([row[smiles], *(row[number] for number in assays)] for row in part),
        )
