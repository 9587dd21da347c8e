"""Data sets with one label per sequence."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from benchmarks.converters.files import (
    copy_original,
    divided,
    original_bytes,
    original_lines,
    original_text,
    split_of,
    write_csv,
)

__all__ = ["banking77", "clinc150", "mr_sentence_polarity", "names_18_languages", "splice", "time_series"]


def banking77(source: Path, out: Path) -> None:
    """Columns `text` and `category`; the original files, with their quotes and line breaks inside cells."""
    for split in ("train", "test"):
        copy_original(source, f"{split}.csv", out, split)


def clinc150(source: Path, out: Path) -> None:
    """Columns `text` and `intent`, the 150 intents; requests of no intent (out of scope) are left out."""
    parts = json.loads(original_text(source, "data_full.json"))
    for split, name in (("train", "train"), ("dev", "val"), ("test", "test")):
        write_csv(out / f"{split}.csv", ("text", "intent"), parts[name])


def mr_sentence_polarity(source: Path, out: Path) -> None:
    """Columns `text` and `label` (neg, pos), from Latin-1; line n of either class decides its split."""
    parts: dict[str, list[tuple[str, str]]] = {"train": [], "dev": [], "test": []}
    with zipfile.ZipFile(io.BytesIO(original_bytes(source, "sentence_polarity.zip"))) as archive:
        for label in ("neg", "pos"):
            content = archive.read(f"sentence_polarity/rt-polarity.{label}").decode("latin-1")
            for number, line in enumerate(content.removesuffix("\n").split("\n")):
                parts[split_of(number)].append((" ".join(line.split()), label))
    for split, rows in parts.items():
        write_csv(out / f"{split}.csv", ("text", "label"), rows)


def names_18_languages(source: Path, out: Path) -> None:
    """Columns `name` and `language`; a file per language, line n of each decides its split."""
    parts: dict[str, list[tuple[str, str]]] = {"train": [], "dev": [], "test": []}
    for file in sorted((source / "names").glob("*.txt")):
        for number, line in enumerate(original_lines(file.parent, file.name)):
            parts[split_of(number)].append((line.strip(), file.stem))
    for split, rows in parts.items():
        write_csv(out / f"{split}.csv", ("name", "language"), rows)


def splice(source: Path, out: Path) -> None:
    """Columns `bases` (60 letters) and `junction` (EI, IE, N); row n of the ARFF file decides its split."""
    rows = []
    for line in original_lines(source, "splice.arff", "latin-1"):
        if line and line[0] not in "%@" and line.count(",") == 61:
            _, *bases, junction = (cell.strip() for cell in line.split(","))
            rows.append(("".join(bases), junction))
    for split, part in divided(rows).items():
        write_csv(out / f"{split}.csv", ("bases", "junction"), part)


def time_series(source: Path, out: Path) -> None:
    """The two `.ts` files as they are."""
    for split in ("train", "test"):
        (file,) = source.glob(f"*_{split.upper()}.ts*")
        copy_original(source, file.name.removesuffix(".gz"), out, split)
