"""Direct heads: the minimum, the first figure that epochs have to beat, the run folder, resuming."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from seqwise.config import parse_config
from seqwise.errors import ConfigError
from seqwise.inference.loaded_model import load
from seqwise.runs.run_folder import RunFolder
from seqwise.task.prepare import prepare
from seqwise.training.callbacks import NoCallback
from seqwise.training.convex import direct_heads as direct
from seqwise.training.interrupts import Interrupted
from seqwise.training.run import train
from seqwise.training.training_plan import plan_run

QUICK = {"embedding": 4, "hidden": 3}


def regimes(count: int = 14, seed: int = 0) -> list[dict]:
    """Noise whose size tells the state of each step, and another state that some steps have no label of."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        states = np.repeat(rng.integers(0, 2, size=5), rng.integers(8, 16, size=5))
        values = rng.normal(size=(len(states), 2)) * np.where(states, 2.0, 0.3)[:, None]
        rows.append(
            {
                "signal": values.round(4).tolist(),
                "state": ["calm" if state == 0 else "wild" for state in states],
                "sign": [None if abs(value) < 0.1 else int(value > 0) for value in values[:, 0]],
                "second": [int(value > 0) for value in values[:, 1]],
            }
        )
    return rows


def config_of(tmp_path, target: dict, rows=None, **sections):
    file = tmp_path / "regimes.jsonl"
    columns = {"signal", *(name for names in target.values() for each in names for name in each.split(","))}
    kept = [{name: row[name] for name in row if name in columns} for row in rows or regimes()]
    file.write_text("".join(json.dumps(row) + "\n" for row in kept))
    plain = {"data": {"train": [str(file)], **target}, "train": {"device": "cpu", "max_epochs": 2}, "model": QUICK}
    for section, values in sections.items():
        plain[section] = {**plain[section], **values}
    return parse_config(plain)


TARGETS = {
    "tags": {"tags": ["state"]},
    "outputs": {"outputs": ["sign,second"]},
    "two targets": {"tags": ["state", "second"]},
}


@pytest.mark.parametrize("kind", TARGETS)
def test_at_the_solution_the_gradient_is_zero(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(direct, "DIRECT_DECAYS", (0.1,))
    plan = plan_run(config_of(tmp_path, TARGETS[kind]))
    task, model = plan.task, plan.model
    direct.fit_direct_heads(task, model, plan.device)
    vectors, labels, rows = direct._sample(task, model, list(model.names), plan.device)
    mean, scale = direct.scaling(vectors)
    assert len(rows) == task.store.lengths[task.split.train].sum()
    heads = {name: direct.head_over(own, vectors.shape[1]) for name, (own, _) in direct._directs(model).items()}
    for name, (own, head) in direct._directs(model).items():
        weight = torch.where(scale > 0, own.linear.weight.double() / scale, 0.0)
        heads[name].linear.weight.data = weight
        heads[name].linear.bias.data = own.linear.bias.double() + (weight * scale) @ mean
        assert not head.linear.weight.any()
    batch = labels.as_sequence(np.arange(len(rows)))
    scaled = (vectors - mean) * scale
    sums = plan.objective.sums({name: head(scaled[None]) for name, head in heads.items()}, batch, {})
    squares = sum(head.linear.weight.square().sum() for head in heads.values())
    (plan.objective.total(sums, plan.objective.divisors([batch])) + 0.1 / len(rows) * squares).backward()
    for head in heads.values():
        assert head.linear.weight.grad.abs().max() < 1e-4
        assert head.linear.bias.grad.abs().max() < 1e-4


def test_of_many_steps_a_sample_is_solved_for(tmp_path, monkeypatch):
    plan = plan_run(config_of(tmp_path, TARGETS["tags"]))
    steps = int(plan.task.store.lengths[plan.task.split.train].sum())
    monkeypatch.setattr(direct, "_MOST_NUMBERS", steps * 38 * 2 // 2)
    vectors, labels, rows = direct._sample(plan.task, plan.model, ["state"], plan.device)
    assert 0.35 * steps < len(vectors) < 0.65 * steps
    assert len(vectors) == len(labels.labels["state"]) == len(rows)


def test_one_series_alone_has_a_decay_without_cross_validation(tmp_path):
    plan = plan_run(config_of(tmp_path, TARGETS["tags"], rows=regimes(3)))
    assert len(plan.task.split.train) == 1
    direct.fit_direct_heads(plan.task, plan.model, plan.device)
    assert plan.model.targets[0].direct.linear.weight.abs().max() > 0


def test_epochs_that_are_worse_than_the_direct_heads_are_not_kept(tmp_path):
    plan = plan_run(config_of(tmp_path, TARGETS["tags"], train={"learning_rate": 10.0, "metric": "loss"}))
    done = train(plan, RunFolder(tmp_path / "run"), command="test")
    assert done.state.best_epoch == -1
    assert done.metrics["training"]["best_epoch"] == 0
    assert done.metrics["dev"]["accuracy"]["value"] > 0.8
    rows = regimes()
    found = load(tmp_path / "run").predict([np.array(row["signal"]) for row in rows])
    right = [a == b for row, tags in zip(rows, found, strict=True) for a, b in zip(row["state"], tags, strict=True)]
    assert np.mean(right) > 0.8


class _StopAfterAnEpoch(NoCallback):
    def epoch_ends(self, entry, is_best):
        raise Interrupted


def test_a_resumed_run_equals_an_unbroken_one(tmp_path):
    config = config_of(tmp_path, TARGETS["tags"])
    train(plan_run(config), RunFolder(tmp_path / "whole"), command="test")
    folder = RunFolder(tmp_path / "broken")
    with pytest.raises(Interrupted):
        train(plan_run(config), folder, progress=_StopAfterAnEpoch(), command="test")
    train(plan_run(config), folder, resume=True, command="test")
    whole, broken = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "broken"))
    assert whole == broken


def test_series_with_labels_per_step_have_direct_heads_unless_told_otherwise(tmp_path):
    task = prepare(config_of(tmp_path, TARGETS["tags"]))
    assert task.config.model.context_window is True
    assert task.config.train.metric == "loss"
    assert prepare(task.config).config == task.config
    plan = plan_run(config_of(tmp_path, TARGETS["tags"], model={"context_window": False}))
    assert not direct.has_direct_heads(plan.model)


def test_surroundings_without_effect_are_refused(tmp_path):
    file = tmp_path / "texts.csv"
    file.write_text("text,label\n" + "a b,x\nb c,y\n" * 20)
    config = parse_config({"data": {"train": [str(file)]}, "model": {"context_window": True}})
    with pytest.raises(
        ConfigError, match="model.context_window is true, but only a numeric series with a label per time step"
    ):
        prepare(config)
