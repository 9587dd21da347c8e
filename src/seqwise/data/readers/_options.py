"""Says how files are to be read where the files themselves do not say it."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from seqwise.errors import ConfigError, did_you_mean, listed

__all__ = ["FORMATS", "ReadOptions"]

FORMATS = ("csv", "tsv", "jsonl", "parquet", "conll", "conllu", "ts", "ucr", "fasttext", "lines", "folder", "parallel")
"""The names of the formats, as `format` takes them."""

_NAMED_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "blank": " ", "space": " "}


@dataclass(frozen=True)
class ReadOptions:
    r"""How to read; the defaults suit most files.

    Attributes:
        format: one of `FORMATS`; None decides by the file's ending, else by its content.
        encoding: of text files. A byte-order mark of UTF-8 is never part of the text.
        delimiter: the character between cells, or its name (`tab`, `comma`, `semicolon`, `blank`); in CoNLL it may be
            several, such as `|||`. None means the
            format's own: comma for CSV (else `;` or tab, when the header has those and no comma), tab for
            TSV, tab or blanks for CoNLL.
        quote: whether quotation marks enclose cells, which may then hold delimiters and line breaks. None means
            the format's own: yes for CSV (RFC 4180), no for TSV, where they are data (IANA
            text/tab-separated-values).
        header: whether a table's first line names its columns; None looks at it and the lines below. In CoNLL False
            says that a line such as `word tag` is a token.
        columns: names for the columns of CoNLL files, or of a table without a header.
        unlabelled_columns: names for the columns of such a file that may have fewer of them, since it is to be
            predicted: the names that are as many as its columns are taken.
        series_id: the column whose value says to which series a row belongs. Giving any of `series_id`,
            `time` and `channels` reads a table in long form: one row per step, one record per series.
        time: the column that orders the rows of a series.
        channels: the numeric columns that make up a series, in this order; `sensor_*` stands for all that
            match.
        gaps: what to do about a missing value of a series: `error`, or `fill`, which reads it as NaN.
        steps: of a table with a row per series, the columns that are its steps, in this order; `*-16` stands for all
            that match.
        sequence_id: the column whose value says to which sequence a token belongs, in a table with a row per token, or
            several that say so together (document and sentence); `none` for no such table, None looks for it.
        texts: columns of text that are joined into one, in this order; see `joined_column`.
        annotations: columns of spans and scores that are read as tags and labels, such as `spans=entities`; None
            looks for them.
        comments: whether lines `# ...` above the tokens of a sequence in CoNLL are comments; None looks for
            `# key = value`.

    Raises:
        ConfigError: an option has a value that means nothing.

    Examples:
        >>> ReadOptions(delimiter="tab").delimiter
        '\t'
    """

    format: str | None = None
    encoding: str = "utf-8"
    delimiter: str | None = None
    quote: bool | None = None
    header: bool | None = None
    columns: tuple[str, ...] | None = None
    series_id: str | None = None
    time: str | None = None
    channels: tuple[str, ...] | None = None
    unlabelled_columns: tuple[tuple[str, ...], ...] = ()
    gaps: str = "error"
    steps: tuple[str, ...] | None = None
    sequence_id: str | tuple[str, ...] | None = None
    texts: tuple[str, ...] = ()
    annotations: tuple[str, ...] | None = None
    comments: bool | None = None

    def __post_init__(self) -> None:
        if self.format is not None and self.format not in FORMATS:
            hint = did_you_mean(self.format, FORMATS) or f"Formats are {listed(FORMATS)}."
            raise ConfigError(f"format '{self.format}' is not known. {hint}")
        if not _is_text_encoding(self.encoding):
            known = "Examples are utf-8, latin-1, cp1252 and utf-16."
            raise ConfigError(f"encoding '{self.encoding}' is not known. {known}")
        if codecs.lookup(self.encoding).name == "utf-8-sig":
            object.__setattr__(self, "encoding", "utf-8")
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", _NAMED_DELIMITERS.get(self.delimiter, self.delimiter))
            if not self.delimiter or set(self.delimiter) & set('"\r\n'):
                raise ConfigError(f"delimiter must be one character or 'tab', got {self.delimiter!r}")
        if self.columns is not None and len(set(self.columns)) < len(self.columns):
            raise ConfigError(f"columns must differ from each other, got {listed(self.columns)}")

    def names_of(self, width: int) -> tuple[str, ...] | None:
        """The given names for that many columns; None where none are given, or they are not as many.

        Examples:
            >>> options = ReadOptions(columns=("token", "tag"), unlabelled_columns=(("token",),))
            >>> options.names_of(2), options.names_of(1), options.names_of(3)
            (('token', 'tag'), ('token',), None)
        """
        named = (() if self.columns is None else (self.columns,)) + self.unlabelled_columns
        return next((names for names in named if len(names) == width), None)

    @property
    def long_form(self) -> bool:
        """Whether a table has one row per step."""
        return any(option is not None for option in (self.series_id, self.time, self.channels))

    @property
    def sequence_ids(self) -> tuple[str, ...]:
        """The columns that tell sequences of tokens apart; none where each row of a table is a sequence.

        Examples:
            >>> ReadOptions(sequence_id="sent").sequence_ids, ReadOptions(sequence_id="none").sequence_ids
            (('sent',), ())
        """
        if self.sequence_id in (None, "none"):
            return ()
        assert self.sequence_id is not None
        return (self.sequence_id,) if isinstance(self.sequence_id, str) else self.sequence_id

    @property
    def joined_column(self) -> str | None:
        """The name under which a record has the joined texts; None where none are joined.

        Examples:
            >>> ReadOptions(texts=("premise", "hypothesis")).joined_column
            'premise + hypothesis'
        """
        return " + ".join(self.texts) or None

    @property
    def series_column(self) -> str:
        """The name under which a record has the numbers of its series: one that neither id nor time has."""
        return "numbers" if "series" in (self.series_id, self.time) else "series"


def _is_text_encoding(name: str) -> bool:
    """Whether Python has this encoding, and files are written in it: those of host names and source code are not."""
    try:
        "\n".encode(name)
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        return False
    return known not in (
        "idna",
        "punycode",
        "raw-unicode-escape",
        "raw_unicode_escape",
        "unicode-escape",
        "unicode_escape",
    )


def numbered(width: int) -> tuple[str, ...]:
    """The names of columns that have none.

    Examples:
        >>> numbered(2)
        ('column1', 'column2')
    """
    return tuple(f"column{number}" for number in range(1, width + 1))


def other_names(options: ReadOptions) -> str | None:
    """The error for a file with a different number of columns than were named."""
    if not options.unlabelled_columns:
        return None
    named = dict.fromkeys((*((options.columns,) if options.columns else ()), *options.unlabelled_columns))
    ways = " or ".join(listed(names) for names in named)
    return f"The columns must be {ways}; name others with --columns."
