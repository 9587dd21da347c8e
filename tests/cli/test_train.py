"""What a person meets who trains: what is said when, folders, stopping, going on, contradictions."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
import yaml

from seqwise.runs.run_folder import RunFolder
from small_runs import joint_rows, write_rows

STOP = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # which shells take from what runs in their background
import {module} as module
original = module.{name}
def stop(*words, **options):
    os.kill(os.getpid(), signal.SIGINT)
    return original(*words, **options)
module.{name} = stop
from seqwise.cli import main
main()
"""


@pytest.fixture
def rows(tmp_path):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("text", "intent"))
    return "d.jsonl"


def in_a_process(code, *words):
    words = [sys.executable, "-c", code, "train", *words]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_what_was_found_stands_before_the_error(seqwise, rows, tmp_path):
    write_rows(tmp_path / "t.jsonl", [{"text": "play", "intent": "Plya"}])
    result = seqwise("train", rows, "--test", "t.jsonl", "--unseen", "error")
    assert (result.status, result.out) == (2, "")
    assert result.err == (
        "input: column 'text', running text, split into words, lower-cased\n"
        "target 'intent': column 'intent', one label per sequence: cross-entropy over its classes\n"
        "seqwise: t.jsonl:1: column 'intent': the label 'Plya' was never seen in training\n"
        "  Did you mean 'Play'? The model knows 'Book', 'Play', 'Weather'. Correct the label, or give it training "
        "examples; --unseen wrong counts it as wrong, --unseen add makes it a class that training never shows.\n"
    )


def test_what_was_found_is_said_once_and_in_order(seqwise, rows, tiny):
    said = seqwise("train", rows, *tiny, "--dry-run").err.splitlines()
    assert [line.partition(":")[0] for line in said] == [
        "input",
        "target 'intent'",
        "split",
        "target 'intent'",
        "vocabulary",
        "n-grams",
        "sequences",
        "model",
        "training",
        "run folder",
    ]
    assert len(set(said)) == len(said)


def test_a_dry_run_prints_the_plan_as_json(seqwise, rows, tmp_path, tiny):
    result = seqwise("train", rows, *tiny, "--dry-run", "--json", "--quiet")
    assert (result.status, result.err) == (0, "")
    plan = json.loads(result.out)
    assert plan["run"] == "runs/d-1"
    assert plan["settings"]["model"]["hidden"] == 6
    assert plan["settings"]["input"]["text"] == "text"
    assert plan["inferred"]["input.text"] == "detected"
    assert {part: plan["data"]["split"][part]["rows"] for part in ("train", "dev", "test")} == {
        "train": 48,
        "dev": 6,
        "test": 6,
    }
    assert [(target["name"], target["kind"]) for target in plan["targets"]] == [("intent", "label")]
    assert plan["targets"][0]["classes"] == [["Book", "Play", "Weather"]]
    assert plan["model"]["device"] == "cpu"
    assert plan["deciding"] == ["intent.accuracy"]
    assert [path.name for path in tmp_path.iterdir()] == ["d.jsonl"]
    seqwise("train", rows, *tiny, "--quiet")
    assert json.loads((tmp_path / "runs" / "d-1" / "env.json").read_text())["parameters"] == plan["model"]["parameters"]


TWICE = [
    (
        ["--hidden", "0", "--set", "model.hidden=8"],
        "model.hidden is 0 by --hidden, but 8 by --set; give it once",
    ),
    (
        ["--set", "data.label=topic", "--label", "intent"],
        "data.label is 'intent' by --label, but 'topic' by --set; give it once",
    ),
    (
        ["--set", "data.train=e.jsonl"],
        "data.train is 'd.jsonl' by DATA, but 'e.jsonl' by --set; give it once",
    ),
    (
        ["--no-header", "--set", "data.header=true"],
        "data.header is false by --header, but true by --set; give it once",
    ),
    (
        ["--class-weight", "{Play: 2}", "--set", "loss.class_weight=balanced"],
        "loss.class_weight is {Play: 2} by --class-weight, but 'balanced' by --set; give it once",
    ),
]


@pytest.mark.parametrize(("words", "message"), TWICE)
def test_a_flag_and_set_that_contradict_each_other_are_refused(seqwise, rows, words, message):
    assert seqwise("train", rows, *words) == (2, "", f"seqwise: {message}\n")


@pytest.mark.parametrize(
    "words",
    [
        ["--hidden", "8", "--set", "model.hidden=8"],
        ["--label", "intent", "--set", "data.label=intent"],
        ["--label", "intent", "--set", "data.label=[intent]"],
        ["--set", "data.train=d.jsonl"],
    ],
)
def test_a_flag_and_set_that_agree_are_fine(seqwise, rows, words):
    assert seqwise("train", rows, *words, "--dry-run").status == 0


def test_a_number_that_another_run_took_meanwhile_is_passed_over(seqwise, rows, tmp_path, tiny, monkeypatch):
    from seqwise.training import training_plan as run

    original = run.plan_run

    def plan_while_another_run_starts(*words):
        plan = original(*words)
        (tmp_path / "runs" / "d-1").mkdir(parents=True)
        return plan

    monkeypatch.setattr(run, "plan_run", plan_while_another_run_starts)
    result = seqwise("train", rows, *tiny)
    assert result.status == 0
    assert "run folder: runs/d-2\n" in result.err
    assert (tmp_path / "runs" / "d-2" / "metrics.json").exists()


def broken_run(seqwise, rows, tiny, monkeypatch):
    """A run that Ctrl-C ended after its first epoch."""
    from seqwise.cli.watch import Watch

    ended = Watch.epoch_ends

    def stop(self, entry, is_best):
        ended(self, entry, is_best)
        os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Watch, "epoch_ends", stop)
        assert seqwise("train", rows, "--run", "r", *tiny).status == 130


def test_a_run_that_is_being_trained_cannot_be_gone_on_with(seqwise, rows, tmp_path, tiny, monkeypatch):
    broken_run(seqwise, rows, tiny, monkeypatch)
    with RunFolder(tmp_path / "r").held():
        result = seqwise("train", "--run", "r", "--resume")
    assert result == (
        2,
        "",
        "seqwise: the run r is being trained by another process\n"
        "  Wait for it to end, or stop it and resume with: seqwise train --run r --resume\n",
    )
    assert seqwise("train", "--run", "r", "--resume").status == 0


MOMENTS = [
    ("seqwise.cli.app", "app", "stopped"),
    ("seqwise.cli.watch", "show_metrics", "stopped; the run is finished"),
    ("seqwise.task.stored_rows", "open_store", "stopped; nothing was trained or written"),
    ("seqwise.task.requested_columns", "find_spec", "stopped; nothing was trained or written"),
    ("seqwise.models.build", "model_for", "stopped; nothing was trained or written"),
    (
        "seqwise.training.run_evaluation",
        "evaluate_rows",
        "stopped immediately. Resume from the last checkpoint with: seqwise train --run r --resume",
    ),
    (
        "seqwise.training.run_start",
        "_data_json",
        "stopped immediately. Resume from the last checkpoint with: seqwise train --run r --resume",
    ),
]


@pytest.mark.parametrize(("module", "name", "said"), MOMENTS)
def test_ctrl_c_is_answered_at_every_moment(seqwise, rows, tmp_path, tiny, module, name, said):
    stopped = in_a_process(STOP.format(module=module, name=name), rows, "--run", "r", *tiny)
    assert stopped.returncode == 130
    assert stopped.stderr.splitlines()[-1] == said
    assert "Traceback" not in stopped.stderr
    if not (tmp_path / "r").exists():
        assert [path.name for path in tmp_path.iterdir()] == ["d.jsonl"]
        assert "at once" not in said
        return
    assert seqwise("train", "--run", "r", "--resume").status == 0
    seqwise("train", rows, "--run", "whole", *tiny)
    weights = [(tmp_path / run / "model.safetensors").read_bytes() for run in ("r", "whole")]
    assert weights[0] == weights[1]


def figures(run):
    return json.loads((run / "metrics.json").read_text())["test"], (run / "predictions.jsonl").read_text()


def test_a_run_goes_on_from_any_folder(seqwise, rows, tmp_path, tiny, monkeypatch):
    seqwise("train", rows, "--run", "whole", *tiny)
    broken_run(seqwise, rows, tiny, monkeypatch)
    (tmp_path / "elsewhere").mkdir()
    write_rows(tmp_path / "elsewhere" / "d.jsonl", joint_rows(seed=5), ("text", "intent"))
    before = (tmp_path / "r" / "config.yaml").read_text()
    monkeypatch.chdir(tmp_path / "elsewhere")
    result = seqwise("train", "--run", "../r", "--resume")
    assert result.status == 0, result.err
    assert result.err.startswith(f"file paths are relative to {tmp_path}, where the run was started\n")
    assert f"report: {tmp_path / 'r' / 'report.html'}\n" in result.err
    assert figures(tmp_path / "r") == figures(tmp_path / "whole")
    assert (tmp_path / "r" / "config.yaml").read_text() == before


@pytest.mark.parametrize("name", ["./d.jsonl", "../{home}/d.jsonl", "link.jsonl"])
def test_a_resumed_run_knows_its_file_by_any_name(seqwise, rows, tmp_path, tiny, monkeypatch, name):
    broken_run(seqwise, rows, tiny, monkeypatch)
    (tmp_path / "link.jsonl").symlink_to("d.jsonl")
    result = seqwise("train", name.format(home=tmp_path.name), "--run", "r", "--resume")
    assert result.status == 0, result.err


def test_a_resumed_run_reads_no_other_file(seqwise, rows, tmp_path, tiny, monkeypatch):
    broken_run(seqwise, rows, tiny, monkeypatch)
    shutil.copy("d.jsonl", "e.jsonl")
    result = seqwise("train", "e.jsonl", "--dev", "d.jsonl", "--run", "r", "--resume")
    assert result == (
        2,
        "",
        "seqwise: a resumed run keeps its settings, but data.train is 'e.jsonl', was 'd.jsonl'; data.dev is 'd.jsonl', "
        "was empty\n  Leave these flags out, or start a new run without --resume.\n",
    )


def test_a_run_that_lost_its_settings_says_so(seqwise, rows, tmp_path, tiny, monkeypatch):
    broken_run(seqwise, rows, tiny, monkeypatch)
    (tmp_path / "r" / "config.yaml").unlink()
    assert seqwise("train", rows, "--run", "r", "--resume") == (
        2,
        "",
        "seqwise: the run folder r has lost its config.yaml, so the run cannot be resumed\n"
        "  Restore the file from a copy, or train again into another folder: --run DIR\n",
    )


def test_a_finished_run_with_torn_metrics_says_so(seqwise, rows, tmp_path, tiny):
    first = seqwise("train", rows, "--run", "r", *tiny, "--json")
    (tmp_path / "r" / "metrics.json").write_text("{}")
    assert seqwise("train", "--run", "r", "--resume") == (
        2,
        "",
        "seqwise: r/metrics.json is damaged: it has no figures\n"
        "  Remove it and compute them again with: seqwise train --run r --resume\n",
    )
    (tmp_path / "r" / "metrics.json").unlink()
    again = seqwise("train", "--run", "r", "--resume", "--json")
    assert without_clock(again.out) == without_clock(first.out)


def without_clock(out):
    metrics = json.loads(out)
    for facts in metrics["training"]["baselines"]["facts"].values():
        facts.pop("seconds")
        facts.pop("command", None)  # a resumed run has every setting given, and names them all
    metrics["training"].pop("seconds")
    return metrics


def test_a_run_killed_before_it_wrote_anything_starts(seqwise, rows, tmp_path, tiny):
    RunFolder(tmp_path / "r").create()
    assert seqwise("train", rows, "--run", "r", "--resume", *tiny).status == 0


def test_signs_that_look_like_markup_are_shown_as_they_are(seqwise, tmp_path, tiny):
    rows = [{"text": f"w{i} v", "[b]:smile:": "ab"[i % 2]} for i in range(20)]
    write_rows(tmp_path / "d.jsonl", rows)
    result = seqwise("train", "d.jsonl", "--label", "[b]:smile:", *tiny)
    assert "target '[b]:smile:': column '[b]:smile:', one label" in result.err
    assert "test   [b]:smile:  Accuracy" in result.out


def test_the_config_of_a_run_is_yaml_with_the_reasons(seqwise, rows, tmp_path, tiny):
    seqwise("train", rows, "--run", "r", *tiny)
    text = (tmp_path / "r" / "config.yaml").read_text()
    assert yaml.safe_load(text)["input"]["text"] == "text"
    assert "  text: text  # detected\n" in text


EPOCH = {"epoch": 2, "loss": 0.5, "dev_loss": 0.25, "tokens_per_second": 1200, "padding_share": 0.02, "seconds": 1.5}
LINES = [
    (
        {"mood": {"loss": 1.0, "accuracy": 0.75, "macro_f1": 0.5, "weighted_f1": 0.5}},
        "accuracy 0.7500  macro_f1 0.5000",
    ),
    (
        {
            "mood": {"accuracy": 0.75, "macro_f1": 0.5},
            "slots": {"accuracy": 0.9, "span_f1": 0.625},
            "vote": {"accuracy": None, "macro_f1": None},
            "is": {"accuracy": 0.5, "micro_f1": 0.25},
        },
        "mood accuracy 0.7500  slots span_f1 0.6250  vote accuracy –  is micro_f1 0.2500",
    ),
]


@pytest.mark.parametrize(("dev", "figures"), LINES)
def test_an_epoch_is_a_line_with_a_figure_of_every_target(capsys, dev, figures):
    from seqwise.cli.watch import Watch

    watch = Watch()
    watch.epoch_begins(1, 9, 4)
    watch.epoch_ends({**EPOCH, "dev": dev}, is_best=True)
    assert capsys.readouterr().err == (
        f"epoch   2/9  loss 0.5000  dev loss 0.2500  {figures} * 1,200 tokens/s  padding 2.0%  1.5 s  ? left\n"
    )
