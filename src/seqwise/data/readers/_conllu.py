"""Reads CoNLL-U, the format of Universal Dependencies (https://universaldependencies.org/format.html).

The lines are cut here and not by the conllu package, which takes five times as long (it builds a dictionary
per word and parses features that most targets do not need) and does not know the line numbers that messages
name.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import closing
from itertools import islice

from seqwise.data.readers._blocks import Block, blocks, comment_values
from seqwise.data.readers._inputs import Input
from seqwise.data.readers._lines import unbroken_lines
from seqwise.data.readers._options import ReadOptions
from seqwise.data.readers._source import LOOK, Part
from seqwise.data.records import Place, Record
from seqwise.errors import DataError

__all__ = ["conllu_part"]

COLUMNS = ("form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_WIDTH = 1 + len(COLUMNS)
_NOT_A_WORD = re.compile(r"[0-9]+[-.][0-9]+")


def conllu_part(source: Input, options: ReadOptions) -> Part:
    """A CoNLL-U file: the words of each sentence, and its comments `# key = value`.

    Multiword tokens (`1-2`) and empty nodes (`1.1`) are left out: they are not words, and no word label belongs to
    them. Every cell is kept as it is written: `_` where there is nothing. A comment is a value of the one sentence
    below it, `newdoc id` too, which UD means for the sentences that follow as well.
    """
    with closing(_records(source, options.encoding, look=True)) as records:
        seen = list(islice(records, 1 if source.live else LOOK))
    if not seen:
        raise DataError("the file has no sentences", file=source.name)
    extra = dict.fromkeys(key for record in seen for key in record.values if key not in COLUMNS)
    return Part(
        source.name,
        COLUMNS,
        lambda: _records(source, options.encoding),
        kind="tokens",
        extra=tuple(extra),
        tokens="form",
    )


def _records(source: Input, encoding: str, *, look: bool = False) -> Generator[Record, None, None]:
    """One record per sentence that has words."""
    for block in blocks(unbroken_lines(source, encoding, look=look), lambda text: text.startswith("#")):
        words = _words(source.name, block)
        if words:
            _, *columns = map(list, zip(*words, strict=True))
            values: dict[str, object] = dict(zip(COLUMNS, columns, strict=True))
            values.update(comment_values(block, COLUMNS))
            yield Record(Place(source.name, block.start), values)


def _words(name: str, block: Block) -> list[list[str]]:
    """The ten cells of every word, in order."""
    words: list[list[str]] = []
    for step, line in enumerate(block.lines):
        row = line.split("\t")
        if len(row) != _WIDTH or "" in row:
            raise _bad_line(row, name, block.start + step)
        if row[0] == str(len(words) + 1):
            words.append(row)
        elif not _NOT_A_WORD.fullmatch(row[0]):
            hint = "Is the blank line between two sentences missing?" if row[0] == "1" else None
            problem = f"expected word {len(words) + 1}, got {row[0]!r}"
            raise DataError(problem, file=name, line=block.start + step, field="id", hint=hint)
    return words


def _bad_line(row: list[str], name: str, line: int) -> DataError:
    """The error for a line that has not ten filled cells."""
    if len(row) != _WIDTH:
        hint = "Columns are separated by one tab; blanks do not separate." if len(row) == 1 else None
        return DataError(f"expected 10 columns, got {len(row)}", file=name, line=line, hint=hint)
    field = ("id", *COLUMNS)[row.index("")]
    return DataError("the cell is empty", file=name, line=line, field=field, hint="CoNLL-U writes _ for nothing.")
