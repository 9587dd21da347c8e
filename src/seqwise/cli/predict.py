"""`seqwise predict`: sequences in, the same with predictions out, in order, however many there are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

__all__ = ["predict"]

_Text = Optional[str]  # noqa: UP045 - typer reads the annotation


def predict(
    run: Annotated[Path, typer.Argument(help="The run folder.", show_default=False)],
    file: Annotated[str, typer.Argument(help="A file of sequences, or - for standard input.", show_default=False)],
    output: Annotated[_Text, typer.Option(help="Where to write; standard output by default.")] = None,
    proba: Annotated[bool, typer.Option("--proba", help="Write probabilities too.")] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Sequences read at a time; changes nothing else.")] = 256,
    data_format: Annotated[
        _Text,
        typer.Option("--format", help="Format of the input; that of the training files for standard input."),
    ] = None,
    encoding: Annotated[_Text, typer.Option(help="Text encoding of the input.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON lines, whatever was read.")] = False,
) -> None:
    """Predict labels for the sequences of a file, in their order.

    What is written has the form of what was read: its columns, with the targets' columns filled in.
    """
    from dataclasses import replace

    from seqwise.data.readers import open_files, read_stream
    from seqwise.errors import ConfigError
    from seqwise.inference.model import load
    from seqwise.inference.output import write_predictions
    from seqwise.inference.writers import WRITERS, Layout, format_for
    from seqwise.training.prepare import check_columns

    model = load(run, device)
    if output is not None and Path(output).exists():
        raise ConfigError(f"--output {output} exists already and is not overwritten; choose another name")
    options = model.options_for(None if file == "-" else file, data_format)
    if encoding is not None:
        options = replace(options, encoding=encoding)
    standard_input = file == "-"
    source = read_stream(sys.stdin.buffer, "standard input", options) if standard_input else open_files([file], options)
    check_columns(source, model.spec, labels=False)
    written = "jsonl" if as_json else format_for(output, source.format, model.spec, model.targets)
    writer = WRITERS[written](Layout(model.spec, model.targets, source.columns, proba))
    write_predictions(model.predictions(source, batch_size), writer, output, batch_size)
