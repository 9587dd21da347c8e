"""Several files of one form as one stream of records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from seqwise.data.readers._headers import FirstRow
from seqwise.data.readers._limits import check_columns, guarded
from seqwise.data.readers._options import ReadOptions
from seqwise.data.records import Record
from seqwise.errors import DataError, listed

__all__ = ["LOOK", "Kind", "Part", "Source", "joined"]

Kind = Literal["table", "tokens", "series"]

LOOK = 1000
"""How many records are looked at, where only the records themselves say which columns there are."""


@dataclass(frozen=True)
class Part:
    """One file, looked at and ready to be read.

    Attributes:
        name: the file as the user named it.
        columns: the columns that every record has.
        records: reads the file from its beginning.
        kind: what a record is; see `Source`.
        extra: keys that some records have: those of JSON objects, of comments in CoNLL.
        tokens: the column of words, in a file of tokens.
        notes: what is worth saying aloud about the file.
        header: whether the first line of a table names its columns.
        annotations: what was found of annotation tools; see `ReadOptions`.
        first: what the first line of a table is, as the lines below it tell.
        comments: whether lines `# ...` above the tokens of a sequence are comments.
    """

    name: str
    columns: tuple[str, ...]
    records: Callable[[], Iterator[Record]]
    kind: Kind = "table"
    extra: tuple[str, ...] = ()
    tokens: str | None = None
    notes: tuple[str, ...] = ()
    header: bool | None = None
    annotations: tuple[str, ...] | None = None
    first: FirstRow = field(default_factory=FirstRow)
    comments: bool | None = None


@dataclass(frozen=True)
class Source:
    """Files of one form, read as one stream, however large they are.

    Every `iter()` reads the files again from the beginning; a stream such as standard input can be read once.

    Attributes:
        files: the files as the user named them.
        options: how the files are read, their format included.
        kind: what a record is: a row with one cell per column (`table`), a sequence with a list per column
            (`tokens`), or a numeric array under the name of `series` (`series`).
        columns: the names known before reading. For JSONL, and for comments of CoNLL files, those seen in the
            first 1000 records (in a stream, in the first record): later ones may bring more, and a record may
            lack some.
        notes: what is worth saying aloud, each with the file's name in front.
        tokens: the column of words, in files of tokens: `form` in CoNLL-U; in CoNLL the first column, or the
            second where the first merely counts 1, 2, 3.
        is_replayable: whether the files can be read more than once, as no stream can.
    """

    files: tuple[str, ...]
    options: ReadOptions
    kind: Kind
    columns: tuple[str, ...]
    notes: tuple[str, ...]
    tokens: str | None
    records: Callable[[], Iterator[Record]]
    is_replayable: bool = True

    def __iter__(self) -> Iterator[Record]:
        return self.records()

    @property
    def series(self) -> str | None:
        """The column of numeric arrays; None where a record is no series."""
        return self.options.series_column if self.kind == "series" else None

    @property
    def has_token_rows(self) -> bool:
        """Whether the files are tables with a row per token, of which a record has those of one sequence."""
        return self.kind == "tokens" and bool(self.options.sequence_ids)

    @property
    def has_plain_texts(self) -> bool:
        """Whether texts are lines or files as they stand, which no one has cut into tokens."""
        return self.format in ("lines", "folder") or (self.format == "parallel" and self.tokens is None)

    @property
    def span_columns(self) -> tuple[str, ...]:
        """The columns in which the files have spans of characters and records one tag per word."""
        return tuple(each[6:] for each in self.options.annotations or () if each.startswith("spans="))

    @property
    def format(self) -> str:
        """One of `readers.FORMATS`."""
        assert self.options.format is not None
        return self.options.format


def joined(parts: Sequence[Part], options: ReadOptions) -> Source:
    """The parts one after the other; the options must tell their format.

    Raises:
        DataError: they do not have the same columns.
    """
    first = parts[0]
    for part in parts[1:]:
        if set(part.columns) != set(first.columns):
            raise _columns_differ(first, part)
    extra = dict.fromkeys(key for part in parts for key in part.extra)
    check_columns(len(first.columns) + len(extra), first.name)
    return Source(
        files=tuple(part.name for part in parts),
        options=options,
        kind=first.kind,
        columns=tuple(dict.fromkeys((*first.columns, *extra))),
        notes=tuple(f"{part.name}: {note}" for part in parts for note in part.notes),
        tokens=first.tokens,
        records=lambda: _in_turn(parts),
    )


def _in_turn(parts: Sequence[Part]) -> Iterator[Record]:
    for part in parts:
        yield from guarded(part.records(), part.name)


def _columns_differ(first: Part, other: Part) -> DataError:
    missing = [name for name in first.columns if name not in other.columns]
    added = [name for name in other.columns if name not in first.columns]
    told = [f"it lacks {listed(missing)}"] if missing else []
    told += [f"it adds {listed(added)}"] if added else []
    return DataError(
        f"its columns are not those of '{first.name}': {' and '.join(told)}",
        file=other.name,
        hint="Files read together must have the same columns.",
    )
