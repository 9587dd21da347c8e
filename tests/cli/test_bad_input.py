"""Every kind of bad input: one clear message on stderr, exit status 2, no traceback, nothing lost."""

from __future__ import annotations

import gzip
import json

import pytest

from small_runs import joint_rows, write_rows

GOOD = "text,label\n" + "".join(f"word{i} again{i % 3},{'ab'[i % 2]}\n" for i in range(12))
SERIES = "id,t,x,y,label\n" + "".join(
    f"s{s},{t},{s + t / 10},{t * 0.5},{'ab'[s % 2]}\n" for s in range(6) for t in range(3)
)
CONLL = "EU B-ORG\nrejects O\n\nPeter B-PER\n\nLondon B-LOC\n\n"
CONLLU = "".join(
    f"1\t{word}\t_\t{tag}\t_\t_\t0\troot\t_\t_\n\n" for word, tag in (("It", "PRON"), ("is", "AUX"), ("hot", "ADJ"))
)
ENCODERS = (
    "seqwise: model.encoder: there is no encoder 'lstmm'. Did you mean 'lstm'? There are 'lstm', 'gru', 'rnn', "
    "'transformer', 'conv', 'bag', 'tfidf', 'rocket'.\n"
)


def jsonl(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


CASES = {
    "a column that is not there": (
        {"d.csv": GOOD},
        ["d.csv", "--label", "lable"],
        "seqwise: d.csv: there is no column 'lable'\n  Did you mean 'label'? The columns are 'text', 'label'.\n",
    ),
    "a column that the test file lacks": (
        {"d.csv": GOOD, "t.csv": GOOD.replace("label", "mood", 1)},
        ["d.csv", "--test", "t.csv"],
        "seqwise: t.csv: there is no column 'label'\n  The columns are 'text', 'mood'.\n",
    ),
    "an empty file": ({"d.csv": ""}, ["d.csv"], "seqwise: d.csv: the file is empty\n"),
    "a header and nothing else": (
        {"d.csv": "text,label\n"},
        ["d.csv"],
        "seqwise: d.csv: the file has a header and no rows\n"
        "  Its only line is taken for the header; if it is a row, say --no-header.\n",
    ),
    "a label unseen in training": (
        {"d.csv": GOOD, "t.csv": "text,label\nword1 x,a\nword2 y,c\n"},
        ["d.csv", "--test", "t.csv", "--unseen", "error"],
        "seqwise: t.csv:3: column 'label': the label 'c' was never seen in training\n  The model knows 'a', 'b'. "
        "Correct the label, or give it training examples; --unseen wrong counts it as wrong, --unseen add makes it a "
        "class that training never shows.\n",
    ),
    "one class only": (
        {"d.csv": GOOD.replace(",b", ",a")},
        ["d.csv", "--label", "label"],
        "seqwise: d.csv: column 'label': every row has the label 'a': there is nothing to tell apart\n"
        "  A classifier needs at least two labels. Was another column meant?\n",
    ),
    "a row without tokens": (
        {"d.csv": GOOD + ",a\n"},
        ["d.csv", "--on-empty", "error"],
        "seqwise: d.csv:14: column 'text': the cell is empty\n"
        "  A sequence needs at least one token. Fill the cell or remove the row.\n",
    ),
    "a text of blanks": (
        {"d.csv": GOOD + "   ,a\n"},
        ["d.csv", "--on-empty", "error"],
        "seqwise: d.csv:14: column 'text': the text has no tokens in it\n"
        "  A sequence needs at least one token. Fill the cell or remove the row.\n",
    ),
    "no text at all": (
        {"d.csv": "text,label\n" + ",a\n ,b\n" * 3},
        ["d.csv", "--text", "text", "--label", "label"],
        "seqwise: d.csv: column 'text': all 6 rows are empty in it, so there is no sequence to read\n"
        "  Was another column meant?\n",
    ),
    "tokens and tags of different lengths": (
        {"d.jsonl": jsonl({"tokens": ["a", "b"], "tags": ["X", "Y"]}, {"tokens": ["c", "d"], "tags": ["X"]})},
        ["d.jsonl", "--tokens", "tokens", "--tags", "tags"],
        "seqwise: d.jsonl:2: column 'tags': 1 label for 2 tokens\n"
        "  Every token needs one label (null where it is not known).\n",
    ),
    "ragged numeric rows": (
        {"d.jsonl": jsonl({"x": [[0.5, 1], [2, 3]], "label": "a"}, {"x": [[0.5, 1], [2]], "label": "b"})},
        ["d.jsonl", "--label", "label"],
        "seqwise: d.jsonl:2: column 'x': ragged series: step 2 has 1 values, step 1 has 2\n"
        "  Each step must hold one value per channel.\n",
    ),
    "NaN in a channel": (
        {"d.csv": SERIES.replace("s2,1,2.1,", "s2,1,nan,")},
        ["d.csv", "--series-id", "id", "--time", "t", "--label", "label", "--channels", "x,y"],
        "seqwise: d.csv:9: column 'x': the value is missing ('nan')\n"
        "  Fill the gap, leave the series out, or train with --set data.gaps=fill, which fills and flags gaps.\n",
    ),
    "text in a channel": (
        {"d.csv": SERIES.replace("s2,1,2.1,", "s2,1,broken,")},
        ["d.csv", "--series-id", "id", "--time", "t", "--label", "label", "--channels", "x,y"],
        "seqwise: d.csv:9: column 'x': 'broken' is not a number\n  Correct the number, or leave the series out.\n",
    ),
    "bytes that are no UTF-8": (
        {"d.csv": GOOD.encode() + b"caf\xe9 noir,a\n"},
        ["d.csv"],
        "seqwise: d.csv:14: byte 4 of the line (e9) is not utf-8\n"
        "  Say how the file is written, for instance --encoding latin-1. "
        "With it line 14 reads 'caf\u00e9 noir,a'.\n",
    ),
    "a broken gzip": (
        {"d.csv.gz": gzip.compress(GOOD.encode() * 50)[:-40]},
        ["d.csv.gz"],
        "seqwise: d.csv.gz: the gzip data end too early\n  Fetch or compress the file again.\n",
    ),
    "a CoNLL line that lacks a column": (
        {"d.conll": CONLL + "Paris\n\n"},
        ["d.conll"],
        "seqwise: d.conll:8: expected 2 columns as on line 1, got 1: 'Paris'\n"
        "  Is a token missing, or is it a blank or a tab? A token of blanks cannot stand in CoNLL columns. "
        "Separate the columns by tabs where cells hold blanks.\n",
    ),
    "a CoNLL-U line that lacks columns": (
        {"d.conllu": CONLLU + "1\tIt\tit\tPRON\n\n"},
        ["d.conllu"],
        "seqwise: d.conllu:7: expected 10 columns, got 4\n",
    ),
    "an id that stands twice": (
        {"d.csv": "id,text,label\n" + "".join(f"{i % 11},word{i} x,{'ab'[i % 2]}\n" for i in range(12))},
        ["d.csv"],
        "seqwise: d.csv:13: column 'id': the id '0' stands twice; it is first at d.csv:2\n"
        "  Ids must be unique. If this column does not name rows, leave it out with --set data.id=none.\n",
    ),
    "a series that comes back": (
        {"d.csv": SERIES, "e.csv": SERIES},
        ["d.csv", "e.csv", "--series-id", "id", "--time", "t", "--label", "label"],
        "seqwise: e.csv:2: column 'id': series 's0' began at d.csv:2 and comes back after another one\n"
        "  Sort the file by 'id', so that the rows of a series stand together.\n",
    ),
    "a file that is not there": (
        {"data.csv": GOOD},
        ["dta.csv"],
        "seqwise: dta.csv: no such file\n  Did you mean 'data.csv'?\n",
    ),
    "no file": ({}, [], "seqwise: name a file of labelled sequences: seqwise train DATA\n"),
    "a setting that does not exist": (
        {"d.csv": GOOD},
        ["d.csv", "--set", "model.hiden=3"],
        "seqwise: there is no setting 'model.hiden'. Did you mean 'hidden'?\n",
    ),
    "an encoder that does not exist": ({"d.csv": GOOD}, ["d.csv", "--encoder", "lstmm"], ENCODERS),
    "a metric that does not exist": (
        {"d.csv": GOOD},
        ["d.csv", "--metric", "acuracy"],
        "seqwise: train.metric is 'acuracy'. Did you mean 'accuracy'? "
        "There are 'loss', 'accuracy', 'macro_f1', 'weighted_f1', 'roc_auc', 'ece'.\n",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_message_and_status_2(seqwise, tmp_path, tiny, case):
    files, words, message = CASES[case]
    for name, content in files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    before = sorted(tmp_path.iterdir())
    result = seqwise("train", *words, *tiny, "--quiet")  # without what was found before
    assert result.status == 2
    assert result.out == ""
    assert "Traceback" not in result.err
    assert result.err == message
    assert sorted(tmp_path.iterdir()) == before, "a failed start leaves nothing behind"


def test_a_test_label_without_examples_can_be_made_a_class(seqwise, tmp_path, tiny):
    (tmp_path / "d.csv").write_text(GOOD)
    (tmp_path / "t.csv").write_text("text,label\nword1 x,a\nword2 y,c\n")
    result = seqwise("train", "d.csv", "--test", "t.csv", "--run", "r", *tiny, "--unseen", "add")
    assert result.status == 0
    assert json.loads((tmp_path / "r" / "metrics.json").read_text())["test"]["accuracy"]["count"] == 2
    assert "c" in json.loads((tmp_path / "r" / "labels.json").read_text())["targets"][0]["classes"][0]


def test_a_run_folder_that_is_taken_is_not_touched(seqwise, tmp_path, tiny):
    (tmp_path / "d.csv").write_text(GOOD)
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "thesis.txt").write_text("dear")
    result = seqwise("train", "d.csv", "--run", "r", *tiny)
    assert result.status == 2
    assert result.err.startswith("seqwise: the run folder r already exists and is never overwritten\n")
    assert [path.name for path in (tmp_path / "r").iterdir()] == ["thesis.txt"]


def test_predicting_with_a_half_written_run_says_how_to_go_on(seqwise, tmp_path):
    (tmp_path / "d.csv").write_text(GOOD)
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "config.yaml").write_text("data: {}\n")
    result = seqwise("predict", "r", "d.csv")
    assert result.status == 2
    assert "is incomplete" in result.err
    assert "seqwise train --run r --resume" in result.err


def test_predicting_with_a_run_of_another_version_says_so(seqwise, tmp_path, joint_run):
    import shutil

    shutil.copytree(joint_run[0], tmp_path / "r")
    environment = json.loads((tmp_path / "r" / "env.json").read_text())
    (tmp_path / "r" / "env.json").write_text(json.dumps({**environment, "format_version": 99}))
    result = seqwise("predict", "r", "d.csv")
    assert result.status == 2
    assert "seqwise: the run folder r has format 99, this version of seqwise reads format 1\n" in result.err


def test_evaluating_an_unknown_label_names_it(seqwise, tmp_path, joint_run):
    rows = joint_rows(3)
    rows[1]["slots"] = ["B-zzz", *rows[1]["slots"][1:]]
    write_rows(tmp_path / "t.jsonl", rows)
    result = seqwise("evaluate", joint_run[0], "t.jsonl", "--unseen", "error")
    assert result.status == 2
    assert result.err.startswith("seqwise: t.jsonl:2: column 'slots': the label 'B-zzz' was never seen in training\n")
    assert seqwise("evaluate", joint_run[0], "t.jsonl").status == 0


def test_a_test_label_that_training_never_saw_counts_as_wrong(seqwise, tmp_path, tiny):
    (tmp_path / "d.csv").write_text(GOOD)
    (tmp_path / "t.csv").write_text("text,label\nword1 x,c\nword2 y,c\n")
    result = seqwise("train", "d.csv", "--test", "t.csv", "--run", "r", *tiny)
    assert result.status == 0
    assert "2 labels that training never saw, counted as wrong: 'c' (2, first at t.csv:2); --unseen error" in result.err
    metrics = json.loads((tmp_path / "r" / "metrics.json").read_text())
    assert (metrics["test"]["accuracy"]["value"], metrics["test"]["accuracy"]["count"]) == (0, 2)


def test_predicting_without_the_input_column_names_it(seqwise, tmp_path, joint_run):
    (tmp_path / "t.jsonl").write_text('{"token": ["a"]}\n')
    result = seqwise("predict", joint_run[0], "t.jsonl")
    assert result.status == 2
    assert result.err == (
        "seqwise: t.jsonl: there is no column 'tokens'\n  Did you mean 'token'? The columns are 'token'.\n"
    )


def test_an_output_that_exists_is_not_overwritten(seqwise, tmp_path, joint_run):
    write_rows(tmp_path / "t.jsonl", joint_rows(3))
    result = seqwise("predict", joint_run[0], "t.jsonl", "--output", "t.jsonl")
    assert result.status == 2
    assert "--output t.jsonl exists already and is not overwritten" in result.err
    assert len((tmp_path / "t.jsonl").read_text().splitlines()) == 3
