"""Flags shared by several commands: how input files of a trained model are read, and its device."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Optional, cast

import typer

__all__ = [
    "Columns",
    "Delimiter",
    "Device",
    "Encoding",
    "Format",
    "Header",
    "LabelSeparator",
    "Missing",
    "OnEmpty",
    "Quiet",
    "Quote",
    "Unseen",
    "on_empty_given",
    "options_given",
    "unseen_given",
]

_Text = Optional[str]  # noqa: UP045 - typer reads the annotation
_Flag = Optional[bool]  # noqa: UP045


def _option(name: str, text: str) -> Any:
    return typer.Option(name, help=text, rich_help_panel="How files are read", show_default=False)


Format = Annotated[
    _Text,
    _option(
        "--format",
        "csv, tsv, jsonl, parquet, conll, conllu, ts, ucr, fasttext, lines, folder, parallel; detected by default.",
    ),
]
Encoding = Annotated[_Text, _option("--encoding", "Text encoding; by default that of the training files, or UTF-8.")]
Delimiter = Annotated[_Text, _option("--delimiter", "Field delimiter.")]
Quote = Annotated[_Flag, _option("--quote/--no-quote", "Whether fields may be quoted.")]
Header = Annotated[_Flag, _option("--header/--no-header", "Whether the first line is a header.")]
Columns = Annotated[_Text, _option("--columns", "Column names, a,b,c.")]
OnEmpty = Annotated[
    str, typer.Option("--on-empty", help="What to do with rows without text, tokens or steps: skip or error.")
]
Missing = Annotated[
    Optional[list[str]],  # noqa: UP045 - typer reads the annotation
    typer.Option("--missing", help="Another word that marks a missing label, such as NA.", show_default=False),
]
LabelSeparator = Annotated[
    _Text,
    typer.Option(
        "--label-separator",
        help="Separator of labels in a cell, if not that of training: characters, blank, tab, newline or none.",
        show_default=False,
    ),
]
Unseen = Annotated[
    str, typer.Option("--unseen", help="What to do with labels that training never saw: count them as wrong, or error.")
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]


def options_given(
    data_format: str | None,
    encoding: str | None,
    delimiter: str | None,
    quote: bool | None,
    header: bool | None,
    columns: str | None,
) -> dict[str, Any]:
    """The options given by flags, by their names in `seqwise.data.readers.ReadOptions`."""
    given = {
        "format": data_format,
        "encoding": encoding,
        "delimiter": delimiter,
        "quote": quote,
        "header": header,
        "columns": None if columns is None else tuple(columns.split(",")),
    }
    return {name: value for name, value in given.items() if value is not None}


def on_empty_given(value: str) -> Literal["error", "skip"]:
    """The value of --on-empty.

    Raises:
        ConfigError: any other word.
    """
    from seqwise.errors import ConfigError

    if value not in ("error", "skip"):
        raise ConfigError(f"--on-empty is error or skip, got '{value}'")
    return cast('Literal["error", "skip"]', value)


def unseen_given(value: str) -> Literal["error", "wrong"]:
    """The value of --unseen.

    Raises:
        ConfigError: any other word.
    """
    from seqwise.errors import ConfigError

    if value not in ("error", "wrong"):
        raise ConfigError(f"--unseen is error or wrong, got '{value}'")
    return cast('Literal["error", "wrong"]', value)
