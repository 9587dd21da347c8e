"""Steps without any value up to the end of a series are padding, in every format."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqwise.data.detect import Requested, find_spec
from seqwise.data.readers import ReadOptions, open_files
from seqwise.data.series_padding import padded_steps
from seqwise.data.store import open_store
from seqwise.errors import DataError

NAN = math.nan
SERIES = [[0.5, 1.5, NAN, NAN], [2.5, 1.0, 0.5, 1.0], [1.5, NAN, NAN, NAN]]
CUT = [row[: 4 - sum(map(math.isnan, row))] for row in SERIES]
LABELS = ["up", "down", "up"]


def ts(folder, rows):
    head = "@univariate true\n@equalLength true\n@classLabel true up down\n@data\n"
    lines = [",".join(map(str, row)) + f":{label}\n" for row, label in zip(rows, LABELS, strict=True)]
    return folder / "a.ts", head + "".join(lines), {}


def ucr(folder, rows):
    return folder / "a.tsv", "".join("\t".join(map(str, [1, *row])) + "\n" for row in rows), {}


def long_form(folder, rows):
    lines = [f"{i},{x},{label}\n" for i, (row, label) in enumerate(zip(rows, LABELS, strict=True)) for x in row]
    return folder / "a.csv", "id,x,label\n" + "".join(lines), {"series_id": "id", "channels": ("x",)}


def lists(folder, rows):
    plain = [[None if math.isnan(x) else x for x in row] for row in rows]
    records = [{"series": row, "label": label} for row, label in zip(plain, LABELS, strict=True)]
    return folder / "a.jsonl", "".join(json.dumps(record) + "\n" for record in records), {}


def cells(folder, rows):
    lines = [f'"{json.dumps(row).replace("NaN", "null")}",{label}\n' for row, label in zip(rows, LABELS, strict=True)]
    return folder / "a.csv", "series,label\n" + "".join(lines), {}


def parquet(folder, rows):
    pq.write_table(pa.table({"series": rows, "label": LABELS}), folder / "a.parquet")
    return folder / "a.parquet", None, {}


WRITERS = [ts, ucr, long_form, lists, cells, parquet]


def store_of(write, folder, rows, gaps="error", **options):
    path, content, own = write(folder, rows)
    if content is not None:
        path.write_text(content, encoding="utf-8")
    source = open_files([path], ReadOptions(gaps=gaps, **own, **options))
    spec = find_spec(source, list(source), Requested(gaps=gaps == "fill", label=("label",))).spec
    return open_store([(0, source)], spec)


@pytest.mark.parametrize("gaps", ["error", "fill"])
@pytest.mark.parametrize("write", WRITERS)
def test_padding_is_cut_and_counted(tmp_path, write, gaps):
    store = store_of(write, tmp_path, SERIES, gaps)
    assert [store.sequence(row)[:, 0].tolist() for row in range(3)] == CUT
    assert store.padded == 2


@pytest.mark.parametrize("write", WRITERS)
def test_missing_values_before_others_stay_gaps(tmp_path, write):
    rows = [[NAN, 1.5, NAN, 2.5], *SERIES[1:]]
    with pytest.raises(DataError, match=r"missing|not a finite|is None|is nan"):
        store_of(write, tmp_path, rows)
    assert store_of(write, tmp_path, rows, "fill").lengths.tolist() == [4, 4, 1]


STEPS = [
    ([1.0, None], [], 1),
    ([None, 1.0], [], 0),
    ([None, "NaN"], [], 2),
    ([[1.0, None], [None, 2.0], [None, NAN]], [], 1),
    (np.array([[1.0, NAN], [NAN, NAN]]), [], 1),
    (np.array([1, 2]), [], 0),
    (np.array([]), [], 0),
    ([1.0, None, None], [["a", "b", None]], 1),
    ([1.0, None], [["a", None], ["a", "b"]], 0),
    ([1.0, None], ["a"], 0),  # one label for all steps
    ([1.0, None], [None], 1),
]


@pytest.mark.parametrize(("steps", "labels", "count"), STEPS)
def test_a_step_is_padding_where_no_channel_has_a_value_and_no_label_is(steps, labels, count):
    assert padded_steps(steps, labels) == count


def test_labels_of_padding_are_cut_with_it(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [{"x": [0.5, 1.5, None], "tags": ["a", "b", None]}, {"x": [0.5, 2.5, 1.0], "tags": ["a", "b", "b"]}] * 2
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = open_files([path], ReadOptions())
    store = open_store([(0, source)], find_spec(source, list(source), Requested(tags=("tags",))).spec)
    assert store.lengths.tolist() == [2, 3, 2, 3]
    assert [store.labels(0, row).tolist() for row in (0, 1)] == [[0, 1], [0, 1, 1]]


def test_a_series_of_nothing_but_padding_is_empty(tmp_path):
    with pytest.raises(DataError, match="the series has no values"):
        store_of(lists, tmp_path, [[NAN, NAN], *SERIES[1:]])
