"""`seqwise doctor`: finds bugs in your own loss or model."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Annotated

import typer

__all__ = ["doctor"]


def doctor(
    place: Annotated[
        str,
        typer.Argument(
            metavar="FILE.py:NAME",
            help="A Python file, and in it the name of a loss (function, object, class) or a model.",
            show_default=False,
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Test your own loss or model for bugs with padding, masks, averages, axes and labels; name the bug and its fix.

    For torch, Keras, JAX and NumPy. The file is run, so keep training under if __name__ == "__main__".
    Exit status: 0 when every law that could be tested holds, 1 when one does not, 2 when there is nothing to test.
    """
    from seqwise.doctor import doctor as examine

    with contextlib.redirect_stdout(sys.stderr):  # output of the user's code is not a result
        report = examine(place)
    if as_json:
        typer.echo(json.dumps(report.to_json(), ensure_ascii=False))
        for note in (*report.notes, *(f"untested: {law} ({reason})" for law, reason in report.untested)):
            typer.echo(note, err=True)
    else:
        typer.echo(str(report))
    if not report.holds:
        raise typer.Exit(1)
