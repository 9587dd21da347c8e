from __future__ import annotations

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from evaluation_data import TARGETS
from seqwise.errors import ShapeError
from seqwise.evaluation import MajorityBaseline, tally_for


@pytest.mark.parametrize(
    ("name", "counts", "shape", "expected"),
    [
        ("label", [1, 5, 2, 5], (3,), [1, 1, 1]),  # the first of equals
        ("tags", [1, 2, 9], (2, 2), [[2, 2], [2, 2]]),
        ("outputs", [[3, 1, 0, 0], [0, 2, 0, 0], [0, 0, 1, 7]], (2, 3), [[0, 1, 3], [0, 1, 3]]),
        ("multilabel", [[9, 1], [1, 9], [5, 5], [0, 0]], (1, 4), [[0, 1, 0, 0]]),
        ("multilabel per step", [[9, 1], [1, 9]], (1, 2, 2), [[[0, 1], [0, 1]]]),
    ],
)
def test_the_most_frequent_class_is_predicted_everywhere(
    name: str, counts: list[int], shape: tuple[int, ...], expected: list[int]
) -> None:
    baseline = MajorityBaseline.from_counts(TARGETS[name], counts)
    assert baseline.predictions(shape).tolist() == expected


def test_its_accuracy_is_that_of_scikit_learns_dummy_classifier() -> None:
    random = np.random.default_rng(0)
    train, test = random.choice(4, size=60, p=[0.1, 0.2, 0.6, 0.1]), random.integers(0, 4, size=50)
    dummy = DummyClassifier(strategy="most_frequent").fit(np.zeros((60, 1)), train)
    baseline = MajorityBaseline.from_counts(TARGETS["label"], np.bincount(train, minlength=4))
    tally = tally_for(TARGETS["label"])
    tally.update(None, test, np.ones(50, bool), predictions=baseline.predictions(test.shape))
    assert tally.scores().figures["accuracy"].value == dummy.score(np.zeros((50, 1)), test)


@pytest.mark.parametrize(("name", "shape"), [("label", (3,)), ("outputs", (3, 3)), ("multilabel", (2, 4))])
def test_counts_of_another_shape_are_an_error(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"label counts must be \(.*\), got shape"):
        MajorityBaseline.from_counts(TARGETS[name], np.ones(shape))
