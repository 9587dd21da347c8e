"""`seqwise doctor`: exit statuses, JSON, and what is said about a wrong file or name."""

from __future__ import annotations

import json

import pytest

LOSSES = """
import numpy as np

print("this file prints")

LIMIT = {"a": 3}


def costs(logits, labels):
    shifted = logits - logits.max(-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return -np.take_along_axis(logs, labels[..., None], -1)[..., 0]


def right(logits, labels, mask):
    return np.where(mask, costs(logits, labels), 0.0).sum() / max(mask.sum(), 1)


def padded(logits, labels, mask):
    print("called")
    return np.where(mask, costs(logits, labels), 0.0).mean()
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "losses.py").write_text(LOSSES)
    return tmp_path / "losses.py"


def test_a_right_loss_is_status_0(seqwise, file):
    result = seqwise("doctor", "losses.py:right")
    assert result.status == 0
    assert result.out.startswith("right, a loss in numpy: takes ")
    assert "FAILS" not in result.out


def test_a_wrong_loss_is_status_1(seqwise, file):
    result = seqwise("doctor", "losses.py:padded")
    assert result.status == 1
    assert "FAILS       mask-as-weight: " in result.out


def test_json_is_a_list_of_findings_and_nothing_else_on_stdout(seqwise, file):
    result = seqwise("doctor", "losses.py:padded", "--json")
    assert result.status == 1
    findings = json.loads(result.out)
    assert {one["bug"] for one in findings if not one["holds"]} == {"mask-as-weight"}
    assert all({"law", "holds", "bug", "example", "fix"} <= one.keys() for one in findings)
    assert "this file prints" in result.err
    assert "untested: class weights are divided out once (it takes no class weights)" in result.err


def test_json_of_a_right_loss(seqwise, file):
    result = seqwise("doctor", "losses.py:right", "--json")
    assert result.status == 0
    assert all(one["holds"] and one["bug"] is one["example"] is one["fix"] is None for one in json.loads(result.out))


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("nothere.py:loss", "doctor: nothere.py: there is no such file\n"),
        ("loses.py:loss", "doctor: loses.py: there is no such file\n  Did you mean 'losses.py'?\n"),
        (
            "losses.py:paded",
            "doctor: losses.py: there is no 'paded'\n  Did you mean 'padded'? It has 'costs', 'right', 'padded'.\n",
        ),
        (
            "losses.py",
            "doctor: losses.py: which loss or model is meant? Write FILE.py:NAME. "
            "losses.py has 'costs', 'right', 'padded'.\n",
        ),
        (
            "losses.py:LIMIT",
            "doctor: LIMIT is a dict, neither a loss nor a model\n"
            "  A loss is called with logits and labels; a model is a torch.nn.Module or a keras.Model.\n"
            "  Parameters are known by name: logits (also input, y_pred, emissions, scores, probs), labels (also "
            "target, y_true, tags), mask, lengths, sample_weight, ignore_index, class_weight (also weight), "
            "label_smoothing.\n",
        ),
        (
            "raising.py:loss",
            "doctor: raising.py:3: the file raises ZeroDivisionError: division by zero\n"
            "  The doctor runs the file to get at what is in it; keep training under if __name__ == '__main__'.\n",
        ),
        (
            "broken.py:loss",
            "doctor: broken.py:1: the file raises SyntaxError: '(' was never closed (broken.py, line 1)\n"
            "  The doctor runs the file to get at what is in it; keep training under if __name__ == '__main__'.\n",
        ),
        (
            "leaving.py:loss",
            "doctor: leaving.py:1: the file raises SystemExit: 3\n"
            "  The doctor runs the file to get at what is in it; keep training under if __name__ == '__main__'.\n",
        ),
        ("notes.txt:loss", "doctor: notes.txt: not a Python file\n  Write FILE.py:NAME.\n"),
    ],
)
def test_a_wrong_file_or_name_is_one_message_and_status_2(seqwise, file, place, message):
    (file.parent / "raising.py").write_text("x = 1\n\ny = x / 0\n")
    (file.parent / "broken.py").write_text("loss = (\n")
    (file.parent / "leaving.py").write_text("raise SystemExit(3)\n")
    (file.parent / "notes.txt").write_text("loss\n")
    result = seqwise("doctor", place)
    assert result.status == 2
    assert result.out == ""
    assert result.err.removeprefix("this file prints\n") == f"seqwise: {message}"
