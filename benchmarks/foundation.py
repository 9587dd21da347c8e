"""Trains on every kind of data with default settings and no config; sets the figures beside what was asked.

    python -m benchmarks.foundation --work benchmarks/.work --seeds 1 2 3 --only snips-intent ewt-upos

Needs the files of `benchmarks.prepare` in the folder `data` of the work folder. Each run is a `seqwise train` of
its own, whose line goes to the results file as soon as it is over.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.commit import commit
from benchmarks.runs import Goal, Record, markdown_table, run_record

__all__ = ["TASKS", "Task", "run_task", "seqwise_command"]

_ERROR_LETTERS = 500


@dataclass(frozen=True)
class Task:
    """A training that must work from the data file and these flags alone.

    Attributes:
        name: how it is called in results.
        data: the data set, as `benchmarks.prepare` calls it.
        flags: what the command line says of columns.
        goals: the figures on the test file.
    """

    name: str
    data: str
    flags: tuple[str, ...]
    goals: tuple[Goal, ...]

    def command(self, seqwise: Sequence[str], data: Path, run: Path, seed: int) -> list[str]:
        """The command line of one run.

        Args:
            seqwise: how the program is called.
            data: the folder of all prepared data sets.
            run: the run folder to be made.
            seed: of this run.

        Raises:
            FileNotFoundError: the data set was not prepared.
        """
        train, test = (_split_file(data / self.data, split) for split in ("train", "test"))
        if train is None or test is None:
            raise FileNotFoundError(f"{data / self.data} holds no train.* and test.*: run benchmarks.prepare first")
        dev = _split_file(data / self.data, "dev")
        files = [str(train), *(["--dev", str(dev)] if dev else []), "--test", str(test)]
        return [*seqwise, "train", *files, *self.flags, "--seed", str(seed), "--run", str(run)]


def _split_file(folder: Path, split: str) -> Path | None:
    return next(iter(sorted(folder.glob(f"{split}.*"))), None)


TASKS = (
    Task("snips-intent", "snips", ("--tokens", "tokens", "--label", "intent"), (Goal("accuracy", 0.970),)),
    Task("snips-slots", "snips", ("--tokens", "tokens", "--tags", "slots"), (Goal("span_f1", 0.88),)),
    Task(
        "snips-joint",
        "snips",
        ("--tokens", "tokens", "--label", "intent", "--tags", "slots"),
        (Goal("accuracy", 0.970, target="intent"), Goal("span_f1", 0.88, target="slots")),
    ),
    Task("ewt-upos", "ud-en-ewt", ("--tags", "upos"), (Goal("accuracy", 0.925),)),
    Task(
        "un-votes",
        "un-votes-47a",
        ("--text", "text", "--outputs", "vote_*"),
        (Goal("accuracy", 0.800), Goal("macro_f1", 0.45)),
    ),
    Task("goemotions", "goemotions", ("--text", "text", "--multilabel", "emotions"), (Goal("micro_f1", 0.45),)),
    Task("japanese-vowels", "ts-japanese-vowels", (), (Goal("accuracy", 0.950),)),
    Task("names-18", "names-18-languages", ("--text", "name", "--label", "language"), (Goal("accuracy", 0.78),)),
    Task(
        "occupancy",
        "occupancy",
        ("--series-id", "day", "--time", "date", "--tags", "Occupancy"),
        (Goal("accuracy"), Goal("macro_f1")),
    ),
)


def run_task(task: Task, seed: int, *, seqwise: Sequence[str], data: Path, runs: Path) -> Record:
    """Trains once and gathers what came of it.

    Args:
        task: what to train.
        seed: of this run.
        seqwise: how the program is called.
        data: the folder of all prepared data sets.
        runs: the folder in which the run folder `TASK-seedN` is made, and beside it `TASK-seedN.txt` with all
            that the program said.

    Returns:
        The record of `run_record`, with `task`, `data`, `seed`, `seconds` (of the whole command), `command`,
        `commit`, `started`; and when it failed its exit `status` and `error`, the end of what it said.
    """
    folder = runs / f"{task.name}-seed{seed}"
    command = task.command(seqwise, data, folder, seed)
    told = shlex.join(["seqwise", *command[len(seqwise) :]])
    started, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    seconds = round(time.perf_counter() - clock, 1)
    runs.mkdir(parents=True, exist_ok=True)
    folder.with_name(folder.name + ".txt").write_text(ended.stdout, encoding="utf-8")
    said = ended.stdout[-_ERROR_LETTERS:] or "it said nothing"
    error = {"error": said, "status": ended.returncode} if ended.returncode else {}
    identity = {"task": task.name, "data": task.data, "seed": seed, "commit": commit(), "started": started}
    return {**identity, **error, "seconds": seconds, **run_record(folder, task.goals), "command": told}


def seqwise_command() -> list[str]:
    """The program that is installed beside this interpreter, else the one on the path."""
    beside = Path(sys.executable).with_name("seqwise")
    found = str(beside) if beside.exists() else shutil.which("seqwise")
    if found is None:
        raise SystemExit("the command seqwise is not installed: pip install -e .")
    return [found]


def _latest(results: Path) -> list[Record]:
    """The last record of each task and seed."""
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    records = [json.loads(line) for line in lines]
    latest = {(record["task"], record["seed"]): record for record in records}
    order = [task.name for task in TASKS]
    return sorted(latest.values(), key=lambda record: (order.index(record["task"]), record["seed"]))


def _run_all(tasks: Iterable[Task], seeds: Sequence[int], work: Path, results: Path) -> list[Record]:
    seqwise, runs = seqwise_command(), work / "runs" / datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    results.parent.mkdir(parents=True, exist_ok=True)
    records = []
    for task in tasks:
        for seed in seeds:
            record = run_task(task, seed, seqwise=seqwise, data=work / "data", runs=runs)
            with results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
            outcome = record.get("error") or record["test"]
            print(f"{task.name} seed {seed}: {record['seconds']} s, {outcome}", file=sys.stderr)
            records.append(record)
    return records


def main(arguments: Sequence[str] | None = None) -> int:
    names = [task.name for task in TASKS]
    parser = argparse.ArgumentParser(description="Train on every kind of data with default settings.")
    parser.add_argument("--work", type=Path, default=Path("benchmarks/.work"), help="default: %(default)s")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="default: 1 2 3")
    parser.add_argument("--only", nargs="+", choices=names, metavar="TASK", help=f"of {', '.join(names)}")
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results/foundation.jsonl"))
    parser.add_argument("--table", action="store_true", help="train nothing; show the last results of each seed")
    parsed = parser.parse_args(arguments)
    if parsed.table:
        records = _latest(parsed.results)
    else:
        chosen = [task for task in TASKS if not parsed.only or task.name in parsed.only]
        try:
            for task in chosen:
                task.command([], parsed.work / "data", parsed.work, seed=0)
        except FileNotFoundError as error:
            parser.error(str(error))
        records = _run_all(chosen, parsed.seeds, parsed.work, parsed.results)
    print(markdown_table(records))
    return 1 if any(record.get("error") for record in records) else 0


if __name__ == "__main__":
    sys.exit(main())
