from __future__ import annotations

import pytest

from reading import places, refusal, values
from seqwise.data.readers import ReadOptions, open_files, open_like
from seqwise.data.readers._headers import first_row

TEXTS = ["the film was slow and grey", "I would see it again at once", "nothing in it is new alas"]
TALES = [f"{text} {number}" for number in range(4) for text in TEXTS]


def table(rows: list[list[object]], delimiter: str = ",") -> str:
    return "".join(
        delimiter.join(f'"{cell}"' if delimiter in str(cell) else str(cell) for cell in row) + "\n" for row in rows
    )


def with_labels(*labels: object) -> list[list[object]]:
    return [[labels[number % len(labels)], text] for number, text in enumerate(TALES)]


DATA = {
    "a number that is a class, beside text": (
        table(with_labels(3, 1, 2)),
        "'3' stands above other numbers and occurs again",
    ),
    "with blanks around the comma": (table(with_labels(3, 1, 2), " , ").replace('"', ""), "occurs again"),
    "a word that is a class, beside text": (
        table(with_labels("neg", "pos")),
        "column 'neg' has a name that is also one of its values",
    ),
    "the prefix of fastText": (table(with_labels("__label__a", "__label__b")), "'__label__a' is a label"),
    "numbers only": (table([[1, 0.0, 0.13], [2, 1.02, 0.9], [1, 0.04, 0.12]]), "'1' stands above other numbers"),
    "a date": (
        table([["2024-05-01", "x"], ["2024-05-02", "y"], ["2024-05-03", "x"]]),
        "'2024-05-01' stands above other dates",
    ),
    "decimal commas": (table([["0,5", "a"], ["0,7", "b"], ["0,5", "a"]], ";"), "'0,5' stands above other numbers"),
}


@pytest.mark.parametrize(("content", "reason"), DATA.values(), ids=DATA)
def test_a_first_line_that_is_data_is_read_as_data_and_said(write, content, reason):
    source = open_files([write("a.csv", content)], ReadOptions())
    assert [record.place.line for record in source] == list(range(1, content.count("\n") + 1))
    assert source.options.header is False
    assert [note for note in source.notes if reason in note and note.endswith("(else say --header)")]


HEADERS = {
    "names of columns": table([["label", "text"], *with_labels(3, 1)]),
    "an unknown name above numbers": table([["amount", "what"], *with_labels(3, 1)]),
    "years": table([["land", 2010, 2011, 2012], ["x", 1, 2, 4], ["y", 3, 2, 1], ["z", 3, 2, 1]]),
    "steps counted from 0": table([["class", 0, 1, 2], ["x", 0, 1, 4], ["y", 3, 2, 1], ["x", 3, 2, 1]]),
    "a question above answers": table([["id", "What did you like about the film?"], *enumerate(TALES)]),
}


@pytest.mark.parametrize("content", HEADERS.values(), ids=HEADERS)
def test_a_header_is_a_header_without_a_word(write, content):
    source = open_files([write("a.csv", content)], ReadOptions())
    assert (source.options.header, source.notes) == (True, ())


DOUBTFUL = {
    "a word that occurs below, and nothing else": (
        table([["Anna", "f"], ["Ben", "m"], ["Eva", "f"]]),
        "column 'f' has a name that is also one of its values",
    ),
    "text above text beside a rare class": (
        table([["rare", "one more text like the others"], *with_labels("a", "b")]),
        "'one more text like the others' reads like the texts below it",
    ),
    "a name that is also a label": (
        table([["text", "spam"], *([text, "spam" if text < "O" else "ham"] for text in TALES)]),
        "column 'spam' has a name that is also one of its values",
    ),
    "numbers evenly spaced": (
        table([[0, 1, 2], [1, 5, 2], [0, 4, 1]]),
        "'0' stands above other numbers and occurs again",
    ),
}


@pytest.mark.parametrize(("content", "reason"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_a_doubtful_first_line_is_a_header_and_the_flag_is_named(write, content, reason):
    source = open_files([write("a.csv", content)], ReadOptions())
    assert source.options.header is True
    assert source.notes == (f"a.csv: {reason}: if the first line is data, say --no-header",)


@pytest.mark.parametrize("header", [True, False])
def test_what_the_user_says_of_the_first_line_counts_without_a_word(write, header):
    source = open_files([write("a.csv", table(with_labels(3, 1)))], ReadOptions(header=header))
    assert (len(list(source)), source.notes) == (12 - header, ())


def test_names_may_be_given_where_the_first_line_is_found_to_be_data(write):
    found = values(write("a.csv", table(with_labels(3, 1))), columns=("class", "text"))
    assert found[0] == {"class": "3", "text": TALES[0]}


def test_a_file_goes_by_the_first_line_of_those_before_it(write):
    first, second = write("a.csv", table(with_labels("neg", "pos"))), write("b.csv", "neg,short\npos,text\n")
    assert places(first, second)[-2:] == ["b.csv:1", "b.csv:2"]
    before = open_files([first], ReadOptions()).options
    assert [record.place.line for record in open_files([second], ReadOptions(), before=before)] == [1, 2]


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        (
            with_labels(3, 1),
            [["label", "text"], *with_labels(3, 1)],
            "names columns, but that of the files read before it is data",
        ),
        (
            [["label", "text"], *with_labels(3, 1)],
            with_labels(3, 1),
            "is data, but that of the files read before it names columns",
        ),
    ],
)
def test_files_of_which_only_some_have_a_header_are_refused(write, first, second, problem):
    message = refusal(write("a.csv", table(first)), write("b.csv", table(second)))
    assert message.startswith(f"b.csv:1: the first line {problem}\n")


def test_a_model_refuses_a_header_that_its_training_files_had_not(write):
    trained = ReadOptions(format="csv", header=False)
    with pytest.raises(ValueError, match="names columns, but that of the files read before it is data"):
        open_like([write("b.csv", table([["label", "text"], *with_labels(3, 1)]))], trained)
    assert len(list(open_like(["b.csv"], trained, {"header": True}))) == 12


def test_a_tag_above_other_tags_is_data():
    found = first_row(["Anna", "B-PER"], [["left", "O"], ["Oslo", "B-LOC"]])
    assert (found.is_data, found.reason) == (True, "'B-PER' is a tag, as those below it")
    assert first_row(["It", "O"], [["left", "O"], ["Oslo", "B-LOC"]]).is_data
    assert not first_row(["word", "tag"], [["left", "O"], ["Oslo", "B-LOC"]]).is_data
    assert not first_row(["Team", "O"], [["left", "O"], ["Oslo", "X"]]).is_data
