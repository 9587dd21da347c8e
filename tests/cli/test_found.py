"""What the command line says of columns and labels, and that tables of predictions can be read again."""

from __future__ import annotations

import json
import random

import pytest

WORDS = ["play", "some", "jazz", "now", "will", "it", "rain", "today", "in", "the", "city"]


def rows(count=30):
    rng = random.Random(0)
    for i in range(count):
        tokens = rng.choices(WORDS, k=rng.randint(1, 5))
        yield {
            "tokens": tokens,
            "tags": ["B-x" if len(token) > 3 else "O" for token in tokens],
            "topics": [[], ["a"], ["a", "b"]][i % 3],
            "mood": "xy"[i % 2],
            "form": "uvw"[i % 3],
        }


def jsonl(some):
    return "".join(json.dumps(row) + "\n" for row in some)


def said(result):
    """The sentences on what was found, without those on the split, the sizes and the model."""
    others = ("split: ", "vocabulary: ", "n-grams: ", "sequences: ", "model: ", "ensemble: ", "training: ")
    return [line for line in result.err.splitlines() if not line.startswith((*others, "run folder: "))]


def test_a_null_and_columns_left_alone_are_said(seqwise, tmp_path):
    lines = [{key: row[key] for key in ("tokens", "tags", "mood", "form")} for row in rows()]
    lines[3]["tags"] = None
    (tmp_path / "d.jsonl").write_text(jsonl(lines))
    result = seqwise("train", "d.jsonl", "--dry-run")
    assert result.status == 0
    assert said(result) == [
        "input: column 'tokens', token lists, taken as they are",
        "target 'tags': column 'tags', one label per step: cross-entropy over the steps that count",
        "ignored: columns 'mood', 'form'; to take 'mood' too: --tags tags --label mood",
        "left out: 1 sequence without any label, d.jsonl:4",
        "target 'tags': the tags mark spans in IOB2",
        "target 'tags': 2 classes, 'B-x', 'O'",
        "target 'tags': in place of cross-entropy, a CRF trains and decodes the tags of a sequence together",
    ]


@pytest.mark.parametrize("ending", ["jsonl", "csv", "tsv"])
def test_what_predict_writes_can_be_judged(seqwise, tmp_path, tiny, ending):
    (tmp_path / "d.jsonl").write_text(jsonl(rows()))
    flags = ["--tokens", "tokens", "--tags", "tags", "--multilabel", "topics", "--label", "mood"]
    assert seqwise("train", "d.jsonl", *flags, "--run", "r", *tiny, "--quiet").status == 0
    (tmp_path / "new.jsonl").write_text(jsonl([{"tokens": row["tokens"]} for row in rows()]))
    assert seqwise("predict", "r", "new.jsonl", "--output", f"p.{ending}").status == 0
    result = seqwise("evaluate", "r", f"p.{ending}", "--json")
    assert result.status == 0, result.err
    figures = json.loads(result.out)
    assert {figures[name]["accuracy"]["value"] for name in ("tags", "topics", "mood")} == {1.0}


def test_lists_written_into_a_table_are_learned_from(seqwise, tmp_path):
    cells = [[row["tokens"], row["tags"], row["topics"]] for row in rows()]
    lines = ["\t".join(json.dumps(cell) for cell in row) + "\n" for row in cells]
    (tmp_path / "d.tsv").write_text("tokens\ttags\ttopics\n" + "".join(lines))
    result = seqwise("train", "d.tsv", "--dry-run")
    assert result.status == 0, result.err
    assert said(result) == [
        "input: column 'tokens', token lists, taken as they are",
        "target 'tags': column 'tags', one label per step: cross-entropy over the steps that count",
        "target 'topics': column 'topics', any number of labels: binary cross-entropy per label",
        "lists written out in strings: 'tokens', 'tags', 'topics'",
        "target 'tags': the tags mark spans in IOB2",
        "target 'tags': 2 classes, 'B-x', 'O'",
        "target 'topics': 2 labels, 'a', 'b'",
        "target 'tags': in place of cross-entropy, a CRF trains and decodes the tags of a sequence together",
    ]


STRINGS = {
    "blanks": ("text,tags\n", [("Anna", "PER"), ("Anna runs", "PER O"), ("it rains now", "O O O"), ("Ben", "PER")]),
    "signs": ("text,tags\n", [("MKV", "HE "), ("A", "H"), ("GAVLK", "  HHE"), ("KV", "EH")]),
}


@pytest.mark.parametrize("name", STRINGS)
def test_strings_of_labels_are_learned_predicted_and_judged(seqwise, tmp_path, tiny, name):
    header, cells = STRINGS[name]
    (tmp_path / "d.csv").write_text(header + "".join(f"{text},{tags}\n" for text, tags in cells * 3))
    assert seqwise("train", "d.csv", "--tags", "tags", "--run", "r", *tiny, "--quiet").status == 0
    (tmp_path / "new.csv").write_text("text\n" + "".join(f"{text}\n" for text, _ in cells * 3))
    assert seqwise("predict", "r", "new.csv", "--output", "p.csv").status == 0
    for file, most in (("p.csv", 1.0), ("d.csv", None)):
        result = seqwise("evaluate", "r", file, "--json")
        assert result.status == 0, result.err
        figure = json.loads(result.out)["tags"]["accuracy"]
        assert figure["count"] == 3 * sum(len(text.split()) if name == "blanks" else len(text) for text, _ in cells)
        assert most is None or figure["value"] == most


def test_look_alike_labels_are_a_warning(seqwise, tmp_path):
    labels = ["a", " a", "b"] * 10
    for part in ("train", "dev"):
        lines = [f"{part}{i} x,{label}\n" for i, label in enumerate(labels)]
        (tmp_path / f"{part}.csv").write_text("text,label\n" + "".join(lines))
    result = seqwise("train", "train.csv", "--dev", "dev.csv", "--dry-run")
    assert (
        "warning: target 'label': ' a' (10 in training) and 'a' (10 in training, first at train.csv:2) are different "
        "labels; if they mean the same, write them alike"
    ) in said(result)


def test_labels_without_training_examples_are_named_with_their_output(seqwise, tmp_path):
    train = "".join(f"word{i} x,{'uv'[i % 2]},{'wz'[i % 2]}\n" for i in range(10))
    (tmp_path / "d.csv").write_text("text,o_a,o_b\n" + train)
    (tmp_path / "t.csv").write_text("text,o_a,o_b\none x,new,w\ntwo y,u,other\n")
    flags = ["--outputs", "o_*", "--test", "t.csv", "--set", "data.unseen_labels=add", "--dry-run"]
    assert "target 'o': no training example of 'new' in 'o_a'; 'other' in 'o_b'" in said(
        seqwise("train", "d.csv", *flags)
    )


def test_a_comment_that_only_training_has_is_explained(seqwise, tmp_path):
    (tmp_path / "d.conll").write_text("".join(f"# lang = {'es'[i % 2]}v\nword{i} {'XY'[i % 2]}\n\n" for i in range(12)))
    (tmp_path / "t.conll").write_text("".join(f"word{i} {'XY'[i % 2]}\n\n" for i in range(12)))
    result = seqwise("train", "d.conll", "--test", "t.conll", "--quiet")
    assert (result.status, result.err) == (
        2,
        "seqwise: t.conll: there is no column 'lang'\n  The columns are 'column1', 'column2'. To train without it, "
        "name the targets that every file has: --tags column2\n",
    )


def test_a_label_that_changes_inside_a_series_is_explained(seqwise, tmp_path):
    steps = [f"s{s},{t},{t + 0.5},{'ab'[t > 1]}\n" for s in range(4) for t in range(4)]
    (tmp_path / "d.csv").write_text("run,t,x,state\n" + "".join(steps))
    result = seqwise("train", "d.csv", "--series-id", "run", "--time", "t", "--label", "state", "--quiet")
    assert result.status == 2
    assert result.err.startswith(
        "seqwise: d.csv:2: column 'state': expected one label for the series, but step 1 has 'a' and step 3 has 'b'\n"
        "  If every step has its own label, say --tags instead of --label; "
    )


def test_a_channel_called_y_is_a_channel(seqwise, tmp_path):
    steps = [f"s{s},{t},{t + s / 8},{t * 0.25},{'ab'[s % 2]}\n" for s in range(8) for t in range(4)]
    (tmp_path / "d.csv").write_text("run,t,x,y,state\n" + "".join(steps))
    result = seqwise("train", "d.csv", "--series-id", "run", "--time", "t", "--dry-run")
    assert said(result)[-1] == "channels: 2, scaled to mean 0 and standard deviation 1"
    assert said(result)[1].startswith("target 'state': column 'state', one label per sequence")


def test_a_column_with_two_jobs_is_refused_and_a_shared_name_is_not(seqwise, tmp_path):
    (tmp_path / "d.csv").write_text(
        "text,vote,vote_a,vote_b\n" + "".join(f"word{i} x,{i % 2},{i % 2},{i % 3}\n" for i in range(20))
    )
    twice = seqwise("train", "d.csv", "--label", "vote_a", "--outputs", "vote_*")
    assert twice.status == 2
    assert twice.err.startswith(
        "seqwise: the column 'vote_a' is asked for twice: as a target (--label vote_a) and as a target (--outputs "
        "vote_*)\n"
    )
    both = seqwise("train", "d.csv", "--label", "vote", "--outputs", "vote_*", "--dry-run")
    assert both.status == 0
    assert "target 'vote_*': 2 outputs of 3 classes each, '0', '1', '2'" in said(both)
