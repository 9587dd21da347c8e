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
    "ids that come back at every row": table(*"010101"),
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
        "  Sort the file by 'sentence_id', so that the tokens of a sequence stand together. If sequences are counted "
        "anew in each document, name its column too: --sequence-id DOCUMENT --sequence-id sentence_id.",
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


NESTED = """doc,sent,word,tag
a,1,Anna,B-PER
a,1,left,O
a,2,It,O
a,2,rains,O
b,2,Oslo,B-LOC
b,2,sleeps,O
b,3,So,O
b,3,what,O
"""
SENTENCES = [["Anna", "left"], ["It", "rains"], ["Oslo", "sleeps"], ["So", "what"]]


@pytest.mark.parametrize("header", ["doc,sent", "document_id,sentence_id", "file,Sent No", "sent,doc"])
def test_sentences_counted_anew_in_each_document_need_both_columns(write, header):
    text = NESTED
    if header == "sent,doc":
        text = "\n".join(",".join([*line.split(",")[1::-1], *line.split(",")[2:]]) for line in text.splitlines()) + "\n"
    name = write("a.csv", text.replace("doc,sent", header))
    source = open_files([name], ReadOptions())
    document, sentence = header.split(",") if header != "sent,doc" else ("doc", "sent")
    assert [record.values["word"] for record in source] == SENTENCES
    assert source.options.sequence_id == (document, sentence)
    assert source.notes == (
        f"a.csv: each row is one token, and '{document}' and '{sentence}' tell the sequences apart (else say "
        "--sequence-id none)",
    )


def test_both_columns_are_values_of_a_sequence(write):
    first, *_ = values(write("a.csv", NESTED), sequence_id=("doc", "sent"))
    assert first == {"doc": "a", "sent": "1", "word": ["Anna", "left"], "tag": ["B-PER", "O"]}


def test_documents_are_filled_in_their_first_row_alone(write):
    rows = NESTED.replace("a,1,left", ",,left").replace("a,2,It", ",2,It").replace("a,2,rains", ",,rains")
    assert [record["word"] for record in values(write("a.csv", rows), sequence_id=("doc", "sent"))] == SENTENCES


def test_sentences_of_their_own_number_need_no_document(write):
    text = NESTED.replace("b,3", "b,4").replace("b,2", "b,3")
    source = open_files([write("a.csv", text)], ReadOptions())
    assert source.options.sequence_id == "sent"
    assert [record.values["word"] for record in source] == SENTENCES


def test_a_document_of_one_sentence_each_is_a_sequence(write):
    source = open_files([write("a.csv", "doc,sent,word\na,1,It\na,1,rains\nb,1,Oslo\nb,1,sleeps\n")], ReadOptions())
    assert source.options.sequence_id == "doc"


def test_sentences_counted_anew_without_a_column_of_documents_are_refused(write):
    rows = [
        f"{own},{word},{tag}" for own, (word, tag) in zip("112211", [("It", "PRON"), *[("x", "VERB")] * 5], strict=True)
    ]
    assert refusal(write("a.csv", "\n".join(["sent,word,pos", *rows, ""]))) == (
        "a.csv:6: column 'sent': sequence '1' began at a.csv:2 and comes back after another one\n"
        "  If sequences are counted anew in each document, name its column too: --sequence-id DOCUMENT --sequence-id "
        "sent. If each row is a sequence by itself, say --sequence-id none."
    )


def test_a_model_reads_new_files_by_both_columns(write):
    trained = open_files([write("a.csv", NESTED)], ReadOptions()).options
    write("b.csv", "doc,sent,word\nz,1,So\ny,1,So\n")
    assert [record.values["doc"] for record in open_like(["b.csv"], trained)] == ["z", "y"]


def test_a_column_named_twice_is_refused(write):
    assert refusal(write("a.csv", NESTED), sequence_id=("doc", "doc")) == (
        "--sequence-id names a column twice: 'doc', 'doc'"
    )
