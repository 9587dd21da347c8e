from __future__ import annotations

import gzip

import pytest

from reading import refusal, values
from seqwise.data.readers import FORMATS, ReadOptions, format_of, open_files
from seqwise.errors import DataError

ENDINGS = {
    "a.csv": "csv",
    "A.CSV.GZ": "csv",
    "a.tsv": "tsv",
    "a.tab": "tsv",
    "a.json": "jsonl",
    "a.jsonl": "jsonl",
    "a.ndjson.gz": "jsonl",
    "a.ft": "fasttext",
    "a.parquet": "parquet",
    "a.pq": "parquet",
    "a.conll": "conll",
    "a.conll2003": "conll",
    "a.iob": "conll",
    "a.iob2": "conll",
    "a.bio": "conll",
    "a.b.conllu": "conllu",
    "a.ts": "ts",
    "a.ucr": "ucr",
}

TREE_LINE = "1\tx" + "\t_" * 8
CONTENTS = {
    "commas": ("text,label\ngood,1\n", "csv"),
    "commas and quotes": ('text,label\n"good, very\ngood",1\nbad,0\n', "csv"),
    "semicolons": ("text;label\ngood;1\n", "csv"),
    "row names": ('"x","y"\n"1",2,3\n"2",4,5\n', "csv"),
    "tabs": ("text\tlabel\ngood, or not\t1\n", "tsv"),
    "objects": ('{"text": "good"}\n', "jsonl"),
    "an array": ('[\n{"text": "good"}\n]', "jsonl"),
    "columns": ("It O\nis O\n\nSo O\n", "conll"),
    "columns below documents and comments": (
        "-DOCSTART- -X- O\n\n# id = 1\nIt PRON O\n\n# x\nIs VERB O\nso X O",
        "conll",
    ),
    "a table with a blank line after each row": ("a\tb\n\n1\t2\n\n3\t4\n\n", "tsv"),
    "trees": (f"# text = x\n{TREE_LINE}\n", "conllu"),
    "trees that begin with a multiword token": (f"1-2{TREE_LINE[1:]}\n{TREE_LINE}\n", "conllu"),
    "series": ("# about\n%more\n@problemName X\n@data\n1,2:a\n", "ts"),
}


@pytest.mark.parametrize(("name", "form"), ENDINGS.items())
def test_the_ending_tells_the_format(write, name, form):
    assert format_of(write(name, "x")) == form


def test_every_format_has_an_ending():
    assert set(ENDINGS.values()) == set(FORMATS) - {
        "lines",
        "folder",
        "parallel",
    }  # no ending


@pytest.mark.parametrize("name", ["data", "data.txt", "data.train"])
@pytest.mark.parametrize(("content", "form"), CONTENTS.values(), ids=CONTENTS)
def test_the_content_tells_the_format_of_other_files(write, name, content, form):
    assert format_of(write(name, content)) == form
    assert format_of(write(name, gzip.compress(content.encode()))) == form
    assert format_of(write(name, content.replace("\n", "\r\n"))) == form


def test_a_look_that_ends_inside_a_line_does_not_mislead(write):
    rows = "".join(f'"{"word, " * 20}",{number}\n' for number in range(2000))
    assert format_of(write("data.txt", f"text,label\n{rows}")) == "csv"


def test_a_tsv_file_in_blocks_is_read_as_conll_and_this_is_said(write):
    source = open_files([write("a.tsv", "It\tO\nis\tO\n\nSo\tO\n")], ReadOptions())
    assert source.format == "conll"
    assert source.notes == ("a.tsv: blank lines separate sequences: read as CoNLL columns (else say --format tsv)",)


def test_a_given_format_is_not_questioned(write):
    name = write("a.tsv", "It\tO\nis\tO\n\nSo\tO\n")
    assert values(name, format="tsv") == [{"It": "is", "O": "O"}, {"It": "So", "O": "O"}]


SAY = "\n  Say --format with one of csv, tsv, jsonl, parquet, conll, conllu, ts, ucr, fasttext, lines."
UNSURE = {
    "prose": "It was the best of times,\nit was the worst of times, it was\n\nthe age of wisdom\n",
    "one column": "good\nbad\n",
    "xml": "<a>\n<b/>\n</a>\n",
    "rows of other lengths": "a,b\n1,2\n3\n4,5\n",
}


@pytest.mark.parametrize("content", UNSURE.values(), ids=UNSURE)
def test_what_could_be_anything_is_refused(write, content):
    message = f"a.txt: neither the file's name nor its content tells its format{SAY}"
    assert refusal(write("a.txt", content)) == message


def test_lines_of_tokens_without_blank_lines_are_told_of_conll(write):
    message = refusal(write("a.txt", "It O\nis O\nOslo B-x\n"))
    assert message.endswith("If each line is a token and its tags, write a blank line after each sequence (CoNLL).")


def test_wide_blanks_are_tokens_of_conll_columns(write):
    content = "王 B\n\u3000 O\n\n5\u00a0000 O\n去 O\n"
    assert open_files([write("a.txt", content)], ReadOptions()).format == "conll"


MAGIC = {
    b"PK\x03\x04": "a zip archive (or a spreadsheet)",
    b"BZh9": "compressed with bzip2",
    b"\xfd7zXZ\x00": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstandard",
    b"\x89HDF\r\n": "an HDF5 file",
    b"\x93NUMPY\x01": "a NumPy array",
    b"ARROW1": "an Arrow (Feather) file",
    b"SQLite format 3\x00": "an SQLite database",
}


@pytest.mark.parametrize(("head", "told"), MAGIC.items())
def test_files_that_are_something_else_are_called_what_they_are(write, head, told):
    message = f"a.bin: the file is {told}\n  Unpack or convert it first."
    assert refusal(write("a.bin", head + bytes(20))) == message


def test_blank_lines_tell_nothing(write):
    assert refusal(write("a.txt", "\n \n")) == "a.txt: the file is empty"


def test_the_format_of_a_missing_file_cannot_be_told(write):
    write("a.csv", "x")
    with pytest.raises(DataError, match=r"^b\.csv: no such file\n  Did you mean 'a\.csv'\?$"):
        format_of("b.csv")


FOREIGN = {
    "html": (b"<!DOCTYPE html><html><body>404, not found</body></html>\n", "an HTML page"),
    "html without a type": (b"\n<HTML>\n<p>a,b</p>\n", "an HTML page"),
    "xml": (b"\xef\xbb\xbf<?xml version='1.0'?>\n<a>x</a>\n", "an XML document"),
    "arff": (b"% a comment\n\n@RELATION x\n@attribute y numeric\n@data\n1\n", "in ARFF, the format of Weka"),
    "git lfs": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 12\n",
        "a pointer of Git LFS, and not",
    ),
    "pdf": (b"%PDF-1.4\n%\xe2\xe3\n", "a PDF document"),
    "rtf": (b"{\\rtf1\\ansi\nx}", "a document in RTF"),
    "tar": (b"a.csv".ljust(257, b"\0") + b"ustar\x0000" + b"\0" * 300, "a tar archive"),
    "pickle": (b"\x80\x04\x95\x10", "a Python pickle"),
    "old excel": (b"\xd0\xcf\x11\xe0\xa1", "an old Excel or Word file"),
}


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.jsonl", "a.conll", "a.conllu", "a.ts"])
@pytest.mark.parametrize(("content", "told"), FOREIGN.values(), ids=FOREIGN)
def test_files_of_forms_that_are_not_read_are_named_whatever_they_are_called(write, content, told, name):
    assert refusal(write(name, content)).startswith(f"{name}: the file is {told}")


def test_cells_between_signs_are_told_of_the_delimiter(write):
    assert refusal(write("a.txt", "text|label\nx y|1\nz|2\n")) == (
        f"a.txt: neither the file's name nor its content tells its format{SAY} If '|' separates its cells: --format "
        "csv --delimiter '|'."
    )
