from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from seqwise.cli.app import app
from seqwise.config import override, parse_config
from seqwise.errors import DivergenceError
from seqwise.runs.run_folder import RunFolder
from seqwise.training.convex import convex_heads as solve
from seqwise.training.convex import ngram_fit as regression
from seqwise.training.health import frequency_loss, health_of
from seqwise.training.run import train
from seqwise.training.sgd import loop
from seqwise.training.training_plan import plan_run
from small_runs import REQUESTS, config_of, joint_rows, rows_file, trained, write_rows


@pytest.mark.parametrize("kind", REQUESTS)
def test_the_loss_of_class_frequencies_is_that_of_logits_which_state_them(tmp_path, kind):
    task = plan_run(config_of(rows_file(tmp_path, kind, 60), kind)).task
    for codec in task.codecs:
        total, number = 0.0, 0
        target = codec.target
        for row in task.split.dev.tolist():
            labels, mask = codec.batch(task.store, np.array([row]), int(task.store.lengths[row]))
            for place in np.argwhere(mask):
                counts = task.counts[target.name]
                if target.kind in ("outputs", "multilabel"):
                    counts = counts[place[-1]]
                size = 2 if target.kind == "multilabel" else target.class_count
                size = len(target.classes[place[-1]]) if target.kind == "outputs" else size
                counts = counts[:size] + 0.5
                total -= math.log(counts[labels[tuple(place)]] / counts.sum())
                number += 1
        assert frequency_loss(codec, task, task.split.dev) == pytest.approx(total / number)


def train_command(tmp_path, rows, *flags):
    file = write_rows(tmp_path / "rows.jsonl", rows, ("text", "intent"))
    run = tmp_path / "run"
    tiny = ["--hidden", "6", "--max-epochs", "2", "--ensemble", "1", "--device", "cpu"]
    result = CliRunner().invoke(app, ["train", file, "--label", "intent", "--run", str(run), *tiny, *flags])
    return result, run


def test_a_training_that_ended_diverged_says_so_everywhere_and_ends_with_status_2(tmp_path):
    flags = ("--learning-rate", "1000", "--set", "model.regression=false")
    result, run = train_command(tmp_path, joint_rows(400), *flags)
    assert result.exit_code == 2
    assert "warning: intent: training diverged: dev loss" in result.stderr
    assert "Lower the learning rate, which is 1000: --learning-rate 0.001" in result.stderr
    assert "error: training diverged for 'intent'; the saved model is unusable" in result.stderr
    training = json.loads((run / "metrics.json").read_text())["training"]
    assert training["diverged"] == ["intent"]
    assert training["warnings"][0] in " ".join((run / "report.html").read_text().split()).replace(
        "Intent: tr", "intent: tr"
    )
    assert f"warning: {training['warnings'][0]}" in (run / "log.txt").read_text()


def test_a_healthy_training_is_not_warned_of(tmp_path):
    result, run = train_command(tmp_path, joint_rows(400))
    assert result.exit_code == 0
    assert "warning" not in result.stderr
    training = json.loads((run / "metrics.json").read_text())["training"]
    assert (training["warnings"], training["diverged"]) == ([], [])


@pytest.mark.parametrize("kind", REQUESTS)
def test_no_small_run_is_said_to_have_diverged(tmp_path, kind):
    training = trained(tmp_path, kind, "train.max_epochs=1").metrics["training"]
    assert training["diverged"] == []
    assert not [text for text in training["warnings"] if "diverged" in text or "exploded" in text]


def test_a_model_that_learns_nothing_from_labels_of_chance_is_told_so(tmp_path):
    rng = np.random.default_rng(0)
    rows = [{**row, "intent": str(rng.choice(["a", "b"], p=[0.7, 0.3]))} for row in joint_rows(600)]
    result, run = train_command(tmp_path, rows, "--learning-rate", "0.0000001", "--set", "model.regression=false")
    assert result.exit_code == 0
    (said,) = json.loads((run / "metrics.json").read_text())["training"]["warnings"]
    assert said.startswith("intent: nothing was learned: dev loss ")
    assert f"warning: {said}" in result.stderr


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    file = rows_file(folder, "label", 400)
    plan = plan_run(config_of(file, "label", "train.ensemble=2", "train.baselines=majority"))
    run = train(plan, RunFolder(folder / "run"))
    return plan.task, run


def found(pair, **changed):
    """What is said where the dev figures of the model, or of a member, are others."""
    task, run = pair
    metrics = json.loads(json.dumps(run.metrics))
    for who, figures in changed.items():
        scores = metrics["dev"]["intent"] if who == "model" else metrics["members"][1]["dev"]["intent"]
        for name, value in figures.items():
            scores[name]["value"] = value
    return health_of(task, metrics, [run.state], task.split.dev)


def test_a_member_that_diverged_is_named_while_the_ensemble_is_sound(pair):
    health = found(pair, member={"loss": 1e9, "accuracy": 0.1})
    (said,) = health.warnings
    assert said.startswith(
        f"model 2 of 2, seed {pair[1].metrics['members'][1]['seed']}: intent: training diverged: dev loss 1e+09"
    )
    assert health.diverged == []


def test_a_loss_above_that_of_the_frequencies_beside_good_decisions_is_one_of_probabilities(pair):
    health = found(pair, model={"loss": 5.0, "accuracy": 0.9})
    (said,) = health.warnings
    assert said.startswith("intent: do not rely on the probabilities: dev loss 5, and 1.")
    assert health.diverged == []


@pytest.mark.parametrize(("loss", "accuracy", "is_diverged"), [(20, 0.1, 1), (20, 0.9, 0), (200, 0.9, 1), (2, 0.1, 0)])
def test_a_model_has_diverged_by_its_loss_and_sooner_where_its_decisions_are_no_better(
    pair, loss, accuracy, is_diverged
):
    assert found(pair, model={"loss": loss, "accuracy": accuracy}).diverged == ["intent"] * is_diverged


def test_a_model_better_in_probabilities_alone_is_sound(pair):
    assert found(pair, model={"loss": 0.5, "accuracy": 0.2}).warnings == []


def test_predictions_of_one_class_are_named(pair):
    task, run = pair
    metrics = json.loads(json.dumps(run.metrics))
    scores = metrics["dev"]["intent"]
    scores["loss"]["value"], scores["accuracy"]["value"] = 1.5, 0.2
    for row in scores["per_label"]:
        row["predicted"] = 40 if row["label"] == "Play" else 0
    (said,) = health_of(task, metrics, [run.state], task.split.dev).warnings
    assert "; every prediction is 'Play'. Lower the learning rate" in said


def test_weights_that_are_not_finite_are_an_error(tmp_path, monkeypatch):
    step = loop.make_optimizer(torch.nn.Linear(1, 1), config_of("x", "label").train).__class__.step_all

    def broken(self):
        step(self)
        with torch.no_grad():
            self.param_groups[0]["params"][0].view(-1)[0] = float("inf")

    monkeypatch.setattr("seqwise.training.sgd.optimizer.RowAdamW.step_all", broken)
    with pytest.raises(DivergenceError, match="Lower the learning rate"):
        trained(tmp_path, "label")


@pytest.mark.parametrize("kind", ["label", "series"])
def test_a_convex_fit_that_is_not_finite_is_an_error(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(regression, "_STRENGTH", float("nan"))
    monkeypatch.setattr(solve, "DECAYS", (float("nan"),))
    encoder = ["model.encoder=rocket"] if kind == "series" else []
    config = config_of(rows_file(tmp_path, kind), kind)
    if encoder:
        given = json.loads(json.dumps(REQUESTS[kind])) | {"data": {"label": ["intent"], "train": config.data.train}}
        config = parse_config(override(given, encoder))
    with pytest.raises(DivergenceError, match="ended in weights that are not finite"):
        train(plan_run(config), RunFolder(tmp_path / "run"))


def test_a_convex_fit_that_ends_far_from_its_minimum_is_told(pair):
    task, run = pair
    state = run.state
    entry = {**state.history[-1], "gradient": 0.5}
    stopped_early = type(state)(**{**vars(state), "history": [entry]})
    health = health_of(task, run.metrics, [stopped_early], task.split.dev)
    assert health.warnings[0].startswith("the convex fit of the heads did not converge: the largest gradient is 0.5")
