"""How the program answers where no command is named, or one that there is not."""

from __future__ import annotations

import re
import signal

import pytest


def told(result):
    """What stands on stderr, without the frame and its line breaks."""
    return re.sub(r"[│╭╮╰╯─\s]+", " ", result.err)


def test_help_is_a_command_too(seqwise):
    everything = seqwise("--help")
    assert everything.status == 0
    assert seqwise("help").out == seqwise("-h").out == everything.out
    assert seqwise("help", "predict").out == seqwise("predict", "--help").out == seqwise("predict", "-h").out
    assert "--confidence" in seqwise("help", "predict").out


UNKNOWN = {
    "predcit": "No such command 'predcit'. Did you mean 'predict'?",
    "Train": "No such command 'Train'. Did you mean 'train'?",
    "xyz": "No such command 'xyz'. The commands are train, tune, evaluate, predict, advise, doctor, bench.",
    "new.csv": "No such command 'new.csv'. It is a file; the command comes before it: seqwise train new.csv.",
    "runs": "No such command 'runs'. It is a folder; the command comes before it, such as seqwise evaluate runs FILE.",
}


@pytest.mark.parametrize(("word", "message"), UNKNOWN.items(), ids=UNKNOWN)
@pytest.mark.parametrize("before", [(), ("help",)], ids=["", "help"])
def test_an_unknown_command_is_told_what_there_is(seqwise, tmp_path, before, word, message):
    (tmp_path / "new.csv").write_text("text,label\n")
    (tmp_path / "runs").mkdir()
    result = seqwise(*before, word)
    assert (result.status, result.out) == (2, "")
    assert message in told(result)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_stopped_has_its_own_status(seqwise, monkeypatch, number, status):
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("seqwise.inference.loaded_model.load", lambda *_: signal.raise_signal(number))
    assert seqwise("predict", "r", "-").status == status
    signal.signal(signal.SIGTERM, before)
