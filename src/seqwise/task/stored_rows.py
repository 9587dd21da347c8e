"""Reads all rows of the opened files into a store, or takes them from the cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqwise.config import DataConfig
from seqwise.data.label_notes import LabelNotes
from seqwise.data.readers import ReadOptions
from seqwise.data.spec import DataSpec
from seqwise.data.store import Store, cache_key, open_store
from seqwise.task.data_notes import empty_rows, padded_series
from seqwise.task.input_files import equal_content, file_records
from seqwise.task.messages import warnings
from seqwise.task.opened_files import OpenedFiles

__all__ = ["records_of", "stored_rows"]

_CACHE_FROM_BYTES = 32 << 20


def records_of(data: DataConfig) -> tuple[list[dict[str, Any]], list[str]]:
    """Part, name, bytes and sha256 of each file, and the messages."""
    records = file_records(data)
    return records, warnings(equal_content(records))


def stored_rows(
    files: OpenedFiles, spec: DataSpec, data: DataConfig, records: list[dict[str, Any]]
) -> tuple[Store, list[str]]:
    """The encoded rows of all files, and the messages.

    Raises:
        DataError: see `open_store`; no row is left.
    """
    cache = _cache(data, records, spec, files.options)
    store = open_store(files.sources, spec, cache=cache, on_empty=data.on_empty)
    labels = LabelNotes()
    labels.add_gaps(store)
    return store, [*warnings([*empty_rows(store), *labels.gap_messages()]), *padded_series(store)]


def _cache(data: DataConfig, records: list[dict[str, Any]], spec: DataSpec, options: ReadOptions) -> Path | None:
    large = sum(record["bytes"] for record in records) >= _CACHE_FROM_BYTES
    if data.cache == "never" or (data.cache == "auto" and not large):
        return None
    hashes = [f"{record['part']}:{record['name']}:{record['sha256']}" for record in records]
    return Path(data.cache_folder).expanduser() / cache_key(hashes, spec, (options, data.on_empty))
