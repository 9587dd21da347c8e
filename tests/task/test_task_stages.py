"""Preparing a task: stage after stage, each decision once, each message before the errors of later stages."""

from __future__ import annotations

import json

import numpy as np
import pytest

from seqwise.config import parse_config
from seqwise.errors import ConfigError
from seqwise.task import labelled_rows, settled
from seqwise.task.messages import Messages
from seqwise.task.prepare import prepare, with_settings


def series_file(folder, lengths):
    rng = np.random.default_rng(1)
    rows = [
        {"signal": rng.normal(size=(n, 1)).round(3).tolist(), "speed": "ab"[i % 2], "of": f"g{i}"}
        for i, n in enumerate(lengths)
    ]
    file = folder / "series.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(file)


def request(file, **sections):
    return {"data": {"train": [file], "label": ["speed"], "group": "of", "test_fraction": 0.05}, **sections}


def test_settings_of_a_task_are_those_that_its_own_rows_give(tmp_path):
    """The longest series would have become dev, and decides how wide kernels are, since they need no dev part."""
    cut = request(series_file(tmp_path, [20] * 40))
    cut["data"]["dev_fraction"] = 0.1
    longest = set(prepare(parse_config(cut)).split.dev.tolist())
    given = parse_config(request(series_file(tmp_path, [400 if row in longest else 20 for row in range(40)])))
    task = prepare(given)
    assert task.config.model.encoder == "rocket"
    assert not len(task.split.dev)
    assert "the longest series has 400" in task.inferred["model.layers"]
    again = with_settings(task, given)
    assert (again.config, again.inferred) == (task.config, task.inferred)


@pytest.mark.parametrize("sections", [{}, {"model": {"hidden": 8}}, {"model": {"encoder": "rocket"}}], ids=str)
def test_settings_are_resolved_once_and_rows_split_once(tmp_path, monkeypatch, sections):
    calls = []
    for module, name in ((labelled_rows, "make_split"), (settled, "resolve")):
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, name=name, real=real, **k: (calls.append(name), real(*a, **k))[1])
    task = prepare(parse_config(request(series_file(tmp_path, [20] * 40), **sections)))
    assert calls == ["make_split", "resolve"]
    assert bool(len(task.split.dev)) == (task.config.data.dev_fraction > 0) == (task.config.model.encoder != "rocket")


def test_a_fraction_that_was_set_is_cut_off_for_every_encoder(tmp_path):
    given = request(series_file(tmp_path, [20] * 40))
    given["data"]["dev_fraction"] = 0.1
    task = prepare(parse_config(given))
    assert (task.config.model.encoder, len(task.split.dev)) == ("rocket", 4)


def test_messages_stand_before_the_error_of_a_later_stage(tmp_path):
    said = []
    given = request(series_file(tmp_path, [20] * 40), loss={"ordinal": {"nope": True}}, model={"hidden": 8})
    with pytest.raises(ConfigError, match=r"loss\.ordinal names 'nope'"):
        prepare(parse_config(given), said.append)
    split = next(place for place, text in enumerate(said) if text.startswith("split: "))
    assert said[split + 1 :] == [
        "target 'speed': 2 classes, 'a', 'b'",
        "channels: 1, scaled to mean 0 and standard deviation 1",
    ]


def test_each_message_is_passed_on_once():
    said = []
    messages = Messages(said.append)
    assert messages.of(("value", ["one", "two", "one"])) == "value"
    messages.add(["two", "three"])
    assert said == messages.texts == ["one", "two", "three"]
