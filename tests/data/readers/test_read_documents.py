from __future__ import annotations

import json
from typing import Any

import pytest

from reading import places, refusal, values

ROWS = [{"text": "good film", "label": "pos"}, {"text": "dull, alas", "label": "neg"}, {"text": "fine", "label": "pos"}]
BY_COLUMN = {name: {str(number): row[name] for number, row in enumerate(ROWS)} for name in ROWS[0]}

DOCUMENTS: dict[str, Any] = {
    "an array": ROWS,
    "a table under data": {"version": "1", "data": ROWS},
    "a table under its only key": {"reviews": ROWS},
    "a table inside an object": {"corpus": {"examples": ROWS, "synonyms": []}},
    "pandas, columns": BY_COLUMN,
    "pandas, index": {str(number): row for number, row in enumerate(ROWS)},
    "pandas, split": {"columns": list(ROWS[0]), "index": [0, 1, 2], "data": [list(row.values()) for row in ROWS]},
    "pandas, table": {"schema": {"fields": [{"name": "text"}], "pandas_version": "1.4.0"}, "data": ROWS},
}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("begin", ["", "\ufeff", "\n"])
@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_whole_document_is_read_as_its_lines_would_be(write, document, begin, indent):
    assert values(write("it's a.json", begin + json.dumps(document, indent=indent))) == ROWS


def test_rows_of_an_array_have_their_lines(write):
    assert places(write("a.json", json.dumps(ROWS, indent=1))) == ["a.json:2", "a.json:6", "a.json:10"]


def test_rows_of_an_array_on_one_line_are_counted(write):
    assert places(write("a.json", json.dumps(ROWS))) == ["a.json:1", "a.json:2", "a.json:3"]


SINGLE = {
    "with a list of objects": {"text": "a", "data": [{"b": 1}]},
    "with objects": {"text": "a", "meta": {"0": {"b": 1}}},
    "of tokens": {"tokens": ["a"], "tags": ["O"]},
}


@pytest.mark.parametrize("row", SINGLE.values(), ids=SINGLE)
def test_a_line_with_one_row_is_no_document(write, row):
    assert values(write("a.jsonl", json.dumps(row))) == [row]


def test_an_object_with_several_tables_is_refused(write):
    message = refusal(write("a.json", json.dumps({"train": ROWS, "test": ROWS}, indent=1)))
    assert message == (
        "a.json: the file is one JSON object with the keys 'train', 'test', in which no table is found\n"
        "  Write one JSON object per line."
    )


def task(*results: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": 7, "data": {"text": "Anna went to Oslo"}, "annotations": [{"result": list(results), **more}]}


def choice(*labels: str) -> dict[str, Any]:
    return {"value": {"choices": list(labels)}, "from_name": "mood", "type": "choices"}


def region(start: int, end: int, label: str) -> dict[str, Any]:
    return {"value": {"start": start, "end": end, "labels": [label]}, "from_name": "ner", "type": "labels"}


def test_a_task_of_label_studio_is_a_row(write):
    rows = [task(choice("good"), region(0, 4, "PER"), region(13, 17, "LOC")), task(choice("bad"))]
    assert values(write("a.json", json.dumps(rows))) == [
        {"id": 7, "text": "Anna went to Oslo", "mood": "good", "ner": ["B-PER", "O", "O", "B-LOC"]},
        {"id": 7, "text": "Anna went to Oslo", "mood": "bad"},
    ]


def test_one_choice_beside_several_is_a_set(write):
    rows = [task(choice("good")), task(choice("good", "long"))]
    assert [row["mood"] for row in values(write("a.json", json.dumps(rows)))] == [["good"], ["good", "long"]]


def test_a_task_whose_annotators_differ_is_refused(write):
    both = task(choice("good"))
    both["annotations"] += task(choice("bad"))["annotations"]
    assert refusal(write("a.jsonl", json.dumps(both) + "\n")) == (
        "a.jsonl:1: the task has 2 annotations that differ\n"
        "  Export one annotation per task, or mark one of them as the ground truth."
    )
    both["annotations"][1]["ground_truth"] = True
    assert values(write("a.jsonl", json.dumps(both) + "\n"))[0]["mood"] == "bad"
