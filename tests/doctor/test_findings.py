"""What a report says: examples that show the bug, symptoms under their cause, conventions by their name."""

from __future__ import annotations

import json

import numpy as np
import pytest
from zoo_members import members

from seqwise.doctor import BUGS, doctor
from seqwise.doctor.bugs import explained


def log_softmax(logits):
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def costs(logits, labels):
    return -np.take_along_axis(log_softmax(logits), labels[..., None], -1)[..., 0]


def padded_divisor(logits, labels, mask):
    return np.where(mask, costs(logits, labels), 0.0).mean()


def mean_of_sequences(logits, labels, mask):
    return (np.where(mask, costs(logits, labels), 0.0).sum(1) / np.maximum(mask.sum(1), 1)).mean()


def smoothed(logits, labels, label_smoothing=0.0):
    classes = logits.shape[-1]
    shares = np.where(np.eye(classes)[labels] == 1, 1 - label_smoothing, label_smoothing / (classes - 1))
    return -(shares * log_softmax(logits)).sum(-1).mean()


def summed(logits, labels):
    return costs(logits, labels).sum()


def loglikelihood(logits, labels):
    return -costs(logits, labels).mean()


def ignoring(logits, labels, mask):
    return costs(logits, labels).mean()


def finding(report, law):
    return next(one for one in report.findings if one.law == law)


def test_the_example_shows_two_numbers_that_should_be_equal():
    broken = finding(doctor(padded_divisor), "more padding does not change the loss")
    assert broken.bug == "mask-as-weight"
    assert broken.fix == BUGS["mask-as-weight"].fix
    arrays = {name: np.array(value) for name, value in broken.example["arrays"].items()}
    assert arrays["mask"].tolist() == [[True, False, False]]
    assert arrays["logits"].shape == (1, 3, 2)
    with_padding, without = broken.example["numbers"].values()
    assert with_padding == pytest.approx(padded_divisor(**arrays), abs=1e-6)
    assert without == pytest.approx(padded_divisor(**{name: one[:, :1] for name, one in arrays.items()}), abs=1e-6)
    assert without == pytest.approx(3 * with_padding, abs=1e-5)


def test_symptoms_carry_the_name_of_their_cause():
    report = doctor(ignoring)
    assert report.bugs == ["padding-in-average"]
    broken = [one for one in report.findings if not one.holds]
    assert [one.law for one in broken if not one.symptom] == ["what stands in padding does not change the loss"]
    assert {one.law for one in broken if one.symptom} == {
        "more padding does not change the loss",
        "padding gets no gradient",
        "NaN in padding does not reach the loss",
    }


def test_a_mean_per_sequence_is_a_convention():
    report = doctor(mean_of_sequences)
    assert report.holds
    assert "it averages each sequence by itself and then over the sequences" in report.notes[0]


def test_smoothing_by_the_other_convention_is_named_and_no_fault():
    report = doctor(smoothed)
    assert report.holds
    named = finding(report, "a smoothed label adds up to 1")
    assert (named.bug, named.holds) == ("smoothing-convention", True)
    assert named.note.startswith("a convention, no fault: label_smoothing e gives e / (C - 1) to each other class")
    assert report.bugs == []


@pytest.mark.parametrize(
    ("loss", "result"),
    [
        (summed, "the sum"),
        (mean_of_sequences, "the mean"),
        (costs, "one loss for each position"),
        (loglikelihood, "the mean, negative (a log-likelihood: negate it before minimising)"),
    ],
)
def test_what_a_loss_gives_is_said(loss, result):
    assert doctor(loss).subject.endswith(f"; gives {result}")


def test_the_subject_says_how_the_loss_was_understood():
    assert doctor(padded_divisor).subject == (
        "padded_divisor, a loss in numpy: takes logits = logits (batch, time, classes), labels = class indices "
        "(batch, time), mask (True counts); gives the mean"
    )


def test_a_loss_without_a_mask_is_told_so_and_tested_for_the_rest():
    report = doctor(summed)
    told = [law for law, reason in report.untested if reason.startswith("it takes no mask, lengths or ignored label")]
    assert len(told) == 5
    assert "(it takes no mask, lengths or ignored label, so it cannot be told what is padding)" in " ".join(
        str(report).split()
    )
    assert len(report.findings) >= 7


def test_json_has_a_finding_for_each_law_and_nothing_that_json_lacks():
    report = doctor(padded_divisor)
    plain = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert [one["law"] for one in plain] == [one.law for one in report.findings]
    for one in plain:
        assert {"law", "holds", "bug", "example", "fix"} <= one.keys()
        assert one["holds"] is (one["example"] is None) is (one["fix"] is None)


def test_text_for_the_terminal_is_narrow_and_names_bug_example_and_fix():
    text = str(doctor(padded_divisor))
    assert text.splitlines()[3] == (
        "FAILS       mask-as-weight: the mask weighs the losses but the divisor counts the padding"
    )
    for word in ("  law ", "  example ", "  fix ", "holds ", "untested "):
        assert f"\n{word}" in text
    assert max(len(line) for line in text.splitlines()) <= 110


def test_the_same_report_twice():
    assert doctor(padded_divisor) == doctor(padded_divisor)


def test_random_generators_are_left_as_they_were():
    np.random.seed(3)  # noqa: NPY002 - the generator that users' code draws from
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    doctor(summed)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_what_a_bug_brings_are_bugs():
    assert {symptom for bug in BUGS.values() for symptom in bug.brings} <= BUGS.keys()


@pytest.mark.parametrize(
    ("found", "causes"),
    [
        ({"padding-in-average", "nan-through-mask"}, {"nan-through-mask": "padding-in-average"}),
        ({"nan-through-mask", "empty-mask"}, {}),
        (
            {"lost-row", "padding-in-average", "empty-mask"},
            {"padding-in-average": "lost-row", "empty-mask": "lost-row"},
        ),
        ({"batch-mates", "class-axis"}, {"class-axis": "batch-mates"}),
    ],
)
def test_causes_of_symptoms(found, causes):
    assert explained(found) == causes


def test_libraries_are_not_blamed_and_what_they_do_is_said():
    (member,) = [one for one in members("right_torch.py") if one.name == "cross_entropy"]
    notes = doctor(member.place).notes
    assert (
        "known of torch, told by ignore_index=-100, and no fault of yours: nothing counts, and the sum 0 is "
        "divided by the count 0 (empty-mask)" in notes
    )
