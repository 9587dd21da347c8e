"""`seqwise evaluate`: what a trained model scores on labelled data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Optional

import typer

__all__ = ["evaluate"]

_Text = Optional[str]  # noqa: UP045 - typer reads the annotation


def evaluate(
    run: Annotated[Path, typer.Argument(help="The run folder.", show_default=False)],
    data: Annotated[list[str], typer.Argument(help="Files of labelled sequences.", show_default=False)],
    data_format: Annotated[_Text, typer.Option("--format", help="Format of the files; by name otherwise.")] = None,
    encoding: Annotated[_Text, typer.Option(help="Text encoding of the files.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print every figure and table as JSON.")] = False,
) -> None:
    """Judge a trained model on labelled data: figures with their counts, per target."""
    from dataclasses import replace

    from seqwise.cli.watch import show_figures
    from seqwise.data.readers import open_files
    from seqwise.inference.model import load
    from seqwise.training.prepare import check_columns
    from seqwise.training.results import flattened

    model = load(run, device)
    options = model.options_for(data[0], data_format)
    if encoding is not None:
        options = replace(options, encoding=encoding)
    source = open_files(data, options)
    check_columns(source, model.spec)
    plain = model.evaluate(source).to_json()
    if as_json:
        typer.echo(json.dumps(flattened(plain), ensure_ascii=False))
    else:
        show_figures(plain)
