from __future__ import annotations

import pytest

from reading import places, refusal, values
from seqwise.data.readers import ReadOptions, open_files, open_like

ROWS = [("Anna", "B-PER"), ("left", "O"), ("Oslo", "B-LOC"), (".", "O"), ("It", "O"), ("rains", "O")]


def table(*ids: str, header: str = "sentence_id,word,tag") -> str:
    rows = ["{},{},{}".format(own, *row) for own, row in zip(ids, ROWS, strict=True)]
    return "\n".join([header, *rows]) + "\n"


TABLES = {
    "an id in every row": table(*"000011"),
    "an id in the first row alone, as Kaggle has it": table(
        "Sentence: 1", "", "", "", "Sentence: 2", "", header="Sentence #,Word,Tag"
    ),
    "another name": table(*"aaaabb", header="Sent ID,token,ner"),
}


@pytest.mark.parametrize("content", TABLES.values(), ids=TABLES)
def test_rows_of_tokens_are_joined_to_sequences_by_themselves_and_said(write, content):
    source = open_files([write("a.csv", content)], ReadOptions())
    own, word, tag = source.columns
    assert (source.kind, source.tokens, source.options.sequence_id) == ("tokens", word, own)
    assert [record.values[word] for record in source] == [["Anna", "left", "Oslo", "."], ["It", "rains"]]
    assert [record.values[tag] for record in source] == [["B-PER", "O", "B-LOC", "O"], ["O", "O"]]
    assert places("a.csv") == ["a.csv:2", "a.csv:6"]
    assert source.notes == (
        f"a.csv: each row is one token, and '{own}' tells the sequences apart (else say --sequence-id none)",
    )


def test_a_column_of_ids_can_be_named(write):
    name = write("a.csv", table(*"000011", header="line,unit,tag"))
    assert open_files([name], ReadOptions()).kind == "table"
    assert [row["unit"] for row in values(name, sequence_id="line")] == [["Anna", "left", "Oslo", "."], ["It", "rains"]]


def test_none_leaves_the_rows_apart(write):
    assert len(values(write("a.csv", table(*"000011")), sequence_id="none")) == 6


ROWS_APART = {
    "an id per row": table(*"012345"),
    "ids that come back": table(*"001100"),
    "one sequence": table(*"000000"),
    "words that are texts": "sentence_id,word\n0,two words\n0,here too\n1,and here\n1,once more\n",
}


@pytest.mark.parametrize("content", ROWS_APART.values(), ids=ROWS_APART)
def test_without_evidence_a_row_is_a_sequence(write, content):
    assert open_files([write("a.csv", content)], ReadOptions()).kind == "table"


def test_a_model_reads_new_files_as_it_was_trained(write):
    trained = open_files([write("a.csv", table(*"000011"))], ReadOptions()).options
    write("b.csv", "sentence_id,word\n7,So\n")
    assert [record.values for record in open_like(["b.csv"], trained)] == [{"sentence_id": "7", "word": ["So"]}]


def test_sequences_end_with_their_file(write):
    write("a.csv", table(*"000011"))
    write("b.csv", table(*"222233"))
    assert len(values("a.csv", "b.csv")) == 4


WRONG = {
    "no such column": ("line", table(*"000011"), "a.csv: there is no column 'line' for --sequence-id"),
    "no id at first": (
        "sentence_id",
        table("", *"00011"),
        "a.csv:2: column 'sentence_id': the first token has no sequence",
    ),
    "it comes back": (
        "sentence_id",
        table(*"001100"),
        "a.csv:6: column 'sentence_id': sequence '0' began at a.csv:2 and comes back after another one\n"
        "  Sort the file by 'sentence_id', so that the tokens of a sequence stand together.",
    ),
    "no token": (
        "sentence_id",
        "sentence_id,word\n0,a\n0,\n",
        "a.csv:3: column 'word': the token is missing\n  Fill the cell or remove the row.",
    ),
}


@pytest.mark.parametrize(("own", "content", "message"), WRONG.values(), ids=WRONG)
def test_rows_that_make_no_sequences_are_refused(write, own, content, message):
    assert refusal(write("a.csv", content), sequence_id=own).startswith(message)


def test_token_files_have_no_ids(write):
    assert refusal(write("a.conll", "a O\n"), sequence_id="x") == (
        "--sequence-id reads tables with one row per token, not conll"
    )
