"""Trains peers on the rows that ours trains on, each in an environment of its own and with its own defaults."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks.accuracy.tasks import Task
from benchmarks.accuracy.training import single_threaded
from benchmarks.commit import commit
from benchmarks.runs import Record
from benchmarks.speed.environments import CannotInstallError, python_of

__all__ = ["PEERS", "column_of", "export", "run_peer"]

_ROOT = Path(__file__).parents[2]
_TOLD = 300

_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "--text": "input.text",
        "--tokens": "input.tokens",
        "--label": "data.label",
        "--tags": "data.tags",
        "--outputs": "data.outputs",
        "--multilabel": "data.multilabel",
        "--series-id": "data.series_id",
        "--time": "data.time",
    }
)


@dataclass(frozen=True)
class _Peer:
    """A peer's module, its environment (None: that of this process), the kinds of task that it can do, its flags."""

    module: str
    environment: str | None
    columns: tuple[str, ...]
    flags: tuple[str, ...] = ()


PEERS: Mapping[str, _Peer] = MappingProxyType(
    {
        "python-crfsuite": _Peer("crfsuite_tagger", "crfsuite", ("slots", "upos")),
        "fastText": _Peer("fasttext_classifier", "fasttext", ("intent",), ("--epochs", "25")),
        "plain recipe": _Peer("recipe", None, ("intent", "slots", "upos")),
        "MiniRocket": _Peer("minirocket", "aeon", ("series",)),
    }
)
"""By name; what each of them can learn is called as in `benchmarks.peers.rows`."""


def column_of(seqwise_task: Any) -> str | None:
    """What peers call the task: intent (one label), slots (tags that mark spans), upos (other tags), series; or None.

    Args:
        seqwise_task: a `seqwise.task.prepare.Task`.
    """
    targets = seqwise_task.targets
    if len(targets) > 1 or targets[0].kind not in ("label", "tags"):
        return None
    (target,) = targets
    if seqwise_task.store.channels:
        return "series" if target.kind == "label" else None
    return "intent" if target.kind == "label" else "slots" if target.marks_spans else "upos"


def export(task: Task, data: Path, folder: Path) -> str | None:
    """Writes the rows of a task as JSONL that peers read, a file per part, the split being that of ours.

    Args:
        task: which one.
        data: the folder of all prepared data sets.
        folder: where `train.jsonl`, `dev.jsonl` and `test.jsonl` go.

    Returns:
        What peers call the task; None where they have nothing for it, and nothing is written.
    """
    from seqwise.config import parse_config
    from seqwise.task.prepare import prepare

    prepared = prepare(parse_config(_request(task, data)))
    column = column_of(prepared)
    if column is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "dev", "test"):
        rows = _rows(prepared, prepared.split.rows(part).tolist(), column)
        (folder / f"{part}.jsonl").write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8"
        )
    return column


def _request(task: Task, data: Path) -> dict[str, dict[str, Any]]:
    """The flags of a task as settings."""
    request: dict[str, dict[str, Any]] = {
        "data": {part: [str(path)] for part, path in task.files(data).items()},
        "input": {},
    }
    for flag, value in zip(task.flags[::2], task.flags[1::2], strict=True):
        key, given = value.split("=") if flag == "--set" else (_SETTINGS[flag], value)
        section, name = key.split(".")
        is_list = name in ("label", "tags", "outputs", "multilabel")
        request[section][name] = [*request[section].get(name, []), given] if is_list else given
    return request


def _rows(prepared: Any, numbers: list[int], column: str) -> Iterator[dict[str, Any]]:
    from seqwise.targets import label_text

    store, (codec,) = prepared.store, prepared.codecs
    for row in numbers:
        labels, known = codec.batch(store, [row], int(store.lengths[row]))
        if not known.all():
            continue
        named = [label_text(codec.target.labels[index]) for index in labels.reshape(-1).tolist()]
        sequence = store.sequence(row)
        values = sequence.tolist() if store.channels else [store.symbols[number] for number in sequence.tolist()]
        yield {"tokens": values, column: named if codec.target.per_step else named[0]}


def run_peer(name: str, task: Task, column: str, seed: int, *, rows: Path, environments: Path) -> Record:
    """Trains a peer once.

    Args:
        name: one of `PEERS`.
        task: what is learned.
        column: what peers call it.
        seed: of this run.
        rows: the folder that `export` wrote.
        environments: the folder of all environments.

    Returns:
        `task`, `data`, `peer`, `seed`, `commit`, `started`, `test` (the first figure of the task), `train_seconds`
        (of the fit alone), `seconds` (of the whole process), `versions`; `error` where it failed.
    """
    identity = {"task": task.name, "data": task.data, "peer": name, "seed": seed, "commit": commit()}
    started, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
    peer = PEERS[name]
    try:
        python = python_of(peer.environment, environments) if peer.environment else Path(sys.executable)
    except CannotInstallError as error:
        return {**identity, "started": started, "error": str(error)}
    command = [str(python), "-m", f"benchmarks.peers.{peer.module}", str(rows.absolute()), column, "--seed", str(seed)]
    command += peer.flags
    ended = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False, env=single_threaded())
    seconds = round(time.perf_counter() - clock, 1)
    if ended.returncode:
        last = [line for line in ended.stderr.splitlines() if line.strip()][-1:] or ["it said nothing"]
        return {**identity, "started": started, "seconds": seconds, "error": last[0][:_TOLD]}
    told = json.loads(ended.stdout.splitlines()[-1])
    return {
        **identity,
        "started": started,
        "seconds": seconds,
        "test": {task.goals[0].name: told["test"]},
        "train_seconds": told.get("seconds"),
        "versions": told.get("versions"),
    }
