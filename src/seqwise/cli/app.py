"""Registers the commands. They import heavy modules only when they run, so that --help is fast."""

from __future__ import annotations

from typing import Annotated

import typer

from seqwise import __version__
from seqwise.cli.advise import advise
from seqwise.cli.bench import bench
from seqwise.cli.command_names import CommandNames
from seqwise.cli.doctor import doctor
from seqwise.cli.evaluate import evaluate
from seqwise.cli.predict import PredictCommand, predict
from seqwise.cli.repeated import StrictCommand
from seqwise.cli.train import train
from seqwise.cli.tune import tune

__all__ = ["app"]

app = typer.Typer(
    name="seqwise",
    cls=CommandNames,
    context_settings={"help_option_names": ["--help", "-h"]},
    help="Train, evaluate and use classifiers of sequences: texts, characters, numeric series.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(cls=StrictCommand, rich_help_panel="Commands")(train)
app.command("tune", cls=StrictCommand, rich_help_panel="Commands")(tune)
app.command(cls=StrictCommand, rich_help_panel="Commands")(evaluate)
app.command(cls=PredictCommand, rich_help_panel="Commands")(predict)
app.command(cls=StrictCommand, rich_help_panel="Commands")(advise)
app.command(cls=StrictCommand, rich_help_panel="Commands")(doctor)
app.command(cls=StrictCommand, rich_help_panel="Commands")(bench)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Train, evaluate and use classifiers of sequences: texts, characters, numeric series."""
