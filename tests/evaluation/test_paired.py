from __future__ import annotations

import numpy as np
import pytest

from evaluation_data import KINDS, TARGETS, made_up
from seqwise.evaluation import tally_for
from seqwise.evaluation.paired import PairedCounts, differences
from seqwise.tag_forms import ROLES
from seqwise.targets import Target

LABEL = TARGETS["label"]


def guesses(made, seed):
    """Predictions that are right for about half of the labels."""
    rng = np.random.default_rng(seed)
    sizes = np.array([2] if made.target.kind == "multilabel" else [len(c) for c in made.target.classes])
    drawn = (rng.random(made.labels.shape) * sizes).astype(np.int64)
    return np.where(made.mask & (rng.random(made.labels.shape) < 0.5), made.labels, drawn)


def figures(made, predictions, rows):
    tally = tally_for(made.target)
    tally.update(None, made.labels[rows], made.mask[rows], made.lengths[rows], predictions[rows])
    return {name: figure.value for name, figure in tally.scores().figures.items()}


def counts(made, predictions, pieces=3):
    rows = np.arange(len(made.labels))
    found = PairedCounts(made.target, rows)
    for some in np.array_split(np.random.default_rng(1).permutation(rows), pieces):
        found.add(some, made.labels[some], made.mask[some], made.lengths[some], predictions[some])
    return found.counts()


@pytest.mark.parametrize("kind", KINDS)
def test_a_difference_is_that_of_the_figures_and_lies_in_an_interval_as_resampled_figures_have_it(kind):
    made = made_up(kind, seed=3, batch=150)
    mine, other = guesses(made, 0), np.where(np.random.default_rng(5).random(len(made.labels)) < 0.5, 1, 0)
    other = np.where(other.reshape(-1, *[1] * (mine.ndim - 1)) == 1, mine, guesses(made, 1))
    found = differences(made.target, counts(made, mine), {"other": counts(made, other)}, np.arange(150))["other"]
    assert set(found) == {"accuracy", "macro_f1"} | {
        name for name in ("span_f1", "micro_f1") if name in figures(made, mine, slice(None))
    }
    rng = np.random.default_rng(7)
    drawn = [(figures(made, mine, rows), figures(made, other, rows)) for rows in rng.integers(150, size=(300, 150))]
    for name, difference in found.items():
        first, second = (figures(made, predictions, slice(None))[name] for predictions in (mine, other))
        assert difference.value == pytest.approx(first - second, abs=1e-12)
        low, high = np.quantile([a[name] - b[name] for a, b in drawn], (0.025, 0.975))
        width = high - low
        assert difference.low == pytest.approx(low, abs=0.35 * width)
        assert difference.high == pytest.approx(high, abs=0.35 * width)
        assert difference.sequences == int(made.mask.reshape(150, -1).any(axis=1).sum())


def strange(made, seed=2):
    """Some labels that training never saw, as `Tally.update` takes them: of the steps or cells that are not padding."""
    rng = np.random.default_rng(seed)
    steps = np.arange(made.labels.shape[1]) < made.lengths[:, None] if made.target.per_step else None
    if made.target.kind == "multilabel":
        found = rng.integers(3, size=made.labels.shape[:-1])
        return found if steps is None else np.where(steps, found, 0)
    gaps = ~made.mask if steps is None else ~made.mask & steps.reshape(*steps.shape, *[1] * (made.labels.ndim - 2))
    return np.where(gaps, rng.integers(len(ROLES) + 1, size=made.labels.shape), 0)


@pytest.mark.parametrize("kind", KINDS)
def test_with_labels_that_training_never_saw_a_difference_is_that_of_the_printed_figures_too(kind):
    made = made_up(kind, seed=3, batch=90, gaps=0.4)
    unseen, rows = strange(made), np.arange(90)
    models = [guesses(made, seed) for seed in (0, 1)]
    printed, collected = [], []
    for predictions in models:
        tally, found = tally_for(made.target), PairedCounts(made.target, rows)
        for some in np.array_split(rows, 3):
            arrays = made.labels[some], made.mask[some], made.lengths[some], predictions[some]
            tally.update(None, *arrays, unseen[some])
            found.add(some, *arrays, unseen[some])
        printed.append(tally.scores().figures)
        collected.append(found.counts())
    assert unseen.any()
    differences_found = differences(made.target, collected[0], {"other": collected[1]}, rows)["other"]
    assert {"accuracy", "macro_f1"} <= set(differences_found)
    for name, difference in differences_found.items():
        assert difference.value == pytest.approx(printed[0][name].value - printed[1][name].value, abs=1e-12), name
        assert difference.low < difference.value < difference.high


def of_shares(right, wrong, both):
    """The interval where one model alone is right so often, the other alone, and both."""
    labels = np.zeros(right + wrong + both, dtype=np.int64)
    rows, lengths, mask = np.arange(len(labels)), np.ones_like(labels), labels == 0
    models = []
    for mistakes in (slice(right, right + wrong), slice(0, right)):
        predictions = labels.copy()
        predictions[mistakes] = 1
        found = PairedCounts(LABEL, rows)
        found.add(rows, labels, mask, lengths, predictions)
        models.append(found.counts())
    return differences(LABEL, models[0], {"other": models[1]}, rows)["other"]["accuracy"]


@pytest.mark.parametrize(("right", "wrong", "both"), [(6, 0, 40), (9, 0, 200), (30, 10, 100), (0, 0, 60), (3, 12, 900)])
def test_of_one_label_per_sequence_the_interval_is_that_of_bonett_and_price(right, wrong, both):
    found, n = of_shares(right, wrong, both), right + wrong + both
    first, second = (right + 1) / (n + 2), (wrong + 1) / (n + 2)
    half = 1.96 * np.sqrt((first + second - (first - second) ** 2) / (n + 2))
    assert found.value == pytest.approx((right - wrong) / n)
    assert (found.low, found.high) == pytest.approx((first - second - half, first - second + half), abs=0.25 * half)


@pytest.mark.parametrize("right", range(4))
def test_a_few_sequences_of_difference_never_settle_it(right):
    assert of_shares(right, 0, 40).low <= 0


def test_two_models_that_never_differ_have_an_interval_around_zero():
    found = of_shares(0, 0, 100)
    assert found.value == 0
    assert found.low < 0 < found.high


def test_sequences_that_belong_together_count_as_one():
    labels = np.zeros(200, dtype=np.int64)
    rows, lengths, mask = np.arange(200), np.ones_like(labels), labels == 0
    models = []
    for predictions in (labels, (rows % 40 < 12) * 1):
        collected = PairedCounts(LABEL, rows)
        collected.add(rows, labels, mask, lengths, predictions)
        models.append(collected.counts())
    alone = differences(LABEL, models[0], {"o": models[1]}, rows)["o"]["accuracy"]
    together = differences(LABEL, models[0], {"o": models[1]}, rows % 40)["o"]["accuracy"]
    assert (alone.sequences, together.sequences) == (200, 40)
    assert together.high - together.low > 1.8 * (alone.high - alone.low)


def test_a_figure_over_nothing_has_no_difference():
    target = Target("slots", "tags", (("O", "B-x"),), per_step=True)
    rows, nothing = np.arange(40), np.zeros((40, 2), dtype=np.int64)
    collected = PairedCounts(target, rows)
    collected.add(rows, nothing, nothing == 0, np.full(40, 2), nothing)
    found = differences(target, collected.counts(), {"o": collected.counts()}, rows)["o"]
    assert found["span_f1"].value is None
    assert found["accuracy"].value == 0


def test_macro_f1_of_very_many_classes_has_no_interval():
    many = Target("t", "label", (tuple(range(1000)),))
    collected = PairedCounts(many, np.arange(2))
    labels = np.array([3, 4])
    collected.add(np.arange(2), labels, labels > 0, np.ones(2, dtype=np.int64), labels)
    assert set(collected.counts()) == {"accuracy"}
