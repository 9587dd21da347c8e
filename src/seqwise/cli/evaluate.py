"""`seqwise evaluate`: what a trained model scores on labelled data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from seqwise.cli.flags import Columns, Delimiter, Device, Encoding, Format, Header, Quiet, Quote, options_given

__all__ = ["evaluate"]


def evaluate(
    run: Annotated[Path, typer.Argument(help="The run folder.", show_default=False)],
    data: Annotated[
        list[str], typer.Argument(help="Files of labelled sequences, or - for standard input.", show_default=False)
    ],
    data_format: Format = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    quote: Quote = None,
    header: Header = None,
    columns: Columns = None,
    device: Device = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print every figure and table as JSON.")] = False,
    quiet: Quiet = False,
) -> None:
    """Judge a trained model on labelled data: figures with their counts, per target."""
    from seqwise.cli.watch import show_figures
    from seqwise.inference.model import load
    from seqwise.training.results import flattened

    model = load(run, device)
    given = options_given(data_format, encoding, delimiter, quote, header, columns)
    source = model.read_files(data, labelled=True, **given)
    for note in () if quiet else source.notes:
        typer.echo(note, err=True)
    plain = model.evaluate(source).to_json()
    if as_json:
        typer.echo(json.dumps(flattened(plain), ensure_ascii=False))
    else:
        show_figures(plain)
