from __future__ import annotations

import pytest

from reading import refusal
from seqwise.data.readers import ReadOptions, open_files, open_like

PAIRS = ("premise", "hypothesis")


def joined(name: str, *texts: str) -> list[object]:
    options = ReadOptions(texts=texts)
    return [record.values[options.joined_column or ""] for record in open_files([name], options)]


def test_texts_are_joined_in_the_order_asked(write):
    name = write("a.csv", "premise,hypothesis,label\none dog,it barks,yes\n,alone,no\n,,no\n")
    assert joined(name, *PAIRS) == ["one dog | it barks", " | alone", None]
    assert joined(name, *PAIRS[::-1])[0] == "it barks | one dog"


def test_texts_of_json_lines_are_joined(write):
    assert joined(write("a.jsonl", '{"premise": "one", "hypothesis": 2}\n{"premise": "one"}\n'), *PAIRS) == [
        "one | 2",
        "one | ",
    ]


def test_a_model_joins_texts_of_another_format(write):
    trained = ReadOptions(format="csv", header=True, texts=PAIRS)
    source = open_like([write("a.jsonl", '{"hypothesis": "b", "premise": "a"}\n')], trained)
    assert [record.values["premise + hypothesis"] for record in source] == ["a | b"]


WRONG = {
    "a text that is not there": (
        "a.csv",
        "premise,hypotheses\na,b\n",
        "a.csv: there is no column 'hypothesis', which --text names\n"
        "  Did you mean 'hypotheses'? The columns are 'premise', 'hypotheses'.",
    ),
    "a list": (
        "a.jsonl",
        '{"premise": "a", "hypothesis": ["b"]}\n',
        "a.jsonl:1: column 'hypothesis': expected text, got a list\n  Only columns of text are joined.",
    ),
    "a column of that name": (
        "a.csv",
        "premise,hypothesis,premise + hypothesis\na,b,c\n",
        "a.csv: column 'premise + hypothesis': the joined texts are called so\n  Rename the column.",
    ),
    "tokens": ("a.conll", "a O\n", "several --text are joined in tables and JSON lines, not in conll"),
}


@pytest.mark.parametrize(("name", "content", "message"), WRONG.values(), ids=WRONG)
def test_texts_that_cannot_be_joined_are_refused(write, name, content, message):
    assert refusal(write(name, content), texts=PAIRS) == message
