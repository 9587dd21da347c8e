from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch

from seqwise.config import LossConfig, parse_config
from seqwise.errors import ConfigError
from seqwise.losses.torch import cross_entropy, ordinal_loss
from seqwise.models.target_loss import target_loss
from seqwise.targets import Target
from seqwise.task.ordinal import ranks_of
from seqwise.task.prepare import prepare
from seqwise.training.objective import Objective
from small_runs import config_of, rows_file, trained

SIZE = Target("size", "label", (("big", "medium", "small"),))
UNEVEN = Target("votes", "outputs", (("high", "low", "mid"), ("high", "low")), outputs=("x", "y"))
LEVELS = ("low", "mid", "high")


def some(shape, classes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, classes, generator=generator), torch.randint(0, classes, shape, generator=generator)


def test_ranks_are_places_in_the_order():
    config = LossConfig(ordinal={"size": ("small", "medium", "big"), "votes": LEVELS})
    assert ranks_of(config, SIZE).tolist() == [2, 1, 0]
    assert ranks_of(config, UNEVEN).tolist() == [[2, 0, 1], [1, 0, 2]]
    assert ranks_of(LossConfig(ordinal={"votes": LEVELS}), SIZE) is None
    numbers = Target("stars", "label", ((1, 2, 10),))
    assert ranks_of(LossConfig(ordinal=True), numbers).tolist() == [0, 1, 2]


def test_the_loss_is_that_of_classes_in_order():
    logits, labels = some((7,), 3)
    mask, weight = torch.arange(7) != 2, torch.tensor([0.5, 1.0, 2.0])
    ranks = torch.tensor([2, 0, 1])  # class 1 is the lowest, then 2, then 0
    found = target_loss(SIZE, logits, labels, mask, class_weight=weight, ranks=ranks)
    order = [1, 2, 0]
    expected = ordinal_loss(logits[:, order], ranks[labels], mask=mask, class_weight=weight[order])
    torch.testing.assert_close(found.mean(), expected)
    plain = target_loss(SIZE, logits, labels, mask, class_weight=weight)
    torch.testing.assert_close(plain.mean(), cross_entropy(logits, labels, mask=mask, class_weight=weight))


def test_outputs_of_different_sizes_have_orders_of_their_own():
    logits, labels = some((6, 2), 3)
    logits[:, 1, 2] = -torch.inf
    labels[:, 1] = labels[:, 1].clamp(max=1)
    mask = torch.tensor([[True, True]] * 5 + [[False, True]])
    ranks = torch.from_numpy(ranks_of(LossConfig(ordinal={"votes": LEVELS}), UNEVEN))
    found = target_loss(UNEVEN, logits, labels, mask, ranks=ranks)
    first = ordinal_loss(logits[:, 0, [1, 2, 0]], ranks[0][labels[:, 0]], mask=mask[:, 0], reduction="sum")
    second = ordinal_loss(logits[:, 1, [1, 0]], ranks[1][labels[:, 1]], mask=mask[:, 1], reduction="sum")
    torch.testing.assert_close(found.sum, first + second)
    assert float(found.count) == 11


def test_far_mistakes_cost_more_than_near_ones():
    logits = torch.tensor([[4.0, 0.0, 0.0]])
    target = Target("vote", "label", ((-1, 0, 1),))
    ranks = torch.from_numpy(ranks_of(LossConfig(ordinal=True), target))
    near, far = (target_loss(target, logits, torch.tensor([k]), torch.tensor([True]), ranks=ranks) for k in (1, 2))
    assert float(far.sum) > 1.5 * float(near.sum)


def test_a_run_trains_by_it_and_says_so(tmp_path):
    setting = "loss.ordinal={vote: true}"
    run = trained(tmp_path, "outputs", setting)
    assert "target 'vote': the ordinal loss takes the place of cross-entropy, -1 < 0 < 1" in run.folder.path.joinpath(
        "log.txt"
    ).read_text(encoding="utf-8")
    assert run.state.history[0]["loss"] != trained(tmp_path, "outputs", run="plain").state.history[0]["loss"]
    resolved = prepare(config_of(rows_file(tmp_path, "outputs"), "outputs", setting)).config
    assert prepare(resolved).config == resolved
    assert resolved.loss.label_smoothing == 0


def test_an_order_is_given_by_the_labels_of_a_target(tmp_path):
    settings = ["loss.ordinal={size: [small, big]}", "data.label=[size]", "loss.class_weight={big: 3}"]
    task = prepare(config_of(rows_file(tmp_path, "label"), "label", *settings))
    objective = Objective.from_config(task.config.loss, task.targets, task.counts)
    assert objective.ranks["size"].tolist() == [1, 0]
    np.testing.assert_array_equal(objective.class_weight["size"], [3, 1])
    assert any("small < big" in note for note in task.notes)


WRONG = [
    ("label", "true", "loss.ordinal is true, but the label 'Book' and 2 more of 'intent' is no number"),
    ("label", "{intnt: true}", "loss.ordinal names 'intnt'. Did you mean 'intent'? The targets are 'intent'."),
    ("label", "{intent: [Book, Play]}", "loss.ordinal leaves out 1 label of 'intent': 'Weather'\n  Name them all"),
    ("label", "{intent: [Book, Play, Weather, Rain]}", "loss.ordinal names 'Rain', which is no label of 'intent'."),
    ("label", "{intent: [Book, Play, Play, Weather]}", "loss.ordinal names 'Play' of 'intent' more than once"),
    ("multilabel", "true", "loss.ordinal is for labels of which one holds, and 'topics' has any number of them\n"),
    ("tags", "{slots: [O, B-x]}", "'slots' is trained as a CRF, which has no order\n  Add loss.crf=false."),
    ("series", "true", "loss.ordinal is true, but the label"),
]


@pytest.mark.parametrize(("kind", "ordinal", "message"), WRONG)
def test_an_order_that_does_not_fit_is_refused(tmp_path, kind, ordinal, message):
    with pytest.raises(ConfigError, match="^" + re.escape(message)):
        prepare(config_of(rows_file(tmp_path, kind), kind, f"loss.ordinal={ordinal}"))


def test_a_head_fitted_in_closed_form_has_no_order(tmp_path):
    plain = {
        "data": {"train": [rows_file(tmp_path, "series")], "label": ["intent"]},
        "model": {"encoder": "rocket"},
        "loss": {"ordinal": {"intent": ["Book", "Play", "Weather"]}},
    }
    with pytest.raises(ConfigError, match=r"^loss\.ordinal is .*model\.encoder is rocket"):
        prepare(parse_config(plain))


def test_the_config_of_a_run_keeps_the_order(tmp_path):
    run = trained(tmp_path, "label", "loss.ordinal={intent: [Book, Play, Weather]}")
    assert json.loads(run.folder.path.joinpath("metrics.json").read_text())["training"]["epochs"] == 3
    assert "ordinal" in run.folder.path.joinpath("config.yaml").read_text()
