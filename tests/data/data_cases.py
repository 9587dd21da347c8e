"""Helpers of the data tests: small files and stores made of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from seqwise.data.detect import Requested, find_spec
from seqwise.data.readers import ReadOptions, open_files
from seqwise.data.spec import DataSpec
from seqwise.data.store import Store, open_store


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
