"""`seqwise advise` as a shell sees it: shapes, arrays, data files, JSON, and mistakes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from seqwise.advice import advise
from seqwise.advice.dialects import DIALECTS
from seqwise.advice.problems import LOSSES, POOLINGS, PROBLEMS
from small_runs import joint_rows, write_rows

Q4 = ["--logits", "8x47", "--labels", "8x47", "--values=-1,0,1"]


@pytest.fixture
def rows(tmp_path):
    return write_rows(tmp_path / "rows.jsonl", joint_rows(40), ("tokens", "intent", "slots"))


def test_shapes_and_values(seqwise):
    result = seqwise("advise", *Q4)
    assert (result.status, result.err) == (0, "")
    assert result.out == str(advise(logits=(8, 47), labels=(8, 47), values=(-1, 0, 1)))


def test_values_need_no_equals_sign(seqwise):
    assert seqwise("advise", *Q4[:4], "--values", "-1,0,1").out == seqwise("advise", *Q4).out


def test_one_framework(seqwise):
    out = seqwise("advise", *Q4, "--framework", "jax").out
    assert "Code for jax" in out
    assert "Code for torch" not in out


def test_json(seqwise):
    result = seqwise("advise", *Q4, "--json")
    plain = json.loads(result.out)
    assert plain["loss"] == "cross_entropy"
    assert plain == json.loads(json.dumps(advise(logits=(8, 47), labels=(8, 47), values=(-1, 0, 1)).to_json()))


def test_every_flag_reaches_the_advice(seqwise):
    words = ["--hidden", "8x20x64", "--labels", "8x20", "--values", "0..4", "--missing", "-1", "--mask", "8x20"]
    words += ["--lengths", "8", "--label-kind", "float", "--problem", "tags", "--loss", "focal_loss", "--json"]
    plain = json.loads(seqwise("advise", *words).out)
    assert plain["call"] == "focal_loss(logits, labels, lengths=lengths, mask=mask, ignore_index=-1)"
    assert plain["changes"][0]["wrong"] == "labels are float"
    assert plain["head"] == "Linear(64, 5) -> (8, 20, 5)"
    words = ["--probabilities", "8x5x5", "--labels", "8x5", "--class-axis", "1", "--json"]
    plain = json.loads(seqwise("advise", *words).out)
    assert plain["changes"][0]["wrong"] == "probabilities (8, 5, 5): the classes are on axis 1, torch's own layout"
    words = ["--hidden", "8x20x64", "--labels", "8", "--pooling", "last", "--bidirectional", "--framework", "torch"]
    assert "LastPooling(64, bidirectional=True)" in seqwise("advise", *words).out


def test_arrays_of_a_file(seqwise, tmp_path):
    votes = np.random.default_rng(0).integers(-1, 2, size=(8, 47))
    np.savez(tmp_path / "arrays.npz", logits=np.zeros((8, 47, 3)), labels=votes, mask=votes >= -1, notes=np.zeros(2))
    plain = json.loads(seqwise("advise", "arrays.npz", "--json").out)
    assert plain["call"] == "cross_entropy(logits, labels, mask=mask, label_values=(-1, 0, 1))"


def test_an_array_for_a_flag_and_a_file_called_after_its_array(seqwise, tmp_path):
    votes = np.random.default_rng(0).integers(-1, 2, size=(8, 47))
    np.save(tmp_path / "labels.npy", votes)
    by_name = seqwise("advise", "labels.npy", "--logits", "8x47x3")
    by_flag = seqwise("advise", "--labels", "labels.npy", "--logits", "8x47x3")
    assert "label_values=(-1, 0, 1)" in by_name.out
    assert by_name == by_flag


def test_a_data_file(seqwise, rows):
    result = seqwise("advise", rows, "--framework", "numpy")
    assert result.status == 0
    assert "intent: One label out of 3 classes per sequence\n" in result.out
    assert "slots: One label out of 2 classes per step\n" in result.out
    assert "input: column 'tokens', token lists, taken as they are\n" in result.err


def test_a_data_file_as_json(seqwise, rows):
    plain = json.loads(seqwise("advise", rows, "--label", "intent", "--json").out)
    assert {name: one["problem"] for name, one in plain["targets"].items()} == {"intent": "label"}


def test_settings_of_a_data_file(seqwise, tmp_path):
    (tmp_path / "rows.txt").write_text("".join(f"word{i} again{i % 3};{'ab'[i % 2]}\n" for i in range(12)))
    words = ["--format", "csv", "--set", "data.delimiter=;", "--set", "data.columns=[words, mood]"]
    result = seqwise("advise", "rows.txt", *words, "--set", "data.header=false", "--text", "words", "--json")
    assert list(json.loads(result.out)["targets"]) == ["mood"]


MISTAKES = {
    "nothing": (
        [],
        "advise: there are no labels\n"
        "  expected: the shape of the labels, and of logits or hidden states if you have them\n"
        "  hint: for example --logits 8x47 --labels 8x47 --values=-1,0,1, or a file: seqwise advise data.csv",
    ),
    "a file that is not there": (["arrays.npz"], "arrays.npz: no such file"),
    "shapes that fit nothing": (
        ["--logits", "8x3", "--labels", "9"],
        "advise: these shapes fit no problem: labels are of 9 sequences, logits of 8\n"
        "  logits  float  (8, 3)\n"
        "  labels  int    (9,)\n"
        "  expected: the batch first everywhere; labels (batch,), (batch, time), (batch, outputs) or (batch, time, "
        "outputs), and logits with one more axis, the classes\n"
        "  hint: labels, logits, hidden states, mask and lengths must agree on the batch and on the steps",
    ),
    "shapes for a data file": (
        ["rows.csv", "--values", "0,1"],
        "advise: --values applies to arrays, but 'rows.csv' is a file of sequences\n"
        "  expected: shapes and arrays, or data files",
    ),
    "columns without a file": (
        ["--labels", "8", "--series-id", "x"],
        "advise: --series-id applies to files, but none is named\n  expected: shapes and arrays, or data files",
    ),
    "settings without a file": (
        ["--labels", "8", "--set", "data.header=false"],
        "advise: --set applies to files, but none is named\n  expected: shapes and arrays, or data files",
    ),
    "files of two kinds": (
        ["rows.csv", "arrays.npz"],
        "advise: 'rows.csv' is a file of sequences, but others hold arrays\n  expected: one kind",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_message_and_status_2(name, seqwise):
    words, message = MISTAKES[name]
    assert seqwise("advise", *words) == (2, "", f"seqwise: {message}\n")


def test_an_array_that_comes_twice(seqwise, tmp_path):
    np.savez(tmp_path / "arrays.npz", labels=np.zeros(8, int))
    assert seqwise("advise", "arrays.npz", "--labels", "8") == (
        2,
        "",
        "seqwise: advise: labels is given twice, now in 'arrays.npz'\n  expected: it once\n",
    )


def test_the_help_names_what_can_be_named(seqwise):
    import inspect

    from seqwise.cli.advise import advise as command

    hints = inspect.get_annotations(command, eval_str=True)
    text = {name: hints[name].__metadata__[0].help for name in ("problem", "loss", "pooling", "framework")}
    assert [name for name in PROBLEMS if name.removesuffix("-per-step") not in text["problem"]] == []
    for name, known in (("loss", LOSSES), ("pooling", POOLINGS), ("framework", DIALECTS)):
        assert [one for one in known if one not in text[name]] == [], name
