from __future__ import annotations

import json

import pytest

from command_line import run
from small_runs import TINY, joint_rows, write_rows


@pytest.fixture
def seqwise(monkeypatch, capsys, tmp_path):
    """A function that runs a command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *words, **options: run(monkeypatch, capsys, *map(str, words), **options)


@pytest.fixture
def tiny():
    """Flags that make training quick."""
    return [word for setting in TINY for word in ("--set", setting)]


@pytest.fixture(scope="session")
def joint_run(tmp_path_factory):
    """A finished run with an intent and slots, and the file it learned from."""
    from seqwise.config import override, parse_config
    from seqwise.runs.run_folder import RunFolder
    from seqwise.training.run import train
    from seqwise.training.training_plan import plan_run

    folder = tmp_path_factory.mktemp("joint")
    file = write_rows(folder / "train.jsonl", joint_rows(80), ("tokens", "slots", "intent", "number"))
    plain = {"data": {"train": [file], "label": ["intent"], "tags": ["slots"]}, "input": {"tokens": "tokens"}}
    config = parse_config(override(plain, [*TINY, "train.max_epochs=12", "model.hidden=16"]))
    train(plan_run(config), RunFolder(folder / "run"))
    return folder / "run", json.loads
