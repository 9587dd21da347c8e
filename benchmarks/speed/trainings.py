"""Whole trainings and their parts, ours and those of the peers, each a process of its own, in turns.

Speed of training and of prediction is told by each program itself, in words per second that are no padding; the CPU
seconds of a whole training are those that the system counts for the process, its start included.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.accuracy.tasks import TASKS, Task
from benchmarks.accuracy.training import seqwise_command
from benchmarks.runs import run_record
from benchmarks.speed.environments import CannotInstallError, python_of
from seqwise.bench import Measured
from seqwise.bench.case import Kind
from seqwise.bench.machine import other_programs

__all__ = ["QUICK", "SAME_SIZE", "TRAININGS", "Ended", "Training", "measure_speed", "measure_whole"]

_ROOT = Path(__file__).parents[2]
_TOLD = 300

SAME_SIZE = (
    *("model.embedding=100", "model.hidden=128", "model.layers=1"),
    *("input.affixes=0", "input.characters=none", "input.ngrams=0", "input.character_ngrams=0", "loss.crf=false"),
    "train.ensemble=1",
)
"""The settings that give our model the layers and the loss of the recipe, and make it one."""

QUICK = ("train.effort=seconds", "train.baselines=majority")
"""Those of a whole training that shall be over soon; peers judge no baselines either."""


@dataclass(frozen=True)
class Training:
    """A task that ours and peers learn.

    Attributes:
        task: what `seqwise train` is told, and on which data.
        column: what the peers call it.
    """

    task: Task
    column: str


TRAININGS = tuple(
    Training(task, column)
    for name, column in (("snips-intent", "intent"), ("snips-slots", "slots"), ("ewt-upos", "upos"))
    for task in TASKS
    if task.name == name
)


@dataclass(frozen=True)
class Ended:
    """What came of one training.

    Attributes:
        score: on the test file.
        training: seconds per word of the training steps.
        prediction: seconds per word of predicting the test file; None where it was not told.
        cpu: CPU seconds of the process.
    """

    score: float
    training: float
    prediction: float | None
    cpu: float


Program = Callable[[Training, Path, int], Ended]
"""Trains on prepared data with a seed."""


@dataclass(frozen=True)
class _Peer:
    """A peer's module, its environment (None: that of this process), and how it is called to tell its speed."""

    module: str
    environment: str | None
    columns: tuple[str, ...]
    brief: tuple[str, ...]
    whole: bool = False


_PEERS: Mapping[str, _Peer] = {
    "plain recipe": _Peer("recipe", None, ("intent", "slots", "upos"), ("--epochs", "2"), whole=True),
    "Keras": _Peer("keras_recipe", "keras", ("intent", "slots", "upos"), ("--epochs", "2")),
    "Flair": _Peer("flair_tagger", "flair", ("intent", "slots", "upos"), ("--epochs", "1", "--rows", "2000")),
    "python-crfsuite": _Peer("crfsuite_tagger", "crfsuite", ("slots", "upos"), ("--epochs", "10"), whole=True),
    "fastText": _Peer("fasttext_classifier", "fasttext", ("intent",), (), whole=True),
}


def measure_speed(training: Training, work: Path, *, seeds: Sequence[int]) -> list[Measured]:
    """Time per word of training steps and of prediction, of two passes over the data, models of one size.

    Args:
        training: what is learned.
        work: the folder with `data` and `envs`.
        seeds: each is run with each of them.
    """
    programs, missing = _programs(training, work, whole=False)
    ended, missing, disturbance = _in_turns(programs, missing, training, work, seeds)
    steps = {name: [one.training for one in all_rounds] for name, all_rounds in ended.items()}
    predicted = {
        name: [one.prediction for one in all_rounds if one.prediction]
        for name, all_rounds in ended.items()
        if all_rounds[0].prediction
    }
    kinds = _kinds(ended)
    shape = f"{training.task.name}, per word"
    return [
        Measured("training", shape, steps, kinds, disturbance, missing=missing),
        *([Measured("prediction", shape, predicted, kinds, disturbance)] if "seqwise" in predicted else []),
    ]


def measure_whole(training: Training, work: Path, *, seeds: Sequence[int]) -> Measured:
    """CPU seconds of trainings, ours with `QUICK`, and the score that each ends with.

    Args:
        training: what is learned.
        work: the folder with `data` and `envs`.
        seeds: each is run with each of them.
    """
    programs, missing = _programs(training, work, whole=True)
    ended, missing, disturbance = _in_turns(programs, missing, training, work, seeds)
    times = {name: [one.cpu for one in all_rounds] for name, all_rounds in ended.items()}
    scores = {name: [one.score for one in all_rounds] for name, all_rounds in ended.items()}
    shape = f"{training.task.name}, CPU seconds"
    return Measured("whole training", shape, times, _kinds(ended), disturbance, figures=scores, missing=missing)


def _kinds(ended: Mapping[str, Any]) -> dict[str, Kind]:
    return {name: "ours" if name == "seqwise" else "other" for name in ended}


def _programs(training: Training, work: Path, *, whole: bool) -> tuple[dict[str, Program], dict[str, str]]:
    """Ours and the peers that can be had, and why the others cannot."""
    settings = QUICK if whole else (*SAME_SIZE, "train.max_epochs=2")
    programs: dict[str, Program] = {"seqwise": lambda *given: _ours(*given, settings=settings)}
    missing = {}
    for name, peer in _PEERS.items():
        if training.column not in peer.columns or (whole and not peer.whole):
            continue
        try:
            python = Path(sys.executable)
            if peer.environment:
                python = python_of(peer.environment, work / "envs")
        except CannotInstallError as error:
            missing[name] = str(error)
            continue
        command = [str(python), "-m", f"benchmarks.peers.{peer.module}"]
        flags = () if whole else peer.brief
        programs[name] = lambda *given, command=command, flags=flags: _theirs(*given, command=command, flags=flags)
    return programs, missing


def _in_turns(
    programs: Mapping[str, Program], missing: Mapping[str, str], training: Training, work: Path, seeds: Sequence[int]
) -> tuple[dict[str, list[Ended]], dict[str, str], float | None]:
    """Every program once with each seed; a peer that fails is missing from then on."""
    failed, others = dict(missing), other_programs()
    ended: dict[str, list[Ended]] = {name: [] for name in programs}
    for seed in seeds:
        names = [name for name in ended if name not in failed]
        first = seed % len(names)
        for name in names[first:] + names[:first]:
            print(f"{training.task.name}, seed {seed}: {name}", file=sys.stderr)
            try:
                ended[name].append(programs[name](training, work, seed))
            except RuntimeError as error:
                if name == "seqwise":
                    raise
                failed[name] = str(error)
    return {name: all_rounds for name, all_rounds in ended.items() if name not in failed}, failed, others()


def _theirs(training: Training, work: Path, seed: int, *, command: Sequence[str], flags: Sequence[str]) -> Ended:
    data = (work / "data" / training.task.data).absolute()
    said, cpu = _run([*command, str(data), training.column, "--seed", str(seed), *flags])
    told = json.loads(said.splitlines()[-1])
    speed = told.get("test_tokens_per_second")
    return Ended(told["test"], 1 / told["tokens_per_second"], 1 / speed if speed else None, cpu)


def _ours(training: Training, work: Path, seed: int, *, settings: Sequence[str]) -> Ended:
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        command = training.task.command(seqwise_command(), (work / "data").absolute(), run, seed)
        _, cpu = _run([*command, *(word for setting in settings for word in ("--set", setting))])
        record = run_record(run, training.task.goals)
        (score,) = record["test"].values()
        test = next((work / "data" / training.task.data).absolute().glob("test.*"))
        said, _ = _run([sys.executable, "-m", "benchmarks.speed.prediction", str(run), str(test)])
    return Ended(score, 1 / record["tokens_per_second"], 1 / float(said.splitlines()[-1]), cpu)


def _run(command: Sequence[str]) -> tuple[str, float]:
    """What a program wrote to stdout, and the CPU seconds that it took.

    Raises:
        RuntimeError: it failed; with the last that it said.
    """
    before = os.times()
    ended = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    after = os.times()
    if ended.returncode:
        last = [line for line in ended.stderr.splitlines() if line.strip()][-1:] or ["it said nothing"]
        raise RuntimeError(last[0][:_TOLD])
    return ended.stdout, sum(after[2:4]) - sum(before[2:4])
