"""Encodes records once to Arrow, so that training can read rows in any order from memory or from a mapped file.

The encoding does not depend on the split: every symbol and label gets a number at its first appearance. The
vocabulary and the classes of a model are determined later from the training split (`vocabulary`, `labels`).
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seqwise._files import move_folder, read_whole, reason, remove_leftovers, sha256_of, written_folder
from seqwise.data._lists import ListColumn, ListRows
from seqwise.data._numbering import MISSING, LabelNames, Names
from seqwise.data.cells import RawSequence, cell_of, sequence_reader, steps_of
from seqwise.data.label_numbers import STEP_END, label_numbers
from seqwise.data.missing import Gaps
from seqwise.data.records import Place, Record
from seqwise.data.spec import DataSpec
from seqwise.errors import DataError, EmptySequenceError, SaveError, SeqwiseError
from seqwise.targets import Label, label_text

__all__ = ["MISSING", "STEP_END", "OnEmpty", "Store", "cache_key", "encode", "open_store"]

_ROWS_PER_CHUNK = 4096
_VALUES_PER_CHUNK = 1 << 22
_JOINED_BYTES = 1 << 26
"""Chunks of a store that are read as one, though that takes their memory once more."""
_FORMAT = 7
_FRESH = ".encoding-"
_MOST_META_BYTES = 1 << 32
_NO_CACHE = "  Name a folder with --set data.cache_folder=DIR, or keep them in memory with --set data.cache=never."
_PLACES_KEPT = 5

OnEmpty = Literal["error", "skip"]
"""How to treat a row whose sequence is empty: reject it, or leave it out and count it."""


def encode(
    parts: Sequence[tuple[int, Iterable[Record]]], spec: DataSpec, sink: Any, *, on_empty: OnEmpty = "error"
) -> dict[str, Any]:
    """Writes every record of the sources to `sink` (a path or an Arrow output stream); returns what `open_store` needs.

    Args:
        parts: pairs of a part number (0 train, 1 dev, 2 test) and a source.
        spec: the input and the targets.
        sink: where the Arrow file goes.
        on_empty: what to do about a record whose sequence is empty: refuse it, or leave it out.

    Raises:
        DataError: a record that cannot be used, with file and line; no record at all; an id that stands twice.
    """
    encoder = _Encoder(spec, on_empty)
    schema = encoder.schema()
    with pa.ipc.new_file(sink, schema) as writer:
        for part, source in parts:
            for batch in encoder.batches(part, source, schema):
                writer.write_batch(batch)
    if not encoder.rows and not encoder.empty:
        raise DataError("there is no sequence to read")
    return encoder.meta()


class _Encoder:
    def __init__(self, spec: DataSpec, on_empty: OnEmpty) -> None:
        self.spec = spec
        self.on_empty = on_empty
        self.empty: list[int] = []
        self.empty_parts: list[int] = []
        self.empty_places: list[tuple[int, Place]] = []
        self.read_sequence = sequence_reader(spec.input, spec.targets)
        self.padded = 0
        self.symbols = Names()
        self.files = Names()
        self.labels = [LabelNames() for _ in spec.targets]
        self.channels = 0
        self.rows = 0
        self.places_of_ids: dict[str, Place] = {}
        for target, names in zip(spec.targets, self.labels, strict=True):
            if target.kind == "multilabel" and target.form == "columns":
                names.values.extend(target.columns)

    def schema(self) -> pa.Schema:
        value = pa.float32() if self.spec.input.is_series else pa.int32()
        fields = [("file", pa.int32()), ("line", pa.int64()), ("part", pa.int8()), ("group", pa.int64())]
        fields += [("input", pa.list_(value))]
        fields += [(f"labels_{i}", pa.list_(pa.int32())) for i in range(len(self.spec.targets))]
        return pa.schema(fields)

    def batches(self, part: int, source: Iterable[Record], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        places: tuple[array[int], array[int], array[int]] = (array("i"), array("q"), array("q"))
        columns = self._columns()
        self.places_of_ids.clear()  # ids are unique within a part: files of dev and test may count anew
        for record in source:
            try:
                sequence = self.read_sequence(record)
            except EmptySequenceError:
                if self.on_empty == "error":
                    raise
                self._leave_out(part, record.place)
                continue
            padded = steps_of(record, self.spec.input.column) - len(sequence) if self.spec.input.is_series else 0
            self.padded += padded > 0
            columns[0].append(self._numbers(sequence, record.place))
            for target, names, column in zip(self.spec.targets, self.labels, columns[1:], strict=True):
                column.append(label_numbers(record, target, names, len(sequence), padded))
            self._check_id(record)
            places[0].append(self.files.number(record.place.file))
            places[1].append(record.place.line)
            places[2].append(self._group(record, columns[0]))
            self.rows += 1
            if len(places[0]) >= _ROWS_PER_CHUNK or len(columns[0].values) >= _VALUES_PER_CHUNK:
                yield _record_batch(places, part, columns, schema)
                places = (array("i"), array("q"), array("q"))
                columns = self._columns()
        if places[0]:
            yield _record_batch(places, part, columns, schema)

    def _leave_out(self, part: int, place: Place) -> None:
        """Notes a record without a sequence."""
        self.empty.append(self.rows + len(self.empty))
        self.empty_parts.append(part)
        if sum(kept == part for kept, _ in self.empty_places) < _PLACES_KEPT:
            self.empty_places.append((part, place))

    def _columns(self) -> list[ListColumn]:
        first = ListColumn("f" if self.spec.input.is_series else "i")
        return [first, *(ListColumn("i") for _ in self.spec.targets)]

    def _numbers(self, sequence: RawSequence, place: Place) -> Sequence[int] | NDArray[np.float32]:
        if isinstance(sequence, list):
            numbers = self.symbols.numbers
            return [numbers.setdefault(symbol, len(numbers)) for symbol in sequence]
        if self.channels and sequence.shape[1] != self.channels:
            raise DataError(
                f"this series has {sequence.shape[1]} channels, the ones before it have {self.channels}",
                file=place.file,
                line=place.line,
            )
        self.channels = sequence.shape[1]
        return sequence.reshape(-1)

    def _check_id(self, record: Record) -> None:
        if self.spec.id_column is None:
            return
        cell = cell_of(record, self.spec.id_column)
        if cell is None:
            return
        name = str(cell)
        first = self.places_of_ids.setdefault(name, record.place)
        if first is not record.place:
            raise DataError(
                f"the id '{name}' stands twice; it is first at {first}",
                file=record.place.file,
                line=record.place.line,
                field=self.spec.id_column,
                hint="Ids must be unique. If this column does not name rows, leave it out with --set data.id=none.",
            )

    def _group(self, record: Record, inputs: ListColumn) -> int:
        """A number shared by the rows that a split keeps together: of one group, or (without one) of equal input."""
        cell = None if self.spec.group_column is None else cell_of(record, self.spec.group_column)
        if cell is not None:
            content = label_text(cell).encode() if isinstance(cell, (str, int, float)) else str(cell).encode()
        else:
            content = inputs.values[inputs.offsets[-2] :].tobytes()
        return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little", signed=True)

    def meta(self) -> dict[str, Any]:
        return {
            "format": _FORMAT,
            "spec": self.spec.to_json(),
            "symbols": list(self.symbols.numbers),
            "labels": [names.values for names in self.labels],
            "gaps": [{"counts": names.gaps.counts, "places": names.gaps.places} for names in self.labels],
            "files": list(self.files.numbers),
            "channels": self.channels,
            "padded": self.padded,
            "empty": self.empty,
            "empty_parts": self.empty_parts,
            "empty_places": [(part, place.file, place.line) for part, place in self.empty_places],
        }


def _record_batch(
    places: tuple[array[int], ...], part: int, columns: list[ListColumn], schema: pa.Schema
) -> pa.RecordBatch:
    files, lines, groups = places
    parts = np.full(len(files), part, dtype=np.int8)
    arrays = [
        np.frombuffer(files, np.int32),
        np.frombuffer(lines, np.int64),
        parts,
        np.frombuffer(groups, np.int64),
    ]
    return pa.record_batch([pa.array(a) for a in arrays] + [column.arrow() for column in columns], schema=schema)


class Store:
    """Encoded sequences and labels, row by row.

    Attributes:
        spec: the input and the targets.
        symbols: every symbol of the files in order of first appearance; empty for series.
        label_values: per target, every label value in order of first appearance.
        gaps: per target, the words that were read as missing labels.
        channels: channels of a series; 0 for symbols.
        padded: how many series were cut where only padding is left; see `padding`.
        lengths: (rows,) steps of each sequence.
        parts: (rows,) 0 train, 1 dev, 2 test, by the file the row came from.
        groups: (rows,) equal numbers for rows that a split must keep together.
        empty: the positions, among all records that were read, of those left out since their sequence is empty.
    """

    def __init__(self, table: pa.ipc.RecordBatchFileReader, meta: dict[str, Any]) -> None:
        chunks = _few(table.get_batch(i) for i in range(table.num_record_batches))
        self.spec = DataSpec.from_json(meta["spec"])
        self.symbols: list[str] = meta["symbols"]
        self.label_values: list[list[Label]] = meta["labels"]
        self.gaps = [Gaps(Counter(each["counts"]), each["places"]) for each in meta["gaps"]]
        self.channels: int = meta["channels"]
        self.padded: int = meta["padded"]
        self.empty: list[int] = meta["empty"]
        self._empty_parts: list[int] = meta["empty_parts"]
        self._empty_places = [(part, Place(file, line)) for part, file, line in meta["empty_places"]]
        self._files: list[str] = meta["files"]
        self._starts = np.cumsum([0, *(chunk.num_rows for chunk in chunks)])
        self._input = ListRows([chunk.column("input") for chunk in chunks])
        self._labels = [
            ListRows([chunk.column(f"labels_{i}") for chunk in chunks]) for i in range(len(self.spec.targets))
        ]
        self.parts = _joined(chunks, "part", np.dtype(np.int8))
        self.groups = _joined(chunks, "group", np.dtype(np.int64))
        self._file_numbers = _joined(chunks, "file", np.dtype(np.int32))
        self._lines = _joined(chunks, "line", np.dtype(np.int64))
        self.lengths = self._input.lengths() // max(self.channels, 1)

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def empty_places(self) -> list[Place]:
        """Where the first rows stand that were left out since their sequence is empty."""
        return [place for _, place in self._empty_places[:_PLACES_KEPT]]

    def empty_of(self, part: int) -> tuple[int, list[Place]]:
        """How many rows of the files of a part were left out since their sequence is empty, and where the first are."""
        return self._empty_parts.count(part), [place for own, place in self._empty_places if own == part]

    def sequence(self, row: int) -> NDArray[Any]:
        """The sequence of a row: (time,) symbol numbers, or (time, channels) float32."""
        values = self._input.row(*self._position(row))
        assert values is not None
        return values.reshape(-1, self.channels) if self.channels else values

    def sequences(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """The sequences of many rows, one after the other: what `sequence` gives for each, joined."""
        values = self._input.flat(*self._positions(rows), self.lengths[rows] * max(self.channels, 1))
        return values.reshape(-1, self.channels) if self.channels else values

    def joined_labels(self, target: int, rows: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int32]:
        """The label numbers of many rows, one row after the other; all missing where a row has none.

        Args:
            target: its position.
            rows: which rows.
            sizes: (rows,) how many label numbers each of them has, or would have.
        """
        return self._labels[target].flat(*self._positions(rows), sizes, MISSING)

    def labels(self, target: int, row: int) -> NDArray[np.int32] | None:
        """The label numbers of a row for the target of that position, flat; None where all are missing."""
        return self._labels[target].row(*self._position(row))

    def place(self, row: int) -> Place:
        """The file and line a row came from."""
        return Place(self._files[self._file_numbers[row]], int(self._lines[row]))

    def _positions(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        chunks = np.searchsorted(self._starts, rows, side="right") - 1
        return chunks, rows - self._starts[chunks]

    def _position(self, row: int) -> tuple[int, int]:
        chunk = int(np.searchsorted(self._starts, row, side="right")) - 1
        return chunk, int(row - self._starts[chunk])


def _few(chunks: Iterable[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """The chunks, or one that holds them all where that is small: a batch is then gathered in one go."""
    found = list(chunks)
    if len(found) < 2 or sum(chunk.nbytes for chunk in found) > _JOINED_BYTES:
        return found
    joined: list[pa.RecordBatch] = pa.Table.from_batches(found).combine_chunks().to_batches()
    return joined


def _joined(chunks: list[pa.RecordBatch], name: str, dtype: np.dtype[Any]) -> NDArray[Any]:
    if not chunks:
        return np.zeros(0, dtype)
    return np.concatenate([np.asarray(chunk.column(name)) for chunk in chunks])


def open_store(
    parts: Sequence[tuple[int, Iterable[Record]]],
    spec: DataSpec,
    *,
    cache: Path | None = None,
    on_empty: OnEmpty = "error",
) -> Store:
    """The encoded records of the sources.

    Args:
        parts: pairs of a part number (0 train, 1 dev, 2 test) and a source.
        spec: the input and the targets.
        cache: a folder named after the content of the files and the settings (`cache_key`). What stands there is
            mapped into memory; else the files are encoded into it first. Without it the rows stay in memory.
        on_empty: see `encode`.

    Raises:
        DataError: see `encode`.
    """
    if cache is None:
        sink = pa.BufferOutputStream()
        meta = encode(parts, spec, sink, on_empty=on_empty)
        return Store(pa.ipc.open_file(sink.getvalue()), meta)
    store = _opened(cache)
    if store is None:
        _fill(cache, parts, spec, on_empty)
        store = _opened(cache)
    if store is None:
        raise SaveError(f"the encoded rows in {cache} are not those that were written there just now\n{_NO_CACHE}")
    return store


def _opened(cache: Path) -> Store | None:
    """The mapped rows of a cache folder; None where nothing stands there, or something else than was encoded."""
    try:
        head, _, content = read_whole(cache / "meta.jsonl", _MOST_META_BYTES).partition(b"\n")
        sums = json.loads(head)
        if sums != _sums(content, cache / "data.arrow"):
            return None
        return Store(pa.ipc.open_file(pa.memory_map(str(cache / "data.arrow"))), json.loads(content))
    except (OSError, ValueError, RecursionError):
        return None


def _sums(meta: bytes, rows: Path) -> dict[str, str]:
    """The first line of meta.jsonl."""
    return {"meta": hashlib.sha256(meta).hexdigest(), "rows": sha256_of(rows)}


def _fill(cache: Path, parts: Sequence[tuple[int, Iterable[Record]]], spec: DataSpec, on_empty: OnEmpty) -> None:
    """Encodes into a folder beside the cache and moves it there whole, so that two processes never share a file."""
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(cache.parent, _FRESH)
        with written_folder(cache.parent, _FRESH) as fresh:
            meta = json.dumps(encode(parts, spec, str(fresh / "data.arrow"), on_empty=on_empty)).encode()
            head = json.dumps(_sums(meta, fresh / "data.arrow")).encode()
            (fresh / "meta.jsonl").write_bytes(head + b"\n" + meta)
            if _opened(cache) is None:  # else another process was quicker
                move_folder(fresh, cache)
    except OSError as error:
        if isinstance(error, SeqwiseError):
            raise
        raise SaveError(f"cannot keep encoded rows in {cache.parent}: {reason(error)}\n{_NO_CACHE}") from error


def cache_key(hashes: Sequence[str], spec: DataSpec, options: object) -> str:
    """A name for an encoding: it changes with the content of the files, the settings and the form of the store."""
    versions = [_FORMAT, version("seqwise"), unicodedata.unidata_version]
    content = json.dumps([versions, list(hashes), spec.to_json(), repr(options)], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()[:24]
