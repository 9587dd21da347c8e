from __future__ import annotations

import json
from typing import Any

import pytest

from reading import refusal
from seqwise.data.readers import ReadOptions, Source, open_files, open_like

TEXT = "Anna Berg moved to Oslo."
TAGS = ["B-PER", "I-PER", "O", "O", "B-LOC", "O"]
FORMS: dict[str, list[Any]] = {
    "doccano": [{"text": TEXT, "label": [[0, 9, "PER"], [19, 23, "LOC"]]}],
    "doccano, objects": [
        {
            "text": TEXT,
            "entities": [
                {"id": 1, "label": "LOC", "start_offset": 19, "end_offset": 23},
                {"id": 2, "label": "PER", "start_offset": 0, "end_offset": 9},
            ],
        }
    ],
    "spaCy": [[TEXT, {"entities": [[0, 9, "PER"], [19, 23, "LOC"]]}]],
    "Prodigy": [
        {
            "text": TEXT,
            "_input_hash": 5,
            "tokens": [{"text": "Anna", "start": 0, "end": 4, "id": 0}],
            "spans": [
                {"start": 0, "end": 9, "token_start": 0, "label": "PER"},
                {"start": 19, "end": 23, "label": "LOC"},
            ],
            "answer": "accept",
        }
    ],
    "Label Studio, short": [
        {
            "text": TEXT,
            "ner": [
                {"start": 0, "end": 9, "text": "Anna Berg", "labels": ["PER"]},
                {"start": 19, "end": 23, "text": "Oslo", "labels": ["LOC"]},
            ],
        }
    ],
    "label first": [{"text": TEXT, "label": [["PER", 0, 9], ["LOC", 19, 23]]}],
    "with the text of each": [{"text": TEXT, "label": [[0, 9, "PER", "Anna Berg"], [19, 23, "LOC", "Oslo"]]}],
    "from and to": [
        {"text": TEXT, "ner": [{"from": 0, "to": 9, "category": "PER"}, {"from": 19, "to": 23, "category": "LOC"}]}
    ],
    "offset and length": [
        {"text": TEXT, "ner": [{"offset": 0, "length": 9, "type": "PER"}, {"offset": 19, "length": 4, "type": "LOC"}]}
    ],
    "Hugging Face": [
        {
            "text": TEXT,
            "ner": [{"entity_group": "PER", "start": 0, "end": 9}, {"entity_group": "LOC", "start": 19, "end": 23}],
        }
    ],
    "blanks at the ends, one twice": [{"text": TEXT, "label": [[0, 10, "PER"], [0, 9, "PER"], [18, 23, "LOC"]]}],
}


def source_of(write: Any, rows: list[Any], name: str = "a.jsonl", options: ReadOptions | None = None) -> Source:
    content = "".join(json.dumps(row) + "\n" for row in rows)
    return open_files([write(name, content)], options or ReadOptions())


@pytest.mark.parametrize("rows", FORMS.values(), ids=FORMS)
def test_spans_of_characters_are_read_as_tags(write, rows):
    source = source_of(write, [*rows, *rows])
    (column,) = source.span_columns
    assert [record.values[column] for record in source] == [TAGS, TAGS]
    assert f"spans of characters in '{column}' are read as tags of the words in 'text'" in source.notes[0]
    assert not {"tokens", "answer", "_input_hash"} & set(source.columns)


def test_a_text_without_spans_is_outside(write):
    rows = [*FORMS["doccano"], {"text": "So it is.", "label": []}, {"text": "Not looked at"}]
    assert [record.values.get("label") for record in source_of(write, rows)] == [TAGS, ["O"] * 4, None]


def test_offsets_count_characters_of_the_text_as_it_stands(write):
    rows = [{"text": "cafe\u0301 in Oslo", "label": [[9, 13, "LOC"]]}]
    assert next(iter(source_of(write, rows))).values["label"] == ["O", "O", "B-LOC"]


def test_offsets_of_browsers_are_known_by_the_text_they_name(write):
    rows = [{"text": "\U0001f600 Oslo", "label": [{"start": 3, "end": 7, "text": "Oslo", "labels": ["LOC"]}]}]
    assert next(iter(source_of(write, rows))).values["label"] == ["O", "B-LOC"]


def test_spans_that_end_inside_a_word_are_named_and_have_no_tag(write):
    rows = [*FORMS["doccano"], {"text": "Anna Berg left", "label": [[0, 7, "PER"]]}]
    source = source_of(write, rows)
    assert [record.values["label"] for record in source][1] == [None, None, "O"]
    assert source.notes[1] == (
        "a.jsonl: warning: 1 span begins or ends inside a word, whose tag is taken for missing: [0, 7, 'PER'] on line 2"
    )


def test_rows_of_prodigy_that_were_not_accepted_have_no_labels(write):
    rows = [*FORMS["Prodigy"], {**FORMS["Prodigy"][0], "answer": "reject"}]
    source = source_of(write, rows)
    assert [record.values["spans"] for record in source] == [TAGS, None]
    assert "a.jsonl: rows whose 'answer' is not 'accept' have no labels" in source.notes


WRONG = {
    "overlap": (
        [[0, 9, "PER"], [5, 9, "LAST"]],
        "the spans [0, 9, 'PER'] and [5, 9, 'LAST'] overlap\n"
        "  A word has one tag: keep one of them, or train on one kind of span at a time.",
    ),
    "two labels": ([[0, 4, "A"], [0, 4, "B"]], "the spans [0, 4, 'A'] and [0, 4, 'B'] overlap"),
    "outside the text": (
        [[20, 99, "LOC"]],
        "the span [20, 99, 'LOC'] is not inside the text\n  The text has 24 characters",
    ),
    "nothing": ([[4, 4, "LOC"]], "the span [4, 4, 'LOC'] is not inside the text"),
    "another text": (
        [{"start": 0, "end": 4, "label": "PER", "text": "Oslo"}],
        "at 0 to 4 the text has 'Anna', but the span says 'Oslo'",
    ),
}


@pytest.mark.parametrize(("spans", "message"), WRONG.values(), ids=WRONG)
def test_spans_that_cannot_be_tags_are_refused_with_their_line(write, spans, message):
    rows = [*FORMS["doccano"], {"text": TEXT, "label": spans}]
    content = "".join(json.dumps(row) + "\n" for row in rows)
    assert refusal(write("a.jsonl", content)).startswith(f"a.jsonl:2: column 'label': {message}")


def test_a_model_reads_spans_and_its_own_tags(write):
    trained = source_of(write, FORMS["doccano"]).options
    rows = [{"text": "So.", "label": []}, {"text": "So.", "label": ["O", "O"]}, {"text": "So."}]
    write("b.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert [record.values.get("label") for record in open_like(["b.jsonl"], trained)] == [["O", "O"], ["O", "O"], None]


SCORES = {
    "one": ([{"pos": 1, "neg": 0}, {"pos": 0.0, "neg": 1.0}], ["pos", "neg"]),
    "several": (
        [{"pos": 1, "neg": 0}, {"pos": True, "neg": True}, {"pos": 0, "neg": 0}],
        [["pos"], ["pos", "neg"], []],
    ),
}


@pytest.mark.parametrize(("cats", "labels"), SCORES.values(), ids=SCORES)
def test_objects_of_scores_are_read_as_labels(write, cats, labels):
    source = source_of(write, [{"text": "a", "cats": cell} for cell in cats])
    assert [record.values["cats"] for record in source] == labels
    assert source.notes == ("a.jsonl: objects of scores in 'cats' are read as the labels that they give 0.5 or more",)


NOT_SPANS = [[0, 4, 9], ["a", "b", "c"], [[0, 4]], [[0, 4, 5]], [[0.5, 1.5, "a"]]]


@pytest.mark.parametrize("cell", NOT_SPANS)
def test_what_is_no_span_stays_as_it_is(write, cell):
    source = source_of(write, [{"text": "a b c d", "label": cell}])
    assert (next(iter(source)).values["label"], source.notes) == (cell, ())


def test_an_annotation_file_for_spacy_is_read(write):
    pairs = [[TEXT, {"entities": [[0, 9, "PER"], [19, 23, "LOC"]]}], None]
    name = write("a.json", json.dumps({"classes": ["PER", "LOC"], "annotations": pairs}))
    assert [record.values["entities"] for record in open_files([name], ReadOptions())] == [TAGS]


def test_a_label_first_whose_second_number_is_a_length_is_refused(write):
    assert "[5, 4, 'PER'] is not inside the text" in refusal(
        write("a.jsonl", json.dumps({"text": TEXT, "label": [["PER", 5, 4]]}) + "\n")
    )


def test_a_span_whose_text_is_another_is_refused(write):
    assert "the text has 'Anna', but the span says 'Oslo'" in refusal(
        write("a.jsonl", json.dumps({"text": TEXT, "label": [[0, 4, "PER", "Oslo"]]}) + "\n")
    )
