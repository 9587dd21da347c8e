"""A table with a row per token comes back with a row per token: all cells as they were, predictions behind them."""

from __future__ import annotations

import csv
import io
import json
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from command_line import run
from seqwise.data.readers import ReadOptions, open_files
from seqwise.data.spec import DataSpec, InputSpec, TargetSpec
from seqwise.evaluation.decoding import decisions
from seqwise.inference.added import Wanted
from seqwise.inference.loaded_model import Model
from seqwise.inference.prediction import Prediction
from seqwise.inference.writers import layout_for, written_as
from seqwise.models.decisions import Answer
from seqwise.targets import Target
from small_runs import TINY

TAGS = Target("tag", "tags", (("B-x", "O"),), ("tag",), per_step=True)
FILES = SimpleNamespace(data=SimpleNamespace(train=("d.csv",), dev=(), test=()))
CELLS = st.text('aé東 ",;#-\u2028', max_size=4).map(str.strip)
TOKENS = st.sampled_from(["play", "jazz", "[1]", "a,b", '"', "#", "-"])


def model_of(column, form):
    spec = DataSpec(InputSpec("tokens", column), (TargetSpec("tag", "tags", ("tag",), "steps", per_step=True),))
    return Model(Path(), FILES, spec, ReadOptions(format=form, sequence_id="s"), (TAGS,), None, None, {}, None)


def predicted(source, column):
    """B-x for every token of four letters."""
    for record in source:
        tokens = record.values[column]
        logits = np.array([[1.0, 0.0] if len(token) == 4 else [0.0, 1.0] for token in tokens], np.float32)
        yield Prediction(record, len(tokens), {"tag": Answer(logits, decisions(TAGS, logits))}, (TAGS,))


@st.composite
def tables(draw):
    """Rows of an id, in all rows or the first of a sequence, a token, perhaps a tag, and something else."""
    gold = ["tag"] if draw(st.booleans()) else []
    names = draw(st.permutations(["s", "word", "rest", *gold]))
    lengths = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    is_filled = draw(st.booleans())
    rows = []
    for number, length in enumerate(lengths):
        for step in range(length):
            own = f"s{number}" if is_filled or step == 0 else ""
            cells = {"s": own, "word": draw(TOKENS), "tag": draw(st.sampled_from(["O", "B-x"])), "rest": draw(CELLS)}
            rows.append([cells[name] for name in names])
    return names, rows


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    table=tables(),
    delimiter=st.sampled_from([",", ";", "\t"]),
    written=st.sampled_from([None, "csv"]),
    wanted=st.sampled_from([Wanted(), Wanted(confidence=True, top=2, proba="auto"), Wanted(into="guess")]),
)
def test_each_token_keeps_its_row(tmp_path_factory, table, delimiter, written, wanted):
    names, rows = table
    path = tmp_path_factory.mktemp("rows") / "in.csv"
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([names, *rows])
    path.write_text(text.getvalue(), encoding="utf-8")
    model = model_of("word", "csv")
    source = model.read_files([path], delimiter=delimiter, header=True)
    layout = layout_for(model, source, wanted, output=written and f"out.{written}")
    path = path.with_name("out.csv")
    path.write_text(written_as(layout)(list(predicted(source, "word"))), encoding="utf-8", newline="")
    found = [record.values for record in open_files([path], _plain(layout.options))]
    assert [{name: row[name] or "" for name in names} for row in found] == [
        dict(zip(names, row, strict=True)) for row in rows
    ]
    own = "guess" if wanted.into else "tag_predicted" if "tag" in names else "tag"
    assert [row[own] for row in found] == ["B-x" if len(row["word"]) == 4 else "O" for row in found]
    if wanted.top:
        part = "tag"
        assert [row[f"{part}_top_1"] for row in found] == [row[own] for row in found]
        assert all(float(row[f"{part}_confidence"]) == float(row[f"{part}_probability_{row[own]}"]) for row in found)


def _plain(options):
    return ReadOptions(format="csv", delimiter=options.delimiter, header=True, sequence_id="none")


def written_tokens(tmp_path, form, wanted, output=None):
    """What is written of two sequences in a table of that form."""
    rows = [("a", "play", 1), ("a", "it", 2), ("b", "jazz", 3)]
    if form == "jsonl":
        content = "".join(json.dumps(dict(zip(("s", "word", "n"), row, strict=True))) + "\n" for row in rows)
    else:
        content = "".join(",".join(map(str, row)) + "\n" for row in [("s", "word", "n"), *rows])
    (tmp_path / f"in.{form}").write_text(content)
    model = model_of("word", form)
    source = model.read_files([tmp_path / f"in.{form}"])
    return written_as(layout_for(model, source, wanted, output=output))(list(predicted(source, "word")))


def test_the_long_form_has_a_row_per_token_and_label(tmp_path):
    header, *rows = csv.reader(io.StringIO(written_tokens(tmp_path, "csv", Wanted(proba="long"))))
    assert header == ["s", "word", "n", "tag", "proba_row", "proba_step", "proba_label", "proba"]
    assert [row[:7] for row in rows] == [
        ["a", "play", "1", "B-x", "1", "1", "B-x"],
        ["a", "play", "1", "B-x", "1", "1", "O"],
        ["a", "it", "2", "O", "1", "2", "O"],
        ["a", "it", "2", "O", "1", "2", "B-x"],
        ["b", "jazz", "3", "B-x", "2", "1", "B-x"],
        ["b", "jazz", "3", "B-x", "2", "1", "O"],
    ]


def test_json_lines_of_a_row_per_token_come_back_so(tmp_path):
    lines = [json.loads(line) for line in written_tokens(tmp_path, "jsonl", Wanted()).splitlines()]
    assert lines == [
        {"s": "a", "word": "play", "n": 1, "tag": "B-x"},
        {"s": "a", "word": "it", "n": 2, "tag": "O"},
        {"s": "b", "word": "jazz", "n": 3, "tag": "B-x"},
    ]


def test_a_file_of_another_form_has_a_row_per_sequence(tmp_path):
    first = json.loads(written_tokens(tmp_path, "csv", Wanted(), "out.jsonl").splitlines()[0])
    assert first == {"s": "a", "word": ["play", "it"], "n": ["1", "2"], "tag": ["B-x", "O"]}
    conll = written_tokens(tmp_path, "csv", Wanted(), "out.conll").splitlines()
    assert conll[:3] == ["# s = a", "play\t1\tB-x", "it\t2\tO"]


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "conll"])
def test_what_was_predicted_is_read_again_and_is_right(tmp_path, monkeypatch, capsys, form):
    monkeypatch.chdir(tmp_path)
    seqwise = partial(run, monkeypatch, capsys)
    words = {"play": "O", "jazz": "B-x", "rain": "B-x", "it": "O", "will": "O"}
    rows = [(f"s{i // 4}", i, word, tag) for i, (word, tag) in enumerate(list(words.items()) * 20)]
    (tmp_path / "d.csv").write_text("\n".join(",".join(map(str, row)) for row in [("s", "n", "word", "tag"), *rows]))
    (tmp_path / "new.csv").write_text("\n".join(",".join(map(str, row[:3])) for row in [("s", "n", "word"), *rows]))
    flags = [flag for each in TINY for flag in ("--set", each)]
    assert seqwise("train", "d.csv", "--sequence-id", "s", "--tags", "tag", "--run", "r", "--quiet", *flags).status == 0
    assert seqwise("predict", "r", "new.csv", "--output", f"out.{form}").status == 0
    if form in ("csv", "tsv"):
        delimiter = "," if form == "csv" else "\t"
        found = list(csv.reader((tmp_path / f"out.{form}").read_text().splitlines(), delimiter=delimiter))
        assert [row[:3] for row in found[1:]] == [list(map(str, row[:3])) for row in rows]
    named = ["--columns", "word,n,tag"] if form == "conll" else []
    figures = json.loads(seqwise("evaluate", "r", f"out.{form}", "--json", *named).out)
    assert figures["accuracy"] == {"value": 1.0, "count": 100}
