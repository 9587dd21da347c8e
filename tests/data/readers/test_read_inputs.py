from __future__ import annotations

import gzip
import io
import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from reading import places, refusal, values
from seqwise.data.readers import ReadOptions, open_files, read_stream
from seqwise.errors import DataError

TABLE = "text,label\ngood,1\nbad,0\n"
ROWS = [{"text": "good", "label": "1"}, {"text": "bad", "label": "0"}]

FOLDERS = "A folder is read where it has a folder of .txt files per label, or seq.in, seq.out and label."


class Pipe:
    """A pipe that hands out one piece per read, and fails when read beyond those that have arrived.

    It can be closed at its other end: then it hands out nothing after them.
    """

    def __init__(self, pieces: Iterable[bytes], *, closed: bool = False) -> None:
        self.pieces = list(pieces)
        self.closed = closed

    def read(self, size: int) -> bytes:
        assert self.pieces or self.closed, "the pipe would block here"
        if not self.pieces:
            return b""
        piece = self.pieces.pop(0)
        if len(piece) > size:
            self.pieces.insert(0, piece[size:])
        return piece[:size]

    read1 = read


def test_a_missing_file_is_named_with_the_nearest_sibling(write):
    write("train.csv", TABLE)
    assert refusal("trian.csv") == "trian.csv: no such file\n  Did you mean 'train.csv'?"


def test_a_missing_file_without_siblings_is_just_missing(write):
    write("other.txt", TABLE)
    assert refusal("train.csv") == "train.csv: no such file"


def test_a_missing_folder_is_named(write):
    write("train.csv", TABLE)
    assert refusal("dat/train.csv") == "dat/train.csv: no such file\n  The folder 'dat' does not exist either."


def test_a_folder_is_refused_with_the_files_in_it(write):
    write("b.csv", TABLE)
    write("a.csv", TABLE)
    assert refusal(".") == f".: is a folder, not a file\n  Name files in it: 'a.csv', 'b.csv'. {FOLDERS}"


def test_an_empty_folder_is_refused(write):
    write("a.csv", TABLE)
    Path("none").mkdir()
    assert refusal("none") == f"none: is a folder, not a file\n  It holds no files. {FOLDERS}"


def test_a_path_through_a_file_is_refused_in_the_words_of_the_system(write):
    write("a.csv", TABLE)
    assert refusal("a.csv/b.csv") == "a.csv/b.csv: cannot be read: Not a directory"


def test_a_file_that_goes_away_after_opening_is_an_error_of_the_data(write):
    source = open_files([write("a.csv", TABLE)], ReadOptions())
    Path("a.csv").unlink()
    with pytest.raises(DataError, match=r"^a\.csv: cannot be read: No such file or directory$"):
        list(source)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.conll", "a.conllu", "a.ts", "a.parquet", "a.txt"])
@pytest.mark.parametrize("content", [b"", gzip.compress(b"")], ids=["plain", "gzipped"])
def test_an_empty_file_is_refused(write, name, content):
    assert refusal(write(name, content)) == f"{name}: the file is empty"


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv"])
def test_gzip_is_told_by_content(write, name):
    assert values(write(name, gzip.compress(TABLE.encode()))) == ROWS


def test_a_plain_file_may_be_called_gz(write):
    assert values(write("a.csv.gz", TABLE)) == ROWS


def test_a_gzip_file_of_several_members_is_read_to_its_end(write):
    first, rest = TABLE[:14].encode(), TABLE[14:].encode()
    assert values(write("a.csv.gz", gzip.compress(first) + gzip.compress(rest))) == ROWS


def test_a_gzip_file_cut_short_is_an_error_with_the_line(write):
    numbers = "".join(f"{number}\n" for number in range(100_000))
    data = gzip.compress(f"n\n{numbers}".encode())
    name = write("a.csv.gz", data[: len(data) // 2])
    message = refusal(name)
    line = int(message.split(":")[1])
    assert 2 < line < 100_000
    assert message == f"{name}:{line}: the gzip data end too early\n  Fetch or compress the file again."


def test_a_gzip_file_with_a_wrong_checksum_is_an_error(write):
    data = bytearray(gzip.compress(TABLE.encode()))
    data[-8] ^= 1
    message = refusal(write("a.csv.gz", bytes(data)))
    assert message.startswith("a.csv.gz:")
    assert "the gzip data are damaged (CRC check failed" in message


@pytest.mark.parametrize("length", [12, -20])
def test_a_gzip_file_cut_short_is_an_error_where_its_format_is_sought(write, length):
    numbers = "".join(f"{number}\n" for number in range(20_000))
    data = gzip.compress(numbers.encode())
    message = "a: the gzip data end too early\n  Fetch or compress the file again."
    assert refusal(write("a", data[:length])) == message


def test_files_are_read_again_by_every_iteration(write):
    source = open_files([write("a.csv", TABLE)], ReadOptions())
    assert [record.values for record in source] == [record.values for record in source] == ROWS


def test_places_name_the_file_as_the_user_did(write):
    write("a.csv", TABLE)
    assert places("./a.csv") == ["./a.csv:2", "./a.csv:3"]


def test_a_dash_is_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TABLE.encode())))
    source = open_files(["-"], ReadOptions())
    assert source.files == ("standard input",)
    assert [(str(record.place), record.values) for record in source] == [
        ("standard input:2", ROWS[0]),
        ("standard input:3", ROWS[1]),
    ]


@pytest.mark.parametrize("data", [TABLE.encode(), gzip.compress(TABLE.encode())], ids=["plain", "gzipped"])
def test_a_stream_is_read_from_its_beginning_after_all_looks(data):
    source = read_stream(io.BytesIO(data), "input", ReadOptions())
    assert source.format == "csv"
    assert [record.values for record in source] == ROWS


def test_a_stream_that_arrives_byte_by_byte_is_the_same_stream():
    pipe = Pipe([bytes([byte]) for byte in gzip.compress(TABLE.encode())], closed=True)
    assert [record.values for record in read_stream(pipe, "input", ReadOptions(format="csv"))] == ROWS


FILES = {
    "csv": TABLE,
    "tsv": "text\tlabel\ngood\t1\nbad\t0\n",
    "jsonl": '{"text": "good"}\n{"text": "bad"}\n',
    "conll": "# id = 1\nIt\tO\nis\tO\n\nSo\tO\n",
    "conllu": "1\tIt" + 8 * "\t_" + "\n",
    "ts": "@classLabel true a\n@data\n1,2:a\n",
}


@pytest.mark.parametrize(("form", "content"), FILES.items(), ids=FILES)
def test_a_stream_has_the_records_of_the_file(write, form, content):
    named = open_files([write(f"a.{form}", content)], ReadOptions())
    streamed = read_stream(io.BytesIO(content.encode()), f"a.{form}", ReadOptions())
    assert (streamed.format, streamed.columns, streamed.kind) == (form, named.columns, named.kind)
    assert list(map(str, streamed)) == list(map(str, named))


@pytest.mark.parametrize(("form", "content"), FILES.items(), ids=FILES)
def test_a_stream_can_be_read_only_once(form, content):
    source = read_stream(io.BytesIO(content.encode()), "input", ReadOptions(format=form))
    list(source)
    message = r"^input: a stream can be read only once\n  Save it to a file to read it twice\.$"
    with pytest.raises(DataError, match=message):
        list(source)


LIVE = {
    "csv": ([b"text,label\n", b"good,1\n"], b"bad,0\n", "bad"),
    "jsonl": ([b'{"text": "good"}\n'], b'{"text": "bad"}\n', "bad"),
    "conll": ([b"good\tO\n", b"\n"], b"bad\tO\n\n", ["bad"]),
    "conllu": ([b"1\tgood" + 8 * b"\t_" + b"\n\n"], b"1\tbad" + 8 * b"\t_" + b"\n\n", ["bad"]),
}


@pytest.mark.parametrize(("form", "case"), LIVE.items(), ids=LIVE)
def test_each_record_of_a_pipe_comes_before_the_next_is_sent(form, case):
    arrived, later, expected = case
    pipe = Pipe(arrived)
    records = iter(read_stream(pipe, "input", ReadOptions(format=form)))
    next(records)
    pipe.pieces.append(later)
    assert expected in next(records).values.values()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_read_once_through(write):
    write("a.csv", TABLE)
    os.mkfifo("pipe.csv")
    writer = threading.Thread(target=lambda: Path("pipe.csv").write_text(TABLE))
    writer.start()
    try:
        assert values("pipe.csv") == ROWS
    finally:
        writer.join(timeout=10)


UNMARKED = {
    "a zero byte": ('text,label\n"",\n000\0,yes\n', "utf-8"),
    "two zero bytes": ("text,label\n\0,no\n0\0,yes\n", "utf-8"),
    "ASCII": ("text,label\na b,no\n", "utf-16-le"),
    "Cyrillic": ("текст,метка\nдобрый день,да\n", "utf-16-le"),
    "Chinese": ("文本,标签\n你好,是\n", "utf-16-be"),
}


@pytest.mark.parametrize(("text", "encoding"), UNMARKED.values(), ids=UNMARKED)
def test_zero_bytes_show_an_encoding_only_where_they_are_many(tmp_path, text, encoding):
    (tmp_path / "d.csv").write_bytes(text.encode(encoding))
    rows = [record.values for record in open_files([tmp_path / "d.csv"], ReadOptions(format="csv", header=True))]
    names, *cells = (line.split(",") for line in text.splitlines())
    assert [list(row) for row in rows] == [names] * len(cells)
    assert [list(row.values()) for row in rows] == [[cell.strip('"') or None for cell in line] for line in cells]
