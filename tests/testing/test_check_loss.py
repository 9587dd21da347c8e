"""`check_loss` passes what is right, and says of what is wrong where it differs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import seqwise.losses.numpy as in_numpy
import seqwise.losses.torch as in_torch
from seqwise.errors import ConfigError
from seqwise.testing import BINARY_CASES, CLASS_CASES, CRF_CASES, LossDisagreement, check_loss, generated_cases


@pytest.mark.parametrize("like", ["cross_entropy", "focal_loss", "ordinal_loss", "binary_cross_entropy"])
def test_our_losses_pass(like):
    table = BINARY_CASES if like == "binary_cross_entropy" else CLASS_CASES
    assert check_loss(getattr(in_numpy, like), like=like, generated=20) > len(table)


def test_our_crf_passes():
    assert check_loss(in_numpy.crf_nll, like="crf_nll") > len(CRF_CASES)
    assert check_loss(in_torch.crf_nll, like="crf_nll", framework="torch") > len(CRF_CASES)


def test_a_crf_that_forgets_its_end_is_found():
    def loss(emissions, tags, transitions, *, start=None, end=None):
        return in_numpy.crf_nll(emissions, tags, transitions, start=start)

    with pytest.raises(LossDisagreement, match="differ from crf_nll\n  start and end: "):
        check_loss(loss, like="crf_nll")


def test_a_loss_of_another_framework_gets_its_arrays():
    def loss(logits, labels, *, lengths=None):
        assert isinstance(logits, torch.Tensor)
        assert logits.dtype == torch.float64
        return in_torch.cross_entropy(logits, labels, lengths=lengths)

    assert check_loss(loss, framework="torch") > 5


def test_a_mask_that_multiplies_is_found():
    def loss(logits, labels, *, mask=None, reduction="mean"):
        losses = in_numpy.cross_entropy(logits, labels, reduction="none")
        mask = (
            np.ones(losses.shape)
            if mask is None
            else np.broadcast_to(np.reshape(mask, np.shape(mask) + (1,) * (losses.ndim - np.ndim(mask))), losses.shape)
        )
        return (losses * mask).mean() if reduction == "mean" else (losses * mask).sum()

    with pytest.raises(LossDisagreement) as caught:
        check_loss(loss, reductions=("sum", "mean"))
    first, *others = str(caught.value).splitlines()
    assert first.endswith("calls differ from cross_entropy")
    assert any(line.startswith("  mask with holes, reduction 'mean': ") for line in others)
    assert not any("'sum'" in line for line in others)


def test_an_error_of_the_loss_is_what_is_wrong():
    def loss(logits, labels):
        raise ValueError("no such thing")

    with pytest.raises(LossDisagreement, match="one label per sequence: ValueError: no such thing"):
        check_loss(loss)


def test_the_shape_of_the_answer_matters():
    def loss(logits, labels):
        return np.zeros(3)

    with pytest.raises(LossDisagreement, match="one label per sequence: 3 numbers instead of 1"):
        check_loss(loss)


def test_an_unknown_framework_is_refused():
    with pytest.raises(ConfigError, match="there is no framework 'torhc'"):
        check_loss(in_numpy.cross_entropy, framework="torhc")


def test_the_same_seed_gives_the_same_calls():
    first, again = list(generated_cases("cross_entropy", 30)), list(generated_cases("cross_entropy", 30))
    assert first == again
    assert first != list(generated_cases("cross_entropy", 30, seed=1))


def test_generated_calls_reach_every_option():
    used = {name for case, _ in generated_cases("focal_loss", 200) for name in case.options}
    assert used == {
        "mask",
        "lengths",
        "ignore_index",
        "label_values",
        "class_weight",
        "sample_weight",
        "label_smoothing",
        "gamma",
    }
