"""Reads tables with one row per token: the rows of one sequence become one record with a list per column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, islice
from typing import Any

from seqwise.data.readers._source import LOOK, Source
from seqwise.data.records import Place, Record
from seqwise.errors import ColumnError, ConfigError, DataError, did_you_mean, listed

__all__ = ["in_sequences", "sequence_id_of"]

_TOKENS = ("token", "tokens", "word", "words", "form", "forms")
_ID_NAME = re.compile(
    r"(sent(ence)?s?|seq(uence)?|utt(erance)?|doc(ument)?)([ _.#-]*(id|no|nr|num|number|idx|index))?[ #]*"
)
_NONE = "none"


def sequence_id_of(source: Source) -> str | None:
    """The column of a table that names the sequences to which tokens belong: as asked, else as the rows show.

    They show it where a column is called like tokens and holds single words, and another is called like the number of
    a sentence and stays the same over several rows, or is filled in their first row alone.
    """
    asked = source.options.sequence_id
    if asked is not None:
        return None if asked == _NONE else asked
    words = [name for name in source.columns if name.lower() in _TOKENS]
    ids = [name for name in source.columns if _ID_NAME.fullmatch(name.lower())]
    if source.kind != "table" or source.format not in ("csv", "tsv") or not words or not ids:
        return None
    rows = [record.values for record in islice(source, LOOK)]
    cells = [row[words[0]] for row in rows if row[words[0]] is not None]
    if any(len(str(cell).split()) != 1 for cell in cells):
        return None
    return next((name for name in ids if name != words[0] and _names_runs([row[name] for row in rows])), None)


def _names_runs(cells: Sequence[Any]) -> bool:
    """Whether values stay the same over several rows and never come back, or stand in the first of several rows."""
    filled = [cell for cell in cells if cell is not None]
    runs = [value for value, _ in groupby(filled)]
    if not runs or cells[0] is None or len(runs) < 2 or len(set(runs)) < len(runs):
        return False
    return len(cells) >= 2 * len(runs)


def in_sequences(source: Source, sequence_id: str, *, is_found: bool) -> Source:
    """The sequences of a table with one row per token.

    Consecutive rows with one id form a sequence; a row whose id is empty goes on with the one above. A record has the
    id, and of every other column a list with one item per token.

    Raises:
        ConfigError: the files are no tables.
        ColumnError: there is no such column.
    """
    if source.kind != "table":
        raise ConfigError(f"--sequence-id reads tables with one row per token, not {source.format}")
    if sequence_id not in source.columns:
        hint = f"{did_you_mean(sequence_id, source.columns)} The columns are {listed(source.columns)}.".strip()
        raise ColumnError(f"there is no column '{sequence_id}' for --sequence-id", file=source.files[0], hint=hint)
    others = [name for name in source.columns if name != sequence_id]
    if not others:
        raise ColumnError("there is no column of tokens beside the ids", file=source.files[0], field=sequence_id)
    tokens = next((name for name in others if name.lower() in (*_TOKENS, "text")), others[0])
    note = (
        f"{source.files[0]}: each row is one token, and '{sequence_id}' tells the sequences apart (else say "
        "--sequence-id none)"
    )
    return replace(
        source,
        kind="tokens",
        tokens=tokens,
        options=replace(source.options, sequence_id=sequence_id),
        notes=(*source.notes, note) if is_found else source.notes,
        records=lambda: _records(source, sequence_id, others, tokens),
    )


def _records(source: Source, sequence_id: str, columns: Sequence[str], tokens: str) -> Iterator[Record]:
    begun: dict[Any, Place] = {}
    rows: list[Record] = []
    current: Any = None
    for record in source:
        place, own = record.place, record.values.get(sequence_id)
        is_new_file = bool(rows) and rows[0].place.file != place.file
        if own is None and (not rows or is_new_file):
            raise DataError("the first token has no sequence", file=place.file, line=place.line, field=sequence_id)
        if record.values.get(tokens) is None:
            hint = "Fill the cell or remove the row."
            raise DataError("the token is missing", file=place.file, line=place.line, field=tokens, hint=hint)
        if own is not None and (own != current or is_new_file):
            if rows:
                yield _sequence(rows, sequence_id, current, columns)
            if own in begun:
                problem = f"sequence '{own}' began at {begun[own]} and comes back after another one"
                hint = f"Sort the file by '{sequence_id}', so that the tokens of a sequence stand together."
                raise DataError(problem, file=place.file, line=place.line, field=sequence_id, hint=hint)
            begun[own], current, rows = place, own, []
        rows.append(record)
    if rows:
        yield _sequence(rows, sequence_id, current, columns)


def _sequence(rows: list[Record], sequence_id: str, own: Any, columns: Sequence[str]) -> Record:
    lists = {name: [row.values.get(name) for row in rows] for name in columns}
    return Record(rows[0].place, {sequence_id: own, **lists}, tuple(row.values for row in rows))
