"""Rows with nothing to read - an empty text, blanks, null, no tokens, no steps - stop no command and are counted."""

from __future__ import annotations

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqwise.data.readers import ReadOptions, open_files
from small_runs import TINY, config_of, joint_rows, write_rows

EMPTY = {"text": ["", "   ", "\u200b", None], "tokens": [[], None], "signal": [[], None]}
TEXTS = ["play jazz", *EMPTY["text"], "book a table"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Runs of the same rows by kind of input, each trained with empty rows among the others."""
    from seqwise.runs.run_folder import RunFolder
    from seqwise.training.run import train
    from seqwise.training.training_plan import plan_run

    folder = tmp_path_factory.mktemp("empty")
    made = {}
    for kind, column in (("label", "text"), ("joint", "tokens"), ("series", "signal")):
        rows = joint_rows(40)
        for place, cell in enumerate(EMPTY[column], 5):
            rows[place][column] = cell
            rows[place]["slots"] = []
        columns = {"label": ("text", "intent"), "joint": ("tokens", "slots", "intent"), "series": ("signal", "intent")}
        file = write_rows(folder / f"{kind}.jsonl", rows, columns[kind])
        said = []
        plan = plan_run(config_of(file, kind, *TINY, "train.max_epochs=1"), said.append)
        made[column] = (train(plan, RunFolder(folder / kind)).folder.path, said, file)
    return made


@pytest.mark.parametrize("column", EMPTY)
def test_training_leaves_them_out_and_says_how_many(runs, column):
    _, said, file = runs[column]
    places = ", ".join(f"{file}:{line}" for line in range(6, 6 + len(EMPTY[column])))
    count = len(EMPTY[column])
    assert f"warning: left out: {count} rows with nothing in column '{column}', {places}" in said
    assert any(f"of {40 - count} sequences" in sentence for sentence in said)


def test_an_encoding_that_was_kept_says_it_again(tmp_path, monkeypatch):
    from seqwise.training.training_plan import plan_run

    file = write_rows(tmp_path / "d.jsonl", [*joint_rows(20), {**joint_rows(1)[0], "text": ""}], ("text", "intent"))
    keep = ["data.cache=always", f"data.cache_folder={tmp_path / 'kept'}"]
    for _ in range(2):
        said = []
        plan_run(config_of(file, "label", *keep), said.append)
        assert any(f"1 row with nothing in column 'text', {file}:21" in sentence for sentence in said)


def written(form, texts):
    """A file of texts in a format."""
    if form == "jsonl":
        return "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()
    if form == "parquet":
        file = io.BytesIO()
        pq.write_table(pa.table({"text": texts, "n": list(range(len(texts)))}), file)
        return file.getvalue()
    sign = "\t" if form == "tsv" else ","
    return "".join(f"{n}{sign}{text}\n" for n, text in [("n", "text"), *enumerate(t or "" for t in texts)]).encode()


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet"])
def test_predict_writes_them_with_an_empty_prediction(seqwise, tmp_path, runs, form):
    (tmp_path / f"new.{form}").write_bytes(written(form, TEXTS))
    result = seqwise("predict", runs["text"][0], f"new.{form}", "--output", "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["text"] or None for row in rows] == [text or None for text in TEXTS]
    assert [row["intent"] is None for row in rows] == [False, True, True, True, True, False]
    first = 2 if form in ("csv", "tsv") else 1
    places = ", ".join(f"new.{form}:{first + place}" for place in range(1, 5))
    assert (result.status, result.err) == (
        0,
        f"warning: 4 rows with nothing in column 'text', an empty prediction: {places}\n",
    )


@pytest.mark.parametrize("column", ["tokens", "signal"])
@pytest.mark.parametrize("flags", [(), ("--proba",)])
def test_lists_without_items_are_empty_too(seqwise, tmp_path, runs, column, flags):
    good = joint_rows(1)[0][column]
    cells = [good, *EMPTY[column], good]
    (tmp_path / "new.jsonl").write_text("".join(json.dumps({column: cell}) + "\n" for cell in cells))
    result = seqwise("predict", runs[column][0], "new.jsonl", *flags)
    rows = [json.loads(line) for line in result.out.splitlines()]
    assert [row[column] for row in rows] == cells
    assert [row["intent"] is None for row in rows] == [False, *[True] * len(EMPTY[column]), False]
    assert [row.get("slots", []) for row in rows][1:-1] == [[]] * len(EMPTY[column])
    assert f"{len(EMPTY[column])} rows with nothing" in result.err


def test_a_table_of_probabilities_may_begin_with_an_empty_row(seqwise, tmp_path, runs):
    (tmp_path / "new.csv").write_text("n,text\n1,\n2,play jazz\n")
    header, empty, full = seqwise("predict", runs["text"][0], "new.csv", "--proba").out.splitlines()
    assert len(header.split(",")) == len(full.split(",")) == 6
    assert empty == "1,,,,,"


def test_evaluate_leaves_them_out_of_every_figure(seqwise, tmp_path, runs):
    rows = joint_rows(20, seed=2)
    write_rows(tmp_path / "full.jsonl", rows, ("text", "intent"))
    write_rows(tmp_path / "gaps.jsonl", [*rows, {"text": " ", "intent": "Play"}], ("text", "intent"))
    full, gaps = (seqwise("evaluate", runs["text"][0], name, "--json") for name in ("full.jsonl", "gaps.jsonl"))
    found, all_found = json.loads(gaps.out), json.loads(full.out)
    counts = {"empty": 0, "unlabelled": 0, "evaluated": 20, "unseen_labels": 0}
    assert all_found.pop("rows") == {"read": 20, **counts}
    assert found.pop("rows") == {"read": 21, **counts, "empty": 1}
    for each in (found, all_found):
        each["intent"].pop("rows")
    assert (found, full.err) == (all_found, "")
    assert gaps.err == "warning: 1 row with nothing in column 'text', left out of every figure: gaps.jsonl:21\n"
    assert seqwise("evaluate", runs["text"][0], "gaps.jsonl", "--json", "--quiet").err == ""


def test_evaluate_counts_the_rows_without_a_label_by_target(seqwise, tmp_path, runs):
    rows = joint_rows(6, seed=3)
    rows[0]["intent"] = rows[1]["intent"] = None
    rows[2]["slots"] = None
    rows[3] |= {"tokens": [], "slots": []}
    rows[4]["intent"] = "Plya"
    write_rows(tmp_path / "some.jsonl", rows, ("tokens", "slots", "intent"))
    found = json.loads(seqwise("evaluate", runs["tokens"][0], "some.jsonl", "--json").out)
    counts = {"read": 6, "empty": 1, "unlabelled": 2, "evaluated": 3, "unseen_labels": 1}
    assert found["intent"]["rows"] == counts
    assert found["slots"]["rows"] == {**counts, "unlabelled": 1, "evaluated": 4, "unseen_labels": 0}
    assert found["intent"]["accuracy"]["count"] == 3


def test_a_run_keeps_how_many_rows_of_each_file_were_left_out(tmp_path):
    from seqwise.runs.run_folder import RunFolder
    from seqwise.training.run import train
    from seqwise.training.training_plan import plan_run

    some = [{**row, "intent": None} for row in joint_rows(3, seed=1)]
    empty = [{**row, "text": ""} for row in joint_rows(2, seed=2)]
    for part, rows in (("train", some[:1] + empty[:1]), ("dev", empty), ("test", some)):
        write_rows(tmp_path / f"{part}.jsonl", [*joint_rows(30), *rows], ("text", "intent"))
    files = [f"data.{part}={tmp_path / part}.jsonl" for part in ("dev", "test")]
    config = config_of(str(tmp_path / "train.jsonl"), "label", *files, "train.max_epochs=1")
    run = train(plan_run(config), RunFolder(tmp_path / "run")).folder
    dev, test = (run.read_json("metrics.json")[part]["intent"]["rows"] for part in ("dev", "test"))
    counts = {"empty": 0, "unlabelled": 0, "evaluated": 30, "unseen_labels": 0}
    assert dev == {"read": 32, **counts, "empty": 2}
    assert test == {"read": 33, **counts, "unlabelled": 3}
    dropped = {(each["part"], each["reason"]): each for each in run.read_json("data.json")["dropped"]}
    assert {key: each["rows"] for key, each in dropped.items()} == {
        ("train", "no label of any target"): 1,
        ("train", "nothing in the input"): 1,
        ("dev", "nothing in the input"): 2,
        ("test", "no label of any target"): 3,
    }
    places = [f"{tmp_path / 'dev'}.jsonl:{line}" for line in (31, 32)]
    assert dropped["dev", "nothing in the input"]["places"] == places


def test_nothing_but_empty_rows_cannot_be_judged(seqwise, tmp_path, runs):
    (tmp_path / "gaps.jsonl").write_text('{"text": "", "intent": "Play"}\n')
    result = seqwise("evaluate", runs["text"][0], "gaps.jsonl")
    assert (result.status, result.err.split(":")[2]) == (2, " no row can be evaluated")


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_they_can_be_refused(seqwise, tmp_path, runs, command):
    (tmp_path / "new.jsonl").write_text('{"text": "play", "intent": "Play"}\n{"text": "", "intent": "Play"}\n')
    result = seqwise(command, runs["text"][0], "new.jsonl", "--on-empty", "error")
    assert result.status == 2
    assert "seqwise: new.jsonl:2: column 'text': the text has no tokens in it\n" in result.err
    assert seqwise(command, runs["text"][0], "new.jsonl", "--on-empty", "drop").err == (
        "seqwise: --on-empty is error or skip, got 'drop'\n"
    )


def test_rows_left_out_keep_the_places_of_the_others(tmp_path):
    from seqwise.data.spec import DataSpec, InputSpec
    from seqwise.data.store import open_store

    file = write_rows(tmp_path / "d.jsonl", [{"text": text} for text in ("a b", "", "c", " ")])
    store = open_store(
        [(0, open_files([file], ReadOptions()))], DataSpec(InputSpec("words", "text"), ()), on_empty="skip"
    )
    assert [store.place(row).line for row in range(len(store))] == [1, 3]
    assert (store.empty, [place.line for place in store.empty_places]) == ([1, 3], [2, 4])
    assert np.array_equal(store.lengths, [2, 1])
