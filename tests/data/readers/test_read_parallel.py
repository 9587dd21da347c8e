"""Parallel files: tokens, tags and labels line by line, in a folder or named one by one."""

from __future__ import annotations

import gzip
import os

import pytest

from seqwise.data.readers import ReadOptions, open_files
from seqwise.errors import DataError

TOKENS = "play some jazz\nwill it rain\nstop\n"
TAGS = "O O B-genre\nO O O\nO\n"
LABELS = "Play\nWeather\nStop\n"


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(**files):
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return write


def values(path):
    return [record.values for record in open_files([path], ReadOptions())]


def test_a_folder_of_seq_in_seq_out_and_label(write):
    write(d__seq_in_gz=gzip.compress(TOKENS.encode()), d__seq_out=TAGS.replace("\n", "\r\n"), d__label=LABELS)
    write(d__vocab="x")
    source = open_files(["d"], ReadOptions())
    assert (source.format, source.tokens, source.columns) == ("parallel", "tokens", ("tokens", "label", "tags"))
    assert source.notes == (
        "d: its files are read line by line: seq.in.gz is column 'tokens', label is column 'label', "
        "seq.out is column 'tags'",
        "d: 'tags' has an item per token",
        "d: left out: 1 other file",
    )
    assert values("d")[0] == {"tokens": ["play", "some", "jazz"], "label": "Play", "tags": ["O", "O", "B-genre"]}


def test_files_that_are_named_with_their_columns(write):
    write(a=TOKENS, b=TAGS, c=LABELS)
    assert values("x=a,y=b,z=c")[2] == {"x": ["stop"], "y": ["O"], "z": "Stop"}
    assert values("x=a,z=c")[1] == {"x": "will it rain", "z": "Weather"}
    assert values("tokens=a") == [{"tokens": line.split()} for line in TOKENS.splitlines()]


def test_files_called_like_columns_make_a_folder_of_parallel_files(write):
    write(d__text_txt=TOKENS, d__labels_txt=LABELS)
    assert values("d")[0] == {"text": "play some jazz", "labels": "Play"}


def test_blank_lines_are_empty_sequences_and_missing_labels(write):
    write(d__seq_in="a b\n\nc d\n", d__seq_out="O O\n\nO O\n", d__label="x\ny\n\n")
    assert values("d")[1:] == [
        {"tokens": [], "label": "y", "tags": []},
        {"tokens": ["c", "d"], "label": None, "tags": ["O", "O"]},
    ]


@pytest.mark.parametrize("short", ["seq.in", "seq.out", "label"])
def test_files_of_different_length_are_refused(write, short):
    files = {"seq.in": TOKENS, "seq.out": TAGS, "label": LABELS}
    files[short] = files[short].rpartition("\n")[0].rpartition("\n")[0] + "\n"
    write(**{f"d__{name.replace('.', '_')}": content for name, content in files.items()})
    with pytest.raises(DataError, match=rf"^d/{short}:3: the file has 2 lines, but d/.* has more"):
        values("d")


@pytest.mark.parametrize("tags", ["O O B-genre\nO O\nO\n", "O O O O\nO O\nO\n"])
def test_lines_with_another_number_of_items_are_refused(write, tags):
    write(d__seq_in=TOKENS, d__seq_out=tags)
    line = 2 if tags.startswith("O O B") else 1
    message = rf"^d/seq\.out:{line}: .*expected 3 items, one per token in d/seq\.in:{line}, got"
    with pytest.raises(DataError, match=message):
        values("d")


def test_what_cannot_be_parallel_files(write, tmp_path):
    write(a=TOKENS, d__seq_in=TOKENS, d__seq_in_txt=TOKENS)
    os.mkfifo(tmp_path / "pipe")
    for name, message in {
        "x=a,y=none": "none: no such file",
        "x=a,x=a": "a column is named twice",
        "x=a,y=.": "is a folder, not a file",
        "x=a,y=pipe": "is no plain file",
        "d": "'seq.in' and 'seq.in.txt' are called alike",
    }.items():
        with pytest.raises(DataError, match=message):
            values(name)


def test_a_file_whose_name_has_an_equals_sign_is_a_file(write):
    write(**{"a=b_csv": "text,label\ngood,1\n"})
    assert values("a=b.csv") == [{"text": "good", "label": "1"}]
