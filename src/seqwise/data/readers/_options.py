"""Says how files are to be read where the files themselves do not say it."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from seqwise.errors import ConfigError, did_you_mean, listed

__all__ = ["FORMATS", "ReadOptions"]

FORMATS = ("csv", "tsv", "jsonl", "parquet", "conll", "conllu", "ts")
"""The names of the formats, as `format` takes them."""

_NAMED_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "blank": " ", "space": " "}


@dataclass(frozen=True)
class ReadOptions:
    r"""How to read; the defaults suit most files.

    Attributes:
        format: one of `FORMATS`; None decides by the file's ending, else by its content.
        encoding: of text files. A byte-order mark of UTF-8 is never part of the text.
        delimiter: the sign between cells, or its name (`tab`, `comma`, `semicolon`, `blank`). None means the
            format's own: comma for CSV (else `;` or tab, when the header has those and no comma), tab for
            TSV, tab or blanks for CoNLL.
        quote: whether quote signs enclose cells, which may then hold delimiters and line breaks. None means
            the format's own: yes for CSV (RFC 4180), no for TSV, where they are data (IANA
            text/tab-separated-values).
        header: whether a table's first line names its columns.
        columns: names for the columns of CoNLL files, or of a table without a header.
        series_id: the column whose value says to which series a row belongs. Giving any of `series_id`,
            `time` and `channels` reads a table in long form: one row per step, one record per series.
        time: the column that orders the rows of a series.
        channels: the numeric columns that make up a series, in this order; `sensor_*` stands for all that
            match.

    Raises:
        ConfigError: an option has a value that means nothing.

    Example:
        >>> ReadOptions(delimiter="tab").delimiter
        '\t'
    """

    format: str | None = None
    encoding: str = "utf-8"
    delimiter: str | None = None
    quote: bool | None = None
    header: bool = True
    columns: tuple[str, ...] | None = None
    series_id: str | None = None
    time: str | None = None
    channels: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.format is not None and self.format not in FORMATS:
            hint = did_you_mean(self.format, FORMATS) or f"Formats are {listed(FORMATS)}."
            raise ConfigError(f"format '{self.format}' is not known. {hint}")
        try:
            "\n".encode(self.encoding)
        except LookupError:
            known = "Examples are utf-8, latin-1, cp1252 and utf-16."
            raise ConfigError(f"encoding '{self.encoding}' is not known. {known}") from None
        if codecs.lookup(self.encoding).name == "utf-8-sig":
            object.__setattr__(self, "encoding", "utf-8")
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", _NAMED_DELIMITERS.get(self.delimiter, self.delimiter))
            if len(self.delimiter) != 1 or self.delimiter in '"\r\n':
                raise ConfigError(f"delimiter must be one sign or 'tab', got {self.delimiter!r}")
        if self.columns is not None and len(set(self.columns)) < len(self.columns):
            raise ConfigError(f"columns must differ from each other, got {listed(self.columns)}")

    @property
    def long_form(self) -> bool:
        """Whether a table has one row per step."""
        return any(option is not None for option in (self.series_id, self.time, self.channels))
