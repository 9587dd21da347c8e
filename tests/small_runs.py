"""Small files of labelled sequences, and runs on them, for the tests of training, inference and the commands."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from seqwise.config import override, parse_config
from seqwise.runs.run_folder import RunFolder
from seqwise.training.callbacks import TrainingCallback
from seqwise.training.run import Trained, train
from seqwise.training.training_plan import plan_run

TINY = [
    *("model.embedding=8", "model.hidden=6", "train.max_epochs=3", "train.batch_tokens=24", "train.device=cpu"),
    "train.ensemble=1",
]

WORDS = {
    "Play": ["play", "some", "jazz", "now"],
    "Weather": ["will", "it", "rain", "today"],
    "Book": ["book", "a", "table"],
}


def joint_rows(count: int = 60, seed: int = 0) -> list[dict[str, Any]]:
    """Token lists with an intent, slots, three votes with gaps and a set of topics."""
    rng = random.Random(seed)
    rows = []
    for i in range(count):
        intent = rng.choice(list(WORDS))
        tokens = [rng.choice(WORDS[intent]) for _ in range(rng.randint(1, 7))]
        rows.append(
            {
                "tokens": tokens,
                "text": " ".join(tokens),
                "slots": ["B-x" if token in ("jazz", "rain", "table") else "O" for token in tokens],
                "intent": intent,
                "vote_a": rng.choice([-1, 0, 1, None]),
                "vote_b": {"Play": 1, "Weather": -1, "Book": 0}[intent],
                "topics": sorted({token[0] for token in tokens}),
                "size": {"Play": "big", "Weather": "small", "Book": "big"}[intent],
                "step_a": ["yes" if token in ("jazz", "rain") else "no" for token in tokens],
                "step_b": [None if len(token) == 1 else ("x", "y", "z")[len(token) % 3] for token in tokens],
                "letters": [sorted(set(token[:2])) for token in tokens],
                "signal": [[float(len(token)) + 0.5, rng.random()] for token in tokens],
                "number": i,
            }
        )
    return rows


def write_rows(path: Path, rows: list[dict[str, Any]], columns: tuple[str, ...] | None = None) -> str:
    kept = [row if columns is None else {column: row[column] for column in columns} for row in rows]
    path.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
    return str(path)


REQUESTS = {
    "label": {"data": {"label": ["intent"]}, "input": {"text": "text"}},
    "tags": {"data": {"tags": ["slots"]}, "input": {"tokens": "tokens"}},
    "outputs": {"data": {"outputs": ["vote_*"]}, "input": {"text": "text"}},
    "multilabel": {"data": {"multilabel": ["topics"]}, "input": {"text": "text"}},
    "joint": {"data": {"label": ["intent"], "tags": ["slots"]}, "input": {"tokens": "tokens"}},
    "uneven outputs": {"data": {"outputs": ["vote_b,size"]}, "input": {"text": "text"}},
    "outputs per step": {"data": {"outputs": ["step_*"]}, "input": {"tokens": "tokens"}},
    "multilabel per step": {"data": {"multilabel": ["letters"]}, "input": {"tokens": "tokens"}},
    "series": {"data": {"label": ["intent"]}, "input": {"tokens": None}},
    "steps of series": {"data": {"tags": ["step_a"]}, "input": {"tokens": None}},
}
"""By kind of target, what a config must say about `joint_rows`."""

COLUMNS = {"series": ("signal", "intent"), "steps of series": ("signal", "step_a")}
"""By kind of target, the columns of its file, where not all of `joint_rows` stand in it."""


def config_of(file: str, kind: str, *settings: str) -> Any:
    request = json.loads(json.dumps(REQUESTS[kind]))
    request["data"]["train"] = [file]
    return parse_config(override(request, [*TINY, *settings]))


def rows_file(folder: Path, kind: str, count: int = 60, seed: int = 0, name: str = "rows.jsonl") -> str:
    return write_rows(folder / name, joint_rows(count, seed), COLUMNS.get(kind))


def trained(
    folder: Path, kind: str, *settings: str, run: str = "run", progress: TrainingCallback | None = None
) -> Trained:
    config = config_of(rows_file(folder, kind), kind, *settings)
    return train(plan_run(config), RunFolder(folder / run), progress=progress, command="test")
