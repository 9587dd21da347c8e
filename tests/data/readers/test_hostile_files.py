"""Broken and hostile files: one error of ours, in bounded time and memory, whatever a library would have raised."""

from __future__ import annotations

import gzip
import os
import random
import signal
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hostile import FILES, ROWS, SETTINGS, mutated

from seqwise.config import load_config, parse_config
from seqwise.data.readers import ReadOptions, open_files
from seqwise.data.readers import _limits as limits
from seqwise.errors import ConfigError, DataError, SeqwiseError
from seqwise.task.prepare import prepare

CASES = int(os.environ.get("SEQWISE_CASES", "20"))
"""Mutations of each file: 20, and 10,000 in nightly runs."""


@contextmanager
def in_time(seconds: int):
    """Fails where what is inside takes longer: a hang is a failure, not a test run that never ends."""

    def late(*_):
        pytest.fail(f"took more than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def error_of(path, **data):
    """The error that preparing a training gives, or None; anything but an error of ours fails the test."""
    try:
        with in_time(60):
            prepare(parse_config({"data": {"train": [os.fsdecode(path)], **data}}))
    except SeqwiseError as error:
        return error
    return None


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_right_before_anything_is_done_to_them(name, tmp_path):
    path = tmp_path / f"rows.{name}"
    path.write_bytes(FILES[name])
    assert sum(1 for _ in open_files([path], ReadOptions())) >= 12
    assert error_of(path, **SETTINGS.get(name, {})) is None


@pytest.mark.parametrize("name", FILES)
def test_a_mutated_file_is_read_or_refused_by_an_error_of_ours(name, tmp_path):
    path = tmp_path / f"rows.{name}"
    for seed in range(CASES):
        path.write_bytes(mutated(FILES[name], random.Random(f"{name} {seed}")))
        error = error_of(path, **SETTINGS.get(name, {}))
        assert error is None or len(str(error)) < 6000, seed


LINES = "".join(f'{{"text": "t{i}", "label": "{"ab"[i % 2]}"}}\n' for i in range(30))


def with_label(text):
    return f'{LINES}{{"text": "x", "label": {text}}}\n'.encode()


BROKEN = {
    "nested arrays": (
        "a.jsonl",
        with_label("[" * 100_000 + "]" * 100_000),
        "a.jsonl:31: arrays and objects are nested more",
    ),
    "arrays 70 deep": (
        "a.jsonl",
        with_label("[" * 70 + "]" * 70),
        "a.jsonl:31: arrays and objects are nested more than 64",
    ),
    "objects 70 deep": (
        "a.jsonl",
        with_label('{"a":' * 70 + "1" + "}" * 70),
        "a.jsonl:31: arrays and objects are nested",
    ),
    "an integer of 5,000 digits": ("a.jsonl", with_label("9" * 5000), "a.jsonl:31: a number has thousands of digits"),
    "1e999": ("a.jsonl", with_label("1e999"), "a.jsonl:31: the number 1e999 is beyond"),
    "400 digits and a point": ("a.jsonl", with_label("9" * 400 + ".0"), "a.jsonl:31: the number 999"),
    "an object without keys": ("a.jsonl", b"{}\n{}\n", "a.jsonl:1: the objects have no keys"),
    "an empty array": ("a.json", b"[]\n", "a.json: "),
    "a byte-order mark": ("a.csv", b"\xef\xbb\xbf", "a.csv: the file is empty"),
    "a byte-order mark, no ending": ("a", b"\xef\xbb\xbf", "a: the file is empty"),
    "@ alone": ("a.ts", b"@\n@data\n1:a\n", "a.ts:1: a key is expected after '@'"),
    "@dimensions of 5,000 digits": ("a.ts", b"@dimensions " + b"9" * 5000 + b"\n@data\n1\n", "@dimensions is 99999"),
    "colons": ("a.ts", b"@timestamps true\n@classlabel true a\n@data\n" + b":" * 100_000, "a.ts:4: "),
    "parentheses": ("a.ts", b"@timestamps true\n@classlabel true a\n@data\n" + b"(" * 100_000 + b":a", "a.ts:4: "),
    "a comment of 100 KB": ("a.conll", b"# a" + b" " * 100_000 + b"\nPlay O\nx B\n", "a.conll: "),
    "a comment of blanks": ("a.conll", b"#" + b" " * 100_000 + b"=\nPlay O\nx B\n", "a.conll: "),
    "200,000 columns": (
        "a.csv",
        b",".join(b"c%d" % i for i in range(200_000)) + b"\n" + b",".join([b"1"] * 200_000),
        "at most 20,000",
    ),
}


@pytest.mark.parametrize(("name", "content", "words"), BROKEN.values(), ids=BROKEN)
def test_what_no_file_should_hold_is_one_error_with_its_place(name, content, words, tmp_path):
    (tmp_path / name).write_bytes(content)
    assert words in str(error_of(tmp_path / name))


def test_a_line_without_end_is_refused_before_it_is_held(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "LONGEST_LINE", 1 << 16)
    path = tmp_path / "rows.csv"
    path.write_bytes(b"text,label\n" + b"\0" * (1 << 20))
    with pytest.raises(DataError, match=r"rows.csv:2: the line is longer than"):
        list(open_files([path], ReadOptions()))


def test_gzip_that_is_a_bomb_is_refused_and_a_table_of_zeros_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "UNPACKED", 1 << 20)
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(b"text,label\n" + b"a,b\n" + b"\n" * (1 << 22)))
    with pytest.raises(DataError, match="of gzip unpack to more than"):
        list(open_files([path], ReadOptions()))
    rows = np.random.default_rng(0).integers(2, size=(1 << 17, 8))
    text = "a,b,c,d,e,f,g,h\n" + "".join(",".join(map(str, row)) + "\n" for row in rows.tolist())
    path.write_bytes(gzip.compress(text.encode()))
    assert sum(1 for _ in open_files([path], ReadOptions())) == len(rows)


PARQUET = {
    "text that is not UTF-8": lambda: pa.Array.from_buffers(pa.string(), 30, pa.array([b"\xff\xfe"] * 30).buffers()),
    "nested nanoseconds": lambda: pa.array([[1, 2]] * 30, pa.list_(pa.timestamp("ns"))),
}


@pytest.mark.parametrize("column", PARQUET.values(), ids=PARQUET)
def test_parquet_that_python_cannot_hold_is_refused(column, tmp_path):
    pq.write_table(pa.table({"text": column(), "label": ["a", "b"] * 15}), tmp_path / "a.parquet")
    error = error_of(tmp_path / "a.parquet")
    assert isinstance(error, DataError)
    assert "a.parquet" in str(error)


def test_a_library_that_raises_anything_is_one_error_after_the_last_line(tmp_path, monkeypatch):
    def fails():
        yield from records[:2]
        raise OverflowError("too\nlarge")

    path = tmp_path / "rows.tsv"
    path.write_bytes(FILES["tsv"])
    records = list(open_files([path], ReadOptions()))
    with pytest.raises(DataError, match=r"rows.tsv: the file cannot be read after line 3: OverflowError: too large"):
        list(limits.guarded(fails(), "rows.tsv"))


@pytest.mark.parametrize("encoding", ["idna", "punycode", "unicode_escape", "hex", "utf\0-8", "no such"])
def test_an_encoding_in_which_no_file_is_written_is_refused(encoding):
    with pytest.raises(ConfigError, match="is not known. Examples are utf-8"):
        ReadOptions(encoding=encoding)


def test_a_file_may_be_called_by_any_bytes(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff\xfe.tsv"
    Path(os.fsdecode(path)).write_bytes(FILES["tsv"])
    source = open_files([os.fsdecode(path)], ReadOptions())
    assert len(list(source)) == len(ROWS)
    assert source.files[0].endswith("\\xff\\xfe.tsv")


def test_no_room_for_temporary_files_is_an_error(tmp_path, monkeypatch):
    path = tmp_path / "rows.parquet.gz"
    path.write_bytes(gzip.compress(FILES["parquet"]))

    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(DataError, match=r"(?s)rows.parquet.gz.*No space left on device"):
        list(open_files([path], ReadOptions()))


ITEM = "[" + ",".join(["x"] * 9) + "]"
YAML = {
    "a bomb": "a: &a0 "
    + ITEM
    + "\n"
    + "".join(f"b{i}: &a{i} [{','.join([f'*a{i - 1}'] * 8)}]\n" for i in range(1, 12)),
    "depth": "a: " + "[" * 20_000,
    "itself": "model: &a {encoder: *a}",
    "a number of 5,000 digits": "train: {seed: " + "9" * 5000 + "}",
    "a date that there is not": "train: {seed: 2001-99-99}",
    "a merge of a number": "model: {<<: 5}",
}


@pytest.mark.parametrize("text", YAML.values(), ids=YAML)
def test_a_config_that_no_library_survives_is_a_config_error(text, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with in_time(60), pytest.raises(ConfigError, match=r"config.yaml"):
        load_config(path)


def test_a_config_of_gigabytes_is_not_read(tmp_path):
    path = tmp_path / "config.yaml"
    with path.open("wb") as file:
        file.truncate(1 << 33)
    with pytest.raises(ConfigError, match="is larger than 16 MiB"):
        load_config(path)
