"""Reads original files, plain or gzipped; says how to split; writes the forms that `seqwise train` reads."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

__all__ = [
    "copy_original",
    "divided",
    "original_bytes",
    "original_lines",
    "original_text",
    "split_of",
    "write_conll",
    "write_csv",
    "write_jsonl",
]

_Item = TypeVar("_Item")


def split_of(number: int) -> str:
    """The split of item `number`, counted from 0, of a data set that has no official split.

    Examples:
        >>> [split_of(number) for number in (0, 1, 2, 9, 10)]
        ['test', 'dev', 'train', 'train', 'test']
    """
    return {0: "test", 1: "dev"}.get(number % 10, "train")


def divided(items: Iterable[_Item]) -> dict[str, list[_Item]]:
    """The items by split, in their order, each where `split_of` puts its number."""
    parts: dict[str, list[_Item]] = {"train": [], "dev": [], "test": []}
    for number, item in enumerate(items):
        parts[split_of(number)].append(item)
    return parts


def original_bytes(source: Path, name: str) -> bytes:
    """The content of a file that is stored under its own name or gzipped under that name with `.gz`.

    Raises:
        FileNotFoundError: neither is there.
    """
    file = _stored(source, name)
    return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()


def original_text(source: Path, name: str, encoding: str = "utf-8") -> str:
    """The content as text, line ends as they are."""
    return original_bytes(source, name).decode(encoding)


def original_lines(source: Path, name: str, encoding: str = "utf-8") -> list[str]:
    r"""The lines without their ends, which are `\n` or `\r\n`: other line breaks of Unicode are text."""
    return original_text(source, name, encoding).replace("\r\n", "\n").removesuffix("\n").split("\n")


def copy_original(source: Path, name: str, out: Path, split: str) -> None:
    """Copies a file, compressed or not as it is stored, under the name of its split and its own ending."""
    file = _stored(source, name)
    shutil.copyfile(file, out / (split + "".join(file.suffixes)))


def _stored(source: Path, name: str) -> Path:
    plain, packed = source / name, source / f"{name}.gz"
    if not plain.exists() and not packed.exists():
        raise FileNotFoundError(f"{source} holds neither {name} nor {name}.gz")
    return plain if plain.exists() else packed


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table with one header line, quoted only where needed (RFC 4180), lines ended by a line feed."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_jsonl(path: Path, records: Iterable[Mapping[str, object]]) -> None:
    """One JSON object per line."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def write_conll(path: Path, sentences: Iterable[Sequence[Sequence[str]]]) -> None:
    """A line per token with its cells between tabs, a blank line after each sentence."""
    with path.open("w", encoding="utf-8", newline="") as file:
        for sentence in sentences:
            file.writelines("\t".join(cells) + "\n" for cells in sentence)
            file.write("\n")
