from __future__ import annotations

import math
import os
import resource
import tempfile

import numpy as np
import pytest
import torch

from seqwise.errors import SaveError
from seqwise.models.decisions import answers_of, model_logits
from seqwise.targets import Target
from seqwise.training.ensemble import distill
from seqwise.training.ensemble.distill import TEMPERATURE, TeacherLogits, distilled, soft_loss
from seqwise.training.training_plan import plan_run
from small_runs import REQUESTS, config_of, rows_file

LABEL = Target("a", "label", (("x", "y"),))
SET = Target("a", "multilabel", (("x",),))
UNEVEN = Target("a", "outputs", ((0, 1), (0, 1, 2)), outputs=("u", "v"))


def cross_entropy(said, own):
    """By hand, of logits at the temperature."""
    p, q = (
        [math.exp(z / TEMPERATURE) / sum(math.exp(y / TEMPERATURE) for y in logits) for z in logits]
        for logits in (said, own)
    )
    return -math.fsum(a * math.log(b) for a, b in zip(p, q, strict=True))


def test_the_soft_loss_of_a_label_is_the_cross_entropy_of_the_ensemble_with_the_model():
    loss = soft_loss(LABEL, torch.tensor([[0.5, -1.0]]), torch.tensor([[2.0, 1.0]]), None)
    assert loss.sum.item() == pytest.approx(cross_entropy([2.0, 1.0], [0.5, -1.0]))
    assert loss.count == 1


def test_the_soft_loss_of_a_set_is_that_of_yes_and_no():
    loss = soft_loss(SET, torch.tensor([[0.5]]), torch.tensor([[2.0]]), None)
    assert loss.sum.item() == pytest.approx(cross_entropy([2.0, 0.0], [0.5, 0.0]))


def test_the_soft_loss_of_outputs_is_over_the_classes_that_each_has():
    inf = math.inf
    own, said = torch.tensor([[[0.5, -1.0, -inf], [1.0, 0.0, 3.0]]]), torch.tensor([[[2.0, 1, -inf], [0.0, 1.0, 2.0]]])
    loss = soft_loss(UNEVEN, own, said, None)
    expected = cross_entropy([2.0, 1.0], [0.5, -1.0]) + cross_entropy([0.0, 1.0, 2.0], [1.0, 0.0, 3.0])
    assert loss.sum.item() == pytest.approx(expected)
    assert loss.count == 2


def test_a_model_that_says_what_the_ensemble_says_has_no_gradient():
    own = torch.tensor([[2.0, 1.0]], requires_grad=True)
    soft_loss(LABEL, own, own.detach(), None).sum.backward()
    assert own.grad.abs().max() < 1e-7


def test_padding_has_no_gradient():
    tags = Target("a", "tags", (("O", "x"),), per_step=True)
    own = torch.randn(1, 3, 2, requires_grad=True)
    loss = soft_loss(
        tags,
        own,
        torch.full((1, 3, 2), math.nan).index_fill(1, torch.tensor([0]), 1.0),
        torch.tensor([[True, False, False]]),
    )
    loss.sum.backward()
    assert own.grad[0, 1:].abs().max() == 0
    assert own.grad[0, 0].abs().max() > 0


def steps_of(batch, array):
    """True where an array (batch, time, ...) holds a step of a sequence."""
    there = np.arange(array.shape[1]) < batch.lengths[:, None]
    return there.reshape(*there.shape, *[1] * (array.ndim - 2))


@pytest.mark.parametrize("kind", list(REQUESTS))
def test_what_the_ensemble_says_comes_back_for_any_rows(tmp_path, kind):
    plan = plan_run(config_of(rows_file(tmp_path, kind), kind, "train.ensemble=2", "train.distill=true"))
    objective = distilled(plan.objective, plan.task, plan.ensemble, plan.device)
    rows = plan.task.split.train[[5, 2, 9]]
    batch = plan.task.batcher.batch(rows)
    answers = answers_of(plan.ensemble, batch, plan.task.targets, plan.device)
    for target in plan.task.targets:
        said = objective.said[target.name].of(batch)
        own = answers[target.name].logits
        if target.per_step:
            own = np.where(
                (np.arange(own.shape[1]) < batch.lengths[:, None]).reshape(*own.shape[:2], *[1] * (own.ndim - 2)),
                own,
                0,
            )
        np.testing.assert_allclose(said, own, atol=1e-3)
    sums = objective.sums(model_logits(plan.model, batch, plan.device), batch, plan.model.crf_scores())
    assert {name: float(part.count) for name, part in sums.items()} == objective.divisors([batch])


def test_half_precision_is_room_enough(tmp_path):
    plan = plan_run(config_of(rows_file(tmp_path, "label"), "label"))
    (target,) = plan.task.targets
    assert TeacherLogits.room(target, plan.task).values.dtype == np.float16


def test_what_the_ensemble_says_has_its_room_before_anything_is_written_there(monkeypatch):
    for _ in range(2):
        with distill._temporary_file(3 << 20) as file:
            assert os.fstat(file.fileno()).st_size == 3 << 20
            assert os.fstat(file.fileno()).st_blocks * 512 >= 3 << 20  # none of it is a hole
        monkeypatch.delattr(os, "posix_fallocate", raising=False)


def test_a_full_folder_of_temporary_files_is_named_with_what_is_needed(tmp_path, monkeypatch):
    plan = plan_run(config_of(rows_file(tmp_path, "label"), "label"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(SaveError) as caught:
            TeacherLogits.room(plan.task.targets[0], plan.task)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    needed = 2 * 3 * len(plan.task.split.train)
    assert str(caught.value) == (
        f"train.distill keeps what the ensemble predicts in a temporary file of {needed} bytes, and the folder "
        f"{tmp_path} does not take it: File too large\n"
        "  Make room there, or set TMPDIR to a folder that has it."
    )
