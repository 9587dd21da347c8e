from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from seqwise.evaluation.decoding import logit_cuts
from seqwise.evaluation.thresholds import chosen_thresholds
from seqwise.targets import Target


def drawn(seed, rows=400, shares=(0.5, 0.2, 0.05)):
    """Logits that are right about their probabilities, and labels drawn from them."""
    rng = np.random.default_rng(seed)
    logits = np.log(shares) - np.log1p(-np.array(shares)) + 1.5 * rng.normal(size=(rows, len(shares)))
    labels = (rng.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(np.int64)
    return logits, labels, np.ones(labels.shape, dtype=bool)


def cuts_of(thresholds):
    return logit_cuts(Target("t", "multilabel", (tuple(range(len(thresholds))),)), thresholds)


@pytest.mark.parametrize("seed", range(5))
def test_with_one_label_no_other_threshold_has_a_larger_f1(seed):
    logits, labels, mask = drawn(seed, rows=60, shares=(0.3,))
    cut = cuts_of(chosen_thresholds(logits, labels, mask, "micro_f1"))
    best = max(f1_score(labels[:, 0], logits[:, 0] >= level) for level in np.unique(logits))
    assert f1_score(labels[:, 0], (logits > cut)[:, 0]) == pytest.approx(best)


@pytest.mark.parametrize("figure", ["micro_f1", "macro_f1"])
def test_chosen_thresholds_serve_new_rows_better_than_one_half(figure):
    thresholds = chosen_thresholds(*drawn(1, rows=4000), figure)
    logits, labels, _ = drawn(2, rows=4000)
    average = figure.removesuffix("_f1")
    chosen = f1_score(labels, logits > cuts_of(thresholds), average=average)
    assert chosen > f1_score(labels, logits > 0, average=average) + 0.02


def test_the_threshold_of_a_label_with_few_positives_is_near_that_of_all():
    logits, labels, mask = drawn(3, rows=4000)
    labels[:, 2] = 0
    rare = logits[:, 2].argmax()
    labels[rare, 2] = 1
    common = chosen_thresholds(logits[mask][:, None], labels[mask][:, None], mask.reshape(-1, 1), "micro_f1")
    cut, all_alike = cuts_of(chosen_thresholds(logits, labels, mask, "micro_f1"))[2], cuts_of(common)[0]
    own = (np.sort(logits[:, 2])[-1] + np.sort(logits[:, 2])[-2]) / 2
    assert abs(cut - all_alike) == pytest.approx(abs(own - all_alike) / 101, abs=0.05)


def test_a_label_without_positives_has_the_threshold_of_all():
    logits, labels, mask = drawn(4)
    labels[:, 1] = 0
    kept = chosen_thresholds(logits, labels, mask, "micro_f1")
    common = chosen_thresholds(logits.reshape(-1, 1), labels.reshape(-1, 1), mask.reshape(-1, 1), "micro_f1")
    assert kept[1] == pytest.approx(common[0], abs=0.02)


def test_what_is_not_known_decides_nothing():
    logits, labels, mask = drawn(5)
    mask[::3, 0] = False
    before = chosen_thresholds(logits, labels, mask, "macro_f1")
    logits[~mask], labels[~mask] = np.nan, 7
    assert chosen_thresholds(logits, labels, mask, "macro_f1").tolist() == before.tolist()


def test_equal_logits_are_predicted_together():
    logits, labels = np.array([[1.0], [0.0], [0.0], [0.0]]), np.array([[1], [1], [0], [0]])
    (cut,) = cuts_of(chosen_thresholds(logits, labels, np.ones_like(labels, dtype=bool), "micro_f1"))
    assert 0 < cut < 1  # F1 2/3 with one, 2/3 with all four; never between equal ones


@pytest.mark.parametrize("figure", ["accuracy", "exact_match", "loss", "average_precision"])
def test_other_figures_leave_one_half(figure):
    assert chosen_thresholds(*drawn(6), figure).tolist() == [0.5] * 3


def test_nothing_known_leaves_one_half():
    empty = np.zeros((0, 2))
    assert chosen_thresholds(empty, empty.astype(np.int64), empty.astype(bool), "micro_f1").tolist() == [0.5, 0.5]
