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
    """The last record of each case, in the order in which the cases came first."""
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    found: dict[tuple[str, str], Record] = {}
    for line in map(json.loads, filter(None, lines)):
        found[line["name"], line["shape"]] = line
    return list(found.values())
