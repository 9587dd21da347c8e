"""What the peers share: their rows, their figures, their command line."""

from __future__ import annotations

import gzip
import json

import pytest
from benchmarks.peers.command import Peer, Trained, main, median_speed
from benchmarks.peers.rows import figure, read, spans, tokens_of

ROWS = [(["book", "a", "table"], "book"), (["play", "it"], "play")]
CONLLU = "# text\n1\tThe\t_\tDET\n1-2\tThecat\t_\t_\n2\tcat\t_\tNOUN\n\n1\tSits\t_\tVERB\n\n"


@pytest.fixture
def data(tmp_path):
    for part in ("train", "test"):
        lines = [json.dumps({"tokens": words, "intent": label, "slots": ["O"] * len(words)}) for words, label in ROWS]
        (tmp_path / f"{part}.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_rows_of_json_lines(data):
    assert read(data, "train", "intent") == ROWS
    assert read(data, "test", "slots")[1] == (["play", "it"], ["O", "O"])
    assert tokens_of(ROWS) == 5


def test_rows_of_conllu(tmp_path):
    (tmp_path / "test.conllu.gz").write_bytes(gzip.compress(CONLLU.encode()))
    assert read(tmp_path, "test", "upos") == [(["The", "cat"], ["DET", "NOUN"]), (["Sits"], ["VERB"])]


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (["B-a", "I-a", "O", "B-b"], {("a", 0, 2), ("b", 3, 4)}),
        (["B-a", "B-a"], {("a", 0, 1), ("a", 1, 2)}),
        (["I-a", "I-b"], {("a", 0, 1), ("b", 1, 2)}),
        (["O"], set()),
    ],
)
def test_spans_of_tags(tags, found):
    assert spans(tags) == found


def test_figures():
    assert figure("intent", ["a", "b"], ["a", "a"]) == 0.5
    assert figure("upos", [["X", "Y"], ["X"]], [["X", "X"], ["X"]]) == pytest.approx(2 / 3)
    assert figure("slots", [["B-a", "I-a"], ["B-b"]], [["B-a", "I-a"], ["O"]]) == pytest.approx(2 / 3)


def test_the_first_epoch_sets_up_and_is_left_out():
    assert median_speed(100, [9.0, 1.0, 2.0, 4.0]) == 50
    assert median_speed(100, [4.0]) == 25


def test_a_peer_prints_one_line(data, capsys):
    got = {}

    def train(rows, task, *, epochs, seed):
        got.update(rows=rows, task=task, epochs=epochs, seed=seed)
        return Trained(123.0, lambda sentences: ["book" for _ in sentences], {"parameters": 7})

    main(
        Peer("tiny", "pytest", ("intent",), train), [str(data), "intent", "--epochs", "3", "--seed", "5", "--rows", "1"]
    )
    line = json.loads(capsys.readouterr().out)
    assert got == {"rows": ROWS[:1], "task": "intent", "epochs": 3, "seed": 5}
    assert (line["test"], line["tokens_per_second"], line["parameters"]) == (0.5, 123.0, 7)
    assert line["test_tokens_per_second"] > 0
    assert line["versions"] == {"pytest": pytest.__version__}


def test_a_peer_refuses_what_it_cannot_do(data):
    with pytest.raises(SystemExit):
        main(Peer("tiny", "pytest", ("intent",), lambda *_: None), [str(data), "slots"])
