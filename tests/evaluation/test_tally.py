from __future__ import annotations

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from evaluation_data import KINDS, TARGETS, Made, made_up
from seqwise.errors import ConfigError, DtypeError, ShapeError, UsageError, ValuesError
from seqwise.evaluation import Scores, Tally, tally_for
from seqwise.evaluation.calibration import CalibrationBins
from seqwise.targets import Target

CHOICES = [name for name in KINDS if not name.startswith("multilabel")]


def tallied(made: Made, batch_size: int = 10**6) -> Tally:
    tally = tally_for(made.target)
    for start in range(0, len(made.labels), batch_size):
        tally.update(*made.rows(start, start + batch_size))
    return tally


def scored(made: Made, batch_size: int = 10**6) -> Scores:
    return tallied(made, batch_size).scores()


def value(scores: Scores, name: str) -> float | None:
    return scores.figures[name].value


def counted(made: Made) -> tuple[np.ndarray, np.ndarray]:
    """Labels and predictions of what counts, each (n,)."""
    filled = np.where(np.isnan(made.logits), -1.0, made.logits)
    predictions = filled > 0 if made.target.kind == "multilabel" else filled.argmax(axis=-1)
    return made.labels[made.mask], predictions[made.mask].astype(int)


# against scikit-learn


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", KINDS)
def test_accuracy_is_scikit_learns_over_what_counts(name: str, seed: int) -> None:
    made = made_up(name, seed=seed)
    assert value(scored(made), "accuracy") == pytest.approx(metrics.accuracy_score(*counted(made)))


@pytest.mark.parametrize("average", ["macro", "weighted"])
@pytest.mark.parametrize("name", ["label", "tags", "iob"])
@pytest.mark.parametrize("batch", [3, 40])  # with 3 rows some classes never occur
def test_f1_is_scikit_learns_for_one_class_per_label(name: str, average: str, batch: int) -> None:
    made = made_up(name, seed=5, batch=batch, time=2)
    expected = metrics.f1_score(*counted(made), average=average, zero_division=0.0)
    assert value(scored(made), f"{average}_f1") == pytest.approx(expected)


@pytest.mark.parametrize("name", ["outputs", "outputs per step"])
def test_macro_f1_of_outputs_is_the_mean_of_each_outputs_macro_f1(name: str) -> None:
    made = made_up(name, seed=1)
    each = []
    for k in range(len(made.target.classes)):
        chosen = made.mask[..., k]
        predictions = made.logits[..., k, :][chosen].argmax(axis=-1)
        each.append(metrics.f1_score(made.labels[..., k][chosen], predictions, average="macro"))
    assert value(scored(made), "macro_f1") == pytest.approx(np.mean(each))


def test_weighted_f1_of_outputs_weights_each_output_by_its_labels() -> None:
    made = made_up("outputs", seed=2)
    sums = []
    for k in range(3):
        chosen = made.mask[:, k]
        predictions = made.logits[:, k][chosen].argmax(axis=-1)
        f1 = metrics.f1_score(made.labels[:, k][chosen], predictions, average="weighted")
        sums.append(f1 * chosen.sum())
    assert value(scored(made), "weighted_f1") == pytest.approx(sum(sums) / made.mask.sum())


@pytest.mark.parametrize("average", ["micro", "macro", "weighted"])
@pytest.mark.parametrize("batch", [2, 40])  # with 2 rows some labels never occur
def test_f1_of_multilabel_is_scikit_learns(average: str, batch: int) -> None:
    made = made_up("multilabel", seed=3, batch=batch, gaps=0.0)
    with np.errstate(invalid="ignore"):
        expected = metrics.f1_score(made.labels, made.logits > 0, average=average, zero_division=np.nan)
    assert value(scored(made), f"{average}_f1") == pytest.approx(expected)


@pytest.mark.parametrize("name", ["multilabel", "multilabel per step"])
def test_average_precision_is_scikit_learns_over_present_cells(name: str) -> None:
    made = made_up(name, seed=4)
    each = []
    for j in range(made.target.class_count):
        chosen = made.mask[..., j]
        each.append(metrics.average_precision_score(made.labels[..., j][chosen], made.logits[..., j][chosen]))
    assert value(scored(made), "average_precision") == pytest.approx(np.mean(each))


def test_micro_average_precision_is_scikit_learns_over_all_present_cells() -> None:
    made = made_up("multilabel", seed=4)
    expected = metrics.average_precision_score(made.labels[made.mask], made.logits[made.mask])
    assert value(scored(made), "average_precision_micro") == pytest.approx(expected)


def test_a_label_that_is_never_positive_is_left_out_of_average_precision() -> None:
    tally = tally_for(TARGETS["multilabel"])
    logits = np.array([[3.0, 1.0, -1.0, 2.0], [1.0, 2.0, 0.0, 1.0]])
    tally.update(logits, np.array([[1, 0, 0, 0], [0, 1, 0, 0]]), np.ones((2, 4), dtype=bool))
    assert value(tally.scores(), "average_precision") == 1.0


def test_infinite_logits_rank_first_and_last() -> None:
    tally = tally_for(Target("t", "multilabel", (("a",),)))
    logits = np.array([[np.inf], [40.0], [30.0], [-np.inf]])
    tally.update(logits, np.array([[1], [1], [0], [1]]), np.ones((4, 1), dtype=bool))
    assert value(tally.scores(), "average_precision") == pytest.approx((1 + 1 + 3 / 4) / 3)


def test_a_label_neither_present_nor_predicted_is_left_out_of_macro_f1() -> None:
    tally = tally_for(TARGETS["multilabel"])
    labels = np.array([[1, 0, 0, 0], [1, 1, 0, 0]])
    tally.update(None, labels, np.ones((2, 4), dtype=bool), predictions=np.array([[1, 0, 0, 0], [1, 0, 0, 0]]))
    assert value(tally.scores(), "macro_f1") == 1 / 2


def test_confusion_is_scikit_learns() -> None:
    made = made_up("tags", seed=6)
    confusion = scored(made).confusion
    assert confusion is not None
    assert np.array_equal(confusion.counts, metrics.confusion_matrix(*counted(made), labels=[0, 1, 2]))


@pytest.mark.parametrize("column", ["precision", "recall", "f1", "support"])
def test_rows_per_label_are_scikit_learns(column: str) -> None:
    made = made_up("label", seed=7, batch=200)
    expected = metrics.precision_recall_fscore_support(*counted(made), labels=range(4))
    position = ["precision", "recall", "f1", "support"].index(column)
    assert [getattr(row, column) for row in scored(made).per_label] == pytest.approx(expected[position])


# figures of our own


def test_exact_match_of_tags_asks_the_whole_sequence_and_skips_gaps() -> None:
    labels = np.array([[0, 1, 2], [0, 1, 2], [0, -1, -1], [-1, -1, -1]])
    predictions = np.array([[0, 1, 2], [0, 1, 0], [0, 2, 2], [0, 0, 0]])
    tally = tally_for(TARGETS["tags"])
    tally.update(None, labels, labels >= 0, np.array([3, 3, 2, 3]), predictions)
    figure = tally.scores().figures["exact_match"]
    assert (figure.value, figure.count) == (2 / 3, 3)


def test_exact_match_of_outputs_asks_every_present_cell_and_skips_rows_without_any() -> None:
    labels = np.array([[0, 1, 3], [2, -1, 0], [-1, -1, -1]])
    predictions = np.array([[0, 1, 2], [2, 0, 0], [0, 0, 0]])
    tally = tally_for(TARGETS["outputs"])
    tally.update(None, labels, labels >= 0, predictions=predictions)
    figure = tally.scores().figures["exact_match"]
    assert (figure.value, figure.count) == (1 / 2, 2)


def test_exact_match_of_outputs_per_step_counts_steps() -> None:
    labels = np.array([[[0, 1], [1, 2], [0, 0]]])
    predictions = np.array([[[0, 1], [1, 1], [1, 1]]])
    tally = tally_for(TARGETS["outputs per step"])
    tally.update(None, labels, np.ones((1, 3, 2), dtype=bool), np.array([2]), predictions)
    figure = tally.scores().figures["exact_match"]
    assert (figure.value, figure.count) == (1 / 2, 2)


def test_accuracy_of_one_label_per_sequence_has_a_wilson_interval() -> None:
    tally = tally_for(TARGETS["label"])
    tally.update(None, np.zeros(10, dtype=int), np.ones(10, dtype=bool), predictions=np.array([1] + [0] * 9))
    figure = tally.scores().figures["accuracy"]
    assert (figure.low, figure.high) == pytest.approx((0.5958, 0.9821), abs=1e-4)  # Brown, Cai, DasGupta 2001


@pytest.mark.parametrize("name", [name for name in KINDS if name != "label"])
def test_no_interval_where_labels_are_not_independent(name: str) -> None:
    assert scored(made_up(name, seed=0)).figures["accuracy"].low is None


def test_calibration_error_is_that_of_the_loop_over_bins() -> None:
    made = made_up("label", seed=8, batch=300)
    logits = made.logits[made.mask].astype(float)
    exponentials = np.exp(logits)
    top = exponentials.max(axis=1) / exponentials.sum(axis=1)
    right = logits.argmax(axis=1) == made.labels[made.mask]
    expected = 0.0
    for m in range(15):
        inside = (top > m / 15) & (top <= (m + 1) / 15)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - top[inside].mean())
    assert value(scored(made), "ece") == pytest.approx(expected, abs=1e-8)


def test_calibration_has_fifteen_bins_that_hold_their_upper_end() -> None:
    stated = np.array([0.51, 0.55, 0.6, 0.62])  # bins (7/15, 8/15], (8/15, 9/15] twice, (9/15, 10/15]
    bins = CalibrationBins.of(stated, np.array([True, False, True, True]))
    assert bins.error().value == pytest.approx((0.49 + (0.55 + 0.6 - 1) + 0.38) / 4)


def test_calibration_error_of_a_model_that_is_always_sure_and_right_is_zero() -> None:
    tally = tally_for(TARGETS["label"])
    tally.update(np.eye(4) * 1e4, np.arange(4), np.ones(4, dtype=bool))
    assert value(tally.scores(), "ece") == 0.0


def test_calibration_looks_at_the_probability_of_the_prediction_that_was_made() -> None:
    tally = tally_for(Target("t", "label", (("a", "b"),)))
    logits = np.log(np.array([[0.25, 0.75]]))
    tally.update(logits, np.array([0]), np.array([True]), predictions=np.array([0]))
    assert value(tally.scores(), "ece") == pytest.approx(0.75)


def test_predictions_win_over_the_largest_logit() -> None:
    tally = tally_for(TARGETS["label"])
    tally.update(np.eye(4), np.arange(4), np.ones(4, dtype=bool), predictions=np.array([0, 0, 0, 0]))
    assert value(tally.scores(), "accuracy") == 0.25


@pytest.mark.parametrize(("thresholds", "expected"), [(None, 0.5), ([0.5] * 4, 0.5), ([0.8, 0.5, 0.5, 0.1], 1.0)])
def test_a_label_is_predicted_above_its_own_threshold(thresholds: list[float] | None, expected: float) -> None:
    tally = tally_for(TARGETS["multilabel"], thresholds)
    probabilities = np.array([[0.7, 0.3, 0.6, 0.2]])
    tally.update(np.log(probabilities / (1 - probabilities)), np.array([[0, 0, 1, 1]]), np.ones((1, 4), dtype=bool))
    assert value(tally.scores(), "accuracy") == expected


def test_thresholds_of_zero_and_one_predict_always_and_never() -> None:
    tally = tally_for(TARGETS["multilabel"], [0.0, 1.0, 0.0, 1.0])
    tally.update(np.array([[-50.0, 50.0, 0.0, 0.0]]), np.array([[1, 0, 1, 0]]), np.ones((1, 4), dtype=bool))
    assert value(tally.scores(), "exact_match") == 1.0


def test_the_most_confused_pairs_stand_first_and_in_the_users_labels() -> None:
    tally = tally_for(TARGETS["label"])
    labels, predictions = np.array([0, 1, 1, 2, 2, 2]), np.array([0, 0, 0, 3, 1, 1])
    tally.update(None, labels, np.ones(6, dtype=bool), predictions=predictions)
    pairs = [(row.label, row.predicted, row.count) for row in tally.scores().confused_pairs]
    assert pairs == [("play", "book", 2), ("rate", "play", 2), ("rate", "stop", 1)]


def test_more_than_a_hundred_classes_come_without_a_table_but_with_pairs() -> None:
    tally = tally_for(Target("xpos", "label", (tuple(f"c{i}" for i in range(1000)),)))
    tally.update(None, np.array([999, 0]), np.ones(2, dtype=bool), predictions=np.array([998, 0]))
    scores = tally.scores()
    assert scores.confusion is None
    assert [(row.label, row.predicted) for row in scores.confused_pairs] == [("c999", "c998")]


def test_an_output_without_labels_has_no_figures_and_does_not_bend_the_mean() -> None:
    labels = np.array([[0, -1, 1], [1, -1, 1]])
    tally = tally_for(TARGETS["outputs"])
    tally.update(None, labels, labels >= 0, predictions=np.array([[0, 1, 1], [1, 0, 1]]))
    scores = tally.scores()
    assert value(scores, "macro_f1") == 1.0
    assert (scores.per_output[1].accuracy, scores.per_output[1].macro_f1) == (None, None)


# laws


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(KINDS),
    seed=st.integers(0, 10**6),
    batch_size=st.integers(1, 12),
    gaps=st.floats(0, 1),
)
def test_scores_do_not_depend_on_the_batch_size(name: str, seed: int, batch_size: int, gaps: float) -> None:
    made = made_up(name, seed=seed, batch=12, gaps=gaps)
    assert scored(made, batch_size).to_json() == scored(made).to_json()


@pytest.mark.parametrize("name", KINDS)
def test_tallies_of_parts_add_up_to_the_tally_of_the_whole(name: str) -> None:
    made = made_up(name, seed=9)
    first, second = tally_for(made.target), tally_for(made.target)
    first.update(*made.rows(0, 13))
    second.update(*made.rows(13, 40))
    assert (first + second).scores().to_json() == scored(made).to_json()


@pytest.mark.parametrize("name", KINDS)
def test_adding_leaves_both_tallies_as_they_were(name: str) -> None:
    made = made_up(name, seed=9)
    first, second = tallied(made), tallied(made)
    before = first.scores().to_json()
    (first + second).update(*made.rows(0, 5))
    assert first.scores().to_json() == before
    assert second.scores().to_json() == before


@pytest.mark.parametrize("name", KINDS)
def test_the_order_of_sequences_does_not_matter(name: str) -> None:
    made = made_up(name, seed=10)
    backwards = replace(
        made,
        logits=made.logits[::-1],
        labels=made.labels[::-1],
        mask=made.mask[::-1],
        lengths=made.lengths[::-1],
    )
    assert scored(backwards).to_json() == scored(made).to_json()


@pytest.mark.parametrize("name", [name for name in KINDS if TARGETS[name].per_step])
def test_padding_changes_nothing(name: str) -> None:
    made = made_up(name, seed=11)

    def padded(array: np.ndarray, fill: float) -> np.ndarray:
        return np.pad(array, [(0, 0), (0, 5)] + [(0, 0)] * (array.ndim - 2), constant_values=fill)

    longer = replace(
        made, logits=padded(made.logits, np.nan), labels=padded(made.labels, 7), mask=padded(made.mask, True)
    )  # the mask is wrong on purpose: steps beyond the lengths never count
    assert scored(longer).to_json() == scored(made).to_json()


@pytest.mark.parametrize("name", KINDS)
def test_a_tally_of_nothing_has_figures_without_a_value(name: str) -> None:
    figures = tally_for(TARGETS[name]).scores().figures
    assert {(figure.value, figure.count) for figure in figures.values()} == {(None, 0)}


@pytest.mark.parametrize("name", KINDS)
def test_labels_that_are_all_missing_are_the_same_as_no_batch(name: str) -> None:
    assert scored(made_up(name, seed=0, gaps=1.1)).to_json() == tally_for(TARGETS[name]).scores().to_json()


@pytest.mark.parametrize("name", KINDS)
def test_scores_survive_json(name: str) -> None:
    plain = scored(made_up(name, seed=12, gaps=0.9)).to_json()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


@pytest.mark.parametrize("name", KINDS)
def test_a_tally_can_travel_between_processes(name: str) -> None:
    tally = tallied(made_up(name, seed=13))
    assert pickle.loads(pickle.dumps(tally)).scores().to_json() == tally.scores().to_json()


@pytest.mark.parametrize("name", KINDS)
def test_half_precision_logits_decide_as_their_values_do(name: str) -> None:
    made = made_up(name, seed=14)
    half = replace(made, logits=made.logits.astype(np.float16))
    same = replace(made, logits=half.logits.astype(np.float64))
    assert scored(half).to_json() == scored(same).to_json()


@pytest.mark.parametrize("name", KINDS)
def test_without_logits_only_what_needs_them_is_undefined(name: str) -> None:
    made = made_up(name, seed=15)
    tally = tally_for(made.target)
    tally.update(None, made.labels, made.mask, made.lengths, np.zeros_like(made.labels))
    undefined = {key for key, figure in tally.scores().figures.items() if figure.value is None}
    needs_logits = {"ece"} if name in CHOICES else {"average_precision", "average_precision_micro", "roc_auc"}
    assert needs_logits <= undefined <= needs_logits | {"span_precision", "micro_f1", "macro_f1"}


# what does not fit


def test_labels_of_another_shape_are_an_error() -> None:
    with pytest.raises(ShapeError, match=r"labels do not fit the target(.|\n)*expected: labels \(batch, 3\)"):
        tally_for(TARGETS["outputs"]).update(np.zeros((2, 4, 4)), np.zeros((2, 4), int), np.ones((2, 4), bool))


@pytest.mark.parametrize(
    ("name", "shape"), [("logits", (2, 3)), ("mask", (3,)), ("predictions", (2, 1)), ("lengths", (2, 1))]
)
def test_an_array_that_does_not_fit_the_labels_is_an_error(name: str, shape: tuple[int, ...]) -> None:
    arrays = {
        "logits": np.zeros((2, 4)),
        "labels": np.zeros(2, int),
        "mask": np.ones(2, bool),
        "lengths": np.ones(2, int),
        "predictions": np.zeros(2, int),
    }
    arrays[name] = np.zeros(shape, arrays[name].dtype)
    with pytest.raises(ShapeError, match=f"{name} and labels do not fit together"):
        tally_for(TARGETS["label"]).update(**arrays)


@pytest.mark.parametrize(
    ("name", "dtype", "message"),
    [
        ("logits", int, r"logits are int(.|\n)*expected: logits float"),
        ("labels", float, r"labels are float(.|\n)*hint: say with the mask which labels are missing"),
        ("mask", int, r"mask is int(.|\n)*expected: mask bool"),
        ("predictions", float, r"predictions are float(.|\n)*expected: predictions int"),
    ],
)
def test_an_array_of_the_wrong_kind_of_number_is_an_error(name: str, dtype: type, message: str) -> None:
    arrays = {
        "logits": np.zeros((2, 4)),
        "labels": np.zeros(2, int),
        "mask": np.ones(2, bool),
        "predictions": np.zeros(2, int),
    }
    arrays[name] = arrays[name].astype(dtype)
    with pytest.raises(DtypeError, match=message):
        tally_for(TARGETS["label"]).update(**arrays)


def test_a_label_outside_the_classes_is_an_error_that_names_output_and_place() -> None:
    labels = np.array([[0, 0, 0], [0, 2, 0]])
    with pytest.raises(ValuesError, match=r"target 'votes', output 'de': labels\[1, 1\] is 2, expected 0 to 1"):
        tally_for(TARGETS["outputs"]).update(None, labels, np.ones((2, 3), bool), predictions=labels * 0)


def test_a_prediction_outside_the_classes_is_an_error() -> None:
    with pytest.raises(ValuesError, match=r"target 'intent': predictions\[0\] is -1, expected 0 to 3"):
        tally_for(TARGETS["label"]).update(None, np.array([0]), np.array([True]), predictions=np.array([-1]))


def test_a_class_that_an_output_does_not_have_cannot_win() -> None:
    with pytest.raises(ValuesError, match=r"output 'de': the class of the largest logit\[0, 1\] is 3"):
        tally_for(TARGETS["outputs"]).update(
            np.arange(12.0).reshape(1, 3, 4), np.zeros((1, 3), int), np.array([[False, True, False]])
        )


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_logits_that_are_not_finite_where_a_label_counts_are_an_error(wrong: float) -> None:
    with pytest.raises(ValuesError, match="target 'intent': the largest logit of a label that counts is NaN or"):
        tally_for(TARGETS["label"]).update(np.full((1, 4), wrong), np.array([0]), np.array([True]))


def test_a_multilabel_logit_of_nan_is_an_error_where_it_counts() -> None:
    with pytest.raises(ValuesError, match="target 'topics': the logit of a label that counts is NaN"):
        tally_for(TARGETS["multilabel"]).update(
            np.full((1, 4), np.nan), np.zeros((1, 4), int), np.array([[False, True, False, False]])
        )


def test_neither_logits_nor_predictions_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"nothing to evaluate(.|\n)*expected: logits or predictions"):
        tally_for(TARGETS["label"]).update(None, np.array([0]), np.array([True]))


def test_tallies_of_different_targets_do_not_add() -> None:
    with pytest.raises(UsageError, match="got 'intent' and 'pos'"):
        tally_for(TARGETS["label"]) + tally_for(TARGETS["tags"])


def test_tallies_of_different_thresholds_do_not_add() -> None:
    with pytest.raises(UsageError, match="one target and one set of thresholds"):
        tally_for(TARGETS["multilabel"]) + tally_for(TARGETS["multilabel"], [0.1] * 4)


def test_thresholds_are_for_multilabel_only() -> None:
    with pytest.raises(ConfigError, match="target 'intent' is of kind 'label': thresholds are for multilabel"):
        tally_for(TARGETS["label"], [0.5])


def test_every_label_needs_its_threshold() -> None:
    with pytest.raises(ShapeError, match=r"one threshold for each of 4 labels, got shape \(2,\)"):
        tally_for(TARGETS["multilabel"], [0.5, 0.5])


@pytest.mark.parametrize("wrong", [-0.1, 1.5, float("nan")])
def test_a_threshold_is_a_probability(wrong: float) -> None:
    with pytest.raises(ValuesError, match=r"the threshold of 'law' is .* expected a probability"):
        tally_for(TARGETS["multilabel"], [0.5, wrong, 0.5, 0.5])
