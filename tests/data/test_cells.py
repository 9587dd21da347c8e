from __future__ import annotations

import numpy as np
import pytest

from seqwise.data.cells import raw_labels, sequence_reader, step_labels, zero_or_one
from seqwise.data.records import Place, Record
from seqwise.data.spec import InputSpec, TargetSpec
from seqwise.errors import DataError, LabelError

TAGS = TargetSpec("tags", "tags", ("tags",), "steps", per_step=True)
SIGNS = TargetSpec("tags", "tags", ("tags",), "signs", per_step=True)
LISTS = TargetSpec("tags", "multilabel", ("tags",), "list")
DELIMITED = TargetSpec("tags", "multilabel", ("tags",), "delimited", delimiter="|")
SETS = TargetSpec("tags", "multilabel", ("tags",), "list", per_step=True)
LABEL = TargetSpec("tags", "label", ("tags",), "cell")


def record(cell, **others):
    return Record(Place("d.csv", 7), {"tags": cell, **others})


def message(call, error=LabelError):
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


READ = [
    (TAGS, 1, "PER", ["PER"]),
    (TAGS, 2, "B-PER O", ["B-PER", "O"]),
    (TAGS, 2, '["B-PER", "O"]', ["B-PER", "O"]),
    (TAGS, 2, "['B-PER', None]", ["B-PER", None]),
    (TAGS, 2, '["New York", "1"]', ["New York", 1]),
    (SIGNS, 3, "HEC", ["H", "E", "C"]),
    (SIGNS, 4, " HH ", [" ", "H", "H", " "]),
    (SIGNS, 2, "10", [1, 0]),
    (SIGNS, 2, '["H", " "]', ["H", " "]),
    (LISTS, 3, '["sport", "economy"]', ["sport", "economy"]),
    (LISTS, 3, "[]", []),
    (LISTS, 3, "sport", ["sport"]),
    (DELIMITED, 3, "[]", []),
    (DELIMITED, 3, '["new york", "a|b"]', ["new york", "a|b"]),
    (DELIMITED, 3, "a | b", ["a", "b"]),
    (DELIMITED, 3, "|", []),
    (SETS, 2, '[["noun"], []]', [["noun"], []]),
    (SETS, 2, ['["noun", "animal"]', "[]"], [["noun", "animal"], []]),
    (LABEL, 2, "[sic]", ["[sic]"]),
    (LABEL, 2, "(a)", ["(a)"]),
    (LABEL, 2, "C; D", ["C; D"]),
]


@pytest.mark.parametrize(("spec", "steps", "cell", "expected"), READ)
def test_labels_are_read_from_lists_and_from_strings(spec, steps, cell, expected):
    assert raw_labels(record(cell), spec, steps) == expected


COUNTS = [
    (TAGS, ["O"], "1 label for 4 tokens\n  Every token needs one label (null where it is not known)."),
    (TAGS, '["O"]', "1 label for 4 tokens\n  Every token needs one label (null where it is not known)."),
    (
        TAGS,
        "B-PER O O",
        "3 labels for 4 tokens\n  In this column labels are separated by whitespace; one per character there would be "
        "9 labels. "
        'Every token needs one label; where one holds a blank or is not known, write a list: ["New York", null].',
    ),
    (
        SIGNS,
        "HH",
        "2 labels for 4 tokens\n  In this column each character is a label; split at whitespace there would be 1 "
        "label. "
        'Every token needs one label; where one holds a blank or is not known, write a list: ["New York", null].',
    ),
    (SETS, '[["a"]]', "1 list of labels for 4 tokens"),
    (SETS, "a b", "text for 4 tokens"),
]


@pytest.mark.parametrize(("spec", "cell", "said"), COUNTS)
def test_labels_that_are_not_as_many_as_tokens_are_an_error_with_both_counts(spec, cell, said):
    assert message(lambda: raw_labels(record(cell), spec, 4)) == f"d.csv:7: column 'tags': {said}"


def test_one_label_asked_of_a_list_says_which_flags_read_lists():
    assert message(lambda: raw_labels(record(["a"]), LABEL, 1)) == (
        "d.csv:7: column 'tags': expected one label, got a list\n"
        "  A list with one label per step is read with --tags, a list of any labels with --multilabel."
    )


CHANGING = [
    (["a", "a", "b"], "step 1 has 'a' and step 3 has 'b'"),
    ([None, "b"], "step 1 has no label and step 2 has 'b'"),
]


@pytest.mark.parametrize(("cell", "said"), CHANGING)
def test_one_label_asked_of_a_series_whose_label_changes_says_what_to_do(cell, said):
    series = record(cell, series=np.zeros((len(cell), 1), np.float32))
    assert message(lambda: raw_labels(series, LABEL, len(cell))) == (
        f"d.csv:7: column 'tags': expected one label for the series, but {said}\n"
        "  If every step has its own label, say --tags instead of --label; if one label is meant for the whole series, "
        "write it at each of its steps; if these are several series, --series-id names the column that tells them "
        "apart."
    )


def test_a_long_form_label_that_stands_still_is_that_of_every_step():
    series = record("up", series=np.zeros((3, 1), np.float32))
    assert raw_labels(series, TAGS, 3) == ["up", "up", "up"]


@pytest.mark.parametrize("label", [1, 1.0, True, "1", "1.0", "true", "True", "TRUE"])
def test_these_say_one(label):
    assert zero_or_one(label) == 1


@pytest.mark.parametrize("label", [0, 0.0, False, "0", "0.0", "false", "False", "FALSE"])
def test_these_say_zero(label):
    assert zero_or_one(label) == 0


@pytest.mark.parametrize("label", ["yes", "2", -1, "", "01", "0.5"])
def test_these_say_neither(label):
    assert zero_or_one(label) is None


def test_a_single_value_is_the_label_of_one_step():
    assert step_labels(5, signs=False) == [5]


@pytest.mark.parametrize("cell", ['["two", "tokens"]', "['two', 'tokens']", ["two", "tokens"]])
def test_tokens_are_read_from_lists_and_from_strings_that_write_them_out(cell):
    assert sequence_reader(InputSpec("tokens", "tags"))(record(cell)) == ["two", "tokens"]


def test_a_series_is_read_from_a_string_that_writes_it_out():
    series = sequence_reader(InputSpec("series", "tags"))(record("[[0.5, 1], [2, 3]]"))
    np.testing.assert_array_equal(series, np.array([[0.5, 1], [2, 3]], np.float32))


NO_SEQUENCE = [
    (
        "tokens",
        "two tokens",
        "expected a list of tokens, got text\n  Running text is read with --text instead of --tokens. "
        'In a table a list is written as in JSON: ["two", "tokens"].',
    ),
    (
        "tokens",
        "[]",
        "the row has no tokens\n  A sequence needs at least one token. Fill the cell or remove the row.",
    ),
    ("tokens", [None], "a token must be text, got null"),
    (
        "series",
        "0.5 1.25",
        "expected a list of numbers, got text\n  In a table a list is written as in JSON: [0.5, 1.25].",
    ),
    (
        "series",
        "[]",
        "the series has no steps\n  A sequence needs at least one token. Fill the cell or remove the row.",
    ),
]


@pytest.mark.parametrize(("kind", "cell", "said"), NO_SEQUENCE)
def test_a_cell_that_holds_no_sequence_is_an_error(kind, cell, said):
    read = sequence_reader(InputSpec(kind, "tags"))
    assert message(lambda: read(record(cell)), DataError) == f"d.csv:7: column 'tags': {said}"
