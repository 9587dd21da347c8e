from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reading import places, refusal, values
from seqwise.data.readers import ReadOptions, open_files

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
OBJECTS = st.dictionaries(st.text(), PLAIN | st.lists(PLAIN, max_size=3), max_size=4)


@given(rows=st.lists(OBJECTS, min_size=1, max_size=4).filter(any), ascii_only=st.booleans())
def test_what_the_json_module_writes_is_read_back(rows, ascii_only, tmp_path_factory):
    path = tmp_path_factory.mktemp("jsonl") / "a.jsonl"
    lines = [json.dumps(row, ensure_ascii=ascii_only) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8", newline="")
    assert values(str(path)) == rows


def test_columns_are_the_keys_in_order_of_appearance(write):
    name = write("a.jsonl", '{"text": "x", "label": 1}\n{"label": 2, "id": "q"}\n')
    source = open_files([name], ReadOptions())
    assert (source.format, source.kind, source.columns) == ("jsonl", "table", ("text", "label", "id"))


def test_only_the_first_thousand_rows_are_asked_for_their_keys(write):
    rows = ['{"a": 1}'] * 999 + ['{"b": 1}', '{"c": 1}']
    assert open_files([write("a.jsonl", "\n".join(rows))], ReadOptions()).columns == ("a", "b")


def test_an_absent_key_stays_absent(write):
    assert values(write("a.jsonl", '{"a": 1}\n{"b": null}\n')) == [{"a": 1}, {"b": None}]


def test_blank_lines_are_no_records(write):
    assert places(write("a.jsonl", '\n{"a": 1}\r\n  \n{"a": 2}')) == ["a.jsonl:2", "a.jsonl:4"]


def test_files_need_not_have_the_same_keys(write):
    write("a.jsonl", '{"text": "x", "label": 1}')
    write("b.jsonl", '{"text": "y"}')
    assert values("b.jsonl", "a.jsonl") == [{"text": "y"}, {"text": "x", "label": 1}]
    assert open_files(["b.jsonl", "a.jsonl"], ReadOptions()).columns == ("text", "label")


ONE_PER_LINE = "\n  One whole JSON object is expected per line."
WRONG = {
    "blank": ("\n \n", "a.json: the file is empty"),
    "cut": ('{"a": 1}\n{"a": ', f"a.json:2: not JSON at character 6: Expecting value{ONE_PER_LINE}"),
    "indented and wrong": (
        '{"a": 1}\n  {a: 1}\n',
        "a.json:2: not JSON at character 4: Expecting property name enclosed in double quotes" + ONE_PER_LINE,
    ),
    "one object over several lines": (
        '{\n"a": 1\n}\n',
        "a.json: the file is one JSON object with the keys 'a', in which no table is found\n"
        "  Write one JSON object per line.",
    ),
    "an array that breaks off": (
        '[\n{"a": 1},\n{"a": 2}\n',
        "a.json:4: the JSON array is never closed\n  The file is one JSON array.",
    ),
    "an array with an element that is no JSON": (
        '[\n{"a": 1},\n{a: 2}\n]\n',
        "a.json:3: not JSON at character 2: Expecting property name enclosed in double quotes\n"
        "  The file is one JSON array.",
    ),
    "an array without a comma": (
        '[{"a": 1} {"a": 2}]\n\n',
        "a.json:1: expected a comma, got '{'\n  The file is one JSON array.",
    ),
    "an array of texts": ('["a",\n "b"]\n', "a.json:1: expected a JSON object, got a string" + ONE_PER_LINE),
    "two objects on a line": (
        '{"a": 1} {"a": 2}',
        f"a.json:1: not JSON at character 10: Extra data{ONE_PER_LINE}",
    ),
    "a string": ('"a"', f"a.json:1: expected a JSON object, got a string{ONE_PER_LINE}"),
    "a number": ('{"a": 1}\n17', f"a.json:2: expected a JSON object, got a number{ONE_PER_LINE}"),
    "a boolean": ("true", f"a.json:1: expected a JSON object, got a boolean{ONE_PER_LINE}"),
    "null": ("null", f"a.json:1: expected a JSON object, got null{ONE_PER_LINE}"),
    "NaN": ('{"a": NaN}', "a.json:1: NaN is not JSON\n  Write null."),
    "infinity": ('{"a": [-Infinity]}', "a.json:1: -Infinity is not JSON\n  Write null."),
    "half a character": (
        '{"a": "\\ud83d"}',
        "a.json:1: the escape \\ud83d is half of a surrogate pair, which is no text\n  Fix or remove it.",
    ),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_what_is_not_one_object_per_line_is_refused(write, content, message):
    assert refusal(write("a.json", content)) == message


def test_a_mistake_after_the_first_look_is_told_while_reading(write):
    source = open_files([write("a.jsonl", '{"a": 1}\n' * 1000 + "oops\n")], ReadOptions())
    records = iter(source)
    assert [next(records).values for _ in range(1000)] == [{"a": 1}] * 1000
    with pytest.raises(ValueError, match=r"^a\.jsonl:1001: not JSON at character 1: Expecting value\n"):
        next(records)


def test_a_whole_surrogate_pair_is_a_sign(write):
    assert values(write("a.jsonl", '{"a": "\\ud83d\\ude42"}')) == [{"a": "🙂"}]
