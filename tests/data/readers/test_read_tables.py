from __future__ import annotations

import csv
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reading import places, refusal, values
from seqwise.data.readers import ReadOptions, open_files, read_stream

CELLS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\r"), min_size=1, max_size=8)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_what_the_csv_module_writes_is_read_back(rows):
    file = io.StringIO()
    csv.writer(file).writerows([("a", "b"), *rows])
    source = read_stream(io.BytesIO(file.getvalue().encode()), "a.csv", ReadOptions(format="csv"))
    assert [tuple(record.values.values()) for record in source] == rows


def test_columns_are_known_before_reading(write):
    source = open_files([write("a.csv", "text,label\nx,1\n")], ReadOptions())
    assert (source.format, source.kind, source.columns, source.notes) == (
        "csv",
        "table",
        ("text", "label"),
        (),
    )


def test_an_empty_cell_is_none_and_a_blank_is_not(write):
    assert values(write("a.csv", 'a,b,c,d\n,"", ,x\n')) == [{"a": None, "b": None, "c": " ", "d": "x"}]


def test_a_row_of_empty_cells_is_a_row(write):
    assert values(write("a.csv", "a,b\n,\n")) == [{"a": None, "b": None}]


def test_blanks_around_names_are_no_part_of_them(write):
    assert values(write("a.csv", "a, b \n1, 2\n")) == [{"a": "1", "b": " 2"}]


def test_the_line_of_a_record_is_its_first(write):
    name = write("a.csv", 'text,label\n"one\ntwo\n",1\n\nx,2\n"y",3\n')
    assert places(name) == ["a.csv:2", "a.csv:6", "a.csv:7"]
    assert values(name)[0] == {"text": "one\ntwo\n", "label": "1"}


def test_a_cell_may_be_longer_than_the_limit_of_the_csv_module(write):
    long = "x" * 200_000
    assert values(write("a.csv", f'text,label\n"{long}",1\n')) == [{"text": long, "label": "1"}]


def test_a_name_may_be_as_long(write):
    long = "x" * 200_000
    assert values(write("a.csv", f"{long}\n1\n")) == [{long: "1"}]


def test_quote_signs_in_tsv_are_data(write):
    assert values(write("a.tsv", 'text\tlabel\n"Hm\t1\n""\t2\n')) == [
        {"text": '"Hm', "label": "1"},
        {"text": '""', "label": "2"},
    ]


def test_quotes_enclose_cells_of_tsv_when_asked(write):
    assert values(write("a.tsv", 'text\tlabel\n"a\tb"\t1\n'), quote=True) == [{"text": "a\tb", "label": "1"}]


def test_quote_signs_in_csv_are_data_when_asked(write):
    assert values(write("a.csv", 'text,label\n"Hm,1\n'), quote=False) == [{"text": '"Hm', "label": "1"}]


@pytest.mark.parametrize(("sign", "name"), [(";", "';'"), ("\t", "tab")])
def test_another_delimiter_of_csv_is_found_in_the_header_and_said(write, sign, name):
    source = open_files([write("a.csv", f"text{sign}label\na, b{sign}1\n")], ReadOptions())
    assert [record.values for record in source] == [{"text": "a, b", "label": "1"}]
    assert source.notes == (f"a.csv: the header has no comma: cells are taken to be separated by {name}",)


def test_a_comma_in_quotes_does_not_make_the_header_comma_separated(write):
    assert values(write("a.csv", '"a, b";c\n1;2\n')) == [{"a, b": "1", "c": "2"}]


def test_a_delimiter_can_be_given(write):
    assert values(write("a.csv", "a|b,c\n1|2\n"), delimiter="|") == [{"a": "1", "b,c": "2"}]


def test_one_column_needs_no_delimiter(write):
    assert values(write("a.csv", "text\ngood\nbad\n")) == [{"text": "good"}, {"text": "bad"}]


def test_a_header_one_field_short_leaves_out_the_name_of_the_row_names(write):
    source = open_files([write("a.csv", '"x","y"\n"1",2,3\n"2",4,5\n')], ReadOptions())
    assert source.columns == ("row", "x", "y")
    assert next(iter(source)).values == {"row": "1", "x": "2", "y": "3"}
    assert source.notes == (
        "a.csv: header has one field fewer than the rows: the first column holds row names ('row')",
    )


def test_one_long_row_among_others_is_not_a_row_name(write):
    assert refusal(write("a.csv", "x,y\n1,2,3\n4,5\n")) == (
        "a.csv:2: expected 2 fields as the header has, got 3\n  A cell that holds ',' must stand in quotes. "
        "If the first column holds names of rows, name it in the header too."
    )


@pytest.mark.parametrize(
    "content",
    [
        "text,label\nWell, no,0\nSo, yes,1\n",  # a comma in every text
        "text,label\n1,fine,1\n",  # one row may be anything
        "text\n1,fine\n2,good\n",  # a column of its own has no names of rows
        "text,label\n7,fine,1\n7,good,0\n",  # names differ
    ],
)
def test_a_comma_in_a_text_is_no_row_name(write, content):
    width = content.index("\n") - len(content.partition("\n")[0].replace(",", "")) + 1
    fields = "1 field" if width == 1 else "2 fields"
    assert refusal(write("a.csv", content)).startswith(
        f"a.csv:2: expected {fields} as the header has, got {width + 1}\n  A cell that holds ',' must stand in quotes"
    )


def test_the_row_of_a_table_of_one_column_is_shown_in_quotes(write):
    assert refusal(write("a.csv", 'text\nI said "no", so what?\n')) == (
        "a.csv:2: expected 1 field as the header has, got 2\n"
        '  A cell that holds \',\' must stand in quotes: "I said ""no"", so what?".'
    )


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_a_blank_line_in_a_table_of_one_column_is_an_empty_cell(write, name):
    source = open_files([write(name, "\ntext\na\n\n\nb\n\n")], ReadOptions())
    assert [(record.place.line, record.values["text"]) for record in source] == [
        (3, "a"),
        (4, None),
        (5, None),
        (6, "b"),
    ]


def test_a_first_column_without_name_is_called_row(write):
    source = open_files([write("a.csv", ",x,y\n0,2,3\n")], ReadOptions())
    assert source.columns == ("row", "x", "y")
    assert source.notes == ("a.csv: the first column has no name: it is taken for row names ('row')",)


SEPARATED = {
    "semicolon": ("sep=;\r\ntext;label\r\na, b;1\r\nc;2\r\n", "';'"),
    "comma, with a byte-order mark": ('\ufeffsep=,\r\ntext,label\r\n"a, b",1\r\nc,2\r\n', "','"),
    "tab, quoted": ('"sep=\t"\ntext\tlabel\na, b\t1\nc\t2\n', "tab"),
    "upper case, a character that nobody guesses": ("SEP=|\ntext|label\na, b|1\nc|2\n", "'|'"),
}


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.tsv"])
@pytest.mark.parametrize(("content", "sign"), SEPARATED.values(), ids=SEPARATED)
def test_the_line_of_excel_that_names_the_separator_is_obeyed(write, name, content, sign):
    if name == "a.tsv" and '"a, b"' in content:
        pytest.skip("quotation marks in TSV are data")
    source = open_files([write(name, content)], ReadOptions())
    assert [(record.place.line, record.values) for record in source] == [
        (3, {"text": "a, b", "label": "1"}),
        (4, {"text": "c", "label": "2"}),
    ]
    assert source.notes == (f"{name}: its first line names the separator of cells: {sign}",)


def test_a_delimiter_that_contradicts_the_line_of_excel_is_refused(write):
    name = write("a.csv", "sep=;\ntext;label\na;1\n")
    assert refusal(name, delimiter="tab") == (
        "a.csv:1: the file says that ';' separates its cells, but --delimiter says otherwise\n"
        "  Leave --delimiter out, or say --delimiter ';'."
    )
    assert values(name, delimiter=";") == [{"text": "a", "label": "1"}]


def test_a_header_that_stands_twice_is_refused(write):
    name = write("a.csv", "text,label\nx,1\ntext, label\ny,2\n")
    assert refusal(name) == (
        "a.csv:3: the header stands here again\n  Remove this line: it would count as a row of data."
    )


def test_a_later_column_without_name_is_called_by_its_number(write):
    assert values(write("a.csv", "x,,y\n1,2,3\n")) == [{"x": "1", "column2": "2", "y": "3"}]


def test_without_a_header_columns_have_numbers(write):
    assert values(write("a.tsv", "x\t1\ny\t2\n"), header=False) == [
        {"column1": "x", "column2": "1"},
        {"column1": "y", "column2": "2"},
    ]


def test_without_a_header_columns_can_be_named(write):
    name = write("a.tsv", "x\t1\n")
    assert values(name, header=False, columns=("text", "label")) == [{"text": "x", "label": "1"}]
    assert places(name, header=False) == ["a.tsv:1"]


WRONG = {
    "blank lines only": ("a.csv", "\n\n", {}, "a.csv: the file is empty"),
    "a header and nothing else": (
        "a.csv",
        "a,b\n",
        {},
        "a.csv: the file has a header and no rows\n"
        "  Its only line is taken for the header; if it is a row, say --no-header.",
    ),
    "too few fields": (
        "a.csv",
        "a,b,c\n1,2,3\n\n4,5\n",
        {},
        "a.csv:4: expected 3 fields as the header has, got 2\n"
        "  An empty cell has its ',' too: write every row with 2 of them.",
    ),
    "too many fields": (
        "a.csv",
        "text,label\nfine,1\nWell, no,0\n",
        {},
        "a.csv:3: expected 2 fields as the header has, got 3\n  A cell that holds ',' must stand in quotes. "
        "If the first column holds names of rows, name it in the header too.",
    ),
    "too many fields in TSV": (
        "a.tsv",
        'text\tlabel\nfine\t1\n"no\tthanks"\t0\n',
        {},
        "a.tsv:3: expected 2 fields as the header has, got 3\n"
        "  Quotation marks are data here; if they enclose cells, say --quote.",
    ),
    "fields swallowed by quotes": (
        "a.csv",
        'a,b,c\n1,2,3\n"x,y",z\n4,"5",\n"6\n",7\n',
        {},
        "a.csv:3: expected 3 fields as the header has, got 2\n"
        "  An empty cell has its ',' too: write every row with 2 of them.",
    ),
    "a doubled quotation mark in a short row": (
        "a.csv",
        'a,b\n1,2\n"say ""hi"""\n',
        {},
        "a.csv:3: expected 2 fields as the header has, got 1\n  If quotation marks are data here, say --no-quote.",
    ),
    "no header and too few fields": (
        "a.csv",
        "1,2\n3\n",
        {"header": False},
        "a.csv:2: expected 2 fields as the first row has, got 1\n"
        "  An empty cell has its ',' too: write every row with 1 of them.",
    ),
    "a quote that never ends": (
        "a.csv",
        'text,label\nfine,1\n"oops,0\nfine,1\n',
        {},
        "a.csv:3: a quote opened in this row is never closed\n  If quotation marks are data here, say --no-quote.",
    ),
    "text after a quote": (
        "a.csv",
        'text,label\n"say "hi"",1\n',
        {},
        "a.csv:2: text follows a closing quote\n"
        "  A quotation mark inside a quoted cell is written twice. If quotation marks are data here, say --no-quote.",
    ),
    "some lines ended by CR": (
        "a.csv",
        "text,label\nx,1\ry,2\n",
        {},
        "a.csv:2: a CR alone stands in the row\n  Save the file with LF or CR LF line ends.",
    ),
    "a name that comes twice": (
        "a.csv",
        "a,b,a\n1,2,3\n",
        {},
        "a.csv:1: the header names 'a' more than once\n"
        "  Rename the columns; if the first line is data, say --no-header.",
    ),
    "names for a table that has a header": (
        "a.csv",
        "a,b\n1,2\n",
        {"columns": ("x", "y")},
        "columns are named twice, by the header and by --columns: say --no-header or leave one",
    ),
    "too many names": (
        "a.csv",
        "1,2\n",
        {"header": False, "columns": ("x", "y", "z")},
        "a.csv:1: 3 columns are named, but the row has 2 fields",
    ),
}


@pytest.mark.parametrize(("name", "content", "options", "message"), WRONG.values(), ids=WRONG)
def test_a_table_that_is_wrong_is_refused(write, name, content, options, message):
    assert refusal(write(name, content), **options) == message


def test_memory_does_not_grow_with_the_file(write):
    write("a.csv", "text,label\n" + "some words,1\n" * 100_000)  # 1.3 MB
    source = open_files(["a.csv"], ReadOptions())
    tracemalloc.start()
    try:
        count = sum(1 for _ in source)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 100_000
    assert peak < 400_000


def test_quote_signs_around_every_cell_of_tsv_are_said(write):
    name = write("a.tsv", 'text\tlabel\n"x y"\t"a"\n"z ""w"""\t"b"\n')
    assert open_files([name], ReadOptions()).notes == (
        "a.tsv: warning: every cell of 'text', 'label' is in quotation marks, which are literal here: say --quote if "
        "they are not",
    )
    assert open_files([name], ReadOptions(quote=True)).notes == ()
    some = write("b.tsv", 'text\tlabel\n"x y"\ta\n"z" w\tb\n')
    assert open_files([some], ReadOptions()).notes == ()
