"""Labels that training never saw count as wrong, whatever is predicted, in every figure that speaks of decisions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from seqwise.evaluation import tally_for
from seqwise.evaluation.scores import NEVER_SEEN
from seqwise.targets import Target

LABEL = Target("intent", "label", (("book", "play"),))
TAGS = Target("slots", "tags", (("O", "B-song", "I-song"),), per_step=True)
OUTPUTS = Target("votes", "outputs", (("x", "y"), ("u", "v", "w")), outputs=("a", "b"))
SETS = Target("topics", "multilabel", (("art", "law"),))


def logits_of(predictions, classes):
    return np.eye(classes)[np.asarray(predictions)] * 3.0


def scores_of(target, logits, labels, mask, unseen, lengths=None, size=10**6):
    tally = tally_for(target)
    for start in range(0, len(labels), size):
        some = slice(start, start + size)
        own = None if lengths is None else lengths[some]
        tally.update(logits[some], labels[some], mask[some], own, unseen=unseen[some])
    return tally.scores()


def figures(scores):
    return {name: figure.value for name, figure in scores.figures.items()}


@pytest.mark.parametrize("size", [1, 2, 100])
def test_figures_of_a_label_are_those_of_scikit_learn_with_one_more_class(size):
    truth, predictions = np.array([0, 1, 2, 2, 0, 1]), np.array([0, 1, 0, 1, 1, 1])
    unseen = (truth == 2).astype(np.int64)
    scores = scores_of(LABEL, logits_of(predictions, 2), np.where(unseen, 0, truth), unseen == 0, unseen, size=size)
    found = figures(scores)
    assert scores.count == scores.figures["accuracy"].count == 6
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(truth, predictions))
    assert found["macro_f1"] == pytest.approx(metrics.f1_score(truth, predictions, average="macro"))
    assert found["weighted_f1"] == pytest.approx(metrics.f1_score(truth, predictions, average="weighted"))
    assert found["roc_auc"] == pytest.approx(
        metrics.roc_auc_score(truth[unseen == 0], predictions[unseen == 0])
    )  # over what has a rank
    assert scores.confusion.labels == ("book", "play", NEVER_SEEN)
    assert scores.confusion.counts == tuple(map(tuple, metrics.confusion_matrix(truth, predictions).tolist()))
    assert [(row.label, row.support, row.predicted) for row in scores.per_label] == [("book", 2, 2), ("play", 2, 4)]
    assert (NEVER_SEEN, "book", 1) in [(p.label, p.predicted, p.count) for p in scores.confused_pairs]


def test_without_such_labels_nothing_is_said_of_them():
    labels = np.array([0, 1])
    scores = scores_of(LABEL, logits_of(labels, 2), labels, labels >= 0, np.zeros(2, np.int64))
    assert scores.confusion.labels == ("book", "play")


def test_the_calibration_error_counts_a_sure_answer_to_such_a_label():
    logits = np.array([[0.0, 40.0]])
    none = np.zeros(1, np.int64)
    assert figures(scores_of(LABEL, logits, none, none > 0, none + 1))["ece"] == pytest.approx(1)


def test_a_span_of_a_type_that_training_never_saw_is_one_that_was_missed():
    # gold: B-song, B-new I-new, O; predicted: B-song, O, B-song, O
    labels, unseen = np.array([[1, 0, 0, 0]]), np.array([[0, 2, 3, 0]])
    mask = unseen == 0
    scores = scores_of(TAGS, logits_of([[1, 0, 1, 0]], 3), labels, mask, unseen, lengths=np.array([4]))
    found = figures(scores)
    assert (found["span_precision"], found["span_recall"], found["span_f1"]) == (0.5, 0.5, 0.5)
    assert found["accuracy"] == 0.5
    assert found["exact_match"] == 0
    assert [(row.type, row.gold, row.correct) for row in scores.per_span_type] == [("song", 1, 1), (NEVER_SEEN, 1, 0)]


def test_a_strange_tag_outside_spans_is_wrong_and_no_span():
    labels, unseen = np.array([[0, 0]]), np.array([[1, 0]])
    scores = scores_of(TAGS, logits_of([[0, 0]], 3), labels, unseen == 0, unseen, lengths=np.array([2]))
    assert (figures(scores)["accuracy"], figures(scores)["span_f1"]) == (0.5, None)


def test_an_output_that_is_wrong_so_leaves_the_others_as_they_are():
    labels, unseen = np.array([[0, 2], [1, 1]]), np.array([[0, 0], [1, 0]])
    logits = logits_of([[0, 2], [1, 1]], 3)
    scores = scores_of(OUTPUTS, logits, labels, unseen == 0, unseen)
    assert [(row.output, row.accuracy, row.count) for row in scores.per_output] == [("a", 0.5, 2), ("b", 1.0, 2)]
    assert figures(scores)["accuracy"] == 0.75


@pytest.mark.parametrize("size", [1, 100])
def test_figures_of_sets_are_those_of_scikit_learn_with_one_more_label(size):
    truth = np.array([[1, 0, 1], [0, 1, 0], [1, 1, 0], [0, 0, 1]])
    predictions = np.array([[1, 0], [0, 1], [0, 1], [1, 0]])
    labels, unseen = truth[:, :2], truth[:, 2]
    scores = scores_of(SETS, predictions * 6.0 - 3, labels, labels >= 0, unseen, size=size)
    whole = np.column_stack([predictions, np.zeros(4, int)])
    found = figures(scores)
    for average in ("micro", "macro", "weighted"):
        assert found[f"{average}_f1"] == pytest.approx(metrics.f1_score(truth, whole, average=average))
    assert found["exact_match"] == metrics.accuracy_score(truth, whole)
    assert found["accuracy"] == pytest.approx(6 / 10)  # eight cells, two of them wrong, and two labels never seen
