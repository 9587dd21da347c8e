"""Code that prints, exits, asks, waits or raises: one message each, and a report where there can be one."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest

from seqwise.doctor import contained, doctor
from seqwise.errors import UsageError


def mean(logits, labels):
    shifted = logits - logits.max(-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return -np.take_along_axis(logs, labels[..., None], -1).mean()


def test_what_a_loss_prints_is_said_once_and_not_shown(capsys):
    def talking(logits, labels):
        print("shape:", logits.shape)  # noqa: T201
        return mean(logits, labels)

    report = doctor(talking)
    assert report.holds
    assert report.notes[-1].startswith("it prints when it is called, which is left out here; the first line is: shape:")
    assert capsys.readouterr().out == ""


def test_a_quiet_loss_has_no_such_note():
    assert not any("prints" in note for note in doctor(mean).notes)


def test_a_loss_that_exits_is_an_error():
    def leaving(logits, labels):
        sys.exit(4)

    with pytest.raises(UsageError) as raised:
        doctor(leaving)
    assert str(raised.value) == ("doctor: leaving ends the program: it calls exit(4)\n  Raise an exception instead.")


def test_a_loss_that_asks_gets_no_answer():
    def asking(logits, labels):
        return mean(logits, labels) * float(input())

    with pytest.raises(UsageError, match="asking could not be called as a loss: it raises EOFError"):
        doctor(asking)


@pytest.mark.skipif(sys.platform == "win32", reason="no timer signals there")
def test_a_loss_that_never_ends_is_stopped(monkeypatch):
    monkeypatch.setattr(contained, "_LONGEST_CALL", 0.2)

    def waiting(logits, labels):
        try:
            while True:
                time.sleep(0.01)
        except Exception:
            return mean(logits, labels)

    with pytest.raises(UsageError) as raised:
        doctor(waiting)
    assert str(raised.value) == (
        "doctor: waiting: a call with small arrays took longer than 0.2 seconds and was stopped\n"
        "  Look for a loop that does not end, or for something that waits."
    )


def test_a_message_of_many_lines_becomes_one():
    def wordy(logits, labels):
        raise RuntimeError("\nfirst\nsecond\n" + "x" * 5000)

    with pytest.raises(UsageError) as raised:
        doctor(wordy)
    assert "it raises RuntimeError: first\n  A loss takes" in str(raised.value)


def test_a_function_that_should_make_a_loss_and_raises():
    def make():
        raise OSError("no weights here")

    with pytest.raises(UsageError) as raised:
        doctor(make)
    assert str(raised.value) == "doctor: make() raises OSError: no weights here"


def test_a_function_that_makes_nothing_to_call():
    def make():
        return [1, 2]

    with pytest.raises(UsageError, match=r"doctor: make\(\) gives a list, neither a loss nor a model"):
        doctor(make)


def test_a_model_that_takes_a_few_sequences_only_is_an_error_not_a_traceback():
    from torch import nn

    class Narrow(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(3, 4, batch_first=True)

        def forward(self, x):
            if len(x) > 4:
                raise ValueError("at most 4 sequences")
            return self.lstm(x)[0]

    with pytest.raises(UsageError) as raised:
        doctor(Narrow())
    assert str(raised.value) == (
        "doctor: Narrow could be called at first, and then raised ValueError: at most 4 sequences\n"
        "  It must take batches of any number of sequences."
    )


def test_random_generators_of_all_kinds_are_left_as_they_were():
    import random

    import torch

    random.seed(5)
    torch.manual_seed(5)
    before = random.getstate(), torch.get_rng_state()

    def drawing(logits, labels):
        return mean(logits, labels) + random.random() + float(torch.rand(()))

    assert doctor(drawing).bugs == ["unsteady-result"]
    assert random.getstate() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])
