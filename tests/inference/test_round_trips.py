"""What is written is read again the same in every format, or refused with its place."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from command_line import run
from seqwise.config import override, parse_config
from seqwise.data.cells import raw_labels, sequence_reader
from seqwise.data.readers import ReadOptions, read_stream
from seqwise.data.spec import DataSpec, InputSpec, TargetSpec
from seqwise.errors import DataError
from seqwise.evaluation.decoding import decisions
from seqwise.inference.added import Wanted
from seqwise.inference.prediction import Prediction
from seqwise.inference.writers import layout_for, written_as
from seqwise.models.decisions import Answer
from seqwise.runs.run_folder import RunFolder
from seqwise.targets import Target, class_order, label_text
from seqwise.training.run import train
from seqwise.training.training_plan import plan_run
from small_runs import TINY, write_rows

PIECES = ("a", "B-x", "O", "_", "#", "# ", "=", " = ", "-DOCSTART-", "|", ",", ";", '"', "[", "]", "\\", "\u2028")
PIECES += ("\x85", "\x0b", "\u3000", "\u00a0", "\ufeff", " ", "\t", "\n", "\r", "\r\n", "\0", "-X-", "1", "é", "👍🏽")
WORDS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join) | st.text(min_size=1, max_size=4)
TAGS = WORDS.filter(str.strip)
SENTENCES = st.lists(st.tuples(st.lists(st.tuples(WORDS, TAGS), min_size=1, max_size=4), TAGS), min_size=1, max_size=4)


def answer(target, wanted):
    """The answer of a model that is sure of these labels."""
    classes = [label_text(label) for label in target.labels]
    logits = np.eye(len(classes), dtype=np.float32)[[classes.index(label) for label in wanted]]
    logits = logits if target.per_step else logits[0]
    return Answer(logits, decisions(target, logits))


def stream(text, form, **options):
    return read_stream(io.BytesIO(text.encode()), "a." + form, ReadOptions(format=form, **options))


def written(rows, column, kind, wanted, form):
    """The text that a model writes which predicts exactly what is wanted: by target, the labels of each row."""
    specs, targets = [], []
    for name, labels in wanted.items():
        per_step = name in ("tags", "upos")
        form_of_cells = "steps" if per_step else "cell"
        specs.append(TargetSpec(name, "tags" if per_step else "label", (name,), form_of_cells, per_step=per_step))
        classes = class_order(label for row in labels for label in row)
        targets.append(Target(name, specs[-1].kind, (classes,), (name,), per_step=per_step))
    spec = DataSpec(InputSpec(kind, column), tuple(specs))
    source = stream("".join(json.dumps(row) + "\n" for row in rows), "jsonl")
    model = SimpleNamespace(spec=spec, targets=tuple(targets), options=ReadOptions(format="jsonl"))
    predictions = [
        Prediction(
            record,
            len(record.values[column]),
            {target.name: answer(target, wanted[target.name][row]) for target in targets},
            tuple(targets),
        )
        for row, record in enumerate(source)
    ]
    return written_as(layout_for(model, source, Wanted(), output=f"b.{form}"))(predictions), spec


def written_or_told(*arguments):
    """What `written` gives, or the refusal, which names a place, and no spec."""
    try:
        return written(*arguments)
    except DataError as error:
        told = str(error)
    assert told.startswith("a.jsonl:")
    return told, None


def is_doubtful(cells):
    """Whether a file of plain lines cannot hold some of the cells."""
    return any(sign in cell for cell in cells for sign in "\t\r\n\ufeff") or any(c != c.strip(" \t") for c in cells)


@pytest.mark.parametrize("form", ["jsonl", "csv", "tsv", "conll", "conllu"])
@settings(max_examples=80, deadline=None)
@given(sentences=SENTENCES)
@example(sentences=[([("#a=b", "O"), ("x", "B-x")], "a"), ([("# a = b", "# c = d")], "b"), ([("#", "#")], "c")])
@example(sentences=[([("-DOCSTART-", "B-x")], "a"), ([("-DOCSTART-", "O"), ("x", "O")], "a")])
@example(sentences=[([("a\u2028b", "\u3000"), ("\u00a0", "x\u2028")], "a\u0085b")])
def test_tokens_tags_and_labels_are_read_again(form, sentences):
    tags = "upos" if form == "conllu" else "tags"
    rows = [{"tokens": [token for token, _ in pairs]} for pairs, _ in sentences]
    wanted = {tags: [[tag for _, tag in pairs] for pairs, _ in sentences], "mood": [[mood] for _, mood in sentences]}
    cells = [cell for pairs, mood in sentences for pair in pairs for cell in (*pair, mood)]
    text, spec = written_or_told(rows, "tokens", "tokens", wanted, form)
    if spec is None:
        is_mark = form == "conll" and "-DOCSTART-" in text
        assert is_mark or (is_doubtful(cells) and form not in ("csv", "jsonl"))
        return
    names = {"columns": ("tokens", "tags")} if form == "conll" else {}
    records = list(stream(text, form, **names))
    tokens = InputSpec("tokens", "form" if form == "conllu" else "tokens")
    assert [sequence_reader(tokens)(record) for record in records] == [row["tokens"] for row in rows]
    for position, name in enumerate((tags, "mood")):
        target = spec.targets[position]
        read = [raw_labels(record, target, len(row["tokens"])) for record, row in zip(records, rows, strict=True)]
        assert [[label_text(label) for label in labels] for labels in read] == wanted[name]


@pytest.mark.parametrize("form", ["jsonl", "csv", "tsv"])
@settings(max_examples=80, deadline=None)
@given(pairs=st.lists(st.tuples(WORDS, TAGS), min_size=1, max_size=4))
@example(pairs=[("a\rb", "\r"), ("two\r\nlines", "\n "), ("\ufeffx", '"')])
def test_texts_and_labels_are_read_again(form, pairs):
    rows = [{"text": text} for text, _ in pairs]
    text, spec = written_or_told(rows, "text", "words", {"mood": [[mood] for _, mood in pairs]}, form)
    if spec is None:
        assert form == "tsv"
        assert is_doubtful([cell for pair in pairs for cell in pair])
        return
    records = list(stream(text, form, header=True) if form != "jsonl" else stream(text, form))
    assert [record.values["text"] for record in records] == [row["text"] for row in rows]
    read = [raw_labels(record, spec.targets[0], 1) for record in records]
    assert [label_text(label) for (label,) in read] == [mood for _, mood in pairs]


ODD = [
    [("#a=b", "B-x"), ("-DOCSTART-", "O")],
    [("-DOCSTART-", "O"), ("two words", "B-x")],
    [("\u3000", "O"), ("é", "O")],
]


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    """A run on tokens that look like comments and marks, and its file without tags."""
    folder = tmp_path_factory.mktemp("tagger")
    rows = [{"tokens": [token for token, _ in pairs], "tags": [tag for _, tag in pairs]} for pairs in ODD * 8]
    file = write_rows(folder / "train.jsonl", rows)
    plain = {"data": {"train": [file], "tags": ["tags"]}, "input": {"tokens": "tokens"}}
    train(plan_run(parse_config(override(plain, TINY))), RunFolder(folder / "run"))
    return folder / "run", write_rows(folder / "new.jsonl", rows, ("tokens",))


@pytest.mark.parametrize("form", ["jsonl", "csv", "tsv", "conll"])
def test_predictions_of_a_run_evaluated_against_themselves_are_all_right(tagger, tmp_path, monkeypatch, capsys, form):
    folder, new = tagger
    output, names = str(tmp_path / f"p.{form}"), ["--columns", "tokens,tags"] if form == "conll" else []
    assert run(monkeypatch, capsys, "predict", str(folder), new, "--output", output).status == 0
    judged = run(monkeypatch, capsys, "evaluate", str(folder), output, *names, "--json")
    assert judged.status == 0, judged.err
    assert json.loads(judged.out)["accuracy"] == {"value": 1.0, "count": 48}
