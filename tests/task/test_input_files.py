from __future__ import annotations

import os
import re

import pytest

from seqwise.config import parse_config
from seqwise.errors import DataError
from seqwise.task.input_files import check_distinct, equal_content, file_records
from seqwise.task.prepare import prepare
from small_runs import config_of, rows_file


def data_of(**parts):
    return parse_config({"data": parts}).data


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv", "c.csv"):
        (tmp_path / name).write_text(name)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.csv").symlink_to("a.csv")
    os.link("a.csv", "hard.csv")
    return tmp_path


TWICE = [
    (
        {"train": ["a.csv", "a.csv"]},
        "a.csv: the file is given twice for train\n  Each of its rows would count twice. Give it once.",
    ),
    (
        {"train": ["a.csv", "b.csv", "folder/../a.csv"]},
        "folder/../a.csv: the file is given twice for train, also as 'a.csv'\n"
        "  Each of its rows would count twice. Give it once.",
    ),
    (
        {"train": ["b.csv"], "test": ["a.csv", "link.csv"]},
        "link.csv: the file is given twice for test, also as 'a.csv'\n"
        "  Each of its rows would count twice. Give it once.",
    ),
    (
        {"train": ["a.csv"], "dev": ["a.csv"]},
        "a.csv: the file is named for dev and for train\n  Evaluate a model on rows that it was not trained on. "
        "Leave --dev out, or name another file.",
    ),
    (
        {"train": ["b.csv", "a.csv"], "test": ["hard.csv"]},
        "hard.csv: the file is named for test and for train, there as 'a.csv'\n  Evaluate a model on rows that "
        "it was not trained on. Leave --test out, or name another file.",
    ),
]


@pytest.mark.parametrize(("parts", "message"), TWICE)
def test_a_file_that_is_named_twice_is_refused(here, parts, message):
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        check_distinct(data_of(**parts))


def test_different_files_are_no_one_file(here):
    assert check_distinct(data_of(train=["a.csv", "b.csv"], test=["c.csv"])) == []


def test_a_file_that_is_not_there_is_left_to_the_reader(here):
    assert check_distinct(data_of(train=["none.csv", "none.csv"])) == []


def test_dev_and_test_may_be_one_file_and_it_is_said(here):
    warnings = check_distinct(data_of(train=["b.csv"], dev=["a.csv"], test=["link.csv"]))
    assert warnings == ["'link.csv' is dev and test at once: the figures on test also chose the best epoch"]


def test_files_of_equal_content_are_said(here):
    (here / "copy.csv").write_text("a.csv")
    files = file_records(data_of(train=["a.csv", "b.csv"], dev=["c.csv"], test=["copy.csv"]))
    assert equal_content(files) == ["'copy.csv' (test) has the same content as 'a.csv' (train)"]


def test_one_file_that_is_dev_and_test_is_no_copy(here):
    files = file_records(data_of(train=["b.csv"], dev=["a.csv"], test=["link.csv"]))
    assert equal_content(files) == []


def test_a_run_on_copies_warns_and_goes_on(tmp_path):
    file, copy = rows_file(tmp_path, "label"), rows_file(tmp_path, "label", name="copy.jsonl")
    said = []
    prepare(config_of(file, "label", f"data.dev={copy}"), said.append)
    assert f"warning: '{copy}' (dev) has the same content as '{file}' (train)" in said
