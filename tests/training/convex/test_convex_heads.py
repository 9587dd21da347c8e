"""Heads that are solved for: the minimum, the cross-validation, the run folder, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from seqwise.config import parse_config
from seqwise.errors import ConfigError
from seqwise.inference.loaded_model import load
from seqwise.nn.encoders.rocket import reaches
from seqwise.runs.run_folder import RunFolder
from seqwise.task.defaults import DataStatistics
from seqwise.task.defaults.rocket_defaults import rocket_choices
from seqwise.task.prepare import prepare
from seqwise.training.convex import convex_heads as solve
from seqwise.training.run import train
from seqwise.training.training_plan import plan_run


def waves(count: int = 30, seed: int = 0) -> list[dict]:
    """Series of unequal length whose label is the speed of a wave, with an output that has gaps and a set of labels."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(count):
        speed = (0.2, 0.5, 1.1)[i % 3]
        time = np.arange(rng.integers(20, 40))
        values = np.sin(speed * time + rng.uniform(0, 6)) + 0.1 * rng.normal(size=len(time))
        rows.append(
            {
                "signal": [[round(float(v), 4), round(float(rng.normal()), 4)] for v in values],
                "speed": ("slow", "middle", "fast")[i % 3],
                "first": None if i % 7 == 0 else int(i % 3 == 0),
                "second": int(i % 3 == 1),
            }
        )
    return rows


def config_of(tmp_path, target: dict, **sections):
    file = tmp_path / "waves.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in waves()))
    plain = {"data": {"train": [str(file)], **target}, "train": {"device": "cpu"}, "model": {}}
    for section, values in sections.items():
        plain[section] = {**plain[section], **values}
    return parse_config(plain)


SMALL = {"encoder": "rocket", "hidden": 168, "layers": 2}


MORE = ({"per_doubling": 1}, {"per_doubling": 2})
TARGETS = {
    "label": {"label": ["speed"]},
    "outputs": {"outputs": ["first,second"]},
    "multilabel": {"multilabel": ["first,second"]},
    "two targets": {"label": ["speed"], "outputs": ["first,second"]},
}


@pytest.mark.parametrize(
    ("kind", "weights"), [*((kind, (0.2,)) for kind in TARGETS), ("label", (0.0,)), ("label", None)]
)
def test_at_the_solution_the_gradient_is_zero(tmp_path, monkeypatch, kind, weights):
    if weights is not None:
        monkeypatch.setattr(solve, "WEIGHTS", weights)
    plan = plan_run(config_of(tmp_path, TARGETS[kind], model={**SMALL, "summary_statistics": weights is not None}))
    task, model, objective = plan.task, plan.model, plan.objective
    found = solve.solved(task, model, objective, plan.device)
    rows = task.split.train
    features = solve._features(task, model, rows, plan.device)
    scale = solve.block_scale(features, solve._block_sizes(model), found.weight)
    heads = {name: solve.head_over(target.head, features.shape[1]) for name, target in solve._targets(model)}
    for name, target in solve._targets(model):
        weight = torch.where(scale > 0, target.head.linear.weight.double() / scale, 0.0)
        heads[name].linear.weight.data = weight
        heads[name].linear.bias.data = target.head.linear.bias.double() + (weight * scale) @ features.mean(dim=0)
    labels = solve._labels(task, rows)
    scaled = (features - features.mean(dim=0)) * scale
    sums = objective.sums({name: head(scaled) for name, head in heads.items()}, labels, {})
    squares = sum(head.linear.weight.square().sum() for head in heads.values())
    total = objective.total(sums, objective.divisors([labels])) + found.decay / len(rows) * squares
    total.backward()
    for head in heads.values():
        assert head.linear.weight.grad.abs().max() < 1e-4
        assert head.linear.bias.grad.abs().max() < 1e-4


def test_scaled_features_have_the_asked_share_of_the_squared_length():
    features = torch.randn(50, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 3 + 1
    features[:, 11] = 7.0
    scaled = (features - features.mean(dim=0)) * solve.block_scale(features, (8, 4), 0.2)
    squares = scaled.square().mean(dim=0)
    torch.testing.assert_close(squares[:8], torch.full((8,), 0.8 / 8, dtype=torch.float64))
    torch.testing.assert_close(squares[8:11], torch.full((3,), 0.2 / 3, dtype=torch.float64))
    assert squares[11] == 0


def test_layers_in_between_look_at_other_steps(tmp_path):
    plans = [plan_run(config_of(tmp_path, TARGETS["label"], model={**SMALL, "layers": 4, **more})) for more in MORE]
    assert [plan.single.encoder.reaches for plan in plans] == [(1, 2, 4, 8), (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("longest", "per_doubling", "layers", "widest"),
    [(5, 3, 1, 1), (33, 3, 4, 4), (1344, 3, 20, 161), (8000, 2, 19, 724)],
)
def test_layers_reach_as_far_as_the_longest_series_is_long(tmp_path, longest, per_doubling, layers, widest):
    task = prepare(config_of(tmp_path, TARGETS["label"]))
    facts = replace(DataStatistics.of(task.store, task.split, task.codecs, task.config), longest=longest)
    chosen = {key: choice.value for key, choice in rocket_choices(facts).items()}
    assert (chosen["model.per_doubling"], chosen["model.layers"]) == (per_doubling, layers)
    assert reaches(layers, per_doubling)[-1] == widest
    assert reaches(layers + 1, per_doubling)[-1] * 8 + 1 > longest


def test_thresholds_of_a_feature_are_values_that_it_has_in_one_series(tmp_path):
    """Loud and quiet series teach alike: of thresholds from both together, hardly any would tell quiet ones apart."""
    rows = waves(40)
    for row in rows[10:]:
        row["signal"] = [[0.001 * value for value in step] for step in row["signal"]]
    file = tmp_path / "waves.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = {"data": {"train": [str(file)], "label": ["speed"]}, "train": {"device": "cpu"}, "model": SMALL}
    plan = plan_run(parse_config(config))
    solve._fill_thresholds(plan.task, plan.single, torch.device("cpu"), seed=1)
    sizes = plan.single.targets[0].pooling.shares.thresholds.abs().amax(dim=1)
    assert 0.1 < float((sizes > 0.05).double().mean()) < 0.5  # a quarter of the series is loud


def test_members_of_an_ensemble_have_thresholds_of_their_own(tmp_path):
    config = config_of(tmp_path, TARGETS["label"], model=SMALL, train={"ensemble": 2})
    plan = plan_run(config)
    train(plan, RunFolder(tmp_path / "run"))
    one, other = (member.targets[0].pooling.shares.thresholds for member in plan.ensemble.members)
    assert (one != other).double().mean() > 0.5


def test_summaries_are_taken_where_they_tell_more_than_the_shares(tmp_path):
    rows = waves()
    for number, row in enumerate(rows):
        row["label"] = ("low", "high")[number % 2]
        row["signal"] = [[(number % 2) + 0.4 * value, other] for value, other in row["signal"][::-1]]
    file = tmp_path / "levels.jsonl"
    file.write_text("".join(json.dumps({"signal": row["signal"], "label": row["label"]}) + "\n" for row in rows))
    plan = plan_run(parse_config({"data": {"train": [str(file)]}, "train": {"device": "cpu"}, "model": SMALL}))
    found = solve.solved(plan.task, plan.model, plan.objective, plan.device)
    assert found.weight > 0
    target = plan.model.targets[0]
    assert target.head.linear.weight[:, target.pooling.ppv_size :].any()


def test_summaries_that_are_not_taken_have_weights_of_zero(tmp_path, monkeypatch):
    monkeypatch.setattr(solve, "WEIGHTS", (0.0,))
    plan = plan_run(config_of(tmp_path, TARGETS["label"], model=SMALL))
    solve.solved(plan.task, plan.model, plan.objective, plan.device)
    target = plan.model.targets[0]
    assert not target.head.linear.weight[:, target.pooling.ppv_size :].any()
    assert target.head.linear.weight[:, : target.pooling.ppv_size].any()


def test_a_turn_into_fewer_directions_keeps_every_product():
    scaled = torch.randn(5, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rotated, basis = solve._rotated(scaled)
    torch.testing.assert_close(rotated @ basis.T, scaled)
    torch.testing.assert_close(basis.T @ basis, torch.eye(5, dtype=torch.float64))
    same, identity = solve._rotated(scaled.T)
    assert torch.equal(same @ identity.T, scaled.T)


def test_folds_share_out_each_label(tmp_path):
    task = prepare(config_of(tmp_path, TARGETS["label"]))
    folds = solve._folds(task, task.split.train, np.random.default_rng(0))
    labels = solve._labels(task, task.split.train).labels["speed"]
    counts = np.array([[np.sum((folds == fold) & (labels == label)) for label in range(3)] for fold in range(5)])
    assert counts.max() - counts.min() <= 2


def test_a_small_set_of_series_is_solved_with_no_series_left_out(tmp_path):
    task = prepare(config_of(tmp_path, TARGETS["label"]))
    assert task.config.model.encoder == "rocket"
    features = 4 * task.config.model.hidden * task.config.model.layers
    assert 9_000 < features < 11_000  # of two channels
    assert (len(task.split.dev), len(task.split.train) + len(task.split.test)) == (0, 30)
    assert task.config.train.max_epochs is None
    assert prepare(task.config).config == task.config


def test_a_run_tells_the_cross_validation_and_loads_to_the_same_predictions(tmp_path):
    done = train(
        plan_run(config_of(tmp_path, TARGETS["two targets"], model=SMALL)), RunFolder(tmp_path / "run"), command="test"
    )
    dev = done.metrics["dev"]["speed"]["accuracy"]
    assert dev["count"] == len(waves()) - 3
    assert dev["value"] > 0.9
    assert done.state.stopped.startswith("fitted at once, with decay")
    baselines = done.metrics["baselines"]
    assert {name: list(by_part) for name, by_part in baselines.items()} == {
        "majority": ["dev", "test"],
        "summary": ["test"],
    }
    lines = [json.loads(line) for line in (tmp_path / "run" / "predictions.jsonl").read_text().splitlines()]
    assert len(lines) == 3
    again = load(tmp_path / "run").predict([np.array(waves()[line["line"] - 1]["signal"]) for line in lines])
    assert [found["speed"] for found in again] == [line["targets"]["speed"]["predicted"] for line in lines]


@pytest.mark.parametrize("kind", ["outputs", "multilabel"])
def test_other_kinds_of_target_have_runs_too(tmp_path, kind):
    done = train(plan_run(config_of(tmp_path, TARGETS[kind], model=SMALL)), RunFolder(tmp_path / "run"), command="test")
    assert done.metrics["dev"]["roc_auc"]["value"] > 0.9
    assert len(load(tmp_path / "run").predict([np.zeros((9, 2))])) == 1


def test_a_resumed_run_is_left_as_it_is(tmp_path):
    config, folder = config_of(tmp_path, TARGETS["label"], model=SMALL), RunFolder(tmp_path / "run")
    first = train(plan_run(config), folder, command="test")
    (tmp_path / "run" / "metrics.json").unlink()
    second = train(plan_run(config), folder, resume=True, command="test")
    assert second.metrics["test"] == first.metrics["test"]
    assert second.state.seconds == first.state.seconds


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"model": {"encoder": "rocket", "dropout": 0.5}}, "model.dropout is 0.5, but model.encoder is rocket"),
        ({"model": {"encoder": "rocket"}, "train": {"budget": "9s"}}, "train.budget is '9s', but model.encoder is"),
        ({"model": {"encoder": "lstm"}, "data": {"dev_fraction": 0}}, "data.dev_fraction is 0, but training lstm"),
    ],
)
def test_what_would_have_no_effect_is_refused(tmp_path, sections, message):
    with pytest.raises(ConfigError, match=message):
        prepare(config_of(tmp_path, TARGETS["label"], **sections))


def test_rocket_reads_numeric_series_alone(tmp_path):
    file = tmp_path / "texts.csv"
    file.write_text("text,label\n" + "a b,x\nb c,y\n" * 20)
    config = parse_config({"data": {"train": [str(file)]}, "model": {"encoder": "rocket"}})
    with pytest.raises(ConfigError, match="rocket, which reads whole numeric series, but the input is no numeric"):
        prepare(config)


def test_who_sets_a_size_of_a_trained_model_gets_one(tmp_path):
    task = prepare(config_of(tmp_path, TARGETS["label"], model={"hidden": 5}))
    assert task.config.model.encoder == "lstm"
    assert len(task.split.dev)
