"""The area under the ROC curve, against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from evaluation_data import made_up
from seqwise.evaluation import tally_for
from seqwise.evaluation._ranking import roc_auc
from seqwise.targets import Target

YES_NO = Target("ill", "label", (("no", "yes"),))
ASSAYS = Target("assays", "outputs", ((0, 1), ("a", "b")), outputs=("first", "second"))


def area(tally):
    return tally.scores().figures["roc_auc"]


@pytest.mark.parametrize("name", ["multilabel", "multilabel per step"])
def test_it_is_the_mean_of_scikit_learns_over_present_cells(name):
    made = made_up(name, seed=4)
    tally = tally_for(made.target)
    for start in range(0, 40, 7):  # whatever the batches
        tally.update(*made.rows(start, start + 7))
    each = []
    for j in range(made.target.class_count):
        chosen = made.mask[..., j]
        each.append(metrics.roc_auc_score(made.labels[..., j][chosen], made.logits[..., j][chosen]))
    assert area(tally).value == pytest.approx(np.mean(each))
    assert area(tally).count == made.mask.sum()


def test_ties_count_half():
    random = np.random.default_rng(0)
    labels, scores = random.random(200) < 0.3, random.integers(0, 5, 200).astype(np.float32)
    assert roc_auc(labels, scores) == pytest.approx(metrics.roc_auc_score(labels, scores))


def test_of_one_kind_alone_there_is_none():
    assert roc_auc(np.ones(3, dtype=bool), np.arange(3, dtype=np.float32)) is None
    tally = tally_for(Target("t", "multilabel", (("a", "b"),)))
    tally.update(np.array([[1.0, 2.0], [0.0, 3.0]]), np.array([[1, 1], [0, 1]]), np.ones((2, 2), dtype=bool))
    assert (area(tally).value, area(tally).count) == (1.0, 2)


def test_two_classes_rank_by_the_difference_of_their_logits():
    tally = tally_for(YES_NO)
    logits = np.array([[0.0, 1.0], [5.0, 5.5], [1.0, 0.0], [0.0, 3.0]])
    tally.update(logits, np.array([1, 0, 0, 1]), np.ones(4, dtype=bool))
    assert (area(tally).value, area(tally).count) == (1.0, 4)


def test_outputs_of_two_classes_have_a_mean_with_gaps_left_out():
    tally = tally_for(ASSAYS)
    logits = np.array([[[0.0, 1.0], [0.0, 9.0]], [[0.0, 0.0], [0.0, 2.0]], [[0.0, 2.0], [0.0, 1.0]]])
    mask = np.array([[True, True], [True, True], [False, True]])
    tally.update(logits, np.array([[1, 0], [0, 1], [7, 1]]), mask)
    assert area(tally).value == pytest.approx((1 + 0) / 2)
    assert area(tally).count == 5


@pytest.mark.parametrize("name", ["label", "tags", "iob", "outputs", "outputs per step"])
def test_more_classes_than_two_have_none(name):
    assert "roc_auc" not in tally_for(made_up(name, seed=0).target).scores().figures
