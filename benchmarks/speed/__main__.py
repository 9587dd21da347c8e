"""Measures seqwise beside its peers and beside what the machine can do.

    python -m benchmarks.speed                          # all parts: an hour and more
    python -m benchmarks.speed losses crf               # some
    python -m benchmarks.speed heads --only bfloat16    # the cases with a word in their title
    python -m benchmarks.speed whole --rounds 1 --seed 2   # one more round: those of one commit are put together
    python -m benchmarks.speed --page                   # nothing new; write docs/speed.md from the last results

Each case is a line of `benchmarks/results/speed.jsonl`. Peers are installed into environments of their own under the
work folder when they are first needed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks.speed.cases import CASES
from benchmarks.speed.environments import CannotInstallError, python_of
from benchmarks.speed.page import write_page
from benchmarks.speed.records import record, write
from benchmarks.speed.start import measure_start
from benchmarks.speed.trainings import TRAININGS, measure_speed, measure_whole
from seqwise._memory import keep_memory
from seqwise.bench import Measured, measure
from seqwise.bench.bench_text import QUIET, lines

PARTS = (*CASES, "start", "training", "whole")
_STARTS, _TRIES, _PATIENCE = 10, 3, 30.0


def _measured(
    part: str, only: Sequence[str], work: Path, seconds: float, rounds: int, seed: int = 1
) -> Iterator[Measured]:
    """The cases of a part, one by one."""

    def chosen(title: str) -> bool:
        return not only or any(word in title for word in only)

    if part == "start":
        yield from measure_start(work / "envs", rounds=_STARTS)
    elif part in CASES:
        missing = {}
        if part == "crf":
            try:
                python_of("pytorch-crf", work / "envs")
            except CannotInstallError as error:
                missing["pytorch-crf"] = str(error)
        for case in CASES[part]:
            if chosen(case.title):
                yield _least_disturbed(partial(measure, case, seconds=seconds, least=rounds, missing=missing))
    else:
        for training in TRAININGS:
            if not chosen(training.task.name):
                continue
            if not (work / "data" / training.task.data).exists():
                print(f"{training.task.name}: no data; run benchmarks.prepare first", file=sys.stderr)
            elif part == "training":
                yield from measure_speed(training, work, seeds=range(seed, seed + rounds))
            else:
                yield measure_whole(training, work, seeds=range(seed, seed + rounds))


def _least_disturbed(measure_once: Callable[[], Measured]) -> Measured:
    """Measures again, some times at most, while other programs use much of the machine; the quietest time counts.

    What takes long is not measured again: its rounds are far enough apart.
    """
    started = time.monotonic()
    best = measure_once()
    for _ in range(_TRIES - 1):
        if (best.disturbance or 0) > QUIET and time.monotonic() - started < _PATIENCE:
            best = min(best, measure_once(), key=lambda measured: measured.disturbance or 0)
    return best


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="cases with a word in their title")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each case; default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="of each case, at least; default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="of the first round of trainings; default: %(default)s")
    parser.add_argument("--work", type=Path, default=Path("benchmarks/.work"), help="default: %(default)s")
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results/speed.jsonl"))
    parser.add_argument("--page", action="store_true", help="measure nothing; write the page")
    parsed = parser.parse_args(arguments)
    keep_memory()  # as the command line does
    if unknown := set(parsed.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if parsed.page:
        write_page(parsed.results)
        return
    for part in parsed.parts or PARTS:
        for measured in _measured(part, parsed.only, parsed.work, parsed.seconds, parsed.rounds, parsed.seed):
            write(parsed.results, record(part, measured))
            print("\n".join(lines(measured)), end="\n\n")


if __name__ == "__main__":
    main()
