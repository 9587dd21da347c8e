"""What `seqwise predict` writes beside what it read, texts that are no file, and lines that are no table."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pytest

from small_runs import TINY, joint_rows

ROWS = joint_rows(40)
LABELS = ["Book", "Play", "Weather"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run on a table of texts, and one on tokens with tags."""
    from seqwise.config import override, parse_config
    from seqwise.runs.run_folder import RunFolder
    from seqwise.training.run import train
    from seqwise.training.training_plan import plan_run

    folder = tmp_path_factory.mktemp("beside")
    table = "text,intent\n" + "".join(f"{row['text']},{row['intent']}\n" for row in ROWS)
    tokens = "".join("".join(f"{t} {s}\n" for t, s in zip(r["tokens"], r["slots"], strict=True)) + "\n" for r in ROWS)
    made = {}
    for name, content in (("d.csv", table), ("t.conll", tokens)):
        (folder / name).write_text(content)
        config = parse_config(override({"data": {"train": [str(folder / name)]}}, [*TINY, "train.max_epochs=1"]))
        made[name] = train(plan_run(config), RunFolder(folder / name.partition(".")[0])).folder.path
    return made


def rows(text):
    return list(csv.DictReader(text.splitlines()))


def test_gold_labels_are_kept_and_it_is_said(seqwise, tmp_path, runs):
    (tmp_path / "in.csv").write_text("n,intent,text\n1,Play,play jazz\n2,,will it rain\n3,odd,book a table\n")
    result = seqwise("predict", runs["d.csv"], "in.csv")
    found = rows(result.out)
    assert list(found[0]) == ["n", "intent", "text", "intent_predicted"]
    assert [row["intent"] for row in found] == ["Play", "", "odd"]
    assert {row["intent_predicted"] for row in found} <= set(LABELS)
    assert result.err == "column 'intent' of the file: kept; predictions are in 'intent_predicted'\n"
    assert seqwise("predict", runs["d.csv"], "in.csv", "--quiet").err == ""


@pytest.mark.parametrize("cell", ["Play", ""])
def test_a_named_column_is_filled_only_where_it_is_empty(seqwise, tmp_path, runs, cell):
    (tmp_path / "in.csv").write_text(f"intent,text\n,will it rain\n{cell},play jazz\n")
    result = seqwise("predict", runs["d.csv"], "in.csv", "--into", "intent", "--output", "out.csv")
    if not cell:
        assert all(row["intent"] in LABELS for row in rows((tmp_path / "out.csv").read_text()))
        return
    assert (result.status, result.err) == (
        2,
        "seqwise: in.csv:3: column 'intent': the predictions would write a column of this name\n"
        "  Choose another name with --into COLUMN.\n",
    )
    assert not (tmp_path / "out.csv").exists()


TAKEN = {
    ("text",): "seqwise: --into text: the file has a column 'text', which is not replaced\n",
    ("n",): "seqwise: --into n: the file has a column 'n', which is not replaced\n",
    ("",): "seqwise: --into is empty; give a name for the prediction column\n",
    (): "seqwise: the file has 'intent', 'intent_predicted', which are not replaced\n"
    "  Name the prediction column with --into COLUMN.\n",
}


@pytest.mark.parametrize(("into", "message"), TAKEN.items(), ids=str)
def test_a_column_that_was_read_is_never_replaced(seqwise, tmp_path, runs, into, message):
    (tmp_path / "in.csv").write_text("n,text,intent,intent_predicted\n1,play jazz,Play,Book\n")
    flags = ["--into", *into] if into else []
    result = seqwise("predict", runs["d.csv"], "in.csv", *flags)
    assert (result.status, result.out, result.err) == (2, "", message)


def test_a_key_that_comes_late_is_not_replaced(seqwise, tmp_path, runs):
    stream = b'{"text": "play jazz"}\n{"text": "will it rain", "intent": "Weather"}\n'
    result = seqwise("predict", runs["d.csv"], "-", stdin=stream)
    assert result.status == 2
    assert "standard input:2: column 'intent': the predictions would write a column of this name\n" in result.err


def test_tags_stand_beside_those_that_were_read(seqwise, tmp_path, runs):
    (tmp_path / "in.conll").write_text("play O\njazz B-x\n\nrain O\n\n")
    result = seqwise("predict", runs["t.conll"], "in.conll")
    cells = [line.split("\t") for line in result.out.splitlines() if line]
    assert [row[:2] for row in cells] == [["play", "O"], ["jazz", "B-x"], ["rain", "O"]]
    assert all(len(row) == 3 and row[2] in ("O", "B-x") for row in cells)


def test_the_most_probable_labels_and_the_confidence_agree_with_the_probabilities(seqwise, runs):
    flags = ["--text", "play jazz", "--text", "will it rain", "--top", "2", "--confidence", "--proba"]
    for row in map(json.loads, seqwise("predict", runs["d.csv"], *flags, "--json").out.splitlines()):
        given = row["intent_probability"]
        best = sorted(given.items(), key=lambda item: -item[1])[:2]
        assert [(each["label"], each["probability"]) for each in row["intent_top"]] == best
        assert (row["intent"], row["intent_confidence"]) == best[0]
    table = rows(seqwise("predict", runs["d.csv"], *flags).out)
    assert list(table[0]) == [
        *("text", "intent", "intent_confidence"),
        *("intent_top_1", "intent_top_1_probability", "intent_top_2", "intent_top_2_probability"),
        *(f"intent_probability_{label}" for label in LABELS),
    ]


def test_probabilities_in_long_form_have_a_row_per_label(seqwise, tmp_path, runs):
    (tmp_path / "in.csv").write_text("n,text\n7,play jazz\n8,\n")
    found = rows(seqwise("predict", runs["d.csv"], "--proba", "long", "in.csv").out)
    assert [(row["n"], row["proba_row"]) for row in found] == [*[("7", "1")] * 3, ("8", "2")]
    assert sorted(row["proba_label"] for row in found[:3]) == LABELS
    assert sum(float(row["proba"]) for row in found[:3]) == pytest.approx(1, abs=1e-4)
    assert (found[3]["intent"], found[3]["proba_label"], found[3]["proba"]) == ("", "", "")


def test_probabilities_in_wide_form_are_columns_in_json_too(seqwise, runs):
    (line,) = seqwise("predict", runs["d.csv"], "--text", "play jazz", "--proba", "wide", "--json").out.splitlines()
    assert [key for key in json.loads(line) if "_probability_" in key] == [f"intent_probability_{x}" for x in LABELS]


def test_tags_have_all_of_it_per_token(seqwise, runs):
    flags = ["--text", "play some jazz", "--top", "1", "--confidence", "--proba", "wide"]
    (line,) = seqwise("predict", runs["t.conll"], *flags, "--json").out.splitlines()
    row = json.loads(line)
    assert row["column1"] == ["play", "some", "jazz"]
    tags = row["column2"]
    assert [each[0]["label"] for each in row["column2_top"]] == tags
    chosen = [row[f"column2_probability_{tag}"][step] for step, tag in enumerate(tags)]
    assert row["column2_confidence"] == chosen
    long = seqwise("predict", runs["t.conll"], *flags[:2], "--proba", "long", "--json").out.splitlines()
    steps = [(each["proba_step"], each["proba_label"]) for each in map(json.loads, long)]
    assert sorted(steps) == [(step, label) for step in (1, 2, 3) for label in ("B-x", "O")]


WRONG = {
    "nothing": ([], "nothing to predict: name a file, - for standard input, or give --text 'A TEXT'"),
    "both": (["in.csv", "--text", "a"], "both the file in.csv and --text are given; leave one of them out"),
    "a flag of files": (
        ["--text", "a", "--delimiter", ";"],
        "--delimiter applies to files, but the text is given with --text",
    ),
    "a form": (["in.csv", "--proba=tall"], "--proba takes wide, long or no value, got 'tall'"),
}


@pytest.mark.parametrize(("flags", "message"), WRONG.values(), ids=WRONG)
def test_what_contradicts_itself_is_refused(seqwise, runs, flags, message):
    result = seqwise("predict", runs["d.csv"], *flags)
    assert (result.status, result.err) == (2, f"seqwise: {message}\n")


PLAIN = {
    "one": b"I lost my card, what do I do?\n",
    "without an end": b"play some jazz",
    "several": b"play some jazz\nwell, it may rain, or not\n\nbook a table\n",
    "a word": b"jazz\n",
}


@pytest.mark.parametrize("content", PLAIN.values(), ids=PLAIN)
def test_lines_of_text_are_predicted_as_they_stand(seqwise, tmp_path, runs, content):
    (tmp_path / "in.txt").write_bytes(content)
    streamed = seqwise("predict", runs["d.csv"], "-", stdin=content)
    assert [row["text"] for row in rows(streamed.out)] == content.decode().splitlines()
    said = "standard input: no header names the column 'text': every line is read as one text"
    assert streamed.err.splitlines()[0] == said
    assert seqwise("predict", runs["d.csv"], "in.txt").out == streamed.out


NOT_PLAIN = {
    "a comma in a text": (
        b"text\nI lost my card, what do I do?\n",
        "standard input:2: expected 1 field as the header has, got 2\n"
        "  A cell that holds ',' must stand in quotes: \"I lost my card, what do I do?\".\n",
    ),
    "another case": (
        b"Text\nplay jazz\n",
        "standard input: there is no column 'text'\n  Did you mean 'Text'? Names are case-sensitive: rename the "
        "column to 'text'. The columns are 'Text'.\n",
    ),
    "rows without a header": (
        b"play jazz,x\nwill it rain,y\n",
        "standard input: there is no column 'text'\n  The columns are 'play jazz', 'x'. If the first line is "
        "not a header, add --no-header and name the columns with --columns.\n",
    ),
    "another header": (
        b"body\nplay jazz\n",
        "standard input: there is no column 'text'\n  The columns are 'body'. If the first line is not a header, add "
        "--no-header and name the columns with --columns. If every line is one text, add --format lines.\n",
    ),
    "as many commas in each line": (
        b"Yes, I do\nNo, never\n",
        "standard input: there is no column 'text'\n  The columns are 'Yes', 'I do'. If the first line is "
        "not a header, add --no-header and name the columns with --columns.\n",
    ),
}


@pytest.mark.parametrize(("content", "message"), NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_what_may_be_a_table_is_not_guessed_at(seqwise, runs, content, message):
    result = seqwise("predict", runs["d.csv"], "-", stdin=content)
    assert (result.status, result.out, result.err) == (2, "", f"seqwise: {message}")


def test_lines_can_be_asked_for(seqwise, runs):
    found = rows(seqwise("predict", runs["d.csv"], "-", "--format", "lines", stdin=b"body\nYes, I do\n").out)
    assert [row["text"] for row in found] == ["body", "Yes, I do"]


def test_a_sentence_for_a_tagger_is_cut_at_blanks(seqwise, runs):
    result = seqwise("predict", runs["t.conll"], "-", stdin=b"play some jazz now\nwill it rain\n")
    found = [json.loads(line) for line in result.out.splitlines()]
    assert [row["column1"] for row in found] == [["play", "some", "jazz", "now"], ["will", "it", "rain"]]
    assert "each text is split at whitespace" in result.err


def test_sentences_that_look_like_tokens_with_tags_are_refused(seqwise, runs):
    result = seqwise("predict", runs["t.conll"], "-", stdin=b"hello world\ngood morning\n")
    assert (result.status, result.out) == (2, "")
    assert result.err == (
        "seqwise: standard input:1: 'world' is no tag of the model, so the line may be a sentence or a token with "
        "other tags\n  If every line is a sentence, say --format lines; if every line is a token, say --format conll.\n"
    )
    assert seqwise("predict", runs["t.conll"], "-", stdin=b"play O\njazz B-x\n\n").status == 0


def test_the_package_can_be_run(runs):
    ended = subprocess.run(
        [sys.executable, "-m", "seqwise", "--version"], capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stdout.strip()
