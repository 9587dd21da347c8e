from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from seqwise.config import parse_config
from seqwise.errors import RunFolderError
from seqwise.runs.resume import check_same_data, finished_metrics, saved_settings, start_folder
from seqwise.runs.run_folder import RunFolder
from seqwise.task.prepare import with_settings
from seqwise.training.callbacks import NoCallback
from seqwise.training.interrupts import Interrupted
from seqwise.training.run import fitted, train
from seqwise.training.training_plan import plan_run, plan_task
from small_runs import config_of, rows_file, trained


class StopAfterAnEpoch(NoCallback):
    def epoch_ends(self, entry, is_best):
        raise Interrupted


def weights(folder):
    return (folder / "model.safetensors").read_bytes()


def test_a_training_that_is_judged_later_is_the_same_run(tmp_path):
    whole = trained(tmp_path, "joint").folder.path
    plan = plan_run(config_of(rows_file(tmp_path, "joint"), "joint"))
    folder = RunFolder(tmp_path / "later")
    state = fitted(plan, folder, progress=NoCallback())
    assert state.stopped
    assert not folder.is_finished
    train(plan_run(plan.task.config), folder, resume=True)
    assert weights(folder.path) == weights(whole)


def test_a_task_under_other_settings_is_the_one_prepared_from_them(tmp_path):
    file = rows_file(tmp_path, "joint")
    task = plan_run(config_of(file, "joint")).task
    settings = ["model.hidden=5", "input.symbol_dropout=0", "input.min_count=2"]
    config = config_of(file, "joint", *settings)
    again, device = with_settings(task, config), plan_run(config).device
    assert again.config == plan_run(config).task.config
    train(plan_task(again, device), RunFolder(tmp_path / "again"))
    trained(tmp_path, "joint", *settings)
    assert weights(tmp_path / "again") == weights(tmp_path / "run")


def broken_run(tmp_path, **names):
    with pytest.raises(Interrupted):
        trained(tmp_path, "label", progress=StopAfterAnEpoch(), **names)
    return RunFolder(tmp_path / "run")


def refused(call, message):
    with pytest.raises(RunFolderError, match=f"^{re.escape(message)}$"):
        call()


TORN_SETTINGS = {
    "data: [a": "the config {path}: the value cannot be read as YAML: expected ',' or ']', but got '<stream end>'",
    "": "the config {path} must hold sections such as 'model:' with settings below them",
    "{}": "the config {path} names no training files",
    "model: {hiden: 3}": "the config {path}: there is no setting 'model.hiden'. Did you mean 'hidden'?",
}


@pytest.mark.parametrize("text", TORN_SETTINGS)
def test_torn_settings_are_named_with_a_way_out(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    refused(
        lambda: saved_settings(RunFolder(tmp_path)),
        f"the run {tmp_path} cannot be resumed: {TORN_SETTINGS[text].format(path=path)}\n"
        "  Restore config.yaml from a copy, or train again into another folder: --run DIR",
    )


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"files": [{}]}', "3"])
def test_torn_facts_about_the_data_are_named_with_a_way_out(tmp_path, text):
    folder = broken_run(tmp_path)
    path = folder.path / "data.json"
    path.write_text(text)
    plan = plan_run(config_of(str(tmp_path / "rows.jsonl"), "label"))
    refused(
        lambda: train(plan, folder, resume=True),
        f"{path} is damaged: it does not list the data files that the run was started with\n"
        "  Restore it from a copy, or remove it to resume without this check.",
    )
    path.unlink()
    assert train(plan, folder, resume=True).folder.is_finished
    assert json.loads(path.read_text())["files"][0]["name"] == str(tmp_path / "rows.jsonl")


def test_a_file_that_changed_is_named(tmp_path):
    (tmp_path / "data.json").write_text('{"files": [{"name": "a.csv", "sha256": "1"}]}')
    check_same_data([{"name": "a.csv", "sha256": "1"}], RunFolder(tmp_path))
    refused(
        lambda: check_same_data([{"name": "a.csv", "sha256": "2"}], RunFolder(tmp_path)),
        f"a.csv is not the file that the run {tmp_path} was started with: its content changed\n"
        "  Start a new run for the new data.",
    )


@pytest.mark.parametrize("text", ["", "{}", '{"dev"'])
def test_torn_metrics_are_named_with_a_way_out(tmp_path, text):
    folder = trained(tmp_path, "label").folder
    metrics = finished_metrics(folder)
    path = folder.path / "metrics.json"
    path.write_text(text)
    refused(
        lambda: finished_metrics(folder),
        f"{path} is damaged: it has no figures\n"
        f"  Remove it and compute them again with: seqwise train --run {folder.path} --resume",
    )
    path.unlink()
    again = train(plan_run(config_of(str(tmp_path / "rows.jsonl"), "label")), folder, resume=True)
    for each in (again.metrics, metrics):
        for facts in each["training"]["baselines"]["facts"].values():
            facts.pop("seconds")  # they are fitted again
        each["training"].pop("seconds")  # and so is the regression
    assert again.metrics == metrics


@pytest.mark.parametrize("keep", [0, 10, -10])
def test_a_torn_checkpoint_is_named_with_a_way_out(tmp_path, keep):
    folder = broken_run(tmp_path)
    folder.checkpoint.write_bytes(folder.checkpoint.read_bytes()[:keep])
    plan = plan_run(config_of(str(tmp_path / "rows.jsonl"), "label"))
    with pytest.raises(
        RunFolderError,
        match=r"state.safetensors cannot be read: .*\n  Put it back from a copy, or remove it to begin the run again.$",
    ):
        train(plan, folder, resume=True)
    folder.checkpoint.unlink()
    again = train(plan, folder, resume=True)
    whole = trained(tmp_path, "label", run="whole")
    assert again.metrics["test"] == whole.metrics["test"]


@pytest.mark.parametrize("name", ["labels.json", "vocab.json", "env.json"])
@pytest.mark.parametrize("text", [None, "{}", '{"t'])
def test_what_follows_from_the_data_is_written_again(tmp_path, name, text):
    folder = broken_run(tmp_path)
    (folder.path / name).unlink() if text is None else (folder.path / name).write_text(text)
    train(plan_run(config_of(str(tmp_path / "rows.jsonl"), "label")), folder, resume=True)
    folder.check_finished()
    whole = trained(tmp_path, "label", run="whole").folder.path
    keys = [set(json.loads((run / name).read_text())) for run in (folder.path, whole)]
    assert keys[0] == keys[1]


def test_a_resumed_run_keeps_how_it_was_started(tmp_path):
    folder = broken_run(tmp_path)
    started = {name: (folder.path / name).read_text() for name in ("config.yaml", "data.json", "env.json")}
    plan = plan_run(config_of(str(tmp_path / "rows.jsonl"), "label"))
    train(plan, folder, resume=True, command="seqwise train --run run --resume")
    assert {name: (folder.path / name).read_text() for name in started} == started
    log = (folder.path / "log.txt").read_text().splitlines()
    assert log.count(plan.task.notes[0]) == 1
    assert "resumed: seqwise train --run run --resume" in log


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder `home` with a file and a run that was started there."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    rows_file(home, "label")
    with pytest.raises(Interrupted):
        train(plan_run(config_of("rows.jsonl", "label")), RunFolder(home / "runs" / "a"), progress=StopAfterAnEpoch())
    return home


NAMES = parse_config({"data": {"train": ["rows.jsonl"]}})


def test_files_are_named_from_where_the_run_was_started(project, monkeypatch):
    assert json.loads((project / "runs" / "a" / "env.json").read_text())["folder"] == "../.."
    for here, run in ((project, "runs/a"), (project / "runs", "a"), (project.parent, "home/runs/a")):
        monkeypatch.chdir(here)
        assert start_folder(RunFolder(Path(run)), NAMES) == project


def test_a_run_and_its_files_may_move_together(project, monkeypatch):
    moved = project.rename(project.parent / "moved")
    monkeypatch.chdir(project.parent)
    assert start_folder(RunFolder(moved / "runs" / "a"), NAMES) == moved


def test_a_run_that_moved_alone_finds_its_files_in_the_current_folder(project, monkeypatch):
    alone = (project / "runs" / "a").rename(project.parent / "a")
    monkeypatch.chdir(project)
    assert start_folder(RunFolder(alone), NAMES) == project


def test_files_that_are_nowhere_are_named(project, monkeypatch):
    (project / "rows.jsonl").unlink()
    run = project / "runs" / "a"
    assert start_folder(RunFolder(run), NAMES) == project, "opening the file will say what is wrong"
    monkeypatch.chdir(project.parent)
    refused(
        lambda: start_folder(RunFolder(run), NAMES),
        f"the run {run} reads 'rows.jsonl', which is neither in {project}, where it was started, nor in the current "
        "folder\n  Restore the file, or resume from the folder that has it.",
    )


@pytest.mark.parametrize("text", [None, "{}", '{"folder'])
def test_without_a_record_files_are_named_from_here(project, text):
    path = project / "runs" / "a" / "env.json"
    path.unlink() if text is None else path.write_text(text)
    assert start_folder(RunFolder(project / "runs" / "a"), NAMES) == project
