from __future__ import annotations

import json
import sys

import pytest
from benchmarks.converters import CONVERTERS
from benchmarks.foundation import TASKS, Task, main, run_task
from benchmarks.runs import Goal, markdown_table, run_record

from benchmarks import foundation

METRICS = {
    "dev": {"accuracy": {"value": 0.5, "count": 4}, "intent": {"accuracy": {"value": 0.5, "count": 4}}},
    "test": {"accuracy": {"value": 0.75, "count": 8}, "intent": {"accuracy": {"value": 0.75, "count": 8}}},
    "baselines": {"majority": {"test": {"intent": {"accuracy": {"value": 0.25, "count": 8}}}}},
    "training": {"parameters": 7},
}
EPOCHS = [
    {"epoch": 1, "seconds": 2.0, "padding_share": 0.1, "tokens_per_second": 100.0},
    {"epoch": 2, "seconds": 1.5, "padding_share": 0.4, "tokens_per_second": 350.0},
    {"epoch": 3, "seconds": 1.0, "padding_share": 0.1, "tokens_per_second": 120.0},
    {"epoch": 4, "seconds": 0.5, "padding_share": 0.2, "tokens_per_second": None},
]
ENVIRONMENT = {"parameters": 123, "threads": 2, "device": "cpu", "versions": {"torch": "2.13.0"}}

# Writes the run folder that --run names as `seqwise train` does, or fails when the seed is 13.
STAND_IN = f"""
import json, pathlib, sys
arguments = sys.argv[1:]
if arguments[arguments.index("--seed") + 1] == "13":
    sys.exit("error: no luck")
folder = pathlib.Path(arguments[arguments.index("--run") + 1])
folder.mkdir(parents=True)
folder.joinpath("metrics.json").write_text({json.dumps(json.dumps(METRICS))})
folder.joinpath("arguments.json").write_text(json.dumps(arguments))
print("trained")
"""


def run_folder(path, metrics=None, epochs=(), environment=None):
    path.mkdir(exist_ok=True)
    if metrics is not None:
        (path / "metrics.json").write_text(json.dumps(metrics))
    if epochs:
        (path / "metrics.jsonl").write_text("".join(json.dumps(epoch) + "\n" for epoch in epochs))
    if environment is not None:
        (path / "env.json").write_text(json.dumps(environment))
    return path


@pytest.fixture
def seqwise(tmp_path):
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN)
    return [sys.executable, str(script)]


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "work" / "data" / "snips"
    folder.mkdir(parents=True)
    for name in ("train.jsonl", "dev.jsonl", "dev-notes.txt", "test.jsonl", "test2.jsonl", "test-notes.txt"):
        (folder / name).touch()
    return folder.parent


TASK = Task("intent", "snips", ("--label", "intent"), (Goal("accuracy", 0.7),))


def test_a_record_holds_figures_cost_and_machine(tmp_path):
    record = run_record(run_folder(tmp_path, METRICS, EPOCHS, ENVIRONMENT), [Goal("accuracy", 0.7)])
    machine = record.pop("machine")
    assert record == {
        "test": {"accuracy": 0.75},
        "dev": {"accuracy": 0.5},
        "majority": {"accuracy": 0.25},
        "least": {"accuracy": 0.7},
        "epochs": 4,
        "train_seconds": 5.0,
        "padding_share": 0.2,
        "tokens_per_second": 120.0,
        "parameters": 123,
        "versions": {"torch": "2.13.0"},
    }
    assert (machine["threads"], machine["device"]) == (2, "cpu")


def test_an_empty_run_folder_gives_a_record_of_nothing(tmp_path):
    record = run_record(tmp_path / "missing", [Goal("accuracy"), Goal("span_f1", target="slots")])
    known = {"least": {"accuracy": None, "slots span_f1": None}}
    nothing = {"accuracy": None, "slots span_f1": None}
    assert {key: record[key] for key in ("test", "dev", "majority", "least")} == {
        "test": nothing,
        "dev": nothing,
        "majority": nothing,
        **known,
    }
    assert {record[key] for key in ("epochs", "train_seconds", "padding_share", "parameters", "versions")} == {None}


def test_parameters_come_from_the_metrics_where_the_environment_is_silent(tmp_path):
    assert run_record(run_folder(tmp_path, METRICS), [])["parameters"] == 7


@pytest.mark.parametrize(
    ("split", "goal", "value"),
    [
        (
            {"intent": {"accuracy": {"value": 0.9}}, "slots": {"span_f1": {"value": 0.8}}},
            Goal("span_f1", target="slots"),
            0.8,
        ),
        (
            {"intent": {"accuracy": {"value": 0.9}}, "slots": {"accuracy": {"value": 0.8}}},
            Goal("accuracy", target="intent"),
            0.9,
        ),
        ({"intent": {"accuracy": {"value": 0.9}}}, Goal("accuracy"), 0.9),
        ({"accuracy": {"value": 0.9}}, Goal("accuracy"), 0.9),
        ({"accuracy": 0.9}, Goal("accuracy"), 0.9),
        ({"accuracy": {"value": None}}, Goal("accuracy"), None),
        ({"accuracy": {"count": 3}}, Goal("accuracy"), None),
        ({"accuracy": "high"}, Goal("accuracy"), None),
        ({"accuracy": {"value": 0.9}}, Goal("accuracy", target="slots"), None),
        ([], Goal("accuracy"), None),
    ],
)
def test_a_figure_is_found_under_its_target_or_at_the_top(tmp_path, split, goal, value):
    assert run_record(run_folder(tmp_path, {"test": split}), [goal])["test"] == {goal.name: value}


def test_the_command_names_every_file_the_flags_and_the_seed(seqwise, data, tmp_path):
    command = TASK.command(["seqwise"], data, tmp_path / "run", 3)
    files = data / "snips"
    assert command == [
        *["seqwise", "train", str(files / "train.jsonl"), "--dev", str(files / "dev.jsonl")],
        *["--test", str(files / "test.jsonl"), "--label", "intent", "--seed", "3", "--run", str(tmp_path / "run")],
    ]


def test_a_data_set_without_dev_is_trained_without_the_flag(data, tmp_path):
    (data / "snips" / "dev.jsonl").unlink()
    assert "--dev" not in TASK.command(["seqwise"], data, tmp_path, 1)


def test_data_that_were_not_prepared_are_asked_for(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"snips holds no train\.\* and test\.\*: run benchmarks\.prepare first"
    ):
        TASK.command(["seqwise"], tmp_path, tmp_path, 1)


def test_a_run_is_recorded_with_its_figures_and_its_command(seqwise, data, tmp_path):
    record = run_task(TASK, 2, seqwise=seqwise, data=data, runs=tmp_path / "runs")
    arguments = json.loads((tmp_path / "runs" / "intent-seed2" / "arguments.json").read_text())
    assert (record["task"], record["data"], record["seed"], record["test"]) == (
        "intent",
        "snips",
        2,
        {"accuracy": 0.75},
    )
    assert record["command"] == " ".join(["seqwise", *arguments])
    assert (tmp_path / "runs" / "intent-seed2.txt").read_text() == "trained\n"
    assert "error" not in record


def test_a_run_that_fails_is_recorded_with_what_it_said(seqwise, data, tmp_path):
    record = run_task(TASK, 13, seqwise=seqwise, data=data, runs=tmp_path / "runs")
    assert (record["error"], record["status"], record["test"]) == ("error: no luck\n", 1, {"accuracy": None})


def test_a_run_that_fails_without_a_word_is_a_failure(data, tmp_path):
    silent = [sys.executable, "-c", "raise SystemExit(2)"]
    record = run_task(TASK, 1, seqwise=silent, data=data, runs=tmp_path / "runs")
    assert (record["error"], record["status"]) == ("it said nothing", 2)


def test_missing_data_are_told_before_anything_is_trained(tmp_path, capsys):
    results = tmp_path / "results.jsonl"
    with pytest.raises(SystemExit):
        main(["--work", str(tmp_path), "--only", "ewt-upos", "--results", str(results)])
    assert "ud-en-ewt holds no train.* and test.*" in capsys.readouterr().err
    assert not results.exists()


def test_a_missing_program_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match=r"the command seqwise is not installed: pip install -e \."):
        foundation.seqwise_command()


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_task_is_about_a_data_set_that_is_prepared(task):
    assert task.data in CONVERTERS


def record_of(seed, accuracy, **more):
    figures = {"test": {"accuracy": accuracy}, "majority": {"accuracy": 0.2}, "least": {"accuracy": 0.8}}
    cost = {"seconds": 10 * seed, "epochs": seed, "padding_share": 0.25, "tokens_per_second": 99.6, "parameters": 5}
    return {"task": "snips-intent", "seed": seed, **figures, **cost, **more}


def test_the_table_has_mean_and_range_over_seeds():
    table = markdown_table([record_of(1, 0.7), record_of(2, 0.9), record_of(3, 0.95)])
    assert table.splitlines()[2] == (
        "| snips-intent | accuracy | 0.8500 | 0.7000 to 0.9500 | 3 of 3 | 0.800 | yes | 0.2000 "
        "| 20 | 2.0 | 0.250 | 100 | 5 |"
    )


def test_a_mean_below_what_was_asked_is_told():
    assert "| 0.800 | no | 0.2000 |" in markdown_table([record_of(1, 0.7), record_of(2, 0.8)])


def test_a_mean_of_just_what_was_asked_is_enough():
    assert "| 0.800 | yes | 0.2000 |" in markdown_table([record_of(1, 0.8)])


def test_failed_runs_count_but_do_not_spoil_the_mean():
    table = markdown_table([record_of(1, 0.9), record_of(2, None, error="no luck")])
    assert "| accuracy | 0.9000 | 0.9000 to 0.9000 | 1 of 2 | 0.800 | yes |" in table


def test_a_task_whose_runs_all_failed_has_a_line():
    assert "| snips-intent | failed |  |  | 0 of 1 |" in markdown_table([record_of(1, None, error="no luck")])


def test_a_figure_that_is_nowhere_leaves_its_cells_empty():
    assert "| accuracy |  |  | 1 of 1 | 0.800 |  | 0.2000 |" in markdown_table([record_of(1, None)])


def test_runs_go_to_the_results_file_and_the_table_shows_the_last_of_each_seed(
    seqwise, data, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(foundation, "seqwise_command", lambda: seqwise)
    results = tmp_path / "results" / "foundation.jsonl"
    common = ["--work", str(data.parent), "--only", "snips-intent", "--results", str(results)]
    assert main([*common, "--seeds", "1", "13"]) == 1
    assert [json.loads(line)["seed"] for line in results.read_text().splitlines()] == [1, 13]
    trained = capsys.readouterr().out
    results.write_text(results.read_text() + json.dumps(record_of(13, 0.85)) + "\n")
    assert main(["--table", "--results", str(results)]) == 0
    assert "| accuracy | 0.7500 | 0.7500 to 0.7500 | 1 of 2 | 0.970 | no |" in trained
    assert "| accuracy | 0.8000 | 0.7500 to 0.8500 | 2 of 2 |" in capsys.readouterr().out
