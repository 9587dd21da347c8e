"""`seqwise predict`: sequences in, the same with predictions out, in order, however many there are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from seqwise.cli.flags import (
    Columns,
    Delimiter,
    Device,
    Encoding,
    Format,
    Header,
    OnEmpty,
    Quiet,
    Quote,
    on_empty_given,
    options_given,
)

__all__ = ["predict"]

_Text = Optional[str]  # noqa: UP045 - typer reads the annotation


def predict(
    run: Annotated[Path, typer.Argument(help="The run folder.", show_default=False)],
    file: Annotated[str, typer.Argument(help="A file of sequences, or - for standard input.", show_default=False)],
    output: Annotated[_Text, typer.Option(help="Where to write; standard output by default.")] = None,
    proba: Annotated[bool, typer.Option("--proba", help="Write probabilities too.")] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Sequences read at a time; changes nothing else.")] = 256,
    data_format: Format = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    quote: Quote = None,
    header: Header = None,
    columns: Columns = None,
    on_empty: OnEmpty = "skip",
    device: Device = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON lines, whatever was read.")] = False,
    quiet: Quiet = False,
) -> None:
    """Predict labels for the sequences of a file, in their order.

    What is written has the form of what was read: its columns, with the targets' columns filled in.
    """
    from seqwise._files import is_stream
    from seqwise.errors import ConfigError
    from seqwise.inference.model import load
    from seqwise.inference.output import write_predictions
    from seqwise.inference.unpredicted import EmptyRows
    from seqwise.inference.writers import writer_for

    if output == "-":
        output = None
    is_file = output is not None and not is_stream(Path(output))
    if output is not None and is_file and Path(output).exists():
        raise ConfigError(f"--output {output} exists already and is not overwritten; choose another name")
    skipped = on_empty_given(on_empty)
    model = load(run, device)
    given = options_given(data_format, encoding, delimiter, quote, header, columns)
    source = model.read_files([file], **given)
    writer = writer_for(model, source, output=output if is_file else None, as_json=as_json, proba=proba)
    for note in () if quiet else source.notes:
        typer.echo(note, err=True)
    empty = EmptyRows(model.spec.input.column)
    predictions = empty.counted(model.predictions(source, batch_size, on_empty=skipped))
    write_predictions(predictions, writer, output, batch_size)
    if empty.count and not quiet:
        typer.echo(f"warning: {empty.told('an empty prediction')}", err=True)
