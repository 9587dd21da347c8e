from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
import yaml

import seqwise as package
from seqwise.runs.manifest import write_manifest
from seqwise.runs.run_folder import RunFolder
from small_runs import joint_rows, write_rows

RUN_FILES = {
    "checkpoints",
    "config.yaml",
    "data.json",
    "env.json",
    "labels.json",
    "log.txt",
    "manifest.json",
    "metrics.json",
    "metrics.jsonl",
    "model.safetensors",
    "predictions.jsonl",
    "report.html",
    "vocab.json",
}


def loaded_by(code):
    found = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sorted(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(found.stdout.split("\n")[-2].split())


HEAVY = {"torch", "numpy", "pyarrow", "pydantic", "sklearn", "matplotlib", "yaml"}


def test_importing_seqwise_loads_no_framework():
    assert not loaded_by("import seqwise") & HEAVY


def test_the_help_loads_no_framework():
    code = (
        "import sys\nsys.argv = ['seqwise', 'train', '--help']\n"
        "from seqwise.cli import main\ntry: main()\nexcept SystemExit: pass"
    )
    assert not loaded_by(code) & (HEAVY - {"pydantic"}), "typer itself reads flags with pydantic"


def test_the_test_of_what_is_loaded_can_fail():
    assert "torch" in loaded_by("import seqwise; seqwise.load")


def test_every_public_name_can_be_had():
    assert sorted(package.__all__) == package.__all__
    assert all(getattr(package, name) is not None for name in package.__all__)
    with pytest.raises(AttributeError, match="module 'seqwise' has no attribute 'lode'"):
        _ = package.lode


def test_every_flag_of_train_is_a_setting_or_steers_the_command():
    import inspect

    from seqwise.cli.setting_options import SETTINGS
    from seqwise.cli.train import train

    steering = {"context", "data", "run", "resume", "config", "settings", "dry_run", "as_json", "quiet"}
    assert set(inspect.signature(train).parameters) == steering | {setting.name for setting in SETTINGS}


def test_training_writes_the_run_folder(seqwise, tmp_path, tiny):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("text", "intent"))
    result = seqwise("train", "d.jsonl", *tiny)
    run = tmp_path / "runs" / "d-1"
    assert result.status == 0
    assert {path.name for path in run.iterdir()} == RUN_FILES
    assert "report: runs/d-1/report.html" in result.err
    assert "Accuracy" in result.out
    assert "TF-IDF + logistic regression" in result.out
    assert "<html" in (run / "report.html").read_text()


def test_a_second_run_gets_a_folder_of_its_own(seqwise, tmp_path, tiny):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("text", "intent"))
    seqwise("train", "d.jsonl", *tiny, "--quiet")
    seqwise("train", "d.jsonl", *tiny, "--quiet")
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["d-1", "d-2"]


def test_json_puts_the_metrics_on_stdout_and_nothing_else(seqwise, tmp_path, tiny):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("text", "intent"))
    result = seqwise("train", "d.jsonl", "--run", "r", *tiny, "--json")
    metrics = json.loads(result.out)
    assert metrics == json.loads((tmp_path / "r" / "metrics.json").read_text())
    accuracy = metrics["test"]["accuracy"]
    assert accuracy == metrics["test"]["intent"]["accuracy"]
    assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]


def test_quiet_prints_nothing(seqwise, tmp_path, tiny):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("text", "intent"))
    assert seqwise("train", "d.jsonl", *tiny, "--quiet") == (0, "", "")


def test_quiet_prints_what_json_asks_for(seqwise, tmp_path, tiny):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("text", "intent"))
    result = seqwise("train", "d.jsonl", *tiny, "--quiet", "--json")
    assert (result.status, result.err) == (0, "")
    assert json.loads(result.out) == json.loads((tmp_path / "runs" / "d-1" / "metrics.json").read_text())


def test_a_dry_run_says_the_plan_and_writes_nothing(seqwise, tmp_path, tiny):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("text", "intent"))
    result = seqwise("train", "d.jsonl", *tiny, "--dry-run")
    assert result.status == 0
    assert "target 'intent': column 'intent', one label per sequence: cross-entropy over its classes" in result.err
    assert "training: at most 3 epochs" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["d.jsonl"]


def test_the_config_of_a_run_gives_the_same_run(seqwise, tmp_path, tiny):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("text", "intent"))
    seqwise("train", "d.jsonl", "--run", "a", *tiny, "--dropout", "0.1")
    seqwise("train", "--config", "a/config.yaml", "--run", "b")
    assert (tmp_path / "a" / "model.safetensors").read_bytes() == (tmp_path / "b" / "model.safetensors").read_bytes()


def test_the_config_holds_every_value_and_says_what_was_inferred(seqwise, tmp_path):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("text", "intent"))
    seqwise("train", "d.jsonl", "--run", "r", "--budget", "0.01s", "--set", "model.hidden=4")
    text = (tmp_path / "r" / "config.yaml").read_text()
    plain = yaml.safe_load(text)
    assert plain["model"]["hidden"] == 4
    assert plain["train"]["max_epochs"] > 0
    assert "# from 48 training sequences" in text


def test_flags_and_set_win_over_the_config(seqwise, tmp_path, tiny):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("text", "intent"))
    (tmp_path / "c.yaml").write_text("model: {hidden: 3, layers: 2}\n")
    seqwise(
        "train",
        "d.jsonl",
        "--run",
        "r",
        *tiny[4:],
        "--config",
        "c.yaml",
        "--hidden",
        "5",
        "--set",
        "model.embedding=6",
    )
    plain = yaml.safe_load((tmp_path / "r" / "config.yaml").read_text())
    assert (plain["model"]["hidden"], plain["model"]["layers"], plain["model"]["embedding"]) == (5, 2, 6)


def test_resuming_a_finished_run_shows_its_metrics(seqwise, tmp_path, tiny):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("text", "intent"))
    first = seqwise("train", "d.jsonl", "--run", "r", *tiny, "--json")
    again = seqwise("train", "--run", "r", "--resume", "--json")
    assert again.out == first.out
    assert "the run r is already finished" in again.err


def test_resuming_what_was_never_started_starts_it(seqwise, tmp_path, tiny):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("text", "intent"))
    assert seqwise("train", "d.jsonl", "--run", "r", "--resume", *tiny).status == 0
    assert (tmp_path / "r" / "metrics.json").exists()


def test_resuming_with_other_settings_is_refused(seqwise, tmp_path, tiny):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("text", "intent"))
    seqwise("train", "d.jsonl", "--run", "r", *tiny)
    (tmp_path / "r" / "metrics.json").unlink()
    result = seqwise("train", "--run", "r", "--resume", "--hidden", "7")
    assert result.status == 2
    assert "a resumed run keeps its settings, but model.hidden is 7, was 6\n" in result.err


def test_resume_needs_to_know_the_run(seqwise):
    result = seqwise("train", "--resume")
    assert (result.status, result.err) == (
        2,
        "seqwise: --resume needs the run folder: seqwise train --run DIR --resume\n",
    )


KILLED = """
import os, signal, sys
from seqwise.cli.watch import Watch
done = Watch.step_done
def kill(self, step, share, seconds):
    done(self, step, share, seconds)
    if share > 0.5:
        os.kill(os.getpid(), signal.{signal})
Watch.step_done = kill
from seqwise.cli import main
main()
"""


@pytest.mark.parametrize(("name", "status"), [("SIGKILL", -9), ("SIGINT", 130)])
def test_a_run_that_was_killed_ends_with_the_same_numbers(seqwise, tmp_path, tiny, name, status):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("tokens", "slots", "intent"))
    words = ["d.jsonl", *tiny, "--set", "train.checkpoint_seconds=1e-9"]
    seqwise("train", *words, "--run", "whole")
    code = KILLED.format(signal=name)
    killed = subprocess.run(
        [sys.executable, "-c", code, "train", *words, "--run", "killed"], capture_output=True, text=True, check=False
    )
    assert killed.returncode == status, killed.stderr
    assert not (tmp_path / "killed" / "metrics.json").exists()
    assert seqwise("train", "--run", "killed", "--resume").status == 0
    weights = [(tmp_path / run / "model.safetensors").read_bytes() for run in ("whole", "killed")]
    assert weights[0] == weights[1]
    metrics = [json.loads((tmp_path / run / "metrics.json").read_text()) for run in ("whole", "killed")]
    assert metrics[0]["test"] == metrics[1]["test"]


def test_ctrl_c_says_how_to_go_on(seqwise, tmp_path, tiny):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("text", "intent"))
    code = KILLED.format(signal="SIGINT")
    stopped = subprocess.run(
        [sys.executable, "-c", code, "train", "d.jsonl", *tiny, "--run", "r"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "stopped; everything is saved. Resume with: seqwise train --run r --resume" in stopped.stderr
    assert "Traceback" not in stopped.stderr


def test_evaluate_on_the_training_rows_agrees_with_the_metrics(seqwise, tmp_path, joint_run):
    run, read = joint_run
    rows = [json.loads(line) for line in (run.parent / "train.jsonl").read_text().splitlines()]
    test_lines = [
        line["line"]
        for line in map(json.loads, (run / "predictions.jsonl").read_text().splitlines())
        if line["split"] == "test"
    ]
    write_rows(tmp_path / "t.jsonl", [rows[line - 1] for line in test_lines])
    found = read(seqwise("evaluate", run, "t.jsonl", "--json").out)
    expected = json.loads((run / "metrics.json").read_text())["test"]
    for target, key in (("intent", "accuracy"), ("slots", "span_f1"), ("slots", "accuracy")):
        assert found[target][key] == expected[target][key]
    assert found["slots"]["loss"]["value"] == pytest.approx(expected["slots"]["loss"]["value"], rel=1e-5)


def test_evaluate_shows_a_table_with_counts(seqwise, tmp_path, joint_run):
    write_rows(tmp_path / "t.jsonl", joint_rows(9, seed=4))
    result = seqwise("evaluate", joint_run[0], "t.jsonl")
    assert result.status == 0
    assert result.out.split("\n")[1].split()[:2] == ["intent", "Accuracy"]


def test_predictions_keep_the_order_and_fill_the_targets(seqwise, tmp_path, joint_run):
    rows = joint_rows(50, seed=3)
    write_rows(tmp_path / "in.jsonl", rows)
    lines = [json.loads(line) for line in seqwise("predict", joint_run[0], "in.jsonl").out.splitlines()]
    assert [line["number"] for line in lines] == list(range(50))
    assert [line["tokens"] for line in lines] == [row["tokens"] for row in rows]
    right = sum(line["intent"] == row["intent"] for line, row in zip(lines, rows, strict=True))
    assert right > 40
    assert all(len(line["slots"]) == len(line["tokens"]) for line in lines)


@pytest.mark.parametrize("size", ["1", "7", "1000"])
def test_predictions_do_not_depend_on_how_many_are_read_at_a_time(seqwise, tmp_path, joint_run, size):
    write_rows(tmp_path / "in.jsonl", joint_rows(30, seed=3))
    usual = seqwise("predict", joint_run[0], "in.jsonl").out
    assert seqwise("predict", joint_run[0], "in.jsonl", "--batch-size", size).out == usual


def test_probabilities_sum_to_one_and_name_the_prediction(seqwise, tmp_path, joint_run):
    write_rows(tmp_path / "in.jsonl", joint_rows(10, seed=3))
    lines = seqwise("predict", joint_run[0], "in.jsonl", "--proba").out.splitlines()
    for line in map(json.loads, lines):
        given = line["intent_probability"]
        assert sum(given.values()) == pytest.approx(1, abs=1e-4)
        assert max(given, key=given.get) == line["intent"]
        assert [max(step, key=step.get) for step in line["slots_probability"]] == line["slots"]


def test_standard_input_is_predicted_like_the_file(seqwise, tmp_path, joint_run):
    file = write_rows(tmp_path / "in.jsonl", joint_rows(10, seed=3))
    content = (tmp_path / "in.jsonl").read_bytes()
    assert seqwise("predict", joint_run[0], "-", stdin=content).out == seqwise("predict", joint_run[0], file).out


def test_an_output_file_gets_what_stdout_would(seqwise, tmp_path, joint_run):
    write_rows(tmp_path / "in.jsonl", joint_rows(10, seed=3))
    printed = seqwise("predict", joint_run[0], "in.jsonl").out
    assert seqwise("predict", joint_run[0], "in.jsonl", "--output", "out.jsonl").out == ""
    assert (tmp_path / "out.jsonl").read_text() == printed


def test_a_failed_prediction_leaves_no_half_written_file(seqwise, tmp_path, joint_run):
    rows = [*joint_rows(3), {"tokens": "no list"}]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = seqwise("predict", joint_run[0], "in.jsonl", "--output", "out.jsonl")
    assert (result.status, "in.jsonl:4" in result.err) == (2, True)
    assert not list(tmp_path.glob("out*"))


def test_token_files_are_predicted_as_token_files(seqwise, tmp_path, joint_run):
    (tmp_path / "in.conll").write_text("# source = mail\nplay\tVERB\njazz\tNOUN\n\nrain\tNOUN\n\n")
    shutil.copytree(joint_run[0], tmp_path / "r")
    labels = (tmp_path / "r" / "labels.json").read_text()
    (tmp_path / "r" / "labels.json").write_text(labels.replace('"column": "tokens"', '"column": "column1"'))
    write_manifest(RunFolder(tmp_path / "r"))
    out = seqwise("predict", "r", "in.conll")
    assert (out.status, out.err) == (0, "")
    first, second = out.out.strip().split("\n\n")
    assert first.splitlines()[0] == "# source = mail"
    assert first.splitlines()[1].startswith("# intent = ")
    cells = [line.split("\t") for line in first.splitlines()[2:]]
    assert [row[:2] for row in cells] == [["play", "VERB"], ["jazz", "NOUN"]]
    assert all(len(row) == 3 and row[2] in ("O", "B-x") for row in cells)
    assert second.splitlines()[-1].startswith("rain\tNOUN\t")


def test_tables_keep_quote_signs_as_their_format_has_them(seqwise, tmp_path, tiny):
    rows = [f'he said "w{i}" again\t{"ab"[i % 2]}' for i in range(12)]
    (tmp_path / "d.tsv").write_text("text\tlabel\n" + "\n".join(rows) + "\n")
    seqwise("train", "d.tsv", "--run", "r", *tiny)
    assert seqwise("predict", "r", "d.tsv").out.splitlines()[1].startswith('he said "w0" again\t')


def test_an_empty_set_of_labels_is_read_back_as_an_empty_set(seqwise, tmp_path, tiny):
    rows = [{"text": f"w{i} v", "topics": ["x|y", "x", "y"][i % 3]} for i in range(12)]
    lines = ["text,topics", *(f"{row['text']},{row['topics']}" for row in rows)]
    (tmp_path / "d.csv").write_text("\n".join(lines) + "\n")
    seqwise("train", "d.csv", "--run", "r", *tiny, "--set", "train.learning_rate=1e-9")
    (tmp_path / "new.csv").write_text("\n".join(["text", *(row["text"] for row in rows)]) + "\n")
    out = seqwise("predict", "r", "new.csv", "--output", "out.csv")
    assert out.status == 0
    written = (tmp_path / "out.csv").read_text()
    assert ",\n" not in written
    counted = json.loads(seqwise("evaluate", "r", "out.csv", "--json").out)
    assert counted["accuracy"] == {"value": 1.0, "count": 24}


def csv_run(seqwise, tmp_path, tiny):
    rows = joint_rows(60)
    lines = ["id,text,vote_a,vote_b"]
    lines += [f'{r["number"]},"{r["text"]}",{"" if r["vote_a"] is None else r["vote_a"]},{r["vote_b"]}' for r in rows]
    (tmp_path / "d.csv").write_text("\n".join(lines) + "\n")
    assert seqwise("train", "d.csv", "--run", "r", "--outputs", "vote_*", *tiny).status == 0


def test_tables_are_predicted_as_tables_in_the_users_values(seqwise, tmp_path, tiny):
    csv_run(seqwise, tmp_path, tiny)
    (tmp_path / "new.csv").write_text('id,text,note\n7,"play, jazz",x\n3,will it rain,y\n')
    header, *rows = seqwise("predict", "r", "new.csv").out.splitlines()
    assert header == "id,text,note,vote_a,vote_b"
    assert rows[0].startswith('7,"play, jazz",x,')
    assert all(cell in ("-1", "0", "1") for row in rows for cell in row.split(",")[-2:])


def test_probabilities_of_outputs_are_columns(seqwise, tmp_path, tiny):
    csv_run(seqwise, tmp_path, tiny)
    (tmp_path / "new.csv").write_text("id,text\n7,play jazz\n")
    header = seqwise("predict", "r", "new.csv", "--proba").out.splitlines()[0].split(",")
    assert header[4:] == [f"vote_{output}_probability_{label}" for output in "ab" for label in (-1, 0, 1)]


def test_conllu_is_predicted_as_conllu(seqwise, tmp_path, tiny):
    words = [("It", "PRON"), ("rains", "VERB"), ("now", "ADV")]
    sentence = "".join(f"{i}\t{form}\t_\t{tag}\t_\t_\t_\t_\t_\t_\n" for i, (form, tag) in enumerate(words, 1))
    distinct = [sentence.replace("now", f"now{i}") for i in range(20)]
    (tmp_path / "d.conllu").write_text("\n".join(f"# sent_id = s{i}\n{s}" for i, s in enumerate(distinct)) + "\n")
    assert seqwise("train", "d.conllu", "--run", "r", *tiny).status == 0
    (tmp_path / "new.conllu").write_text("# sent_id = x\n1\tIt\tit\t_\t_\t_\t0\troot\t_\t_\n\n")
    lines = seqwise("predict", "r", "new.conllu").out.splitlines()
    assert lines[0] == "# sent_id = x"
    cells = lines[1].split("\t")
    assert (len(cells), cells[:3], cells[6:8]) == (10, ["1", "It", "it"], ["0", "root"])
    assert cells[3] in {"PRON", "VERB", "ADV"}


def test_an_output_of_an_unknown_form_is_refused(seqwise, tmp_path, joint_run):
    write_rows(tmp_path / "in.jsonl", joint_rows(2))
    result = seqwise("predict", joint_run[0], "in.jsonl", "--output", "out.xlsx")
    assert result.status == 2
    assert "--output out.xlsx: predictions are written as 'jsonl', 'csv', 'tsv', 'conll', 'conllu'" in result.err


def test_weights_by_name_may_look_like_anything_in_yaml(seqwise, tmp_path, tiny):
    rows = [{"text": f"w{i} v", "label": ["yes", "no"][i % 2]} for i in range(12)]
    write_rows(tmp_path / "d.jsonl", rows)
    assert seqwise("train", "d.jsonl", "--run", "r", *tiny, "--class-weight", "{yes: 2, no: 1}").status == 0
    plain = yaml.safe_load((tmp_path / "r" / "config.yaml").read_text())
    assert plain["loss"]["class_weight"] == {"yes": 2.0, "no": 1.0}


def test_weights_that_are_no_yaml_are_an_error(seqwise, tmp_path, tiny):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("text", "intent"))
    result = seqwise("train", "d.jsonl", *tiny, "--class-weight", "{yes: 2")
    assert (result.status, "--class-weight {yes: 2: the value cannot be read as YAML" in result.err) == (2, True)


def test_a_target_called_like_a_figure_keeps_its_figures(seqwise, tmp_path, tiny):
    rows = [{"text": f"w{i} v", "accuracy": "ab"[i % 2]} for i in range(20)]
    write_rows(tmp_path / "d.jsonl", rows)
    seqwise("train", "d.jsonl", "--run", "r", "--label", "accuracy", *tiny)
    metrics = json.loads((tmp_path / "r" / "metrics.json").read_text())
    assert metrics["test"]["accuracy"]["accuracy"]["count"] == 2


def test_resuming_into_a_folder_of_something_else_is_refused(seqwise, tmp_path, tiny):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("text", "intent"))
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "thesis.txt").write_text("dear")
    result = seqwise("train", "d.jsonl", "--run", "r", "--resume", *tiny)
    assert (result.status, "the folder r holds files, but no run that can be resumed\n" in result.err) == (2, True)


def test_a_run_reads_other_formats_by_their_own_rules(seqwise, tmp_path, tiny):
    rows = "".join(f"w{i} v;{'ab'[i % 2]}\n" for i in range(12))
    (tmp_path / "d.dat").write_text("text;label\n" + rows)
    seqwise("train", "d.dat", "--run", "r", "--format", "csv", "--delimiter", ";", *tiny)
    assert seqwise("predict", "r", "d.dat").out.splitlines()[0] == "text;label;label_predicted"
    (tmp_path / "new.jsonl").write_text('{"text": "w1 v"}\n')
    assert json.loads(seqwise("predict", "r", "new.jsonl").out)["text"] == "w1 v"


def test_series_with_a_label_per_step_are_found(seqwise, tmp_path, tiny):
    lines = [f"{s},{t},{s * t / 7},{int(t > 2)}" for s in range(12) for t in range(s % 3 + 3)]
    (tmp_path / "d.csv").write_text("run,second,x,busy\n" + "\n".join(lines) + "\n")
    result = seqwise("train", "d.csv", "--series-id", "run", "--time", "second", "--channels", "x", *tiny, "--dry-run")
    assert result.status == 0, result.err
    assert "target 'busy': column 'busy', one label per step" in result.err


def test_series_without_a_dev_part_are_said_to_be_cross_validated(seqwise, tmp_path):
    lines = [f"{s},{t},{s * t / 7},{'ab'[s % 2]}" for s in range(20) for t in range(3)]
    for name in ("d.csv", "test.csv"):
        (tmp_path / name).write_text("run,second,x,label\n" + "\n".join(lines) + "\n")
    words = ["d.csv", "--test", "test.csv", "--series-id", "run", "--time", "second", "--label", "label"]
    result = seqwise("train", *words, "--dry-run")
    assert "split: all sequences are used for training, test from its own file" in result.err, result.err
    assert "sequences: train 20, dev figures by cross-validation on train, test 20" in result.err


def test_a_numeric_label_is_no_channel(seqwise, tmp_path, tiny):
    lines = [f"{s},{t},{s * t / 7},{'ab'[s % 2]},{s % 2}" for s in range(12) for t in range(3)]
    (tmp_path / "d.csv").write_text("run,second,x,label,label_id\n" + "\n".join(lines) + "\n")
    result = seqwise("train", "d.csv", "--series-id", "run", "--time", "second", "--label", "label", *tiny, "--dry-run")
    assert "channels: 1, scaled" in result.err


def test_outputs_per_step_of_long_form_series_may_stand_still(seqwise, tmp_path, tiny):
    lines = [f"{s},{t},{s * t / 7},{int(t > 2)},{s % 2}" for s in range(12) for t in range(s % 3 + 3)]
    (tmp_path / "d.csv").write_text("run,second,x,o_1,o_2\n" + "\n".join(lines) + "\n")
    words = ["d.csv", "--series-id", "run", "--time", "second", "--outputs", "o_*", "--channels", "x"]
    assert seqwise("train", *words, "--run", "r", *tiny).status == 0
    assert json.loads((tmp_path / "r" / "metrics.json").read_text())["test"]["accuracy"]["count"] > 0


def test_one_row_that_is_not_aligned_does_not_change_the_kind_of_target(seqwise, tmp_path, tiny):
    rows = [{"tokens": ["a", "b"], "tags": ["X", "Y"]} for _ in range(30)]
    write_rows(tmp_path / "d.jsonl", [*rows, {"tokens": ["a", "b"], "tags": ["X"]}])
    result = seqwise("train", "d.jsonl", *tiny, "--quiet")
    assert (result.status, result.err.split("\n")[0]) == (
        2,
        "seqwise: d.jsonl:31: column 'tags': 1 label for 2 tokens",
    )


def test_a_group_is_no_input(seqwise, tmp_path, tiny):
    rows = [{"phrase": f"w{i} v", "customer": f"somebody long enough {i}", "mood": "ab"[i % 2]} for i in range(20)]
    write_rows(tmp_path / "d.jsonl", rows)
    result = seqwise("train", "d.jsonl", "--group", "customer", "--label", "mood", *tiny, "--dry-run")
    assert "input: column 'phrase'" in result.err


def test_training_does_not_read_standard_input(seqwise):
    result = seqwise("train", "-", "--format", "csv", stdin=b"text,label\na b,x\n")
    assert (result.status, "cannot read standard input" in result.err) == (2, True)


def test_tokens_cannot_be_written_for_a_model_of_texts(seqwise, tmp_path, tiny):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("text", "intent"))
    seqwise("train", "d.jsonl", "--run", "r", *tiny)
    result = seqwise("predict", "r", "d.jsonl", "--output", "o.conll")
    assert (result.status, "conll holds tokens, but this model reads words" in result.err) == (2, True)


def test_labels_without_training_examples_are_said(seqwise, tmp_path, tiny):
    rows = [{"tokens": [f"w{i}"], "tags": ["rare" if i == 19 else "XY"[i % 2]]} for i in range(20)]
    write_rows(tmp_path / "d.jsonl", rows)
    said = [seqwise("train", "d.jsonl", *tiny, "--dry-run", "--seed", seed).err for seed in range(12)]
    assert any("target 'tags': no training example of 'rare'" in text for text in said)


def test_targets_that_were_found_keep_their_order_in_the_config(seqwise, tmp_path, tiny):
    rows = [{"tokens": r["tokens"], "slots": r["slots"], "mood": r["intent"]} for r in joint_rows()]
    blocks = [
        "\n".join([f"# mood = {r['mood']}", *map(" ".join, zip(r["tokens"], r["slots"], strict=True))]) for r in rows
    ]
    (tmp_path / "d.conll").write_text("\n\n".join(blocks) + "\n\n")
    assert seqwise("train", "d.conll", "--run", "a", *tiny).status == 0
    assert seqwise("train", "--config", "a/config.yaml", "--run", "b").status == 0
    assert (tmp_path / "a" / "model.safetensors").read_bytes() == (tmp_path / "b" / "model.safetensors").read_bytes()


def test_a_long_form_run_can_be_made_again_from_its_config(seqwise, tmp_path, tiny):
    lines = [f"{s},{t},{s * t / 7},{'ab'[s % 2]}" for s in range(12) for t in range(3)]
    (tmp_path / "d.csv").write_text("run,second,x,state\n" + "\n".join(lines) + "\n")
    words = ["d.csv", "--series-id", "run", "--time", "second", "--label", "state"]
    assert seqwise("train", *words, "--run", "a", *tiny).status == 0
    assert seqwise("train", "--config", "a/config.yaml", "--run", "b").status == 0


def test_of_few_data_three_models_are_trained_and_it_is_said(seqwise, tmp_path):
    write_rows(tmp_path / "d.jsonl", joint_rows(), ("text", "intent"))
    small = ["--set", "model.embedding=4", "--hidden", "4", "--max-epochs", "2", "--set", "train.device=cpu"]
    result = seqwise("train", "d.jsonl", "--run", "r", *small)
    assert result.status == 0, result.err
    assert "ensemble: 3 models with seeds 1 to 3, predictions are averaged; --ensemble 1 trains only one" in result.err
    assert len(json.loads((tmp_path / "r" / "metrics.json").read_text())["members"]) == 3
