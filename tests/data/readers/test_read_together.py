from __future__ import annotations

import pytest

from reading import places, refusal, values
from seqwise.data.readers import ReadOptions, open_files
from seqwise.errors import ConfigError


def test_files_are_read_one_after_the_other(write):
    write("a.csv", "text,label\nx,1\n")
    write("b.csv", "label,text\n2,y\n")
    assert values("b.csv", "a.csv") == [{"label": "2", "text": "y"}, {"text": "x", "label": "1"}]
    assert places("b.csv", "a.csv") == ["b.csv:2", "a.csv:2"]


def test_a_source_says_which_files_it_reads_and_what_is_odd_about_each(write):
    write("a.csv", "text;label\nx;1\n")
    write("b.csv", "text,label\nx,1\n")
    source = open_files(["b.csv", "a.csv"], ReadOptions())
    assert source.files == ("b.csv", "a.csv")
    assert source.notes == ("a.csv: the header has no comma: cells are taken to be separated by ';'",)


def test_comments_of_one_file_need_not_stand_in_another(write):
    write("a.conll", "# id = 1\nIt O\n")
    write("b.conll", "Is O\n")
    assert open_files(["b.conll", "a.conll"], ReadOptions()).columns == ("column1", "column2", "id")


HINT = "\n  Files read together must have the same columns."


@pytest.mark.parametrize(
    ("header", "difference"),
    [
        ("text,tag", "it lacks 'label' and it adds 'tag'"),
        ("text,label,id", "it adds 'id'"),
        ("text", "it lacks 'label'"),
    ],
)
def test_files_with_other_columns_are_refused_with_the_difference(write, header, difference):
    write("a.csv", "text,label\nx,1\n")
    write("b.csv", f"{header}\n{','.join('x' * len(header.split(',')))}\n")
    assert refusal("a.csv", "b.csv") == f"b.csv: its columns are not those of 'a.csv': {difference}{HINT}"


def test_files_of_other_formats_are_refused(write):
    write("a.csv", "text,label\nx,1\n")
    write("b.tsv", "text\tlabel\nx\t1\n")
    assert refusal("a.csv", "b.tsv") == (
        "b.tsv: the file is tsv, but 'a.csv' is csv\n"
        "  Files read together must have one format; if they do, say --format."
    )


def test_some_file_must_be_named():
    with pytest.raises(ConfigError, match=r"^no file is named$"):
        open_files([], ReadOptions())


IDLE = {
    "--delimiter": ("a.jsonl", '{"a": 1}', {"delimiter": ","}, "jsonl"),
    "--quote": ("a.conll", "It O\n", {"quote": False}, "conll"),
    "--no-header": ("a.ts", "@data\n1,2\n", {"header": False}, "ts"),
    "--columns": ("a.conllu", "1\tx" + "\t_" * 8, {"columns": ("form",)}, "conllu"),
}


@pytest.mark.parametrize(("flag", "case"), IDLE.items())
def test_an_option_without_effect_is_refused(write, flag, case):
    name, content, options, form = case
    assert refusal(write(name, content), **options) == f"{flag} means nothing for files of format {form}"
