from __future__ import annotations

import numpy as np
import pytest

from reading import places, refusal, values
from seqwise.data.readers import ReadOptions, open_files

HEADER = """# made by hand
%another comment
@problemName Demo
@timeStamps false
@univariate false
@dimensions 2
@equalLength false
@classLabel true up down
@data
"""


def header(**changes: str) -> str:
    lines = HEADER.splitlines(keepends=True)
    return "".join(
        next((f"@{key} {value}\n" for key, value in changes.items() if line.startswith(f"@{key}")), line)
        for line in lines
    )


def arrays(name: str) -> list[list[list[float]]]:
    return [row["series"].tolist() for row in values(name)]


def test_a_series_is_time_by_channels_in_float32(write):
    rows = values(write("a.ts", HEADER + "1,2,3:-4,5.5,6e1:up\n7:8:down\n"))
    assert [row["label"] for row in rows] == ["up", "down"]
    assert [row["series"].tolist() for row in rows] == [[[1, -4], [2, 5.5], [3, 60]], [[7, 8]]]
    assert {row["series"].dtype for row in rows} == {np.dtype(np.float32)}


def test_columns_and_lines_are_known(write):
    name = write("a.ts", HEADER + "\n1:2:up\n# a comment\n3:4:down")
    source = open_files([name], ReadOptions())
    assert (source.format, source.kind, source.columns) == ("ts", "series", ("series", "label"))
    assert source.notes == ()
    assert places(name) == ["a.ts:11", "a.ts:13"]


def test_without_class_labels_every_part_is_a_channel(write):
    name = write("a.ts", header(classLabel="false") + "1,2:3,4\n")
    assert open_files([name], ReadOptions()).columns == ("series",)
    assert arrays(name) == [[[1, 3], [2, 4]]]


def test_the_number_of_channels_may_stand_in_the_first_series_alone(write):
    text = "@timeStamps false\n@classLabel true 1 2\n@data\n1:2:3:1\n4:5:6:2\n"
    assert arrays(write("a.ts", text)) == [[[1, 2, 3]], [[4, 5, 6]]]


def test_keys_and_truth_values_may_be_written_in_any_case(write):
    name = write("a.ts", "@UNIVARIATE TRUE\n@ClassLabel True Up\n@DATA\n1,2:Up\n")
    assert values(name)[0]["label"] == "Up"


def test_any_label_goes_where_the_header_lists_none(write):
    assert values(write("a.ts", "@classLabel true\n@data\n1,2:x\n"))[0]["label"] == "x"


STAMPED = "@timeStamps true\n@univariate false\n@dimensions 2\n@classLabel true a b\n@data\n"


def test_time_stamps_are_left_out_and_said(write):
    text = STAMPED + "(0,1.5),(1,2.5):(0,3),(1,4):a\n(2007-01-01 00:00:00,5):(2007-01-01 00:00:00,6):b\n"
    name = write("a.ts", text)
    assert arrays(name) == [[[1.5, 3], [2.5, 4]], [[5, 6]]]
    assert open_files([name], ReadOptions()).notes == (
        "a.ts: the values have time stamps: their order is kept, the times are left out",
    )


WRONG = {
    "no @data": (
        "@univariate true\n",
        "a.ts: the file has no line @data\n  A .ts file has @data between its header and its series.",
    ),
    "data before @data": ("@univariate true\n1,2:up\n", "a.ts:2: data begin before a line @data"),
    "no series": (HEADER, "a.ts:9: the file has no series after @data"),
    "regression": (
        "@targetLabel true\n@data\n1:2\n",
        "a.ts:2: @targetLabel marks numbers to predict (regression); classes are expected",
    ),
    "a word": (
        HEADER + "1,2:3,4:up\n1,2:3,x4:up\n",
        "a.ts:11: column 'channel 2': step 2: 'x4' is not a number\n  Correct the number, or leave the series out.",
    ),
    "a gap": (
        HEADER + "1,?,3:4,5,6:up\n",
        "a.ts:10: column 'channel 1': step 2: the value is missing ('?')\n"
        "  Fill the gap, leave the series out, or train with --set data.gaps=fill, which fills and flags gaps.",
    ),
    "NaN": (
        HEADER + "1,2:NaN,4:up\n",
        "a.ts:10: column 'channel 2': step 1: the value is missing ('NaN')\n"
        "  Fill the gap, leave the series out, or train with --set data.gaps=fill, which fills and flags gaps.",
    ),
    "nothing after a comma": (
        HEADER + "1,:3,4:up\n",
        "a.ts:10: column 'channel 1': step 2: the value is missing (an empty cell)\n"
        "  Fill the gap, leave the series out, or train with --set data.gaps=fill, which fills and flags gaps.",
    ),
    "an infinity": (
        HEADER + "1:inf:up\n",
        "a.ts:10: column 'channel 2': step 1: 'inf' is not a finite number in float32\n"
        "  Correct the number, or leave the series out.",
    ),
    "a number beyond float32": (
        HEADER + "1:1e39:up\n",
        "a.ts:10: column 'channel 2': step 1: '1e39' is not a finite number in float32\n"
        "  Correct the number, or leave the series out.",
    ),
    "ragged channels": (HEADER + "1,2,3:4,5:up\n", "a.ts:10: channel 2 has 2 steps, but channel 1 has 3"),
    "too many channels": (
        HEADER + "1:2:3:up\n",
        "a.ts:10: expected 2 channels as the header says, got 3",
    ),
    "another number of channels than the first": (
        "@classLabel true a\n@data\n1:2:a\n1:a\n",
        "a.ts:4: expected 2 channels as line 3 has, got 1",
    ),
    "lengths that are not equal": (
        header(equalLength="true") + "1,2:3,4:up\n1:2:up\n",
        "a.ts:11: expected 2 steps as line 10 has, got 1\n"
        "  The header says @equalLength true; write false if the lengths may differ.",
    ),
    "no label": (
        HEADER + "1,2:3,4\n",
        "a.ts:10: column 'label': the class label is missing: the line has 2 channels and nothing more",
    ),
    "no label in a single channel": (
        "@univariate true\n@classLabel true 1 2\n@data\n1,2,3\n",
        "a.ts:4: column 'label': the class label is missing: the line has 1 channels and nothing more",
    ),
    "an empty label": (
        HEADER + "1,2:3,4:\n",
        "a.ts:10: column 'label': the class label is missing: nothing stands after the last ':'",
    ),
    "a label that the header does not list": (
        HEADER + "1:2:dwon\n",
        "a.ts:10: column 'label': 'dwon' is not among the labels of @classLabel: 'up', 'down'\n  Did you mean 'down'?",
    ),
    "no time stamps": (
        STAMPED + "1,2:3,4:a\n",
        "a.ts:6: column 'channel 1': expected (time,value),(time,value) as @timeStamps says, got '1,2'",
    ),
    "other time stamps in another channel": (
        STAMPED + "(0,1),(1,2):(0,1),(2,2):a\n",
        "a.ts:6: column 'channel 2': its times are not those of channel 1; one step must hold a value of every channel",
    ),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_series_that_are_wrong_are_refused(write, content, message):
    assert refusal(write("a.ts", content)) == message
