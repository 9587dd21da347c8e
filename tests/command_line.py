"""Runs the command line inside the test's process, as a user's shell would see it."""

from __future__ import annotations

import io
import sys
from typing import NamedTuple

import pytest

from seqwise.cli import main


class Result(NamedTuple):
    status: int
    out: str
    err: str


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str, stdin: bytes | None = None
) -> Result:
    monkeypatch.setattr(sys, "argv", ["seqwise", *words])
    if stdin is not None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
    capsys.readouterr()
    try:
        main()
        status = 0
    except SystemExit as stop:
        status = int(stop.code or 0)
    captured = capsys.readouterr()
    return Result(status, captured.out, captured.err)
