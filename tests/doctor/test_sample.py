"""The sample of public kinds of code: what was called wrong beforehand is flagged, what was called right is not.

`QUICK` is examined always, all of it with SEQWISE_CASES, as `make nightly` sets it.
"""

from __future__ import annotations

import os

import pytest
from zoo_members import examined_apart, sampled

from seqwise.doctor import BUGS, doctor

ALL = int(os.environ.get("SEQWISE_CASES", "0")) > 500
MISSED = {"softmax_of_independent_answers"}
"""What the code alone does not tell: whether several labels can be yes at once. It gets a note."""

NAMED = {
    "decorated": "no-gradient",
    "gradient_of_the_sum": "gradient-not-slope",
    "SoftmaxNotDivided": "gradient-not-slope",
    "half_detached": "gradient-not-slope",
    "nll_of_steps": "missing-softmax",
    "dice_of_logits": "wrong-costs-less",
    "arguments_swapped": "swapped-arguments",
    "TransposedChain": "unnormalised-paths",
    "margin_in_place": "writes-into-input",
    "writes_into_the_scores": "writes-into-input",
    "RandomStart": "unsteady-result",
    "KeepsItsState": "unsteady-result",
    "SqueezedAway": "squeezed-batch",
    "MaskUpsideDown": "mask-inverted",
    "PositionsOfTheBatch": "batch-mates",
    "unknown_as_minus_one": "mask-as-weight",
}
"""Members of the sample that show a bug by its name, and no other."""

RIGHT_TO_KEEP = {"detached_weights", "Chain", "FocalLoss", "DivergenceSmoothing", "fixed_sum_or_mean", "softmax_loss"}
QUICK = {
    one
    for one in sampled()
    if "keras" not in one.file
    and not one.name.startswith("jax")
    and ("models" in one.file or one.name in NAMED or one.name in RIGHT_TO_KEEP)
}


@pytest.mark.parametrize("member", [one for one in sampled() if ALL or one in QUICK], ids=lambda one: one.name)
def test_the_verdict_is_that_of_beforehand(member):
    if "keras" in member.file:
        pytest.importorskip("keras")
        ((_, holds, _),) = examined_apart(member.file, [member.name], "torch").values()
        assert holds is member.is_right
        return
    if "arrays" in member.file:
        pytest.importorskip("optax")
    report = doctor(member.place)
    assert report.holds is (member.is_right or member.name in MISSED), str(report)
    if member.name in NAMED:
        assert report.bugs == [NAMED[member.name]], str(report)


def test_a_bug_that_no_code_shows_gets_a_note():
    (member,) = [one for one in sampled() if one.name in MISSED]
    assert any("those want a sigmoid" in note for note in doctor(member.place).notes)


def test_members_that_are_named_are_there_and_bugs_too():
    assert NAMED.keys() | RIGHT_TO_KEEP | MISSED <= {one.name for one in sampled()}
    assert set(NAMED.values()) <= BUGS.keys()
