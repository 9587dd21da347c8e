"""Reads columns that CoNLL-U has no place for from MISC, where they stand as `NAME=VALUE`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from seqwise.data.readers._source import LOOK, Source
from seqwise.data.records import Record

__all__ = ["with_misc"]

_ESCAPED = re.compile(r"\\([\\p])")


def with_misc(source: Source, *, tags: Sequence[str] = (), tokens: str | None = None) -> Source:
    """The sentences of CoNLL-U files with columns that were written into MISC, and the words under another name.

    What other formats hold has no column of its own in CoNLL-U: predictions stand in MISC as `NAME=TAG`. A word without
    one has a missing label. Files of other formats stay as they are.

    Args:
        source: the files.
        tags: columns of labels per step that are wanted; those that the files have, or that MISC lacks, change nothing.
        tokens: how the column of words is called, where that is another name than `form`.
    """
    if source.format != "conllu":
        return source
    source = _renamed(source, tokens) if tokens is not None and tokens not in source.columns else source
    wanted = [name for name in tags if name not in source.columns]
    if not wanted:
        return source
    seen = wanted if not source.is_replayable else [name for name in wanted if _stands_in(source, name)]
    if not seen:
        return source
    told = [f"{source.files[0]}: column '{name}' is read from misc, where it stands as {name}=" for name in seen]
    return replace(
        source,
        columns=(*source.columns, *seen),
        notes=(*source.notes, *told),
        records=lambda: (_with_values(record, seen) for record in source),
    )


def _renamed(source: Source, tokens: str) -> Source:
    """The same with the column of words under that name."""
    own = source.tokens

    def records() -> Iterator[Record]:
        for record in source:
            yield replace(
                record, values={tokens if name == own else name: cell for name, cell in record.values.items()}
            )

    columns = tuple(tokens if name == own else name for name in source.columns)
    return replace(source, columns=columns, tokens=tokens, records=records)


def _stands_in(source: Source, name: str) -> bool:
    return any(_value(cell, name) is not None for record in islice(source, LOOK) for cell in record.values["misc"])


def _with_values(record: Record, names: Sequence[str]) -> Record:
    cells = record.values["misc"]
    found = {name: [_value(cell, name) for cell in cells] for name in names if name not in record.values}
    return replace(record, values={**record.values, **found})


def _value(cell: str, name: str) -> str | None:
    r"""The value of a name in a MISC cell; a `|` in it is written `\p`.

    Examples:
        >>> _value("SpaceAfter=No|slot=a\\pb", "slot"), _value("_", "slot")
        ('a|b', None)
    """
    for part in cell.split("|"):
        plain = _ESCAPED.sub(lambda found: "|" if found[1] == "p" else "\\", part)
        if plain.startswith(f"{name}="):
            return plain[len(name) + 1 :]
    return None
