"""How long symbols with labels per step are trained by default."""

from __future__ import annotations

import pytest

from seqwise.config import TrainConfig, parse_config
from seqwise.task.prepare import prepare
from small_runs import write_rows


def training_of(tmp_path, target: str, sequences: int, steps: int, **train) -> TrainConfig:
    rows = [{"tokens": ["up", "down"] * (steps // 2), "kind": "ab"[i % 2]} for i in range(sequences)]
    rows = [{**row, "ways": ["x" if token == "up" else "y" for token in row["tokens"]]} for row in rows]
    files = {
        part: write_rows(tmp_path / f"{part}.jsonl", some, ("tokens", target))
        for part, some in {"train": rows, "dev": rows[:2]}.items()
    }
    column = {"kind": "label", "ways": "tags"}[target]
    plain = {"data": {**files, column: target}, "input": {"tokens": "tokens"}, "train": train}
    return prepare(parse_config(plain)).config.train


@pytest.mark.parametrize(
    ("target", "sequences", "steps", "train", "epochs", "patience"),
    [
        ("ways", 40, 500, {}, 38, 12),  # 20,000 steps are 78 batches of 256
        ("ways", 40, 10, {}, 100, 33),
        ("ways", 40, 2000, {}, 19, 6),  # 80,000 steps are 156 batches of 512
        ("ways", 40, 500, {"effort": "seconds"}, 33, 5),
        ("ways", 40, 2000, {"effort": "seconds"}, 19, 5),
        ("ways", 40, 500, {"patience": 4}, 38, 4),
        ("kind", 40, 500, {}, 100, 5),
    ],
)
def test_tags_are_trained_for_about_3000_batches_and_few_of_them_with_patience(
    tmp_path, target, sequences, steps, train, epochs, patience
):
    chosen = training_of(tmp_path, target, sequences, steps, **train)
    assert (chosen.max_epochs, chosen.patience) == (epochs, patience)
