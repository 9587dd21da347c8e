from __future__ import annotations

import pytest

from reading import refusal
from seqwise.data.readers import ReadOptions
from seqwise.errors import ConfigError

NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "blank": " ", "|": "|"}

WRONG = {
    "a format with a slip": ({"format": "cvs"}, "format 'cvs' is not known. Did you mean 'csv'?"),
    "a format from elsewhere": (
        {"format": "hdf5"},
        "format 'hdf5' is not known. Formats are 'csv', 'tsv', 'jsonl', 'parquet', 'conll', 'conllu', 'ts', 'ucr', "
        "'fasttext', 'lines', 'folder', 'parallel'.",
    ),
    "an encoding that does not exist": (
        {"encoding": "utf9"},
        "encoding 'utf9' is not known. Examples are utf-8, latin-1, cp1252 and utf-16.",
    ),
    "a codec that makes no text": (
        {"encoding": "hex"},
        "encoding 'hex' is not known. Examples are utf-8, latin-1, cp1252 and utf-16.",
    ),
    "an empty delimiter": ({"delimiter": ""}, "delimiter must be one character or 'tab', got ''"),
    "a quotation mark as delimiter": ({"delimiter": '"'}, "delimiter must be one character or 'tab', got '\"'"),
    "a column named twice": (
        {"columns": ("a", "b", "a")},
        "columns must differ from each other, got 'a', 'b', 'a'",
    ),
}


@pytest.mark.parametrize(("name", "sign"), NAMED.items())
def test_a_delimiter_may_be_named(name, sign):
    assert ReadOptions(delimiter=name).delimiter == sign


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_options_that_mean_nothing_are_refused(options, message):
    with pytest.raises(ConfigError) as caught:
        ReadOptions(**options)
    assert str(caught.value) == message


@pytest.mark.parametrize("options", [{"series_id": "id"}, {"time": "t"}, {"channels": ("x",)}])
def test_any_option_of_series_asks_for_the_long_form(options):
    assert ReadOptions(**options).long_form


def test_a_table_is_read_row_by_row_unless_asked_otherwise():
    assert not ReadOptions().long_form


def test_several_characters_separate_no_table(write):
    said = "delimiter must be one character or 'tab' for csv, got '||'"
    assert refusal(write("a.csv", "a||b\n1||2\n"), delimiter="||") == said
