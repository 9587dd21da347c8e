"""Helpers of the data tests: small files and stores made of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seqwise.data.detect import Requested, find_spec
from seqwise.data.readers import ReadOptions, open_files
from seqwise.data.spec import DataSpec
from seqwise.data.store import Store, open_store

TEXTS = ["the cat sat", "a dog ran off", "birds fly high", "fish swim far", "cows eat grass", "one more line"]
FLAGS = "Say which with --label COL, --tags COL, --outputs 'PATTERN' or --multilabel COL."


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def write_text(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def found(file: str, requested: Requested | None = None, options: ReadOptions | None = None) -> Any:
    source = open_files([file], options or ReadOptions())
    return find_spec(source, list(source), requested or Requested())


def store_of(file: str, spec: DataSpec | None = None, part: int = 0, cache: Path | None = None) -> Store:
    source = open_files([file], ReadOptions())
    return open_store([(part, source)], spec or found(file).spec, cache=cache)


def csv_of(*columns: list[object]) -> str:
    return "".join(",".join(map(str, row)) + "\n" for row in zip(*columns, strict=True))


def refused(
    error: type[Exception],
    tmp_path: Path,
    text: str,
    requested: Requested | None = None,
    name: str = "data.csv",
    **options: Any,
) -> str:
    """The message of an error, the file's name without its folder."""
    file = write_text(tmp_path / name, text)
    with pytest.raises(error) as caught:
        found(file, requested, ReadOptions(**options))
    return str(caught.value).replace(file, name)


def notes(tmp_path: Path, text: str, requested: Requested | None = None, name: str = "data.csv") -> list[str]:
    said: list[str] = found(write_text(tmp_path / name, text), requested).notes
    return said


def spec(tmp_path: Path, text: str, requested: Requested | None = None, name: str = "data.csv") -> DataSpec:
    whole: DataSpec = found(write_text(tmp_path / name, text), requested).spec
    return whole
