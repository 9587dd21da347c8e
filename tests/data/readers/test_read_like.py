"""Files for a trained model: read as its training files were, or by what they plainly are."""

from __future__ import annotations

import gzip
import io
import os
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqwise.data.readers import ReadOptions, open_like
from seqwise.errors import DataError, UsageError

TABLE = "text,label\ngood,1\nbad,0\n"
ROWS = [{"text": "good", "label": "1"}, {"text": "bad", "label": "0"}]


def opened(name, trained, names=(), **given):
    return open_like([name], ReadOptions(**trained), given, names)


def values(source):
    return [record.values for record in source]


FORMATS = {
    "its ending": ("a.jsonl", '{"text": "good"}\n', "csv", (), "jsonl"),
    "its content": ("a.txt", '{"text": "good"}\n', "csv", (), "jsonl"),
    "the training files, where it tells none": ("a.txt", "text\ngood\n", "csv", (), "csv"),
    "training files of the same ending": ("b.tsv", "good\n\nbad\n", "conll", ("a.tsv.gz",), "conll"),
    "its ending, where training files had another": ("b.csv", TABLE, "tsv", ("a.txt",), "csv"),
    "its content, where the ending is the same but means nothing": ("b.txt", TABLE, "jsonl", ("a.txt",), "csv"),
}


@pytest.mark.parametrize(("name", "content", "trained", "names", "form"), FORMATS.values(), ids=FORMATS)
def test_the_format_of_a_file_comes_from(write, name, content, trained, names, form):
    assert opened(write(name, content), {"format": trained}, names).format == form


def test_the_users_word_counts_most(write):
    source = opened(write("a.csv", "good\tO\n"), {"format": "csv"}, ("b.csv",), format="conll", columns=("t", "y"))
    assert (source.format, source.columns) == ("conll", ("t", "y"))


def test_a_file_of_the_training_format_is_read_by_its_rules(write):
    source = opened(write("a.csv", "good|1\nbad|0\n"), {"format": "csv", "delimiter": "|", "header": False})
    assert values(source) == [{"column1": "good", "column2": "1"}, {"column1": "bad", "column2": "0"}]
    assert source.options == ReadOptions(format="csv", delimiter="|", header=False, sequence_id="none")


def test_a_file_of_another_format_is_read_by_its_own(write):
    source = opened(write("a.tsv", "good\t1\nbad\t0\n"), {"format": "csv", "delimiter": "|", "columns": ("a", "b")})
    assert source.options == ReadOptions(format="tsv", header=True, sequence_id="none")


def test_a_header_where_training_files_had_none_names_the_columns(write):
    trained = {"format": "csv", "header": False, "columns": ("a", "b")}
    assert opened(write("a.csv", TABLE), trained, header=True).columns == ("text", "label")


UNLABELLED = {"format": "conll", "columns": ("word", "pos", "tag"), "unlabelled_columns": (("word", "pos"), ("word",))}


@pytest.mark.parametrize(
    ("line", "columns"),
    [("It P O\n", ("word", "pos", "tag")), ("It P\n", ("word", "pos")), ("It\n", ("word",))],
    ids=["all", "no labels", "input alone"],
)
@pytest.mark.parametrize("form", ["conll", "csv"])
def test_columns_without_names_may_lack_the_labels(write, form, line, columns):
    trained = UNLABELLED if form == "conll" else {**UNLABELLED, "format": form, "header": False}
    name = write(f"a.{form}", line if form == "conll" else line.replace(" ", ","))
    assert opened(name, trained).columns == columns


@pytest.mark.parametrize(
    ("form", "content", "problem"),
    [
        ("conll", "It P O x\n", "a.conll:1: 3 columns are named, but the line has 4"),
        ("csv", "It,P,O,x\n", "a.csv:1: 3 columns are named, but the row has 4 fields"),
    ],
)
def test_another_number_of_columns_is_told_with_those_that_may_be(write, form, content, problem):
    trained = UNLABELLED if form == "conll" else {**UNLABELLED, "format": form, "header": False}
    with pytest.raises(DataError) as caught:
        opened(write(f"a.{form}", content), trained)
    assert str(caught.value) == (
        f"{problem}\n  The columns must be 'word', 'pos', 'tag' or 'word', 'pos' or 'word'; name others with --columns."
    )


ENCODINGS = {
    "utf-16 with its mark": ("utf-16", "text\ncafé\n".encode("utf-16"), "utf-16"),
    "utf-8 where utf-16 was trained on": ("utf-16", "text\ncafé\n".encode(), "utf-8"),
    "ascii where utf-16 was trained on": ("utf-16", b"text\ncafe\n", "utf-8"),
    "utf-16 without a mark": ("utf-16-le", "text\ncafé\n".encode("utf-16-le"), "utf-16-le"),
    "latin-1": ("latin-1", "text\ncafé\n".encode("latin-1"), "latin-1"),
    "utf-8 where latin-1 was trained on": ("latin-1", "text\ncafé\n".encode(), "utf-8"),
    "ascii, which is both": ("latin-1", b"text\ncafe\n", "latin-1"),
    "a character cut by the look": ("latin-1", ("text\n" + "é" * 50_000 + "\n").encode(), "utf-8"),
}


@pytest.mark.parametrize(("trained", "content", "encoding"), ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzipped"])
def test_the_encoding_is_that_of_training_unless_the_file_is_plainly_utf_8(write, trained, content, encoding, packed):
    source = opened(
        write("a.csv", gzip.compress(content) if packed else content), {"format": "csv", "encoding": trained}
    )
    assert source.options.encoding == encoding
    assert values(source)[0]["text"].startswith(("caf", "éé"))
    said = f"a.csv: read as utf-8, though the training files are {trained}"
    assert source.notes == (() if encoding == trained else (said,))


def test_an_encoding_of_the_users_is_not_doubted(write):
    name = write("a.csv", "text\ncafé\n".encode())
    source = opened(name, {"format": "csv", "encoding": "utf-16"}, encoding="latin-1")
    assert (source.notes, values(source)) == ((), [{"text": "cafÃ©"}])


def test_a_text_without_the_mark_of_its_encoding_is_an_error(write):
    name = write("a.csv", TABLE)
    with pytest.raises(DataError) as caught:
        opened(name, {"format": "csv"}, encoding="utf-16")
    assert str(caught.value) == (
        "a.csv: the text does not begin with a byte-order mark, as utf-16 does\n"
        "  Say how the file is written, for instance --encoding utf-8."
    )


def piped(monkeypatch, content):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    return "-"


STREAMS = {
    "csv": ("csv", TABLE, "csv", ()),
    "a token that looks like JSON": ("conll", "{\tO\n\n", "conll", ()),
    "JSON lines for csv": (
        "csv",
        '\n{"text": "good"}\n',
        "jsonl",
        ("standard input: the first line cannot be csv: read as jsonl",),
    ),
    "csv for JSON lines": (
        "jsonl",
        TABLE,
        "csv",
        ("standard input: the first line cannot be jsonl: read as csv",),
    ),
    "conll for ts": (
        "ts",
        "It O\nis O\n\nSo O\n",
        "conll",
        ("standard input: the first line cannot be ts: read as conll",),
    ),
    "csv for parquet": (
        "parquet",
        TABLE,
        "csv",
        ("standard input: the first line cannot be parquet: read as csv",),
    ),
}


def test_parquet_in_a_stream_is_recognised(monkeypatch):
    content = io.BytesIO()
    pq.write_table(pa.table({"text": ["good"]}), content)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))
    content.seek(0)
    source = opened("-", {"format": "jsonl"})
    assert (source.format, values(source)) == ("parquet", [{"text": "good"}])


@pytest.mark.parametrize(("trained", "content", "form", "notes"), STREAMS.values(), ids=STREAMS)
def test_a_stream_has_the_format_of_training_unless_its_first_line_cannot(monkeypatch, trained, content, form, notes):
    source = opened(piped(monkeypatch, content), {"format": trained})
    assert (source.format, source.notes) == (form, notes)
    assert values(source)


def test_a_stream_of_no_known_form_is_an_error_of_the_training_format(monkeypatch):
    with pytest.raises(UsageError) as caught:
        opened(piped(monkeypatch, "good\nbad\n"), {"format": "jsonl"})
    assert str(caught.value) == (
        "standard input:1: not JSON at character 1: Expecting value\n  One whole JSON object is expected per line."
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_pipe_is_opened_once(write, encoding):
    write("a.csv", TABLE)
    os.mkfifo("pipe")
    writer = threading.Thread(target=lambda: Path("pipe").write_bytes(TABLE.encode(encoding)))
    writer.start()
    try:
        assert values(opened("pipe", {"format": "csv", "encoding": encoding})) == ROWS
    finally:
        writer.join(timeout=10)


def test_ways_to_name_columns_are_told_once(write):
    trained = {"format": "csv", "header": False, "columns": ("text",), "unlabelled_columns": (("text",),)}
    with pytest.raises(ValueError, match=r"The columns must be 'text'; name others with --columns\."):
        opened(write("a.csv", "a,b\n"), trained)
