"""`seqwise evaluate`: evaluates a trained model on labelled data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from seqwise.cli.flags import (
    Columns,
    Delimiter,
    Device,
    Encoding,
    Format,
    Header,
    LabelSeparator,
    Missing,
    OnEmpty,
    Quiet,
    Quote,
    Unseen,
    on_empty_given,
    options_given,
    unseen_given,
)

__all__ = ["evaluate"]


def evaluate(
    run: Annotated[Path, typer.Argument(help="The run folder.", show_default=False)],
    data: Annotated[
        list[str],
        typer.Argument(help="Files or folders of labelled sequences, or - for standard input.", show_default=False),
    ],
    data_format: Format = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    quote: Quote = None,
    header: Header = None,
    columns: Columns = None,
    on_empty: OnEmpty = "skip",
    unseen: Unseen = "wrong",
    missing: Missing = None,
    label_separator: LabelSeparator = None,
    device: Device = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print every figure and table as JSON.")] = False,
    quiet: Quiet = False,
) -> None:
    """Evaluate a trained model on labelled data: figures with their counts, per target.

    Rows without text, tokens or steps are left out of every figure, and reported.
    """
    from seqwise.cli.watch import show_figures
    from seqwise.config import parse_config
    from seqwise.inference.loaded_model import load
    from seqwise.report.prediction_lines import flattened

    skipped, refused = on_empty_given(on_empty), unseen_given(unseen)
    model = load(run, device)
    given = options_given(data_format, encoding, delimiter, quote, header, columns)
    source = model.read_files(data, labelled=True, **given)

    def say(text: str) -> None:
        if not quiet:
            typer.echo(text, err=True)

    for note in source.notes:
        say(note)
    separator = parse_config({"data": {"label_separator": label_separator}}).data.label_separator
    evaluated = model.evaluate(
        source,
        on_empty=skipped,
        unseen=refused,
        missing=missing or (),
        label_separator=separator,
        say=lambda text: say(f"warning: {text}"),
    )
    plain = evaluated.to_json()
    if as_json:
        typer.echo(json.dumps(flattened(plain), ensure_ascii=False))
    else:
        show_figures(plain)
