"""Reads tables with one row per token: the rows of one sequence become one record with a list per column."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, groupby, islice
from typing import Any

from seqwise.data.readers._source import LOOK, Source
from seqwise.data.records import Place, Record
from seqwise.errors import ColumnError, ConfigError, DataError, did_you_mean, listed

__all__ = ["in_sequences", "sequence_ids_of"]

_TOKENS = ("token", "tokens", "word", "words", "form", "forms")
_NUMBER = r"([ _.#-]*(id|no|nr|num|number|idx|index))?[ #]*"
_SENTENCE = re.compile(r"(sent(ence)?s?|seq(uence)?|utt(erance)?)" + _NUMBER)
_DOCUMENT = re.compile(r"(doc(ument)?|file(name)?|article|para(graph)?|text|page|book|dialog(ue)?)" + _NUMBER)


def sequence_ids_of(source: Source) -> tuple[str, ...]:
    """The columns of a table that name the sequences to which tokens belong: as asked, else as the rows show.

    They show it where a column is called like tokens and holds single words, and another is called like the number of
    a sentence and stays the same over several rows, or is filled in their first row alone. Where sentences are counted
    anew in each document, the column of documents is needed too.

    Raises:
        DataError: sentences are counted anew, and no column says in what.
    """
    if source.options.sequence_id is not None:
        return source.options.sequence_ids
    words = [name for name in source.columns if name.lower() in _TOKENS]
    if source.kind != "table" or source.format not in ("csv", "tsv") or not words:
        return ()
    sentences = [name for name in source.columns if _SENTENCE.fullmatch(name.lower()) and name != words[0]]
    documents = [name for name in source.columns if _DOCUMENT.fullmatch(name.lower())]
    if not (sentences or documents):
        return ()
    records = list(islice(source, LOOK))
    rows = [record.values for record in records]
    cells = [row[words[0]] for row in rows if row[words[0]] is not None]
    if any(len(str(cell).split()) != 1 for cell in cells):
        return ()
    for name in sentences:
        alone = _names_runs([row[name] for row in rows])
        for document in documents:
            if _names_runs(pairs := _pairs(rows, document, name)) and not (alone and _runs(pairs) == alone):
                is_needed = len(set(_filled(rows, name))) > 1
                return (document, name) if is_needed else (document,)
        if alone:
            return (name,)
    for name in sentences:
        _refuse_counted_anew(records, name)
    documents = [name for name in documents if name.lower().startswith("doc")]
    return next(((name,) for name in documents if _names_runs([row[name] for row in rows])), ())


def _filled(rows: Sequence[dict[str, Any]], name: str) -> list[Any]:
    """The cells of a column, each empty one as the one above it."""
    return list(accumulate((row[name] for row in rows), lambda above, cell: above if cell is None else cell))


def _pairs(rows: Sequence[dict[str, Any]], document: str, name: str) -> list[Any]:
    """Document and sentence of each row; nothing where the first row has none."""
    pairs = list(zip(_filled(rows, document), _filled(rows, name), strict=True))
    return [] if not pairs or None in pairs[0] else pairs


def _runs(cells: Sequence[Any]) -> int:
    return sum(1 for _ in groupby(cells))


def _names_runs(cells: Sequence[Any]) -> int:
    """How many runs values make that stay the same over several rows and never come back; 0 where they do not so.

    They may stand in the first of several rows.
    """
    filled = [cell for cell in cells if cell is not None]
    runs = [value for value, _ in groupby(filled)]
    if not runs or cells[0] is None or len(runs) < 2 or len(set(runs)) < len(runs):
        return 0
    return len(runs) if len(cells) >= 2 * len(runs) else 0


def _refuse_counted_anew(records: Sequence[Record], name: str) -> None:
    """Refuses a table in which the numbers of sentences stay the same over several rows and come back."""
    cells = _filled([record.values for record in records], name)
    runs = [next(run) for _, run in groupby(range(len(cells)), key=cells.__getitem__)]
    if cells[0] is None or len(cells) < 2 * len(runs):
        return
    begun: dict[Any, Place] = {}
    for start in runs:
        own, place = cells[start], records[start].place
        if own in begun:
            problem = f"sequence '{own}' began at {begun[own]} and comes back after another one"
            hint = _counted_anew(name) + " If each row is a sequence by itself, say --sequence-id none."
            raise DataError(problem, file=place.file, line=place.line, field=name, hint=hint)
        begun[own] = place


def _counted_anew(name: str) -> str:
    flag = f"--sequence-id {shlex.quote(name)}"
    return f"If sequences are counted anew in each document, name its column too: --sequence-id DOCUMENT {flag}."


def in_sequences(source: Source, sequence_ids: tuple[str, ...], *, is_found: bool) -> Source:
    """The sequences of a table with one row per token.

    Consecutive rows with the same ids form a sequence; a row whose id is empty goes on with the one above. A record has
    the ids, and of every other column a list with one item per token.

    Raises:
        ConfigError: the files are no tables, or a column is named twice.
        ColumnError: there is no such column.
    """
    if source.kind != "table":
        raise ConfigError(f"--sequence-id reads tables with one row per token, not {source.format}")
    if len(set(sequence_ids)) < len(sequence_ids):
        raise ConfigError(f"--sequence-id names a column twice: {listed(sequence_ids)}")
    for name in sequence_ids:
        if name not in source.columns:
            hint = f"{did_you_mean(name, source.columns)} The columns are {listed(source.columns)}.".strip()
            raise ColumnError(f"there is no column '{name}' for --sequence-id", file=source.files[0], hint=hint)
    others = [name for name in source.columns if name not in sequence_ids]
    if not others:
        raise ColumnError("there is no column of tokens beside the ids", file=source.files[0], field=sequence_ids[0])
    tokens = next((name for name in others if name.lower() in (*_TOKENS, "text")), others[0])
    named = " and ".join(f"'{name}'" for name in sequence_ids)
    verb = "tells" if len(sequence_ids) == 1 else "tell"
    told = f"each row is one token, and {named} {verb} the sequences apart (else say --sequence-id none)"
    own = sequence_ids[0] if len(sequence_ids) == 1 else sequence_ids
    return replace(
        source,
        kind="tokens",
        tokens=tokens,
        options=replace(source.options, sequence_id=own),
        notes=(*source.notes, f"{source.files[0]}: {told}") if is_found else source.notes,
        records=lambda: _records(source, sequence_ids, others, tokens),
    )


def _records(source: Source, ids: tuple[str, ...], columns: Sequence[str], tokens: str) -> Iterator[Record]:
    begun: dict[Any, Place] = {}
    rows: list[Record] = []
    current: tuple[Any, ...] = ()
    for record in source:
        place, given = record.place, tuple(record.values.get(name) for name in ids)
        is_new_file = bool(rows) and rows[0].place.file != place.file
        if None in given and (not rows or is_new_file):
            field = ids[given.index(None)]
            raise DataError("the first token has no sequence", file=place.file, line=place.line, field=field)
        own = tuple(above if cell is None else cell for above, cell in zip(current or given, given, strict=True))
        if record.values.get(tokens) is None:
            hint = "Fill the cell or remove the row."
            raise DataError("the token is missing", file=place.file, line=place.line, field=tokens, hint=hint)
        if own != current or is_new_file:
            if rows:
                yield _sequence(rows, dict(zip(ids, current, strict=True)), columns)
            if own in begun:
                raise _came_back(ids, own, begun[own], place)
            begun[own], current, rows = place, own, []
        rows.append(record)
    if rows:
        yield _sequence(rows, dict(zip(ids, current, strict=True)), columns)


def _came_back(ids: tuple[str, ...], own: tuple[Any, ...], before: Place, place: Place) -> DataError:
    problem = f"sequence '{', '.join(map(str, own))}' began at {before} and comes back after another one"
    hint = f"Sort the file by {listed(ids)}, so that the tokens of a sequence stand together."
    if len(ids) == 1:
        hint += f" {_counted_anew(ids[0])}"
    return DataError(problem, file=place.file, line=place.line, field=ids[-1], hint=hint)


def _sequence(rows: list[Record], own: dict[str, Any], columns: Sequence[str]) -> Record:
    lists = {name: [row.values.get(name) for row in rows] for name in columns}
    return Record(rows[0].place, {**own, **lists}, tuple(row.values for row in rows))
