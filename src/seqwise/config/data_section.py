"""The section `data`: where the sequences are and how they are read."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from seqwise.config.section import FILES, TARGETS, Flag, Section
from seqwise.targets import label_text

__all__ = ["DataConfig"]

_SEPARATORS = {"blank": " ", "tab": "\t", "\\t": "\t", "newline": "\n", "\\n": "\n", "\r\n": "\n", "none": ""}
"""Names of what separates labels, and of nothing."""


class DataConfig(Section):
    """Where the sequences are and how they are read."""

    train: tuple[str, ...] = Field((), description="training files")
    dev: Annotated[tuple[str, ...], Flag("--dev", "A dev file: decides when to stop.", 2, TARGETS)] = Field(
        (), description="dev files: decide when to stop"
    )
    test: Annotated[tuple[str, ...], Flag("--test", "A test file: evaluated once, at the end.", 3, TARGETS)] = Field(
        (), description="test files: evaluated once, at the end"
    )
    format: Annotated[
        str | None,
        Flag(
            "--format",
            "csv, tsv, jsonl, parquet, conll, conllu, ts, ucr, fasttext, folder, parallel; detected by default.",
            15,
            FILES,
        ),
    ] = Field(
        None,
        description="csv, tsv, jsonl, parquet, conll, conllu, ts, ucr, fasttext, folder, parallel; detected by default "
        "from the name, else from the content",
    )
    encoding: Annotated[str, Flag("--encoding", "Text encoding, utf-8 by default.", 16, FILES)] = Field(
        "utf-8", description="text encoding of the files"
    )
    delimiter: Annotated[str | None, Flag("--delimiter", "Field delimiter.", 17, FILES)] = Field(
        None, description="field delimiter of a table"
    )
    quote: Annotated[bool | None, Flag("--quote/--no-quote", "Whether fields may be quoted.", 18, FILES)] = Field(
        None, description="whether fields may be quoted; by default yes for csv, no for tsv"
    )
    header: Annotated[bool | None, Flag("--header/--no-header", "Whether the first line is a header.", 19, FILES)] = (
        Field(None, description="whether the first line of a table is a header; detected by default")
    )
    columns: Annotated[tuple[str, ...] | None, Flag("--columns", "Column names, a,b,c.", 20, FILES, commas=True)] = (
        Field(None, description="column names of a file without a header")
    )
    series_id: Annotated[str | None, Flag("--series-id", "The id column of long-form series.", 21, FILES)] = Field(
        None, description="long-form series: the id column"
    )
    steps: Annotated[
        tuple[str, ...] | None,
        Flag("--steps", "One row per series: its columns in order, a,b,c or '*-16'.", 22, FILES, commas=True),
    ] = Field(None, description="a table with one row per series: its columns in the order of time")
    sequence_id: Annotated[
        str | tuple[str, ...] | None,
        Flag(
            "--sequence-id", "One row per token: the column of sequence ids; twice for document, sentence.", 23, FILES
        ),
    ] = Field(
        None,
        description="a table with a row per token: the column that tells sequences apart, or several that do so "
        "together (document, sentence); none for no such table",
    )
    time: Annotated[str | None, Flag("--time", "The time column of long-form series.", 24, FILES)] = Field(
        None, description="long-form series: the time column"
    )
    channels: Annotated[
        tuple[str, ...] | None, Flag("--channels", "The channels of a series, a,b,c.", 25, FILES, commas=True)
    ] = Field(None, description="long-form series: the numeric columns")
    gaps: Literal["error", "fill"] = Field(
        "error", description="missing values of a series: refuse them, or carry the last value forward and flag it"
    )
    label: Annotated[tuple[str, ...], Flag("--label", "A column with one label per sequence.", 6, TARGETS)] = Field(
        (), description="columns with one label per sequence"
    )
    tags: Annotated[tuple[str, ...], Flag("--tags", "A column with one label per token or time step.", 7, TARGETS)] = (
        Field((), description="columns with one label per token or time step")
    )
    outputs: Annotated[
        tuple[str, ...],
        Flag("--outputs", "Columns such as 'vote_*', each with one label or an empty cell.", 8, TARGETS),
    ] = Field((), description="patterns of columns, each with one label or an empty cell")
    multilabel: Annotated[
        tuple[str, ...], Flag("--multilabel", "A column of label lists, or 0/1 columns such as 'is_*'.", 9, TARGETS)
    ] = Field((), description="columns with any number of labels, or patterns of 0/1 columns")
    missing: Annotated[
        tuple[str, ...] | None, Flag("--missing", "A word that marks a missing label, such as NA.", 10, TARGETS)
    ] = Field(None, description="words that mark a missing label, besides the empty cell; detected by default")
    label_separator: Annotated[
        str | None,
        Flag(
            "--label-separator", "Separator of labels in a cell: characters, blank, tab, newline or none.", 12, TARGETS
        ),
    ] = Field(
        None,
        description="separator of several labels in one cell: characters, blank, tab, newline or none",
    )
    id: Annotated[str | None, Flag("--id", "The column of row ids.", 13, TARGETS)] = Field(
        None, description="the column of row ids; none for no such column"
    )
    group: Annotated[
        str | None, Flag("--group", "Rows with the same value here stay in the same split.", 14, TARGETS)
    ] = Field(None, description="rows with the same value in this column stay in the same split")
    dev_fraction: float = Field(
        0.1, ge=0, lt=1, description="fraction split off as dev without a dev file; 0 for encoders that need none"
    )
    test_fraction: float = Field(0.1, gt=0, lt=1, description="fraction split off as test when no test file is given")
    unseen_labels: Annotated[
        Literal["wrong", "error", "add"],
        Flag("--unseen", "Dev and test labels that training never saw: wrong, error or add.", 11, TARGETS),
    ] = Field(
        "wrong",
        description="dev and test labels that training never saw: count as wrong, refuse, or add as classes",
    )
    on_empty: Annotated[
        Literal["error", "skip"], Flag("--on-empty", "Rows without text, tokens or steps: skip or error.", 26, FILES)
    ] = Field("skip", description="rows without text, tokens or steps: refuse them, or skip them and report how many")
    cache: Literal["auto", "always", "never"] = Field(
        "auto", description="cache the encoded rows in a memory-mapped file; auto: from 32 MB of files"
    )
    cache_folder: str = Field("~/.cache/seqwise", description="folder of that cache")

    @field_validator(
        "train", "dev", "test", "columns", "channels", "steps", "label", "tags", "outputs", "multilabel", mode="before"
    )
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("missing", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        if value is None:
            return None
        words = value if isinstance(value, (list, tuple)) else [value]
        return tuple(
            "" if word is None else label_text(word) if isinstance(word, (int, float)) else word for word in words
        )

    @field_validator("label_separator")
    @classmethod
    def _sign(cls, value: str | None) -> str | None:
        if not value:
            return value
        if value not in _SEPARATORS and (value[0].isalnum() or value[-1].isalnum()):
            raise ValueError(
                f"'{value}' is part of words; a word between labels has its blanks, ' {value} '; else give signs such "
                "as '::', or blank, tab, newline or none"
            )
        return _SEPARATORS.get(value, value)

    @model_validator(mode="after")
    def _something_is_left(self) -> Self:
        if self.dev_fraction + self.test_fraction >= 1:
            raise ValueError("dev_fraction and test_fraction together leave nothing to train on")
        return self
