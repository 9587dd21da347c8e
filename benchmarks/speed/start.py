"""How long it takes until anything happens: processes that import, or show the help, and end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks.speed.environments import CannotInstallError, python_of
from seqwise.bench import Measured, interleaved
from seqwise.bench.case import Kind
from seqwise.bench.machine import other_programs

__all__ = ["measure_start"]

_HELP = "from seqwise.cli import main; main()"
_IMPORTED = {"Keras": ("keras", "keras"), "Flair": ("flair", "flair")}
"""By peer, its environment and what is imported."""


def measure_start(envs: Path, *, rounds: int) -> list[Measured]:
    """`seqwise --help` and `import seqwise`, beside Python alone and beside the imports of others."""
    nothing = _starting(sys.executable, "-c", "pass")
    torch = _starting(sys.executable, "-c", "import torch")
    imports, missing = _peers(envs)
    shown = {"seqwise": _starting(sys.executable, "-c", _HELP, "--help"), "Python alone": nothing}
    imported = {"seqwise": _starting(sys.executable, "-c", "import seqwise"), "Python alone": nothing, "torch": torch}
    return [
        _measured("seqwise --help", shown, rounds, {}),
        _measured("import seqwise", {**imported, **imports}, rounds, missing),
    ]


def _starting(*command: str) -> Callable[[], None]:
    return partial(_run, command)


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _peers(envs: Path) -> tuple[dict[str, Callable[[], None]], dict[str, str]]:
    found, missing = {}, {}
    for peer, (environment, module) in _IMPORTED.items():
        try:
            found[peer] = _starting(str(python_of(environment, envs)), "-c", f"import {module}")
        except CannotInstallError as error:
            missing[peer] = str(error)
    return found, missing


def _measured(shape: str, runs: Mapping[str, Callable[[], None]], rounds: int, missing: Mapping[str, str]) -> Measured:
    for run in runs.values():
        run()  # once, so that files are read and compiled
    others = other_programs()
    times = interleaved(runs, seconds=0, least=rounds, most=rounds)
    kinds: dict[str, Kind] = dict.fromkeys(runs, "other")
    kinds |= {"seqwise": "ours", "Python alone": "limit"}
    return Measured("start", shape, times, kinds, others(), missing=missing)
