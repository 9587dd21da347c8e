from __future__ import annotations

import json

from seqwise.runs.run_folder import RunFolder
from seqwise.training.run import train
from seqwise.training.training_plan import plan_run
from small_runs import TINY, joint_rows, trained, write_rows

FLAGS = [{"is_a": 1, "is_b": None}, {"is_a": 0, "is_b": 1}, {"is_a": None, "is_b": 0}]


def predictions_of(run):
    return [json.loads(line) for line in (run / "predictions.jsonl").read_text().splitlines()]


def run_on(tmp_path, rows, name="run", **data):
    from seqwise.config import override, parse_config

    plain = {"data": {"train": [write_rows(tmp_path / "rows.jsonl", rows)], **data}, "input": {"tokens": "tokens"}}
    train(plan_run(parse_config(override(plain, TINY))), RunFolder(tmp_path / name))
    return tmp_path / name


def test_gaps_in_columns_of_0_and_1_are_no_zeros(tmp_path):
    rows = [{"tokens": ["w", str(i)], **FLAGS[i % 3]} for i in range(60)]
    run = run_on(tmp_path, rows, multilabel=["is_*"])
    lines = predictions_of(run)
    assert lines
    for line in lines:
        flags = FLAGS[(line["line"] - 1) % 3]
        written = next(iter(line["targets"].values()))
        assert written["label"] == [name for name, held in flags.items() if held]
        assert written["missing"] == [name for name, held in flags.items() if held is None]


def test_gaps_in_columns_of_0_and_1_per_step_are_no_zeros(tmp_path):
    rows = [{"tokens": ["w", str(i)], "is_a": [1, 0], "is_b": [None, 1]} for i in range(30)]
    run = run_on(tmp_path, rows, multilabel=["is_a,is_b"])
    for line in predictions_of(run):
        written = next(iter(line["targets"].values()))
        assert written["label"] == [["is_a"], ["is_b"]]
        assert written["missing"] == [["is_b"], []]


def test_sets_of_labels_in_one_cell_have_no_gaps(tmp_path):
    run = trained(tmp_path, "multilabel").folder.path
    assert all(set(line["targets"]["topics"]) == {"label", "predicted"} for line in predictions_of(run))


def test_rows_without_any_label_are_left_out_and_counted(tmp_path):
    rows = [{"tokens": row["tokens"], "intent": row["intent"]} for row in joint_rows(130)]
    for i in range(120):
        rows[i] |= {"intent": None} if i % 10 else {}
    run = run_on(tmp_path, rows, label=["intent"])
    data = json.loads((run / "data.json").read_text())
    file = str(tmp_path / "rows.jsonl")
    unlabelled = [i + 1 for i in range(120) if i % 10]
    (dropped,) = data["dropped"]
    assert {**dropped, "places": None} == {
        "reason": "no label of any target",
        "part": "train",
        "rows": 108,
        "places": None,
    }
    assert dropped["places"] == [f"{file}:{line}" for line in unlabelled[:100]]
    assert sum(data["split"][part]["rows"] for part in ("train", "dev", "test")) == 22
    assert not {line["line"] for line in predictions_of(run)} & set(unlabelled)
    places = ", ".join(f"{file}:{line}" for line in unlabelled[:5])
    assert f"left out: 108 sequences without any label, {places} and 103 more" in data["found"]


def test_words_of_rows_without_any_label_are_not_known(tmp_path):
    rows = [{"tokens": ["w", str(i)], "intent": "ab"[i % 2]} for i in range(20)] + [{"tokens": ["odd"], "intent": None}]
    run = run_on(tmp_path, rows, label=["intent"])
    assert "odd" not in json.loads((run / "vocab.json").read_text())["symbols"]


def test_nothing_is_left_out_where_every_row_has_a_label(tmp_path):
    run = trained(tmp_path, "label").folder.path
    data = json.loads((run / "data.json").read_text())
    assert data["dropped"] == []
    assert not any(sentence.startswith("left out") for sentence in data["found"])


def test_a_target_without_labels_in_a_part_is_said(tmp_path):
    rows = [{"tokens": ["w", str(i)], "intent": "ab"[i % 2], "mood": "xy"[i % 2]} for i in range(30)]
    dev = write_rows(tmp_path / "dev.jsonl", [{**row, "mood": None} for row in rows[:10]])
    run = run_on(tmp_path, rows, label=["intent", "mood"], dev=[dev])
    found = json.loads((run / "data.json").read_text())["found"]
    assert [sentence for sentence in found if sentence.startswith("warning")] == [
        "warning: no row of dev has a label of target 'mood'"
    ]
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["dev"]["mood"]["accuracy"] == {"value": None, "count": 0}
