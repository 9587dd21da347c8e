"""What was measured, as lines of JSON with machine, versions and commit."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from benchmarks.commit import commit
from benchmarks.speed.environments import pinned
from seqwise.bench import Measured, machine, versions

__all__ = ["Record", "latest", "record", "write"]

Record = dict[str, Any]

_LONG = ("training", "whole")
"""Parts whose rounds may come in several runs."""


def record(part: str, measured: Measured) -> Record:
    """A case with everything that makes it comparable.

    Args:
        part: of the benchmark.
        measured: the case.
    """
    return {
        "part": part,
        **measured.to_json(),
        "commit": commit(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(torch.get_num_threads()),
        "versions": {**pinned(), **versions()},
    }


def write(results: Path, line: Record) -> None:
    """Adds a record to the results."""
    results.parent.mkdir(parents=True, exist_ok=True)
    with results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def latest(results: Path) -> list[Record]:
    """The last record of each case, in the order in which the cases came first.

    Trainings take long and may be measured round by round: those of one commit and machine are put together.
    """
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    found: dict[tuple[str, str], Record] = {}
    for line in map(json.loads, filter(None, lines)):
        case = line["name"], line["shape"]
        found[case] = _joined(found.get(case), line)
    return list(found.values())


def _joined(before: Record | None, line: Record) -> Record:
    """The line with the rounds of the one before it, where they belong together and have the same ways."""
    same = before is not None and all(before[key] == line[key] for key in ("part", "commit", "machine"))
    if before is None or not same or line["part"] not in _LONG or before["ways"].keys() != line["ways"].keys():
        return line
    first, second = Measured.from_json(before), Measured.from_json(line)
    return {**line, **first.joined(second).to_json()}
