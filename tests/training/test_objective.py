from __future__ import annotations

import numpy as np
import pytest
import torch

from oracle import log_softmax
from seqwise.config import LossConfig
from seqwise.data.batching import length_plan
from seqwise.errors import ConfigError
from seqwise.models.target_loss import target_loss
from seqwise.targets import Target
from seqwise.training.objective import Objective
from seqwise.training.training_plan import plan_run
from small_runs import REQUESTS, config_of, rows_file

KINDS = list(REQUESTS)


def gradient_of(plan, groups):
    """The gradient of one optimizer step over batches of these rows, as training computes it."""
    batches = [plan.task.batcher.batch(rows) for rows in groups]
    divisors = plan.objective.divisors(batches)
    plan.model.zero_grad()
    for batch in batches:
        inputs = torch.from_numpy(batch.inputs)
        inputs = inputs.double() if inputs.is_floating_point() else inputs
        ngrams = None if batch.ngrams is None else torch.from_numpy(batch.ngrams)
        logits = plan.model(inputs, lengths=torch.from_numpy(batch.lengths), ngrams=ngrams)
        plan.objective.total(plan.objective.sums(logits, batch, plan.model.crf_scores()), divisors).backward()
    return torch.cat([parameter.grad.reshape(-1) for parameter in plan.model.parameters() if parameter.requires_grad])


@pytest.mark.parametrize("weights", ["null", "balanced"])
@pytest.mark.parametrize("kind", KINDS)
def test_accumulated_batches_give_the_gradient_of_one_batch(tmp_path, kind, weights):
    settings = [f"loss.class_weight={weights}", "loss.label_smoothing=0.1", "model.dropout=0"]
    plan = plan_run(config_of(rows_file(tmp_path, kind, 40), kind, *settings))
    plan.model.double().eval()
    rows = plan.task.split.train
    whole = gradient_of(plan, [rows])
    for groups in ([rows[:1], rows[1:]], np.array_split(rows, 7), length_plan(plan.task.store.lengths, rows, 10)):
        torch.testing.assert_close(gradient_of(plan, groups), whole, rtol=1e-10, atol=1e-12)


def test_outputs_of_different_sizes_add_up_to_the_loss_over_all_their_cells():
    rng = np.random.default_rng(0)
    target = Target("o", "outputs", (("a", "b"), ("x", "y", "z"), ("u", "v")), outputs=("p", "q", "r"))
    logits = torch.from_numpy(rng.normal(size=(5, 3, 3)))
    logits[:, 0, 2] = logits[:, 2, 2] = -torch.inf
    labels = torch.from_numpy(np.column_stack([rng.integers(0, n, 5) for n in (2, 3, 2)]))
    mask = torch.from_numpy(rng.random((5, 3)) < 0.7)
    expected = sum(
        -log_softmax(logits[b, k, :size].tolist())[int(labels[b, k])]
        for b in range(5)
        for k, size in enumerate((2, 3, 2))
        if mask[b, k]
    )
    found = target_loss(target, logits, labels, mask)
    assert float(found.sum) == pytest.approx(expected, rel=1e-12)
    assert float(found.count) == int(mask.sum())


def objective_for(targets, counts, **settings):
    return Objective.from_config(LossConfig(**settings), targets, counts)


LABEL = Target("mood", "label", (("bad", "good", "so-so"),))


def test_balanced_weights_give_every_class_the_same_total():
    objective = objective_for((LABEL,), {"mood": np.array([6, 3, 1])}, class_weight="balanced")
    weights = objective.class_weight["mood"]
    np.testing.assert_allclose(weights * [6, 3, 1], np.full(3, 10 / 3), rtol=1e-6)


def test_balanced_weights_of_outputs_are_per_output():
    target = Target("o", "outputs", ((0, 1), (0, 1)), outputs=("p", "q"))
    objective = objective_for((target,), {"o": np.array([[1, 3], [2, 0]])}, class_weight="balanced")
    np.testing.assert_allclose(objective.class_weight["o"], [[2, 2 / 3], [0.5, 1]])


def test_balanced_weights_of_multilabel_weigh_the_positives():
    target = Target("t", "multilabel", (("a", "b", "c"),))
    counts = {"t": np.array([[8, 2], [10, 0], [0, 10]])}
    assert objective_for((target,), counts, class_weight="balanced").class_weight["t"].tolist() == [4, 1, 1]


def test_weights_by_name_are_those_of_the_labels():
    objective = objective_for((LABEL,), {"mood": np.ones(3, int)}, class_weight={"good": 3.0})
    assert objective.class_weight["mood"].tolist() == [1, 3, 1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"class_weight": {"goood": 2.0}}, r"class_weight names 'goood', which is no label. Did you mean 'good'\?"),
        ({"target_weight": {"moood": 2.0}}, r"target_weight names 'moood'. Did you mean 'mood'\? The targets are"),
        ({"target_weight": {"mood": 0.0}}, "^loss.target_weight is 0 for every target: nothing is left to learn$"),
        (
            {"class_weight": {"bad": 0.0, "good": 0.0, "so-so": 0.0}},
            "^loss.class_weight is 0 for every label of target 'mood': nothing is left to learn$",
        ),
    ],
)
def test_weights_that_cannot_be_used_are_errors(settings, message):
    with pytest.raises(ConfigError, match=message):
        objective_for((LABEL,), {"mood": np.ones(3, int)}, **settings)


def test_weights_of_0_for_every_label_that_training_shows_are_an_error():
    with pytest.raises(ConfigError, match="for every label of target 'mood'"):
        objective_for((LABEL,), {"mood": np.array([5, 0, 5])}, class_weight={"bad": 0.0, "so-so": 0.0})


def test_weights_of_0_for_one_output_are_an_error():
    target = Target("o", "outputs", (("a", "b"), ("x", "y")), outputs=("p", "q"))
    with pytest.raises(ConfigError, match="for every label of output 'q': nothing is left to learn"):
        objective_for((target,), {"o": np.ones((2, 2), int)}, class_weight={"x": 0.0, "y": 0.0})


def test_weights_of_0_for_every_label_of_a_set_are_an_error():
    target = Target("t", "multilabel", (("a", "b"),))
    counts = {"t": np.array([[8, 2], [5, 5]])}
    assert objective_for((target,), counts, class_weight={"a": 0.0}).class_weight["t"].tolist() == [0, 1]
    with pytest.raises(ConfigError, match="for every label of target 't'"):
        objective_for((target,), counts, class_weight={"a": 0.0, "b": 0.0})


def test_target_weights_scale_the_terms_of_the_sum(tmp_path):
    file = rows_file(tmp_path, "joint", 30)
    settings = ["model.dropout=0", "model.ngram_dropout=0", "train.precision=float32"]  # nothing rounded
    plain = plan_run(config_of(file, "joint", *settings))
    weighted = plan_run(config_of(file, "joint", *settings, "loss.target_weight={slots: 0, intent: 3}"))
    only_intent = plan_run(config_of(file, "joint", *settings, "loss.target_weight={slots: 0}"))
    rows = plain.task.split.train
    assert not torch.allclose(gradient_of(plain, [rows]), gradient_of(only_intent, [rows]))
    torch.testing.assert_close(gradient_of(weighted, [rows]), 3 * gradient_of(only_intent, [rows]))


def test_a_batch_without_any_label_has_no_gradient(tmp_path):
    file = tmp_path / "rows.jsonl"
    rows = [f'{{"text": "w{i} v", "intent": {label}}}' for i, label in enumerate(['"a"', '"b"', "null", "null"] * 5)]
    file.write_text("\n".join(rows) + "\n")
    plan = plan_run(config_of(str(file), "label", "model.dropout=0"))
    unlabelled = np.array([row for row in range(20) if row % 4 >= 2])
    assert gradient_of(plan, [unlabelled]).abs().max() == 0
