"""`seqwise predict`: streams sequences in and predictions out, in input order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

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
from seqwise.cli.repeated import StrictCommand

if TYPE_CHECKING:
    from seqwise.data.readers import Source
    from seqwise.inference.added import Wanted
    from seqwise.inference.loaded_model import Model

__all__ = ["PredictCommand", "predict"]

_Text = Optional[str]  # noqa: UP045 - typer reads the annotation
_Texts = Optional[list[str]]  # noqa: UP045
_FORMS = ("wide", "long")


class PredictCommand(StrictCommand):
    """The command; its flag `--proba` takes `wide`, `long` or no value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Replaces a `--proba` without a value by `--proba auto`."""
        given: list[str] = []
        for place, word in enumerate(args):
            given.append(word)
            if word == "--proba" and args[place + 1 : place + 2] not in [[form] for form in _FORMS]:
                given.append("auto")
        return super().parse_args(ctx, given)


def predict(
    run: Annotated[Path, typer.Argument(help="The run folder.", show_default=False)],
    file: Annotated[
        _Text,
        typer.Argument(
            help="A file or folder of sequences, NAME=FILE,NAME=FILE, or - for standard input.", show_default=False
        ),
    ] = None,
    text: Annotated[_Texts, typer.Option("--text", help="A text to predict on, instead of a file.")] = None,
    output: Annotated[_Text, typer.Option(help="Output file; standard output by default.")] = None,
    into: Annotated[
        _Text, typer.Option("--into", help="Name of the prediction column; * stands for the target column's name.")
    ] = None,
    confidence: Annotated[
        bool, typer.Option("--confidence", help="Add the probability of each prediction, as NAME_confidence.")
    ] = False,
    top: Annotated[int, typer.Option("--top", min=0, help="Add this many of the most probable labels.")] = 0,
    proba: Annotated[
        _Text,
        typer.Option(
            "--proba",
            metavar="[wide|long]",
            help="Add all probabilities: wide, one column per label; long, one row per label.",
            show_default=False,
        ),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Sequences read at a time.")] = 256,
    data_format: Format = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    quote: Quote = None,
    header: Header = None,
    columns: Columns = None,
    on_empty: OnEmpty = "skip",
    device: Device = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON lines, whatever the input format.")] = False,
    quiet: Quiet = False,
) -> None:
    """Predict labels for the sequences of a file, in order.

    The output has the format of the input: its columns, followed by the predictions. If the file has a column of
    labels it is kept, and the predictions are named NAME_predicted.
    """
    from seqwise._files import is_stream
    from seqwise.errors import ConfigError
    from seqwise.inference.loaded_model import load
    from seqwise.inference.output import write_predictions
    from seqwise.inference.unpredicted import EmptyRows
    from seqwise.inference.writers import layout_for, written_as

    if output == "-":
        output = None
    is_file = output is not None and not is_stream(Path(output))
    if output is not None and is_file and Path(output).exists():
        raise ConfigError(f"--output {output} exists already and is not overwritten; choose another name")
    wanted = _wanted(proba, top, confidence, into)
    skipped = on_empty_given(on_empty)
    given = options_given(data_format, encoding, delimiter, quote, header, columns)
    _check_source(file, text, given)
    model = load(run, device)
    source = _source(model, file, text, given)
    layout = layout_for(model, source, wanted, output=output if is_file else None, as_json=as_json)
    for note in () if quiet else (*source.notes, *layout.notes):
        typer.echo(note, err=True)
    empty = EmptyRows(model.spec.input.column)
    predictions = empty.counted(model.predictions(source, batch_size, on_empty=skipped))
    write_predictions(predictions, written_as(layout), output, batch_size)
    if empty.count and not quiet:
        typer.echo(f"warning: {empty.message('an empty prediction')}", err=True)


def _wanted(proba: str | None, top: int, confidence: bool, into: str | None) -> Wanted:
    from seqwise.errors import ConfigError
    from seqwise.inference.added import Wanted

    if proba not in (None, "auto", *_FORMS):
        raise ConfigError(f"--proba takes wide, long or no value, got '{proba}'")
    return Wanted(proba, top, confidence, into)  # type: ignore[arg-type]


def _check_source(file: str | None, text: Sequence[str] | None, given: dict[str, Any]) -> None:
    """Raises unless either a file or texts are given."""
    from seqwise.errors import ConfigError

    if file is None and not text:
        raise ConfigError("nothing to predict: name a file, - for standard input, or give --text 'A TEXT'")
    if file is not None and text:
        raise ConfigError(f"both the file {file} and --text are given; leave one of them out")
    if text and given:
        raise ConfigError(f"--{next(iter(given))} applies to files, but the text is given with --text")


def _source(model: Model, file: str | None, text: Sequence[str] | None, given: dict[str, Any]) -> Source:
    return model.read_texts(text) if text else model.read_files([file or "-"], **given)
