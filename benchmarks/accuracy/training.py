"""Trains a task once, as a user does from the shell, and gathers what came of it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.accuracy.tasks import Task
from benchmarks.commit import commit, source
from benchmarks.runs import Record, run_record

__all__ = ["EFFORTS", "run_task", "seqwise_command", "single_threaded"]

EFFORTS = ("minutes", "seconds", "best")
"""The values of `--effort`; the first is the default."""

_ERROR_LETTERS = 500


def run_task(
    task: Task, seed: int, *, seqwise: Sequence[str], data: Path, runs: Path, effort: str = EFFORTS[0]
) -> Record:
    """Trains once and gathers what came of it.

    Args:
        task: what to train.
        seed: of this run.
        seqwise: how the program is called.
        data: the folder of all prepared data sets.
        runs: the folder in which the run folder `TASK-EFFORT-seedN` is made, and beside it `TASK-EFFORT-seedN.txt`
            with all that the program said.
        effort: of the training; the default is left out of the command.

    Returns:
        The record of `run_record`, with `task`, `data`, `seed`, `effort`, `seconds` (of the whole command), `command`,
        `commit`, `source` (the tree of the package), `started`; and when it failed its exit `status` and `error`, the
        end of what it said.
    """
    folder = runs / f"{task.name}-{effort}-seed{seed}"
    more = () if effort == EFFORTS[0] else ("--effort", effort)
    command = task.command(seqwise, data, folder, seed, more)
    told = shlex.join(["seqwise", *command[len(seqwise) :]])
    started, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
    ended = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=single_threaded()
    )
    seconds = round(time.perf_counter() - clock, 1)
    runs.mkdir(parents=True, exist_ok=True)
    folder.with_name(folder.name + ".txt").write_text(ended.stdout, encoding="utf-8")
    said = ended.stdout[-_ERROR_LETTERS:] or "it said nothing"
    error = {"error": said, "status": ended.returncode} if ended.returncode else {}
    identity = {"task": task.name, "data": task.data, "seed": seed, "effort": effort}
    version = {"commit": commit(), "source": source()}
    found = run_record(folder, task.goals)
    return {**identity, **version, "started": started, **error, "seconds": seconds, **found, "command": told}


def single_threaded() -> dict[str, str]:
    """The environment of a training that leaves the other cores to others."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def seqwise_command() -> list[str]:
    """The program that is installed beside this interpreter, else the one on the path."""
    beside = Path(sys.executable).with_name("seqwise")
    found = str(beside) if beside.exists() else shutil.which("seqwise")
    if found is None:
        raise SystemExit("the command seqwise is not installed: pip install -e .")
    return [found]
