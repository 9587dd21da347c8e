from __future__ import annotations

import numpy as np
import pytest

from reading import refusal
from seqwise.data.readers import ReadOptions, open_files, open_like

TABLE = "customer,Jan-16,Feb-16,Mar-16,status\nc1,0.5,0.25,1,ok\nc2,1,2,3,bad\n"


@pytest.mark.parametrize("steps", [("*-16",), ("Jan-16", "Feb-16", "Mar-16")])
def test_the_columns_of_a_row_are_the_steps_of_a_series(write, steps):
    source = open_files([write("a.csv", TABLE)], ReadOptions(steps=steps))
    assert (source.kind, source.series, source.columns) == ("series", "series", ("series", "customer", "status"))
    first, second = (record.values for record in source)
    assert (first["customer"], second["status"]) == ("c1", "bad")
    np.testing.assert_array_equal(first["series"], np.array([[0.5], [0.25], [1]], np.float32))
    assert source.notes == ("a.csv: each row is a series of 3 steps, 'Jan-16' to 'Mar-16'",)


def test_steps_stand_in_the_order_asked(write):
    source = open_files([write("a.csv", TABLE)], ReadOptions(steps=("Mar-16", "Jan-16")))
    assert next(iter(source)).values["series"].ravel().tolist() == [1, 0.5]


def test_a_model_reads_the_steps_of_its_training(write):
    trained = open_files([write("a.csv", TABLE)], ReadOptions(steps=("*-16",))).options
    write("b.csv", "Feb-16,Apr-16,Mar-16,Jan-16\n2,9,3,1\n")
    assert next(iter(open_like(["b.csv"], trained))).values["series"].ravel().tolist() == [1, 2, 3]


WRONG = {
    "no such column": (
        {"steps": ("*-17",)},
        "a.csv: there is no column '*-17' for --steps\n"
        "  The columns are 'customer', 'Jan-16', 'Feb-16', 'Mar-16', 'status'.",
    ),
    "text": (
        {"steps": ("status",)},
        "a.csv:2: column 'status': 'ok' is not a number\n  Correct the number, or leave the series out.",
    ),
    "long form too": (
        {"steps": ("*-16",), "series_id": "customer"},
        "--steps is for a row per series; --series-id, --time and --channels are for a row per step",
    ),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_steps_that_cannot_be_read_are_refused(write, options, message):
    assert refusal(write("a.csv", TABLE), **options) == message


def test_a_gap_inside_a_series_is_refused_with_its_column(write):
    message = refusal(write("a.csv", "a,b,c\n1,,3\n"), steps=("a", "b", "c"))
    assert message.startswith("a.csv:2: column 'b': the value is missing (an empty cell)")


def test_token_files_have_no_steps(write):
    assert refusal(write("a.conll", "a O\n"), steps=("x",)) == "--steps reads tables with one row per series, not conll"
