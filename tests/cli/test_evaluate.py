"""`seqwise evaluate` as a shell sees it: streams, flags, and errors that speak of judging, not of training."""

from __future__ import annotations

import json
import shutil

from seqwise.runs.manifest import write_manifest
from seqwise.runs.run_folder import RunFolder
from small_runs import joint_rows, write_rows


def content(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def test_standard_input_is_judged_like_the_file(seqwise, tmp_path, joint_run):
    file = write_rows(tmp_path / "t.jsonl", joint_rows(9, seed=4))
    piped = seqwise("evaluate", joint_run[0], "-", "--json", stdin=(tmp_path / "t.jsonl").read_bytes())
    assert (piped.status, piped.err) == (0, "")
    assert piped.out == seqwise("evaluate", joint_run[0], file, "--json").out


def test_an_unknown_label_is_told_without_flags_of_training(seqwise, tmp_path, joint_run):
    row = {"tokens": ["play"], "slots": ["O"], "intent": "Plya"}
    result = seqwise("evaluate", joint_run[0], "-", "--unseen", "error", stdin=content(row))
    assert (result.status, result.err) == (
        2,
        "seqwise: standard input:1: column 'intent': the label 'Plya' was never seen in training\n"
        "  Did you mean 'Play'? The model knows 'Book', 'Play', 'Weather'. "
        "Correct the label, or train again with examples of it.\n",
    )


def test_unknown_labels_count_as_wrong_and_are_said(seqwise, joint_run):
    rows = [
        {"tokens": ["play"], "slots": ["B-new"], "intent": "Plya"},
        {"tokens": ["it"], "slots": ["O"], "intent": None},
    ]
    result = seqwise("evaluate", joint_run[0], "-", "--json", stdin=content(*rows))
    assert result.status == 0
    assert result.err.splitlines() == [
        "warning: target 'intent': 1 label that training never saw, counted as wrong: 'Plya' (1, first at standard "
        "input:1. Did you mean 'Play'?); unseen='error' (--unseen error) refuses them",
        "warning: target 'slots': 1 label that training never saw, counted as wrong: 'B-new' (1, first at standard "
        "input:1); unseen='error' (--unseen error) refuses them",
    ]
    found = json.loads(result.out)
    assert (found["intent"]["accuracy"]["value"], found["intent"]["accuracy"]["count"]) == (0, 1)
    assert found["slots"]["accuracy"]["count"] == 2
    bad = seqwise("evaluate", joint_run[0], "-", "--unseen", "add", stdin=content(*rows))
    assert (bad.status, bad.err) == (2, "seqwise: --unseen is error or wrong, got 'add'\n")


def test_the_column_of_every_target_must_be_there(seqwise, joint_run):
    result = seqwise("evaluate", joint_run[0], "-", stdin=content({"tokens": ["play"], "intent": "Play"}))
    assert (result.status, result.err) == (
        2,
        "seqwise: standard input: there is no column 'slots'\n  The columns are 'tokens', 'intent'.\n",
    )


def test_quiet_leaves_the_figures_on_standard_output(seqwise, joint_run):
    rows = b"tokens,slots,intent\n" + b'"[""play""]","[""O""]",Play\n'
    loud = seqwise("evaluate", joint_run[0], "-", stdin=rows)
    assert (loud.status, loud.err) == (0, "standard input: the first line cannot be jsonl: read as csv\n")
    quiet = seqwise("evaluate", joint_run[0], "-", "--quiet", stdin=rows)
    assert (quiet.err, quiet.out) == ("", loud.out)


def test_a_torn_run_is_one_message(seqwise, tmp_path, joint_run):
    shutil.copytree(joint_run[0], tmp_path / "r")
    (tmp_path / "r" / "labels.json").write_text("{}")
    write_manifest(RunFolder(tmp_path / "r"))
    result = seqwise("evaluate", "r", "t.jsonl")
    assert (result.status, result.err) == (
        2,
        "seqwise: r/labels.json cannot be used: it has no 'spec'\n"
        "  Put the file back from a copy of the run folder, or train again: seqwise train --config r/config.yaml\n",
    )


def test_a_device_that_is_not_there_is_named(seqwise, joint_run):
    result = seqwise("evaluate", joint_run[0], "t.jsonl", "--device", "gpu")
    assert (result.status, result.err) == (2, "seqwise: there is no device 'gpu'; choose auto, cuda, mps, cpu\n")


def test_a_word_that_marks_missing_labels_can_be_named(seqwise, joint_run):
    rows = content(*joint_rows(4), {"tokens": ["play"], "slots": ["-"], "intent": "?"})
    result = seqwise("evaluate", joint_run[0], "-", "--json", "--missing", "?", "--missing", "-", stdin=rows)
    assert (result.status, result.err.splitlines()) == (
        0,
        [
            "warning: target 'intent': 1 label '?' counted as missing, first at standard input:5",
            "warning: target 'slots': 1 label '-' counted as missing, first at standard input:5",
        ],
    )
    assert json.loads(result.out)["intent"]["accuracy"]["count"] == 4
