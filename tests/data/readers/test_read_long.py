from __future__ import annotations

import gzip
import io
import json
from typing import Any

import numpy as np
import pytest

from reading import places, refusal, values
from seqwise.data.readers import ReadOptions, open_files, read_stream
from seqwise.errors import DataError

WALKS = """id,second,x,y,label,mood
a,2,3,30,up,calm
a,1,1,10,up,glad
b,1,5,50,down,calm
"""
LONG = {"series_id": "id", "time": "second", "channels": ("x", "y")}
FINITE = "\n  Fill the gap, leave the series out, or train with --set data.gaps=fill, which fills and flags gaps."
WRONG_NUMBER = "\n  Correct the number, or leave the series out."


def plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in row.items()}


def test_rows_of_one_id_are_a_series_in_order_of_time(write):
    assert [plain(row) for row in values(write("a.csv", WALKS), **LONG)] == [
        {"series": [[1, 10], [3, 30]], "id": "a", "second": ["1", "2"], "label": "up", "mood": ["glad", "calm"]},
        {"series": [[5, 50]], "id": "b", "second": ["1"], "label": "down", "mood": "calm"},
    ]


def test_the_series_is_float32_and_its_line_that_of_its_first_row(write):
    name = write("a.csv", WALKS)
    assert {row["series"].dtype for row in values(name, **LONG)} == {np.dtype(np.float32)}
    assert places(name, **LONG) == ["a.csv:2", "a.csv:4"]


def test_columns_put_the_series_first(write):
    source = open_files([write("a.csv", WALKS)], ReadOptions(**LONG))
    assert (source.format, source.kind) == ("csv", "series")
    assert source.columns == ("series", "id", "second", "label", "mood")
    assert source.notes == ()


def test_channels_stand_in_the_order_asked_for(write):
    first = values(write("a.csv", WALKS), series_id="id", channels=("y", "x"))[0]
    assert first["series"].tolist() == [[30, 3], [10, 1]]
    assert first["second"] == ["2", "1"]


def test_a_pattern_stands_for_all_channels_that_match(write):
    name = write("a.csv", "sensor_b,t,sensor_a\n1,0,2\n")
    assert values(name, channels=("sensor_*", "sensor_b"))[0]["series"].tolist() == [[1, 2]]


def test_without_an_id_every_file_is_one_series_and_this_is_said(write):
    write("a.csv", "x,label\n1,0\n2,1\n")
    write("b.csv", "x,label\n3,0\n")
    rows = values("a.csv", "b.csv", channels=("x",))
    assert [plain(row) for row in rows] == [
        {"series": [[1], [2]], "label": ["0", "1"]},
        {"series": [[3]], "label": "0"},
    ]
    source = open_files(["a.csv"], ReadOptions(channels=("x",)))
    assert source.notes == ("no --series-id is given: every file is one series",)


def test_an_id_may_be_called_series(write):
    rows = values(write("a.csv", "series,x\na,1\na,2\nb,3\n"), series_id="series", channels=("x",))
    assert [plain(row) for row in rows] == [{"series": "a", "numbers": [[1], [2]]}, {"series": "b", "numbers": [[3]]}]


def test_a_series_ends_with_its_file(write):
    write("a.csv", "id,x\na,1\n")
    write("b.csv", "id,x\na,2\n")
    assert refusal("a.csv", "b.csv", series_id="id", channels=("x",)) == (
        "b.csv:2: column 'id': series 'a' began at a.csv:2 and comes back after another one\n"
        "  Sort the file by 'id', so that the rows of a series stand together."
    )


TIMES = {
    "numbers, not text": (["10", "9"], ["9", "10"]),
    "dates": (["2015-02-04", "2014-12-31"], ["2014-12-31", "2015-02-04"]),
    "moments": (["2015-02-04 17:51:00", "2015-02-04 09:00"], ["2015-02-04 09:00", "2015-02-04 17:51:00"]),
    "zones": (
        ["2015-02-04T12:00:00+00:00", "2015-02-04T12:30:00+01:00"],
        ["2015-02-04T12:30:00+01:00", "2015-02-04T12:00:00+00:00"],
    ),
    "the same time twice": (["1", "0", "1"], ["0", "1", "1"]),
}


@pytest.mark.parametrize(("times", "expected"), TIMES.values(), ids=TIMES)
def test_times_are_numbers_or_moments(write, times, expected):
    rows = "".join(f"{time},{number}\n" for number, time in enumerate(times))
    row = values(write("a.csv", f"t,x\n{rows}"), time="t", channels=("x",))[0]
    assert row["t"] == expected
    order = row["series"][:, 0].tolist()
    assert [times[int(step)] for step in order] == expected
    assert order == sorted(order, key=lambda step: (expected.index(times[int(step)]), step))


def test_any_table_can_be_in_long_form(write):
    rows = [{"id": 1, "x": 0.5, "ok": True}, {"id": 1, "x": 2, "ok": True}, {"id": 2, "x": True, "ok": False}]
    name = write("a.jsonl", gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    assert [plain(row) for row in values(name, series_id="id", channels=("x",))] == [
        {"series": [[0.5], [2]], "id": 1, "ok": True},
        {"series": [[1]], "id": 2, "ok": False},
    ]


WRONG = {
    "a word": ("id,x\na,1\na,high\n", {}, f"a.csv:3: column 'x': 'high' is not a number{WRONG_NUMBER}"),
    "a decimal comma": (
        'id,x\na,"1,5"\n',
        {},
        "a.csv:2: column 'x': '1,5' is not a number\n  Write numbers with a point, not a comma: 1.5.",
    ),
    "an empty cell": ("id,x\na,1\na,\na,2\n", {}, f"a.csv:3: column 'x': the value is missing (an empty cell){FINITE}"),
    "NA": ("id,x\na,NA\na,1\n", {}, f"a.csv:2: column 'x': the value is missing ('NA'){FINITE}"),
    "NaN": ("id,x\na,nan\na,1\n", {}, f"a.csv:2: column 'x': the value is missing ('nan'){FINITE}"),
    "infinity": ("id,x\na,-inf\n", {}, f"a.csv:2: column 'x': '-inf' is not a finite number in float32{WRONG_NUMBER}"),
    "no id": ("id,x\na,1\n,2\n", {}, "a.csv:3: column 'id': the series has no id"),
    "no channels": (
        "id,x\na,1\n",
        {"channels": None},
        "which columns are the numbers of a series? Name them with --channels. Columns are 'id', 'x'",
    ),
    "a channel that is not there": (
        "id,temp\na,1\n",
        {"channels": ("tmp",)},
        "a.csv: there is no column 'tmp' for --channels\n  Did you mean 'temp'?",
    ),
    "a pattern that matches nothing": (
        "id,x\na,1\n",
        {"channels": ("sensor_*",)},
        "a.csv: there is no column 'sensor_*' for --channels\n  Columns are 'id', 'x'.",
    ),
    "an id column that is not there": (
        "id,x\na,1\n",
        {"series_id": "ids"},
        "a.csv: there is no column 'ids' for --series-id\n  Did you mean 'id'?",
    ),
    "a time column that is not there": (
        "id,x\na,1\n",
        {"time": "when"},
        "a.csv: there is no column 'when' for --time\n  Columns are 'id', 'x'.",
    ),
    "a column called series": (
        "id,x,series\na,1,q\n",
        {},
        "a.csv: column 'series': the column cannot be kept\n"
        "  That name is for the numbers themselves: rename the column.",
    ),
    "a time that is none": (
        "id,x,t\na,1,0\na,2,4/2/2015\n",
        {"time": "t"},
        "a.csv:2: column 't': '0' is no time\n"
        "  Times are numbers, or dates and times such as 2015-02-04 17:51:00 (ISO 8601).",
    ),
    "a time that is missing": (
        "id,x,t\na,1,2015-01-01\na,2,\n",
        {"time": "t"},
        "a.csv:3: column 't': the time is missing\n"
        "  Times are numbers, or dates and times such as 2015-02-04 17:51:00 (ISO 8601).",
    ),
    "zones for some times only": (
        "id,x,t\na,1,2015-01-01T00:00Z\na,2,2015-01-01T00:01Z\na,3,2015-01-01T00:02\n",
        {"time": "t"},
        "a.csv:4: column 't': some times of the series say their time zone and some do not",
    ),
}


@pytest.mark.parametrize(("content", "options", "message"), WRONG.values(), ids=WRONG)
def test_long_tables_that_are_wrong_are_refused(write, content, options, message):
    assert refusal(write("a.csv", content), **{"series_id": "id", "channels": ("x",), **options}) == message


def test_rows_of_several_series_may_alternate(write):
    content = "id,t,x\na,2,1\nb,1,10\na,1,2\nc,1,5\nb,2,20\n"
    source = open_files([write("a.csv", content)], ReadOptions(series_id="id", time="t", channels=("x",)))
    assert [(row.values["id"], row.values["series"].tolist(), row.place.line) for row in source] == [
        ("a", [[2.0], [1.0]], 2),
        ("b", [[10.0], [20.0]], 3),
        ("c", [[5.0]], 5),
    ]
    assert source.notes == ("the rows of several series alternate: they are gathered by 'id'",)


def test_an_id_that_comes_back_in_another_file_is_refused(write):
    names = [write("a.csv", "id,x\na,1\nb,2\na,3\n"), write("b.csv", "id,x\nb,2\n")]
    with pytest.raises(DataError, match=r"b.csv:2: column 'id': series 'b' began at .*a.csv:3 and comes back"):
        list(open_files(names, ReadOptions(series_id="id", channels=("x",))))


def test_an_id_of_a_stream_that_comes_back_is_refused():
    stream = io.BytesIO(b"id,x\na,1\nb,2\na,3\n")
    source = read_stream(stream, "<stdin>", ReadOptions(format="csv", series_id="id", channels=("x",)))
    with pytest.raises(DataError, match="Sort the file by 'id', so that the rows of a series stand together"):
        list(source)


def test_only_tables_can_be_in_long_form(write):
    name = write("a.conll", "It O\n")
    assert refusal(name, channels=("column1",)) == (
        "--series-id, --time and --channels read tables with one row per step, not conll"
    )


def test_a_time_that_stands_twice_in_a_series_is_said_with_both_lines(write):
    name = write("a.csv", "id,t,x\na,1,1\na,2,2\nb,1,3\nb,1,4\nb,2,5\nc,7,6\nc,7,7\n")
    source = open_files([name], ReadOptions(series_id="id", time="t", channels=("x",)))
    assert source.notes == (
        "warning: series 'b' has the time '1' twice, at a.csv:4 and a.csv:5, and 1 more series likewise: each row is a "
        "step, and rows of one time keep their order; remove what is there twice, or name a finer column with --time",
    )
    assert [record.values["t"] for record in source] == [["1", "2"], ["1", "1", "2"], ["7", "7"]]


def test_a_time_of_several_series_stands_once_in_each(write):
    write("a.csv", "id,t,x\na,1,1\nb,1,3\na,2,2\nb,2,5\n")
    write("b.csv", "id,t,x\nc,1,1\n")
    source = open_files(["a.csv", "b.csv"], ReadOptions(series_id="id", time="t", channels=("x",)))
    assert source.notes == ("the rows of several series alternate: they are gathered by 'id'",)


def test_a_time_twice_in_the_only_series_of_a_file_is_said(write):
    source = open_files([write("a.csv", "t,x\n1,1\n1,2\n")], ReadOptions(time="t", channels=("x",)))
    assert source.notes[-1].startswith("warning: the series has the time '1' twice, at a.csv:2 and a.csv:3: each row")
