"""Data sets with one label per step."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from benchmarks.converters.files import (
    copy_original,
    original_lines,
    original_text,
    write_conll,
    write_csv,
    write_jsonl,
)

__all__ = ["bc5cdr", "gesture_phase", "occupancy", "protein_ss", "snips", "universal_dependencies", "uner", "wnut17"]


def universal_dependencies(source: Path, out: Path) -> None:
    """CoNLL-U as it is: tags `upos`, `xpos`, `feats`, tokens in `form`."""
    for split in ("train", "dev", "test"):
        (file,) = source.glob(f"*-ud-{split}.conllu*")
        copy_original(source, file.name.removesuffix(".gz"), out, split)


def snips(source: Path, out: Path) -> None:
    """Lists `tokens` and `slots` (IOB) and the label `intent`; the split that is called valid is dev."""
    for split, folder in (("train", "train"), ("dev", "valid"), ("test", "test")):
        columns = (original_lines(source, f"{folder}/{name}") for name in ("seq.in", "seq.out", "label"))
        records = (
            {"tokens": tokens.split(), "slots": slots.split(), "intent": intent.strip()}
            for tokens, slots, intent in zip(*columns, strict=True)
        )
        write_jsonl(out / f"{split}.jsonl", records)


def wnut17(source: Path, out: Path) -> None:
    """Two columns, token and tag; the blanks at line ends, of which the train file has many, are gone."""
    names = {"train": "wnut17train.conll", "dev": "emerging.dev.conll", "test": "emerging.test.annotated"}
    for split, name in names.items():
        write_conll(out / f"{split}.conll", _sentences(original_lines(source, name)))


def bc5cdr(source: Path, out: Path) -> None:
    """Two columns, token and tag."""
    for split, name in (("train", "train.tsv"), ("dev", "devel.tsv"), ("test", "test.tsv")):
        write_conll(out / f"{split}.conll", _sentences(original_lines(source, name)))


def uner(source: Path, out: Path) -> None:
    """Two columns, token and tag; comments, counters and annotators' columns are left out."""
    for split in ("train", "dev", "test"):
        (file,) = source.glob(f"*-ud-{split}.iob2*")
        lines = original_lines(source, file.name.removesuffix(".gz"))
        sentences = _sentences(line for line in lines if not line.startswith("# "))
        write_conll(out / f"{split}.conll", [[row[1:3] for row in sentence] for sentence in sentences])


def _sentences(lines: Iterable[str]) -> list[list[list[str]]]:
    """Sentences as rows of cells; a line of blanks ends a sentence."""
    sentences: list[list[list[str]]] = [[]]
    for line in lines:
        if line.strip():
            sentences[-1].append(line.rstrip().split("\t"))
        elif sentences[-1]:
            sentences.append([])
    return [sentence for sentence in sentences if sentence]


def protein_ss(source: Path, out: Path) -> None:
    """Lists `residues` and `structure` (e sheet, h helix, _ coil); lines `<>` and `end` part the proteins."""
    for split in ("train", "test"):
        proteins: list[list[list[str]]] = [[]]
        for line in original_lines(source, f"protein-secondary-structure.{split}", "latin-1"):
            cells = line.split()
            if [len(cell) for cell in cells] == [1, 1] and cells[1] in "eh_":
                proteins[-1].append(cells)
            elif proteins[-1] and ("end" in line or line.strip() == "<>"):
                proteins.append([])
        records = (
            {"residues": [residue for residue, _ in protein], "structure": [state for _, state in protein]}
            for protein in proteins
            if protein
        )
        write_jsonl(out / f"{split}.jsonl", records)


def gesture_phase(source: Path, out: Path) -> None:
    """One row per step, a series per video in `video`, ordered by `timestamp`; labels in `phase`.

    One label of the original is in Portuguese; here it is that of all others.
    """
    videos = {"train": ("a1", "b1", "c1"), "dev": ("a2",), "test": ("a3", "b3", "c3")}
    for split, names in videos.items():
        rows: list[list[str]] = []
        for name in names:
            header, *steps = csv.reader(original_lines(source, f"{name}_raw.csv"))
            rows += ([name, *step[:-1], step[-1].replace("Preparação", "Preparation")] for step in steps)
        write_csv(out / f"{split}.csv", ["video", *header], rows)


def occupancy(source: Path, out: Path) -> None:
    """One row per minute, a series per calendar day in `day`, ordered by `date`; labels in `Occupancy`.

    The original header lacks a name for its first column, the row number, which is left out here.
    """
    names = {"train": "datatraining.txt", "test": "datatest.txt", "test2": "datatest2.txt"}
    for split, name in names.items():
        header, *rows = csv.reader(io.StringIO(original_text(source, name), newline=""))
        days = ([row[1][:10], *row[1:]] for row in rows)
        write_csv(out / f"{split}.csv", ["day", *header], days)
