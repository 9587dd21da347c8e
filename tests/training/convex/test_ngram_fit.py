from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import random
from sklearn.linear_model import LogisticRegression

import seqwise
from seqwise.evaluation.summary import regression_messages
from seqwise.models.target_loss import target_loss
from seqwise.nn import Stacked
from seqwise.training import stacking as stack
from seqwise.training.convex import ngram_fit as regression
from seqwise.training.convex.ngram_fit import _Product, fitted_regression
from seqwise.training.stacking import stacked
from seqwise.training.training_plan import plan_run
from small_runs import config_of, joint_rows, rows_file, trained

POOLED = ["label", "outputs", "multilabel", "joint", "uneven outputs"]


def plan_of(folder, kind, *settings):
    return plan_run(config_of(rows_file(folder, kind), kind, *settings))


def features_of(found, task, rows):
    """(rows, n-grams) what the regression multiplies with its weights: row by row, without matrix products."""
    features = np.zeros((len(rows), len(task.encoding.ngrams)))
    for row, ids in enumerate(task.batcher.ngrams(rows)):
        np.add.at(features[row], ids, found.inverse_frequencies.numpy()[ids])
        features[row] /= np.sqrt((found.inverse_frequencies.numpy()[ids] ** 2).sum()) or 1.0
    return features


def regression_loss(found, task, objective, rows, strength):
    """What is minimised, by the plain way."""
    total = float(found.weights.square().sum()) / 2
    logits = found(torch.from_numpy(task.batcher.ngrams(rows)))
    for codec in task.codecs:
        target = codec.target
        if target.name in logits:
            labels, mask = map(torch.from_numpy, codec.batch(task.store, rows, 1))
            shape = labels.shape if target.kind == "multilabel" else (*labels.shape, target.class_count)
            own = logits[target.name].reshape(shape)
            weight = objective.class_weight[target.name]
            weight = None if weight is None else torch.from_numpy(weight)
            total += strength * float(target_loss(target, own, labels, mask, class_weight=weight).sum)
    return total


@pytest.mark.parametrize("kind", POOLED)
@pytest.mark.parametrize("weight", ["null", "balanced"])
def test_no_small_step_from_what_is_found_lowers_the_loss(tmp_path, monkeypatch, kind, weight):
    monkeypatch.setattr(regression, "_STEPS", 500)
    plan = plan_of(tmp_path, kind, f"loss.class_weight={weight}", "loss.crf=null")
    found, _ = fitted_regression(plan.task, plan.objective)
    rows = plan.task.split.train
    with torch.no_grad():
        least = regression_loss(found, plan.task, plan.objective, rows, 10.0)
        generator = torch.Generator().manual_seed(0)
        for tensor in (found.weights, found.biases):
            for _ in range(4):
                step = 0.05 * torch.randn(tensor.shape, generator=generator)
                tensor += step
                assert regression_loss(found, plan.task, plan.objective, rows, 10.0) > least
                tensor -= step


def test_a_label_is_found_as_scikit_learn_finds_it(tmp_path, monkeypatch):
    monkeypatch.setattr(regression, "_STEPS", 500)
    plan = plan_of(tmp_path, "label")
    (found, _), task = fitted_regression(plan.task, plan.objective), plan.task
    rows = task.split.train
    features = features_of(found, task, rows)
    labels, _ = task.codecs[0].batch(task.store, rows, 1)
    other = LogisticRegression(C=10.0, max_iter=2000, tol=1e-8).fit(features, labels)
    own = torch.softmax(found(torch.from_numpy(task.batcher.ngrams(rows)))["intent"], dim=1)
    np.testing.assert_allclose(own.detach().numpy(), other.predict_proba(features), atol=2e-3)


def test_threads_change_nothing(tmp_path):
    plan = plan_of(tmp_path, "joint")
    threads = torch.get_num_threads()
    found = []
    for count in (1, 3):
        torch.set_num_threads(count)
        found.append(fitted_regression(plan.task, plan.objective)[0])
    torch.set_num_threads(threads)
    torch.testing.assert_close(found[0].weights, found[1].weights, rtol=1e-3, atol=1e-4)
    features = random(50, 20, density=0.2, format="csr", dtype=np.float32, rng=np.random.default_rng(0))
    dense = np.arange(60, dtype=np.float32).reshape(20, 3)
    for count in (1, 2, 7, 60):
        np.testing.assert_array_equal(_Product(features, count)(dense), features @ dense)


def test_of_too_much_work_some_sequences_are_drawn_alike(tmp_path, monkeypatch):
    plan = plan_of(tmp_path, "label")
    whole, taken = fitted_regression(plan.task, plan.objective)
    assert taken == len(plan.task.split.train)
    monkeypatch.setattr(regression, "_MOST_WORK", {"minutes": 20_000})
    (some, taken), (again, _) = (fitted_regression(plan.task, plan.objective) for _ in range(2))
    assert 0 < taken < len(plan.task.split.train)
    assert torch.equal(some.weights, again.weights)
    assert not torch.equal(some.weights, whole.weights)


def test_a_regression_that_learned_from_a_sample_says_so(tmp_path, monkeypatch):
    plan = plan_of(tmp_path, "label")
    _, weighed = stacked(plan, plan.model)
    metrics = {"training": {"regression": {name: found.to_json() for name, found in weighed.items()}}}
    assert "fitted on" not in regression_messages(metrics)[0]
    monkeypatch.setattr(regression, "_MOST_WORK", {"minutes": 20_000})
    _, weighed = stacked(plan, plan.model)
    metrics = {"training": {"regression": {name: found.to_json() for name, found in weighed.items()}}}
    taken, total = weighed["intent"].learned_from
    assert 0 < taken < total == len(plan.task.split.train)
    assert regression_messages(metrics)[0].endswith(f"; the regression was fitted on {taken} of {total} sequences")


def test_labels_per_step_and_series_have_no_regression(tmp_path):
    for kind in ("tags", "series"):
        plan = plan_of(tmp_path, kind)
        assert fitted_regression(plan.task, plan.objective) is None
        assert stacked(plan, plan.model) == (plan.model, {})


@pytest.mark.parametrize("kind", POOLED)
def test_the_weights_are_those_of_the_least_loss_on_dev(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(stack, "_PRIOR", 0.0)
    plan = plan_of(tmp_path, kind, "data.dev_fraction=0.4")
    model, found = stacked(plan, plan.model)
    for place, (name, weighed) in enumerate(found.items()):
        scales = torch.tensor([weighed.network, weighed.regression])
        torch.testing.assert_close(model.scales[place], scales)
        least = dev_loss(plan, model, name)
        assert weighed.losses[2] == pytest.approx(least, abs=1e-4)
        assert least <= min(weighed.losses[:2]) + 1e-4
        for step in ([0.05, 0.0], [0.0, 0.05], [0.0, -0.05]):
            model.scales[place] = (scales + torch.tensor(step)).clamp(min=0)
            assert dev_loss(plan, model, name) >= least - 1e-4
        model.scales[place] = scales


def dev_loss(plan, model, name):
    task = plan.task
    batch = replace(task.batcher, dropout=0.0).batch(np.sort(task.split.dev))
    with torch.inference_mode():
        logits = model.eval()(
            torch.from_numpy(batch.inputs),
            lengths=torch.from_numpy(batch.lengths),
            ngrams=torch.from_numpy(batch.ngrams),
        )
    target = next(target for target in task.targets if target.name == name)
    labels, mask = torch.from_numpy(batch.labels[name]), torch.from_numpy(batch.masks[name])
    return float(target_loss(target, logits[name], labels, mask).mean())


@pytest.mark.parametrize("kind", ["label", "joint", "uneven outputs"])
def test_a_run_predicts_with_both(tmp_path, kind):
    run = trained(tmp_path, kind)
    model = seqwise.load(run.folder.path)
    assert isinstance(model.network, Stacked)
    assert run.metrics["training"]["regression"].keys() == set(model.network.regression.names)
    column = {"joint": "tokens"}.get(kind, "text")
    rows = joint_rows()
    lines = [json.loads(line) for line in (run.folder.path / "predictions.jsonl").read_text().splitlines()]
    for line in lines:
        (said,) = model.predict([rows[line["line"] - 1][column]])
        targets = {name: answer["predicted"] for name, answer in line["targets"].items()}
        assert (said if len(targets) > 1 else {next(iter(targets)): said}) == targets
    assert "n-gram regression" in (run.folder.path / "report.html").read_text()


def test_without_a_regression_there_is_none(tmp_path):
    run = trained(tmp_path, "label", "model.regression=false")
    assert type(seqwise.load(run.folder.path).network).__name__ == "SequenceModel"
    assert run.metrics["training"]["regression"] == {}
    assert run.metrics["training"]["parameters"] > 0
