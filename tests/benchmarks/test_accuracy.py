from __future__ import annotations

import json
import sys

import pytest
from benchmarks.accuracy import __main__ as command
from benchmarks.accuracy import peers, training
from benchmarks.accuracy.curve import Point, better_and_faster, curves, points
from benchmarks.accuracy.page import page_text, readme_with_table
from benchmarks.accuracy.records import is_done, latest, read
from benchmarks.accuracy.table import learned, markdown_table
from benchmarks.accuracy.tasks import TASKS, Task
from benchmarks.accuracy.training import run_task
from benchmarks.converters import CONVERTERS
from benchmarks.peers.rows import read as read_rows
from benchmarks.runs import Goal, run_record
from matplotlib.backends.backend_agg import FigureCanvasAgg

from pages import ROOT

main = command.main

METRICS = {
    "dev": {"accuracy": {"value": 0.5, "count": 4}, "intent": {"accuracy": {"value": 0.5, "count": 4}}},
    "test": {"accuracy": {"value": 0.75, "count": 8}, "intent": {"accuracy": {"value": 0.75, "count": 8}}},
    "baselines": {"majority": {"test": {"intent": {"accuracy": {"value": 0.25, "count": 8}}}}},
    "training": {"parameters": 7, "baselines": {"facts": {"majority": {"seconds": 0.5}}}},
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
        "baselines": {"majority": {"accuracy": 0.25}},
        "baseline_seconds": {"majority": 0.5},
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
    nothing = {"accuracy": None, "slots span_f1": None}
    assert (record["test"], record["dev"], record["baselines"]) == (nothing, nothing, {})
    assert {record[key] for key in ("epochs", "train_seconds", "padding_share", "parameters", "versions")} == {None}


def aspect(absent, positive):
    """A row per output: (support, predicted, right) of each class."""
    rows = [("absent", *absent), ("positive", *positive)]
    labels = [{"label": n, "support": s, "predicted": p, "recall": r / s if s else None} for n, s, p, r in rows]
    return {"count": absent[0] + positive[0], "per_label": labels}


def test_present_aspects_are_those_that_are_not_absent(tmp_path):
    # of ten cells two are present, three predicted so, and both of the two found; of the other output none
    outputs = [aspect((8, 7, 7), (2, 3, 2)), aspect((5, 5, 4), (5, 5, 4))]
    folder = run_folder(tmp_path, {"test": {"aspects": {"per_output": outputs}}})
    found = run_record(folder, [Goal("present_f1"), Goal("present_accuracy")])["test"]
    assert found == {"present_f1": pytest.approx(2 * 6 / (7 + 8)), "present_accuracy": pytest.approx(6 / 7)}


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
    arguments = json.loads((tmp_path / "runs" / "intent-minutes-seed2" / "arguments.json").read_text())
    assert (record["task"], record["data"], record["seed"], record["test"]) == (
        "intent",
        "snips",
        2,
        {"accuracy": 0.75},
    )
    assert record["command"] == " ".join(["seqwise", *arguments])
    assert (tmp_path / "runs" / "intent-minutes-seed2.txt").read_text() == "trained\n"
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
        training.seqwise_command()


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_task_is_about_a_data_set_that_is_prepared(task):
    assert task.data in CONVERTERS


def record_of(seed, accuracy, task="snips-intent", **more):
    figures = {"test": {"accuracy": accuracy}, "baselines": {"tfidf": {"accuracy": 0.9}, "majority": {"accuracy": 0.2}}}
    cost = {"seconds": 10 * seed, "train_seconds": 5.0 * seed, "baseline_seconds": {"tfidf": 2.0, "majority": 0.0}}
    return {"task": task, "seed": seed, **figures, **cost, "epochs": 3, "parameters": 1234, **more}


def test_the_table_has_mean_range_what_was_asked_and_the_best_beside():
    table = markdown_table([record_of(1, 0.97), record_of(2, 0.98), record_of(3, 0.99)])
    assert table.splitlines()[2] == (
        "| snips-intent | accuracy | 0.9800 | 0.9700 to 0.9900 | 3 of 3 | 0.980 | yes | 0.900 tfidf | 20 |"
    )


def test_a_mean_below_what_was_asked_is_told_by_how_much():
    assert "| 0.980 | no, 0.230 short |" in markdown_table([record_of(1, 0.7), record_of(2, 0.8)])


@pytest.mark.parametrize(
    ("accuracy", "rival", "reached"),
    [(0.91, 0.9, "yes"), (0.90, 0.9, "no, 0.000 short"), (0.94, 0.95, "no, 0.010 short")],
)
def test_who_has_to_be_beaten_is_not_beaten_by_as_much(accuracy, rival, reached):
    baselines = {"crf": {"accuracy": rival}}
    (one,) = learned([record_of(1, accuracy, "vi-vtb-upos", baselines=baselines)])
    assert (one.asked, one.reached) == ("above crf and python-crfsuite", reached)


def test_failed_runs_count_but_do_not_spoil_the_mean():
    table = markdown_table([record_of(1, 0.9), record_of(2, None, error="no luck")])
    assert "| accuracy | 0.9000 | 0.9000 to 0.9000 | 1 of 2 |" in table


def test_a_task_whose_runs_all_failed_has_a_line():
    table = markdown_table([record_of(1, None, error="no luck")])
    assert "| snips-intent | accuracy | failed |  | 0 of 1 |" in table


def test_a_figure_that_is_nowhere_is_not_measured():
    assert "| accuracy | not measured |  | 1 of 1 |" in markdown_table([record_of(1, None)])


def test_the_last_record_of_each_effort_peer_and_seed_counts():
    records = [
        record_of(1, 0.1),
        record_of(1, 0.2, effort="minutes"),
        record_of(1, 0.3, effort="best"),
        record_of(1, 0.4, peer="fastText"),
        record_of(1, 0.5, task="unknown"),
    ]
    assert [record["test"]["accuracy"] for record in latest(records)] == [0.2, 0.3, 0.4]


def test_seeds_of_one_mean_are_of_one_state_of_the_sources():
    records = [record_of(1, 0.1, source="a"), record_of(2, 0.2, source="a"), record_of(1, 0.3, source="b")]
    assert [record["test"]["accuracy"] for record in latest(records)] == [0.3]


def test_what_failed_or_is_of_other_sources_is_not_done():
    records = [record_of(1, 0.9, source="a"), record_of(2, None, source="a", error="no luck")]
    assert is_done(records, task="snips-intent", seed=1, source="a")
    assert not is_done(records, task="snips-intent", seed=1, source="b")
    assert not is_done(records, task="snips-intent", seed=2, source="a")


def test_the_curve_has_efforts_baselines_and_peers():
    (task,) = (task for task in TASKS if task.name == "snips-intent")
    records = [
        record_of(1, 0.99, effort="best", train_seconds=50.0),
        record_of(1, 0.95),
        record_of(1, 0.96, peer="fastText", train_seconds=1.0),
    ]
    assert points(task, records) == [
        Point("minutes", 5.0, 0.95, True),
        Point("best", 50.0, 0.99, True),
        Point("tfidf", 2.0, 0.9, False),
        Point("fastText", 1.0, 0.96, False),
    ]


def test_no_name_on_the_curves_lies_on_another():
    figure = curves(latest(read(ROOT / "benchmarks" / "results" / "accuracy.jsonl")))
    renderer = FigureCanvasAgg(figure).get_renderer()
    for axes in figure.axes:
        boxes = [text.get_window_extent(renderer) for text in axes.texts]
        names = [text.get_text() for text in axes.texts]
        pairs = [(names[i], names[j]) for j in range(len(boxes)) for i in range(j) if boxes[i].overlaps(boxes[j])]
        assert pairs == [], axes.get_title()


def test_who_is_faster_and_better_is_named_with_the_efforts_that_are_not():
    found = [Point("minutes", 5, 0.95, True), Point("best", 50, 0.99, True)]
    slow, weak, strong = Point("a", 60, 1.0, False), Point("b", 1, 0.9, False), Point("c", 4, 0.97, False)
    assert better_and_faster([*found, slow, weak, strong]) == [(strong, ("minutes",))]


def test_the_page_and_the_readme_hold_the_figures():
    records = [record_of(1, 0.97, machine={"processor": "x", "threads": 1, "cores": 2}, versions={"torch": "2"})]
    assert "| SNIPS, intent | accuracy | **0.970** | 0.970–0.970 | 1 | 0.980 | no, 0.010 short |" in page_text(records)
    readme = "# a\n\n## Figures\n\nWords.\n\n| old |\n|---|\n| 1 |\n\n## Install\n\n| kept |\n"
    shown = [record_of(1, 0.97, "banking77"), record_of(2, 0.98, "banking77")]
    made = readme_with_table(readme, [*records, *shown])
    assert "Words.\n\n| task |" in made
    assert "| old |" not in made
    row = "| 77 intents | Banking77, 77 classes | accuracy | **0.975** | 0.900 tfidf | 8 |"
    assert made.endswith(f"{row}\n\n## Install\n\n| kept |\n")
    assert readme_with_table(made, [*records, *shown]) == made


@pytest.mark.parametrize(
    ("accuracy", "cells"),
    [(0.95, "**0.950** | 0.900 tfidf"), (0.85, "0.850 | **0.900** tfidf"), (0.9001, "**0.900** | **0.900** tfidf")],
)
def test_the_readme_marks_whichever_is_better(accuracy, cells):
    made = readme_with_table("## Figures\n\nWords.\n\n## Install\n", [record_of(1, accuracy, "banking77")])
    assert f"| accuracy | {cells} | 5 |" in made


def test_the_readme_and_the_page_are_those_of_the_results():
    """Neither was edited by hand, and the short table has ten rows, some of which a baseline wins."""
    records = latest(read(ROOT / "benchmarks" / "results" / "accuracy.jsonl"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme_with_table(readme, records) == readme, "run: python -m benchmarks.accuracy --page"
    assert (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8") == page_text(records)
    table = readme.partition("## Figures\n")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == 10
    assert any(not row.split(" | ")[3].startswith("**") for row in rows)


def test_runs_go_to_the_results_file_and_what_is_there_is_not_trained_again(
    seqwise, data, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(command, "seqwise_command", lambda: seqwise)
    monkeypatch.setattr(command, "source", lambda: "tree")
    monkeypatch.setattr(training, "source", lambda: "tree")
    results = tmp_path / "results" / "accuracy.jsonl"
    common = ["--work", str(data.parent), "--only", "snips-intent", "--results", str(results), "--jobs", "2"]
    assert main([*common, "--seeds", "1", "13"]) == 1
    assert sorted(json.loads(line)["seed"] for line in results.read_text().splitlines()) == [1, 13]
    assert main([*common, "--seeds", "1", "13"]) == 1  # only the one that failed is tried again
    assert sorted(json.loads(line)["seed"] for line in results.read_text().splitlines()) == [1, 13, 13]
    assert main(["--table", "--results", str(results)]) == 0
    assert "| accuracy | 0.7500 | 0.7500 to 0.7500 | 1 of 2 |" in capsys.readouterr().out


def test_peers_get_the_rows_and_the_split_of_ours(tmp_path):
    folder = tmp_path / "snips"
    folder.mkdir()
    rows = [{"tokens": ["go", str(i)], "intent": "ab"[i % 2], "slots": ["O", "B-x"]} for i in range(40)]
    for part, some in (("train", rows[:20]), ("dev", rows[20:30]), ("test", rows[30:])):
        (folder / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in some))
    for flags, column in ((("--tokens", "tokens", "--label", "intent"), "intent"), (("--tags", "slots"), "slots")):
        task = Task("t", "snips", flags, (Goal("accuracy"),))
        assert peers.export(task, tmp_path, tmp_path / column) == column
        assert read_rows(tmp_path / column, "dev", column) == [(row["tokens"], row[column]) for row in rows[20:30]]
    flags = ("--tokens", "tokens", "--label", "intent", "--tags", "slots", "--set", "data.unseen_labels=add")
    both = Task("t", "snips", flags, (Goal("accuracy"),))
    assert peers.export(both, tmp_path, tmp_path / "both") is None


def test_a_peer_that_cannot_be_installed_is_a_record_with_the_reason(tmp_path, monkeypatch):
    def refuse(name, folder):
        raise peers.CannotInstallError("no wheel")

    monkeypatch.setattr(peers, "python_of", refuse)
    record = peers.run_peer("fastText", TASKS[0], "intent", 1, rows=tmp_path, environments=tmp_path)
    assert (record["peer"], record["error"]) == ("fastText", "no wheel")
