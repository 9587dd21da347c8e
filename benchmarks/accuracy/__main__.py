"""Trains on every kind of data with default settings and no config, and makes the table of what was learned.

    python -m benchmarks.accuracy                              # all tasks, three seeds: hours on two cores
    python -m benchmarks.accuracy --only mr wnut17 --seeds 1   # some
    python -m benchmarks.accuracy --effort seconds --jobs 2    # another point of the curve, two trainings at a time
    python -m benchmarks.accuracy --peers --seeds 1            # what others reach on the same rows
    python -m benchmarks.accuracy --page                       # trains nothing; docs/accuracy.md and README's table

Needs the files of `benchmarks.prepare` in the folder `data` of the work folder. Each training is a `seqwise train` of
its own with one thread; its line goes to the results as soon as it is over. What stands there for the same sources
of seqwise, task, seed and effort is not trained again, so that a run that was broken off goes on where it stopped.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.accuracy.page import write_page
from benchmarks.accuracy.peers import PEERS, export, run_peer
from benchmarks.accuracy.records import add, is_done, latest, read
from benchmarks.accuracy.table import markdown_table
from benchmarks.accuracy.tasks import TASKS, Task
from benchmarks.accuracy.training import EFFORTS, run_task, seqwise_command
from benchmarks.commit import source
from benchmarks.runs import Record

Job = Callable[[], Record]


def _trainings(tasks: Sequence[Task], parsed: argparse.Namespace) -> Iterator[Job]:
    """What is not in the results yet, the first seed of every task before the second of any."""
    seqwise, records, measured = seqwise_command(), read(parsed.results), source()
    runs = parsed.work / "runs" / datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    for effort in parsed.effort:
        for seed in parsed.seeds:
            for task in tasks:
                facts = {"task": task.name, "seed": seed, "effort": effort, "source": measured}
                if measured is None or not is_done(records, **facts):
                    how = {"seqwise": seqwise, "data": parsed.work / "data", "runs": runs, "effort": effort}
                    yield partial(run_task, task, seed, **how)


def _peers(tasks: Sequence[Task], parsed: argparse.Namespace) -> Iterator[Job]:
    """The peers' trainings that no results have; a peer does not depend on our commit."""
    records = read(parsed.results)
    for task in tasks:
        rows = parsed.work / "rows" / task.name
        column = export(task, parsed.work / "data", rows)
        for name in [name for name, peer in PEERS.items() if column in peer.columns]:
            for seed in parsed.seeds:
                if column is not None and not is_done(records, task=task.name, seed=seed, peer=name):
                    yield partial(run_peer, name, task, column, seed, rows=rows, environments=parsed.work / "envs")


def _run(jobs: Iterator[Job], parsed: argparse.Namespace) -> bool:
    """Whether all went well; each record is written as soon as it is there."""
    went_well = True
    pool = ThreadPoolExecutor(parsed.jobs)
    try:
        for done in as_completed([pool.submit(job) for job in jobs]):
            record = done.result()
            add(parsed.results, record)
            outcome = record.get("error") or record["test"]
            who = record.get("peer") or record["effort"]
            print(f"{record['task']}, {who}, seed {record['seed']}: {outcome}", file=sys.stderr, flush=True)
            went_well = went_well and "error" not in record
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C nothing new begins
    return went_well


def _parser() -> argparse.ArgumentParser:
    names = [task.name for task in TASKS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("benchmarks/.work"), help="default: %(default)s")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="default: 1 2 3")
    parser.add_argument("--only", nargs="+", choices=names, metavar="TASK", help=f"of {', '.join(names)}")
    parser.add_argument(
        "--effort", nargs="+", choices=EFFORTS, default=[EFFORTS[0]], help=f"default: {EFFORTS[0]}; several in turn"
    )
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time, one thread each; default: 1")
    parser.add_argument("--peers", action="store_true", help="train the peers instead of ours")
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results/accuracy.jsonl"))
    parser.add_argument("--table", action="store_true", help="train nothing; show the last results of each seed")
    parser.add_argument("--page", action="store_true", help="train nothing; write docs/accuracy.md and README's table")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    parsed = parser.parse_args(arguments)
    if parsed.page:
        write_page(latest(read(parsed.results)))
        return 0
    went_well = True
    if not parsed.table:
        chosen = [task for task in TASKS if not parsed.only or task.name in parsed.only]
        try:
            for task in chosen:
                task.files(parsed.work / "data")
        except FileNotFoundError as error:
            parser.error(str(error))
        went_well = _run((_peers if parsed.peers else _trainings)(chosen, parsed), parsed)
    print(markdown_table(latest(read(parsed.results))))
    return 0 if went_well else 1


if __name__ == "__main__":
    sys.exit(main())
