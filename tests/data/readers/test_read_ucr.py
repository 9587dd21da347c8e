"""The plain text of the UCR archive."""

from __future__ import annotations

import pytest

from reading import refusal
from seqwise.data.readers import ReadOptions, format_of, open_files

ROWS = [(1, 0.0, 0.125, 0.25, 0.5), (2, 1.0, 0.75, 0.5, 0.25), (1, 0.0, 0.25, 0.5, 0.75)]
NUMBERS = [[[value] for value in row[1:]] for row in ROWS]


def text(write_number, separator):
    return "".join(separator.join(map(write_number, row)) + "\n" for row in ROWS)


FILES = {
    "of 2018": ("Gest_TRAIN.tsv", text(str, "\t")),
    "of 2015": ("Gest_TRAIN", text(str, ",")),
    "with a name of tables": ("Gest_TRAIN.csv", text(str, ",")),
    "in columns": ("Gest_TRAIN.txt", text("  {:.7e}".format, "  ")),
}


@pytest.mark.parametrize(("name", "content"), FILES.values(), ids=FILES)
def test_lines_of_a_label_and_values_are_series(write, name, content):
    source = open_files([write(name, content)], ReadOptions())
    assert (source.format, source.series, source.columns) == ("ucr", "series", ("series", "label"))
    assert [row.values["label"] for row in source] == ["1", "2", "1"]
    assert [row.values["series"].tolist() for row in source] == NUMBERS
    assert source.notes[0].endswith(" (else say --format tsv)" if name.endswith("tsv") else " (else say --format csv)")


def test_no_header_changes_nothing(write):
    assert open_files([write("a.tsv", text(str, "\t"))], ReadOptions(header=False)).format == "ucr"


TABLES = {
    "with a header": "a,b,c,d,e\n1,0.5,0.5,0.5,0.5\n1,0.5,0.5,0.5,0.5\n",
    "of whole numbers": "1,0,1,1,0\n2,1,1,0,1\n1,0,0,0,0\n",
    "of fractions": "0.5,0.25,1.5,2.5,3.5\n0.5,0.25,1.5,2.5,3.5\n",
    "of few columns": "1,0.5,0.25\n1,0.5,0.25\n",
    "with row numbers": "1,0.5,0.5,0.5,0.5\n2,0.5,0.5,0.5,0.5\n",
    "with a word": "1,0.5,0.5,0.5,up\n1,0.5,0.5,0.5,down\n",
}


@pytest.mark.parametrize("content", TABLES.values(), ids=TABLES)
def test_other_tables_stay_tables(write, content):
    assert format_of(write("a.csv", content)) == "csv"


def test_named_columns_make_a_table(write):
    names = tuple("abcde")
    source = open_files([write("a.csv", text(str, ","))], ReadOptions(header=False, columns=names))
    assert (source.format, source.columns) == ("csv", names)


def test_padding_is_kept_for_what_cuts_it_and_gaps_are_refused(write):
    padded = write("a.tsv", "1\t0.5\t0.5\tNaN\tNaN\n1\t0.5\t0.5\t0.5\t0.5\n")
    assert len(next(iter(open_files([padded], ReadOptions()))).values["series"]) == 4
    gap = write("b.tsv", "1\t0.5\tNaN\t0.5\t0.5\n1\t0.5\t0.5\t0.5\t0.5\n")
    assert refusal(gap).startswith("b.tsv:1: step 2: the value is missing ('NaN')\n  Fill the gap,")


def test_a_line_without_values_is_refused(write):
    assert refusal(write("a.tsv", "1\n"), format="ucr") == "a.tsv:1: the line has a label and no values"
    assert refusal(write("b.tsv", "\n"), format="ucr") == "b.tsv: the file has no series"
