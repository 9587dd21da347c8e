"""The questions this project answers: the right answer next to the usual recipe getting it wrong.

Every number here comes from the oracle, from pencil and paper, or from a recipe that people copy.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

import oracle
from seqwise.errors import DtypeError, ShapeError, SoftmaxTwiceWarning, ValuesError
from seqwise.losses import numpy as in_numpy
from seqwise.losses.torch import cross_entropy, loss_sum


def random(*sizes: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def indices(below: int, *sizes: int, seed: int = 1) -> torch.Tensor:
    return torch.randint(below, sizes, generator=torch.Generator().manual_seed(seed))


def by_hand(logits: torch.Tensor, labels: torch.Tensor, reduction: str = "mean", **options: Any) -> Any:
    """The oracle's number."""
    terms = oracle.class_terms(logits.tolist(), labels.tolist(), **options)
    return pytest.approx(oracle.reduced(terms, tuple(labels.shape), reduction), rel=1e-12)


# Q1. Which loss for multi-class classification with a recurrent network?

TAGS, TAG_LABELS, LENGTHS = random(16, 20, 5), indices(5, 16, 20), indices(16, 16, seed=2) + 5
VALID = torch.arange(20) < LENGTHS.unsqueeze(-1)


def test_q1_one_label_per_sequence_is_cross_entropy_on_logits() -> None:
    logits, labels = random(16, 3), indices(3, 16)
    assert float(cross_entropy(logits, labels)) == by_hand(logits, labels)


def test_q1_one_label_per_step_is_the_mean_over_steps_then_over_sequences() -> None:
    found = cross_entropy(TAGS, TAG_LABELS, reduction="sequence_mean")
    assert float(found) == by_hand(TAGS, TAG_LABELS, "sequence_mean")


def test_q1_padding_is_left_out_of_sum_and_count() -> None:
    found = cross_entropy(TAGS, TAG_LABELS, lengths=LENGTHS)
    losses = functional.cross_entropy(TAGS.movedim(-1, 1), TAG_LABELS, reduction="none")
    assert float(found) == by_hand(TAGS, TAG_LABELS, lengths=LENGTHS.tolist())
    torch.testing.assert_close(found, (losses * VALID).sum() / VALID.sum())


def test_q1_the_mean_of_all_steps_counts_padding() -> None:
    wrong = functional.cross_entropy(TAGS.flatten(0, 1), TAG_LABELS.flatten())
    assert float(wrong) != by_hand(TAGS, TAG_LABELS, lengths=LENGTHS.tolist())


def test_q1_classes_stay_last_when_there_are_as_many_steps_as_classes() -> None:
    logits, labels = random(2, 5, 5), indices(5, 2, 5)
    assert float(cross_entropy(logits, labels)) == by_hand(logits, labels)


def test_q1_torch_reads_steps_as_classes_without_a_word() -> None:
    logits, labels = random(2, 5, 5), indices(5, 2, 5)
    assert float(functional.cross_entropy(logits, labels)) != by_hand(logits, labels)


def test_q1_nan_in_padding_stays_there() -> None:
    logits = TAGS.masked_fill(~VALID.unsqueeze(-1), math.nan).requires_grad_()
    found = cross_entropy(logits, TAG_LABELS, lengths=LENGTHS)
    found.backward()
    assert found.item() == by_hand(TAGS, TAG_LABELS, lengths=LENGTHS.tolist())
    assert logits.grad is not None
    assert (logits.grad[~VALID] == 0).all()


def test_q1_masking_by_multiplication_lets_nan_through() -> None:
    logits = TAGS.masked_fill(~VALID.unsqueeze(-1), math.nan)
    losses = functional.cross_entropy(logits.movedim(-1, 1), TAG_LABELS, reduction="none")
    assert ((losses * VALID).sum() / VALID.sum()).isnan()


def test_q1_torch_gives_nan_gradients_for_ignored_steps() -> None:
    logits = TAGS.masked_fill(~VALID.unsqueeze(-1), math.nan).requires_grad_()
    functional.cross_entropy(logits.flatten(0, 1), TAG_LABELS.masked_fill(~VALID, -100).flatten()).backward()
    assert logits.grad is not None
    assert logits.grad[~VALID].isnan().any()


def test_q1_an_empty_mask_costs_0_and_trains_nothing() -> None:
    logits = TAGS.clone().requires_grad_()
    found = cross_entropy(logits, TAG_LABELS, mask=torch.zeros_like(VALID))
    found.backward()
    assert found.item() == 0
    assert logits.grad is not None
    assert (logits.grad == 0).all()


def test_q1_dividing_by_an_empty_mask_gives_nan() -> None:
    losses, nothing = functional.cross_entropy(TAGS.movedim(-1, 1), TAG_LABELS, reduction="none"), VALID & False
    assert ((losses * nothing).sum() / nothing.sum()).isnan()
    assert functional.cross_entropy(TAGS.flatten(0, 1), torch.full((16 * 20,), -100)).isnan()


def test_q1_micro_batches_add_up_to_the_average_of_the_batch() -> None:
    halves = [
        loss_sum(cross_entropy, TAGS[half], TAG_LABELS[half], lengths=LENGTHS[half])
        for half in (slice(0, 4), slice(4, 16))
    ]
    assert float(sum(halves).mean()) == by_hand(TAGS, TAG_LABELS, lengths=LENGTHS.tolist())


def test_q1_an_average_of_averages_is_another_number() -> None:
    halves = [
        cross_entropy(TAGS[half], TAG_LABELS[half], lengths=LENGTHS[half]) for half in (slice(0, 4), slice(4, 16))
    ]
    assert float(sum(halves) / 2) != by_hand(TAGS, TAG_LABELS, lengths=LENGTHS.tolist())


# Q2. How is cross-entropy computed for sequential data, in NumPy and in TensorFlow?

PROBABILITIES = [[0.1, 0.2, 0.6, 0.1], [0.7, 0.1, 0.1, 0.1], [0.2, 0.2, 0.2, 0.4]]
CLASSES = [2, 0, 3]
WORKED = -(math.log(0.6) + math.log(0.7) + math.log(0.4)) / 3


def test_q2_the_worked_example_is_0_594597() -> None:
    assert pytest.approx(0.594597, abs=5e-7) == WORKED


def test_q2_probabilities_with_class_indices_in_numpy() -> None:
    assert float(in_numpy.cross_entropy(PROBABILITIES, CLASSES, from_logits=False)) == pytest.approx(WORKED, rel=1e-14)


def test_q2_probabilities_with_one_hot_labels_in_numpy() -> None:
    labels = np.eye(4)[CLASSES]
    assert float(in_numpy.cross_entropy(PROBABILITIES, labels, from_logits=False)) == pytest.approx(WORKED, rel=1e-14)


def test_q2_a_batch_of_probabilities_with_one_hot_labels() -> None:
    batch, labels = np.array([PROBABILITIES] * 2), np.eye(4)[[CLASSES] * 2]
    found = in_numpy.cross_entropy(batch, labels, from_logits=False)
    assert float(found) == pytest.approx(WORKED, rel=1e-14)


def test_q2_the_same_in_torch() -> None:
    found = cross_entropy(torch.tensor(PROBABILITIES), torch.tensor(CLASSES), from_logits=False)
    assert float(found) == pytest.approx(WORKED, rel=1e-6)


def test_q2_adding_1e_15_before_the_logarithm_is_biased() -> None:
    tiny = 1e-14
    right = in_numpy.cross_entropy([[tiny, 1 - tiny]], [0], from_logits=False)
    assert float(right) == pytest.approx(-math.log(tiny), rel=1e-12)
    assert -math.log(tiny + 1e-15) != pytest.approx(-math.log(tiny), rel=1e-3)


def test_q2_adding_1e_15_next_to_1_vanishes_in_float32() -> None:
    assert np.float32(1) + np.float32(1e-15) == 1
    assert np.float16(1e-15) == 0


def test_q2_probability_0_costs_a_large_finite_number_by_rule() -> None:
    found = in_numpy.cross_entropy([[0.0, 1.0]], [0], from_logits=False)
    assert float(found) == pytest.approx(126 * math.log(2), rel=1e-12)


def test_q2_probability_0_of_another_class_costs_nothing() -> None:
    assert float(in_numpy.cross_entropy([[0.0, 1.0]], np.eye(2)[[1]], from_logits=False)) == 0


def test_q2_the_usual_sum_of_labels_times_logarithms_gives_nan() -> None:
    with np.errstate(divide="ignore", invalid="ignore"):
        assert np.isnan(-(np.array([0.0, 1.0]) * np.log(np.array([0.0, 1.0]))).sum())


def test_q2_one_hot_equals_index_with_class_weights() -> None:
    logits, labels, weights = random(6, 3), indices(3, 6), torch.tensor([1.0, 2.0, 6.0], dtype=torch.float64)
    one_hot = functional.one_hot(labels, 3).double()
    found = [cross_entropy(logits, truth, class_weight=weights) for truth in (labels, one_hot)]
    assert [float(value) for value in found] == [by_hand(logits, labels, class_weight=[1.0, 2.0, 6.0])] * 2


def test_q2_in_torch_one_hot_and_index_differ_with_class_weights() -> None:
    logits, labels, weights = random(6, 3), indices(3, 6), torch.tensor([1.0, 2.0, 6.0], dtype=torch.float64)
    one_hot = functional.one_hot(labels, 3).double()
    index, soft = (functional.cross_entropy(logits, truth, weight=weights) for truth in (labels, one_hot))
    assert float(index) != pytest.approx(float(soft), rel=0.1)


def test_q2_softmax_applied_twice_is_warned_about() -> None:
    with pytest.warns(SoftmaxTwiceWarning, match="pass from_logits=False"):
        cross_entropy(torch.tensor(PROBABILITIES), torch.tensor(CLASSES))


def test_q2_torch_lets_a_perfect_prediction_cost_0_55_after_two_softmaxes() -> None:
    perfect = torch.eye(3)
    assert float(functional.cross_entropy(perfect, torch.arange(3))) == pytest.approx(math.log(math.e + 2) - 1)


# Q4. 47 labels per example, each -1, 0 or 1. Which loss, which shapes?

VALUES = (-1, 0, 1)
VOTES = indices(3, 8, 47) - 1
HEAD = random(8, 47, 3)


def test_q4_47_problems_of_three_classes_with_classes_last() -> None:
    assert float(cross_entropy(HEAD, VOTES, label_values=VALUES)) == by_hand(HEAD, VOTES, label_values=VALUES)


def test_q4_torch_s_own_layout_when_the_caller_says_so() -> None:
    found = cross_entropy(HEAD.movedim(-1, 1), VOTES, label_values=VALUES, class_axis=1)
    assert float(found) == by_hand(HEAD, VOTES, label_values=VALUES)


def test_q4_any_of_the_47_can_be_absent() -> None:
    absent = random(8, 47, seed=5) > 0
    found = cross_entropy(HEAD, VOTES.masked_fill(absent, 9), label_values=VALUES, ignore_index=9)
    assert float(found) == by_hand(HEAD, VOTES, label_values=VALUES, mask=(~absent).tolist())


def test_q4_an_output_without_any_label_has_mean_0() -> None:
    votes = VOTES.clone()
    votes[:, 5] = 9
    found = cross_entropy(HEAD, votes, label_values=VALUES, ignore_index=9, reduction="per_output")
    assert found.tolist() == by_hand(HEAD, votes, "per_output", label_values=VALUES, ignore_index=9)
    assert float(found[5]) == 0


def test_q4_one_number_per_label_with_float_labels_is_refused() -> None:
    with pytest.raises(ValuesError, match=r"let the head give logits \(8, 47, classes\)") as caught:
        cross_entropy(random(8, 47), VOTES.double())
    assert "label_values=(-1, 0, 1)" in str(caught.value)


def test_q4_torch_takes_one_number_per_label_for_class_probabilities() -> None:
    found = functional.cross_entropy(random(8, 47), VOTES.double())
    assert math.isfinite(float(found))
    assert float(functional.cross_entropy(torch.zeros(1, 2), torch.tensor([[-1.0, 0.0]]))) < 0


def test_q4_one_number_per_label_with_integer_labels_is_refused() -> None:
    with pytest.raises(DtypeError, match=r"for labels -1, 0, 1 that is logits \(8, 47, 3\)"):
        cross_entropy(random(8, 47), VOTES)


def test_q4_float_labels_are_refused_with_the_right_logits_too() -> None:
    with pytest.raises(DtypeError, match="cast the labels to integers"):
        cross_entropy(HEAD, VOTES.double())


def test_q4_labels_of_minus_1_without_label_values_are_refused() -> None:
    with pytest.raises(ValuesError, match=r"pass label_values=\(-1, 0, 1\); if -1 marks a missing label"):
        cross_entropy(HEAD, VOTES)


def test_q4_a_stray_axis_in_predictions_and_labels_is_refused() -> None:
    with pytest.raises(DtypeError, match=r"axis 0 has size 1 in both: remove it with logits\[0\] and labels\[0\]"):
        cross_entropy(random(1, 8, 47), VOTES.unsqueeze(0))


def test_q4_a_stray_axis_with_float_labels_is_refused() -> None:
    with pytest.raises(ValuesError, match=r"axis 0 has size 1 in both.*let the head give logits \(8, 47, classes\)"):
        cross_entropy(random(1, 8, 47), VOTES.double().unsqueeze(0))


def test_q4_a_stray_axis_in_the_predictions_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"axis 0 of the logits has size 1: remove it with logits\[0\]"):
        cross_entropy(random(1, 8, 47), VOTES)


def test_q4_the_layout_of_torch_without_saying_so_is_refused() -> None:
    with pytest.raises(ShapeError, match="if axis 1 of the logits holds the classes, pass class_axis=1"):
        cross_entropy(HEAD.movedim(-1, 1), VOTES, label_values=VALUES)


def test_q4_a_flat_head_is_told_how_to_split() -> None:
    with pytest.raises(ShapeError, match=r"47 outputs x 3 classes, reshape the logits to \(8, 47, 3\)"):
        cross_entropy(random(8, 141), VOTES, label_values=VALUES)


def test_q4_no_one_hot_array_is_needed_for_the_gradient() -> None:
    head = HEAD.clone().requires_grad_()
    cross_entropy(head, VOTES, label_values=VALUES, reduction="sum").backward()
    wanted = oracle.class_gradient(HEAD.tolist(), VOTES.tolist(), label_values=VALUES)
    assert head.grad is not None
    assert head.grad[3, 46].tolist() == pytest.approx(wanted[3, 46], rel=1e-12)
