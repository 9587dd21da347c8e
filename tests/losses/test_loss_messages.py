"""Every message, word for word, and the same words in every framework."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from loss_cases import BACKENDS, TORCH_PLAIN, Backend
from wrong_calls import WRONG_CALLS, Wrong

from seqwise import errors
from seqwise.errors import ConfigError, SoftmaxTwiceWarning

SECTIONS = Path(__file__).with_name("messages.txt").read_text(encoding="utf-8").strip().split("\n\n")
MESSAGES = {name.removeprefix("# "): text for name, _, text in (section.partition("\n") for section in SECTIONS)}
"""The class and text of each message, by the name of the call."""


def call(wrong: Wrong, backend: Backend) -> None:
    """The call, in the arrays of a framework."""
    given = {}
    for name, array in wrong.given.items():
        if isinstance(array, tuple):
            kind, *shape = array
            given[name] = backend.array(np.zeros(shape).tolist(), kind)
        else:
            given[name] = backend.arrays({name: array})[name]
    getattr(backend.losses, wrong.loss)(**given, **wrong.options)


@pytest.mark.parametrize("wrong", WRONG_CALLS, ids=lambda wrong: wrong.name)
def test_a_wrong_call_is_told_what_to_do_in_the_same_words_everywhere(wrong: Wrong, backend: Backend) -> None:
    kind, _, text = MESSAGES[wrong.name].partition(": ")
    with pytest.raises(errors.UsageError) as caught:
        call(wrong, backend)
    assert type(caught.value) is getattr(errors, kind)
    assert str(caught.value) == text


def test_every_message_has_its_call() -> None:
    assert list(MESSAGES) == [wrong.name for wrong in WRONG_CALLS]


@pytest.mark.parametrize("loss", ["cross_entropy", "focal_loss", "ordinal_loss"])
def test_softmax_applied_twice_is_warned_about(loss: str, backend: Backend) -> None:
    with pytest.warns(SoftmaxTwiceWarning) as caught:
        backend.call(loss, [[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]], [0, 1])
    assert [str(one.message) for one in caught] == [
        f"{loss}: the logits look like probabilities already, and this loss applies softmax to them\n"
        "  expected: logits of any size\n"
        "  hint: take the softmax out of the model, or pass from_logits=False"
    ]


@pytest.mark.parametrize("backend", [one for one in BACKENDS if one is not TORCH_PLAIN], ids=lambda one: one.name)
def test_a_warning_is_shown_once_for_each_place_whatever_the_shapes(backend: Backend) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for rows in (1, 2, 3):
            logits, labels = backend.array([[0.25, 0.75]] * rows, "float"), backend.array([0] * rows, "int")
            backend.losses.cross_entropy(logits, labels)
        assert len(caught) == 1
        assert caught[0].filename == __file__
        backend.losses.cross_entropy(logits, labels)
        assert len(caught) == 2


@pytest.mark.parametrize("name", ["cross_entropy", "focal_loss", "ordinal_loss", "binary_cross_entropy"])
def test_loss_sum_knows_the_options_of_the_loss(name: str, backend: Backend) -> None:
    losses = backend.losses
    with pytest.raises(ConfigError, match=f"{name}: there is no option 'length'\n.*\n  hint: Did you mean 'lengths'"):
        losses.loss_sum(getattr(losses, name), [[0.0, 1.0]], [[0, 1]], length=[1])
