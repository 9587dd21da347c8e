"""Folders of texts: a folder per label, what is left out, and folders that are not read."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess

import pytest

from seqwise.data.readers import ReadOptions, open_files, open_like
from seqwise.errors import ConfigError, DataError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(*names, content=None):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(f"text of {name}\n".encode() if content is None else content)

    return write


def rows(source):
    return [(str(record.place), record.values) for record in source]


def test_a_folder_per_label_is_read_in_order(folder):
    folder("d/pos/2.txt", "d/pos/10.txt", "d/neg/1.txt")
    source = open_files(["d"], ReadOptions())
    assert (source.format, source.columns) == ("folder", ("file", "text", "label"))
    assert source.notes == ("d: each file is one text, and the name of its folder is its label: neg (1), pos (2)",)
    assert rows(source) == [
        ("d/neg/1.txt:1", {"file": "neg/1.txt", "text": "text of d/neg/1.txt", "label": "neg"}),
        ("d/pos/10.txt:1", {"file": "pos/10.txt", "text": "text of d/pos/10.txt", "label": "pos"}),
        ("d/pos/2.txt:1", {"file": "pos/2.txt", "text": "text of d/pos/2.txt", "label": "pos"}),
    ]


def test_texts_keep_their_lines_and_may_be_gzipped_numbered_or_empty(folder):
    folder("d/a/1.txt", content=b"\xef\xbb\xbfone\r\n\r\ntwo\r\n")
    folder("d/a/2.txt.gz", content=gzip.compress("größer".encode()))
    folder("d/a/3", content=b"a numbered one\n")
    folder("d/a/4.txt", content=b"")
    folder("d/b/1.txt")
    *found, _ = [values["text"] for _, values in rows(open_files(["d"], ReadOptions()))]
    assert found == ["one\r\n\r\ntwo", "größer", "a numbered one", None]


def test_what_is_left_out_is_counted_and_nothing_is_followed_or_waited_for(folder, tmp_path):
    folder("d/a/1.txt", "d/b/1.txt", "d/a/.hidden.txt", "d/urls.txt", "d/b/picture.png", "d/b/deep/LICENSE")
    folder("outside.txt")
    (tmp_path / "d/a/link.txt").symlink_to(tmp_path / "outside.txt")
    (tmp_path / "d/c").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "d/a/pipe.txt")
    source = open_files(["d"], ReadOptions())
    assert source.notes[1] == "d: left out: 1 hidden name, 2 other files, 3 links or devices, 1 other folder"
    assert [place for place, _ in rows(source)] == ["d/a/1.txt:1", "d/b/1.txt:1"]


def test_texts_that_are_called_unlabelled_have_no_label(folder):
    folder("d/neg/1.txt", "d/pos/1.txt", "d/unsup/1.txt")
    source = open_files(["d"], ReadOptions())
    assert "d: the texts in 'unsup' have no label" in source.notes
    assert [values["label"] for _, values in rows(source)] == ["neg", "pos", None]


def test_bytes_that_are_no_text_are_named_by_file_and_line(folder):
    folder("d/a/1.txt", content=b"fine\nnot \xff\n")
    folder("d/b/1.txt")
    with pytest.raises(DataError, match=r"^d/a/1\.txt:2: byte 5 of the line \(ff\) is not utf-8"):
        rows(open_files(["d"], ReadOptions()))


@pytest.mark.parametrize("name", ["d/train/pos/1.txt", "d/train/seq.in"])
def test_a_folder_whose_folders_are_the_data_is_refused(folder, name):
    folder(name, "d/train/urls.txt")
    with pytest.raises(DataError, match=r"^d: the data stand in folders of this folder\n  Name one of these.*'train'"):
        open_files(["d"], ReadOptions())


def test_texts_without_labels_are_for_models_of_folders_or_on_request(folder):
    folder("d/1.txt", "d/2.txt")
    with pytest.raises(DataError, match="is a folder, not a file\n  Name files in it: '1.txt', '2.txt'. A folder is"):
        open_files(["d"], ReadOptions())
    with pytest.raises(DataError, match="is a folder, not a file"):
        open_like(["d"], ReadOptions(format="csv"))
    for trained, given in (("folder", {}), ("csv", {"format": "folder"})):
        source = open_like(["d"], ReadOptions(format=trained), given)
        assert source.notes == ("d: 2 files, each of which is one text without a label",)
        assert [values["file"] for _, values in rows(source)] == ["1.txt", "2.txt"]


def test_formats_that_a_folder_or_a_file_has_not(folder):
    folder("d/a/1.txt", "d/b/1.txt", "f.csv")
    with pytest.raises(DataError, match="d: it is a folder, not csv"):
        open_files(["d"], ReadOptions(format="csv"))
    with pytest.raises(DataError, match=r"f\.csv: it is a file, not a folder"):
        open_files(["f.csv"], ReadOptions(format="folder"))
    with pytest.raises(DataError, match=r"f\.csv: the file is .*csv, but 'd' is folder"):
        open_files(["d", "f.csv"], ReadOptions())
    with pytest.raises(ConfigError, match="one column"):
        open_files(["d"], ReadOptions(columns=("a", "b")))


PER_CLASS = """\
If each file holds the texts of one label, a line each, write one table of them: \
awk -v OFS='\\t' 'BEGIN {print "text", "label"} {print $0, FILENAME}' *.txt > ../texts.tsv."""


@pytest.mark.parametrize("form", [None, "folder"])
def test_one_label_is_refused_for_training_and_read_for_what_goes_with_it(folder, form):
    folder("d/names/a.txt", "d/names/b.txt", "d/LICENSE")
    with pytest.raises(DataError) as caught:
        open_files(["d"], ReadOptions(format=form))
    assert str(caught.value) == (
        "d: the only folder of texts in it is 'names' (2)\n"
        f"  Give a folder that holds a folder of texts per label, at least two. {PER_CLASS}"
    )
    before = ReadOptions(format="folder")
    assert len(list(open_files(["d"], ReadOptions(), before=before))) == 2
    assert len(list(open_like(["d"], before))) == 2


def test_folders_of_one_label_each_are_read_together(folder):
    folder("one/pos/1.txt", "two/neg/1.txt")
    assert [values["label"] for _, values in rows(open_files(["one", "two"], ReadOptions()))] == ["pos", "neg"]


def test_a_folder_without_labels_says_how_files_become_classes(folder):
    folder("d/a.txt", "d/b.txt")
    with pytest.raises(DataError) as caught:
        open_files(["d"], ReadOptions())
    assert str(caught.value).endswith(PER_CLASS)


@pytest.mark.skipif(shutil.which("awk") is None, reason="this system has no awk")
def test_the_command_that_makes_a_table_of_files_makes_one(folder, tmp_path):
    folder("d/a.txt", content=b"one\ntwo\n")
    folder("d/b.txt", content=b"three\n")
    command = PER_CLASS.partition(": ")[2].removesuffix(".")
    subprocess.run(command, shell=True, check=True, cwd=tmp_path / "d")
    found = [values for _, values in rows(open_files(["texts.tsv"], ReadOptions()))]
    assert found == [
        {"text": text, "label": f"{name}.txt"} for text, name in (("one", "a"), ("two", "a"), ("three", "b"))
    ]
