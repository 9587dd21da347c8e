"""Finds the line of a CoNLL file that names its columns, which the format does not have and many files do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from seqwise.errors import listed

__all__ = ["HeaderLine", "are_names"]

_TOKENS = frozenset(("token", "tokens", "word", "words", "form", "forms"))
_OTHERS = frozenset(
    (
        *("tag", "tags", "label", "labels", "ner", "nertag", "nertags", "ne", "iob", "bio", "iobtag", "entity", "slot"),
        *("pos", "postag", "postags", "upos", "xpos", "cpos", "chunk", "chunktag", "chunks", "lemma", "feats", "head"),
        *("id", "idx", "index", "sentence", "sentenceid", "sentid", "deprel", "deps", "misc", "srl", "domain", "class"),
    )
)
_BETWEEN = re.compile(r"[-_.# ]+")


@dataclass(frozen=True)
class HeaderLine:
    """A line that names columns.

    Attributes:
        line: its number.
        names: what it calls the columns.
        text: the line as it stands.
    """

    line: int
    names: tuple[str, ...]
    text: str

    def note(self, columns: Sequence[str]) -> str:
        """What to say aloud, beside the names that the columns have."""
        if tuple(columns) == self.names:
            return f"line {self.line} names the columns and is left out (else say --no-header)"
        pairs = listed((f"{name} = {column}" for name, column in zip(self.names, columns, strict=True)), 6)
        return (
            f"line {self.line} names the columns and is left out: {pairs.replace(chr(39), '')} (else say --no-header); "
            f"to use its names: --columns {','.join(self.names)}"
        )


def are_names(cells: Sequence[str], below: Sequence[Sequence[str]]) -> tuple[str, ...] | None:
    """The names of columns that the cells of a line are; None where it may be a token.

    All cells are names that such columns usually have, one of them of the tokens, and no column but that of the tokens
    has its name as a value below.

    Args:
        cells: of the line, which may begin with `#`.
        below: the cells of lines below it.

    Examples:
        >>> are_names(["# Token", "NER_tag"], [["Oslo", "B-LOC"]])
        ('Token', 'NER_tag')
        >>> are_names(["word", "O"], []), are_names(["word", "tag"], [["tag", "tag"]])
        (None, None)
    """
    names = tuple(cell.removeprefix("#").strip() for cell in cells)
    words = [_BETWEEN.sub("", name.casefold()) for name in names]
    tokens = [word in _TOKENS for word in words]
    if not any(tokens) or all(tokens) or len(set(words)) < len(words):
        return None
    if not all(word in _TOKENS or word in _OTHERS for word in words):
        return None
    for place, name in enumerate(names):
        if not tokens[place] and any(row[place] == name for row in below if len(row) == len(names)):
            return None
    return names
