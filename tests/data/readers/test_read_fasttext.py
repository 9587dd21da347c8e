from __future__ import annotations

import pytest

from reading import refusal, values
from seqwise.data.readers import ReadOptions, open_files, open_like

LINES = {
    "blank": ("__label__pos a warm film\n__label__neg dull, alas\n", "blank.txt"),
    "tab": ("__label__pos\ta warm film\n\n__label__neg\tdull, alas", "tab.txt"),
    "comma": ("__label__pos,a warm film\n__label__neg,dull, alas\n", "comma.txt"),
    "blanks around the comma": ("__label__pos , a warm film\n__label__neg , dull, alas\n", "spaced.txt"),
    "comma and quotation marks": ('__label__pos,"a warm film"\n__label__neg,"dull, alas"\n', "quoted.txt"),
    "by its ending": ("__label__pos a warm film\n__label__neg dull, alas\n", "a.ft"),
}


@pytest.mark.parametrize(("content", "name"), LINES.values(), ids=LINES)
def test_a_line_is_a_text_behind_its_label(write, content, name):
    source = open_files([write(name, content)], ReadOptions())
    assert source.format == "fasttext"
    assert [record.values for record in source] == [
        {"label": "pos", "text": "a warm film"},
        {"label": "neg", "text": "dull, alas"},
    ]


def test_where_a_line_has_several_labels_every_line_has_a_set(write):
    name = write("a.txt", "__label__a,b one\n__label__a,b __label__c two\n__label__c three\n")
    assert [row["label"] for row in values(name)] == [["a,b"], ["a,b", "c"], ["c"]]


SEPARATED = [(" ", " "), *((between, behind) for between in (",", ", ", " , ") for behind in (" ", ",", ", "))]


@pytest.mark.parametrize(("between", "behind"), SEPARATED)
def test_no_label_is_left_in_the_text_whatever_separates_labels(write, between, behind):
    name = write("a.txt", f"__label__a{between}__label__c{behind}one, two\n" * 3)
    assert values(name) == [{"label": ["a", "c"], "text": "one, two"}] * 3


def test_a_label_that_comes_late_makes_sets_too(write):
    lines = "__label__a __label__b x\n" + "__label__a x\n" * 2000 + "__label__b __label__a y\n"
    found = values(write("a.txt", lines))
    assert (found[1]["label"], found[-1]["label"]) == (["a"], ["b", "a"])


def test_a_model_reads_texts_without_labels(write):
    trained = open_files([write("a.txt", "__label__pos x\n__label__neg y\n")], ReadOptions()).options
    write("new.txt", "a warm film\n__label__neg dull\n")
    assert [record.values for record in open_like(["new.txt"], trained)] == [
        {"text": "a warm film"},
        {"label": "neg", "text": "dull"},
    ]


def test_labels_without_a_text_are_an_empty_text(write):
    assert values(write("a.txt", "__label__a\n__label__b x\n")) == [
        {"label": "a", "text": None},
        {"label": "b", "text": "x"},
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.tsv", "a.jsonl"])
def test_a_byte_order_mark_says_how_a_file_is_written(write, name, encoding):
    rows = {"a.txt": "text\tlabel\nnaïve\t1\n", "a.csv": "text,label\nnaïve,1\n", "a.tsv": "text\tlabel\nnaïve\t1\n"}
    content = rows.get(name, '{"text": "naïve", "label": "1"}\n')
    mark = "" if encoding in ("utf-16", "utf-32") else "\ufeff"
    assert values(write(name, (mark + content).encode(encoding))) == [{"text": "naïve", "label": "1"}]


@pytest.mark.parametrize("name", ["a.txt", "a.ft"])
def test_labels_at_the_end_of_a_line_are_labels(write, name):
    assert values(write(name, "a warm film __label__pos\ndull, alas\t__label__neg\n")) == [
        {"label": "pos", "text": "a warm film"},
        {"label": "neg", "text": "dull, alas"},
    ]


def test_labels_on_both_sides_of_a_text_are_all_labels(write):
    assert values(write("a.txt", "__label__pos a warm film __label__long\n__label__neg __label__x y\n"))[0] == {
        "label": ["pos", "long"],
        "text": "a warm film",
    }


def test_a_word_that_merely_holds_the_prefix_is_text(write):
    assert values(write("a.txt", "__label__pos see my__label__x\n__label__neg y\n"))[0]["text"] == "see my__label__x"


def test_labels_alone_are_refused(write):
    assert refusal(write("a.txt", "__label__pos\n__label__neg __label__x\n")) == (
        "a.txt:1: the lines have labels and no text\n  A line has its labels and a text: __label__good a fine film."
    )


def test_texts_alone_have_no_column_of_labels(write):
    assert open_files([write("a.ft", "a warm film\ndull\n")], ReadOptions()).columns == ("text",)


def test_a_cr_between_two_lines_is_no_text(write):
    assert refusal(write("a.ft", "__label__pos x\n__label__neg y\r__label__pos z\n")) == (
        "a.ft:2: a CR alone stands in the line\n  Save the file with LF or CR LF line ends."
    )
