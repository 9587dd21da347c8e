"""The lines of `results/accuracy.jsonl`: which were made already, and the last of each kind."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Lock
from typing import Any

from benchmarks.accuracy.tasks import TASKS
from benchmarks.accuracy.training import EFFORTS
from benchmarks.runs import Record

__all__ = ["add", "effort_of", "is_done", "latest", "read"]

_LOCK = Lock()


def read(results: Path) -> list[Record]:
    """All records, in the order in which they were made."""
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    return [json.loads(line) for line in lines if line.strip()]


def add(results: Path, record: Record) -> None:
    """Adds a record; several threads may."""
    with _LOCK:
        results.parent.mkdir(parents=True, exist_ok=True)
        with results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def effort_of(record: Record) -> str:
    """The effort of a run; what is not said is the default."""
    return str(record.get("effort", EFFORTS[0]))


def is_done(records: list[Record], **facts: Any) -> bool:
    """Whether some record has all these facts and no error."""
    return any(not record.get("error") and all(record.get(k) == v for k, v in facts.items()) for record in records)


def latest(records: list[Record]) -> list[Record]:
    """The last record of each task, effort (or peer) and seed, in the order of the tasks; of unknown tasks none.

    Seeds of one mean are of one state of the sources: what an older one gave is left out.
    """
    order = {task.name: number for number, task in enumerate(TASKS)}
    found: dict[tuple[str, str], dict[int, Record]] = {}
    for record in records:
        if record["task"] in order:
            seeds = found.setdefault((record["task"], record.get("peer") or effort_of(record)), {})
            if any(known.get("source") != record.get("source") for known in seeds.values()):
                seeds.clear()
            seeds[record["seed"]] = record
    kept = [record for seeds in found.values() for record in seeds.values()]
    return sorted(kept, key=lambda record: (order[record["task"]], record["seed"]))
