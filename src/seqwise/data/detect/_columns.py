"""The columns of a source as a sample shows them, and what their names tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from seqwise.data.cells import RawSequence, sequence_reader
from seqwise.data.detect._requested import Requested
from seqwise.data.profile import ColumnProfile, profile_columns
from seqwise.data.readers import Source
from seqwise.data.records import Record
from seqwise.data.spec import InputKind, InputSpec
from seqwise.errors import ColumnError, DataError, did_you_mean, listed

__all__ = [
    "LABEL_NAMES",
    "NOT_LABELS",
    "PAIR_NAMES",
    "TEXT_NAMES",
    "TOKEN_NAMES",
    "Columns",
    "is_id",
    "is_label_column",
    "is_second_text",
]

TEXT_NAMES = (
    "text",
    "sentence",
    "utterance",
    "comment",
    "review",
    "content",
    "message",
    "question",
    "sequence",
)
TOKEN_NAMES = ("tokens", "words", "forms")
LABEL_NAMES = ("label", "class", "category", "intent", "target", "sentiment", "topic", "y", "gold_label")
PAIR_NAMES = ("premise", "hypothesis", "answer", "passage", "context", "response", "query", "document")
_PROSE = 3
"""Words per cell from which on a column beside one of short labels is text."""
NOT_LABELS = ("text", "sent_id", "newdoc", "newpar", "id", "source", "row", "global.columns")
_LIKELY_DELIMITERS = "|;,\t:/_\u3000\u00a0"


@dataclass(frozen=True)
class Columns:
    """The columns of a source.

    Attributes:
        source: the files.
        sample: some of their records.
        requested: what the user asked for.
        profiles: per column, what the cells of the sample look like.
    """

    source: Source
    sample: Sequence[Record]
    requested: Requested
    profiles: dict[str, ColumnProfile]
    _read: dict[tuple[str, InputKind], list[RawSequence | None]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, source: Source, sample: Sequence[Record], requested: Requested) -> Columns:
        """The columns of a source, looked at over a sample."""
        return cls(source, sample, requested, profile_columns(source.columns, sample, requested.missing))

    def require(self, column: str) -> ColumnProfile:
        """The profile of a column that must be there."""
        if column not in self.profiles:
            raise self.missing(f"there is no column '{column}'", column)
        return self.profiles[column]

    def matching(self, pattern: str) -> tuple[str, ...]:
        """The columns that `a,b` or `vote_*` names, in order; a name that is a column stands for it alone."""
        columns = [
            column
            for name in pattern.split(",")
            if name
            for column in ([name] if name in self.profiles else self.profiles)
            if column == name or fnmatchcase(column, name)
        ]
        if not columns:
            raise self.missing(f"no column matches '{pattern}'", pattern.rstrip("*?"))
        return tuple(dict.fromkeys(columns))

    def missing(self, problem: str, name: str) -> ColumnError:
        """The error for a name that is no column: the nearest one, and those there are."""
        near = did_you_mean(name, self.profiles)
        return ColumnError(problem, file=self.source.files[0], hint=f"{near} {self.listing()}".strip())

    def sequences(self, column: str, kind: InputKind) -> list[RawSequence | None]:
        """The sequence of each row of the sample; None where it cannot be read, which reading will say."""
        if (column, kind) not in self._read:
            read = sequence_reader(InputSpec(kind, column, gaps=self.requested.gaps))
            self._read[column, kind] = [_sequence(read, record) for record in self.sample]
        return self._read[column, kind]

    def unusable(self, problem: str, hint: str) -> DataError:
        """The error for columns that cannot be used as they stand."""
        return DataError(problem, file=self.source.files[0], hint=hint)

    def listing(self) -> str:
        """The columns in a sentence; a single one that seems to be several is a delimiter that was not known."""
        told = f"The columns are {listed(self.profiles)}."
        if self.source.kind == "series":
            return f"{told} Channels stand in 'series', which is the input; a channel is no target."
        if len(self.profiles) > 1:
            return told
        ((name, profile),) = self.profiles.items()
        cells = profile.flat if self.source.kind == "tokens" else (name, *profile.cells)
        for sign in _LIKELY_DELIMITERS:
            if cells and all(isinstance(cell, str) and sign in cell for cell in cells):
                run = re.search(f"(?:{re.escape(sign)})+", cells[0])
                flag = "tab" if run is None or sign == "\t" else f"'{run[0]}'"
                shown = f"{flag} (U+{ord(sign):04X})" if sign > "\x7f" else flag
                return f"{told} If {shown} separates its cells, say --delimiter {flag}."
        return told


def _sequence(read: Callable[[Record], RawSequence], record: Record) -> RawSequence | None:
    try:
        return read(record)
    except DataError:
        return None


def is_label_column(profile: ColumnProfile) -> bool:
    """Whether a column of numbers is called like a label, or like a number of one, and holds no measurements."""
    lowered = profile.name.lower()
    if profile.fraction is not None:
        return False
    return lowered in (*LABEL_NAMES, *NOT_LABELS) or lowered.removesuffix("_id") in LABEL_NAMES


def is_second_text(profile: ColumnProfile) -> bool:
    """Whether a column beside the input is a text too, such as the second one of a pair, though its cells repeat."""
    lowered = profile.name.lower()
    if not profile.is_text or lowered in LABEL_NAMES or profile.is_moment:
        return False
    named = lowered in PAIR_NAMES or lowered.rstrip("_-. 12ab") in TEXT_NAMES
    return profile.mean_words >= _PROSE or (named and profile.mean_words > 1)


def is_id(profile: ColumnProfile) -> bool:
    """Whether a column merely names rows."""
    return profile.name.lower() in ("id", "uid", "guid", "index", "row") or (
        profile.is_scalar and profile.distinct == profile.rows and all(str(c).isdigit() for c in profile.cells)
    )
