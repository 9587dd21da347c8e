from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reading import places, refusal, values
from seqwise.data.readers import ReadOptions, open_files, read_stream

TABLE = {
    "text": ["good", "bad", None],
    "label": [1, None, 0],
    "score": [0.5, 1.5, None],
    "fine": [True, False, None],
    "tokens": [["a", "b"], [], None],
}
ROWS = [dict(zip(TABLE, row, strict=True)) for row in zip(*TABLE.values(), strict=True)]


def parquet(table: dict[str, object], **options: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(table), file, **options)
    return file.getvalue()


def test_values_keep_their_types(write):
    assert values(write("a.parquet", parquet(TABLE))) == ROWS


def test_columns_are_those_of_the_schema(write):
    source = open_files([write("a.parquet", parquet(TABLE))], ReadOptions())
    assert (source.format, source.kind, source.columns) == ("parquet", "table", tuple(TABLE))


def test_the_line_of_a_record_is_its_row_across_row_groups(write):
    name = write("a.parquet", parquet({"n": list(range(2500))}, row_group_size=1100))
    assert places(name) == [f"a.parquet:{row}" for row in range(1, 2501)]
    assert [row["n"] for row in values(name)] == list(range(2500))


@pytest.mark.parametrize("name", ["a", "a.gz", "a.parquet.gz"])
def test_parquet_is_told_by_content_and_may_be_gzipped(write, name):
    data = parquet(TABLE)
    assert values(write(name, gzip.compress(data) if name.endswith(".gz") else data)) == ROWS


def test_a_stream_of_parquet_is_read():
    assert [record.values for record in read_stream(io.BytesIO(parquet(TABLE)), "in", ReadOptions())] == ROWS


AS_TEXT = {
    "moment": (datetime(2015, 2, 4, 17, 51, tzinfo=UTC), "2015-02-04 17:51:00.000000Z"),
    "date": (date(2015, 2, 4), "2015-02-04"),
    "decimal": (Decimal("1.50"), "1.50"),
    "bytes": ("café".encode(), "café"),
}


@pytest.mark.parametrize(("value", "text"), AS_TEXT.values(), ids=AS_TEXT)
def test_dates_decimals_and_bytes_come_as_text(write, value, text):
    assert values(write("a.parquet", parquet({"x": [value, None]}))) == [{"x": text}, {"x": None}]


def test_categories_come_as_their_values(write):
    column = pa.array(["yes", "no", "yes"]).dictionary_encode()
    assert [row["x"] for row in values(write("a.parquet", parquet({"x": column})))] == ["yes", "no", "yes"]


def test_bytes_that_are_no_text_are_an_error_of_the_column(write):
    assert refusal(write("a.parquet", parquet({"x": [b"\xff\xfe"]}))) == (
        "a.parquet: column 'x': the column holds bytes that are not UTF-8\n  Write the column as a string."
    )


def test_a_file_without_rows_is_refused(write):
    assert refusal(write("a.parquet", parquet({"x": pa.array([], pa.string())}))) == "a.parquet: the file has no rows"


def test_names_must_differ(write):
    file = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"]), file)
    assert refusal(write("a.parquet", file.getvalue())) == (
        "a.parquet: the file names 'x' more than once\n  Rename the columns."
    )


def test_what_is_not_parquet_is_refused(write):
    message = refusal(write("a.parquet", "text,label\nx,1\n"))
    assert message.startswith("a.parquet: cannot be read as Parquet: Parquet magic bytes not found in footer")
    assert message.endswith("\n  Write or fetch the file again.")


def test_a_file_cut_short_is_refused(write):
    data = parquet(TABLE)
    assert refusal(write("a.parquet", data[:-6])).startswith("a.parquet: cannot be read as Parquet: ")


def test_damage_inside_is_told_with_the_last_good_row(write):
    data = bytearray(parquet({"n": list(range(3000))}, row_group_size=1000, compression="none"))
    start = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(2).column(0).dictionary_page_offset
    data[start : start + 40] = bytes(40)
    source = open_files([write("a.parquet", bytes(data))], ReadOptions())
    with pytest.raises(ValueError, match=r"^a\.parquet: the Parquet file is damaged after row 2000: "):
        list(source)


def test_a_gzipped_file_cut_short_is_refused(write):
    data = gzip.compress(parquet({"n": list(range(50_000))}))
    assert refusal(write("a.parquet.gz", data[:-100])).startswith("a.parquet.gz: the gzip data end too early")


def test_nothing_stays_open_or_behind(write):
    folder = Path(write("a.parquet.gz", gzip.compress(parquet(TABLE)))).parent
    records = iter(open_files(["a.parquet.gz"], ReadOptions()))
    next(records)
    records.close()
    assert [path.name for path in folder.iterdir()] == ["a.parquet.gz"]


def hugging_face(features: dict[str, object], **columns: object) -> bytes:
    table = pa.table(columns)
    file = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})}), file)
    return file.getvalue()


CLASSES = {"_type": "ClassLabel", "names": ["O", "B-x", "I-x"]}
NESTED = {
    "a class": (CLASSES, [1, None, -1, 0], ["B-x", None, None, "O"]),
    "a list": ({"_type": "Sequence", "feature": CLASSES}, [[1, 2], [0, -100]], [["B-x", "I-x"], ["O", None]]),
    "a list of today": ({"_type": "List", "feature": CLASSES}, [[1], None], [["B-x"], None]),
    "a list of old": ([CLASSES], [[1, 2]], [["B-x", "I-x"]]),
    "lists of lists": (
        {"_type": "Sequence", "feature": {"_type": "Sequence", "feature": CLASSES}},
        [[[1], [0, 2]]],
        [[["B-x"], ["O", "I-x"]]],
    ),
    "fields": ({"tag": CLASSES, "n": {"_type": "Value"}}, [{"tag": 1, "n": 1}], [{"tag": "B-x", "n": 1}]),
    "lists of fields": (
        {"_type": "Sequence", "feature": {"tag": CLASSES}},
        [{"tag": [1, 2]}],
        [{"tag": ["B-x", "I-x"]}],
    ),
    "a class without names": ({"_type": "ClassLabel", "num_classes": 2}, [1, 0], [1, 0]),
    "a value": ({"_type": "Value", "dtype": "int64"}, [1, 0], [1, 0]),
}


@pytest.mark.parametrize(("feature", "cells", "expected"), NESTED.values(), ids=NESTED)
def test_classes_have_the_names_of_the_schema(write, feature, cells, expected):
    name = write("a.parquet", hugging_face({"y": feature}, y=cells))
    assert [row["y"] for row in values(name)] == expected


def test_the_names_of_the_schema_are_said(write):
    source = open_files([write("a.parquet", hugging_face({"y": CLASSES}, y=[0, 1]))], ReadOptions())
    assert source.notes == ("a.parquet: column 'y': the schema names its classes 'O', 'B-x', 'I-x'",)


def test_a_class_without_a_name_is_refused_with_its_row(write):
    message = refusal(write("a.parquet", hugging_face({"y": CLASSES}, y=[0, 7])))
    assert message == "a.parquet:2: column 'y': the class 7 has no name: the file's schema names 0 to 2"


@pytest.mark.parametrize("metadata", [b"", b"[", b"{}", b'{"info": null}', b'{"info": {"features": [1]}}'])
def test_other_metadata_change_nothing(write, metadata):
    file = io.BytesIO()
    pq.write_table(pa.table({"y": [1, 0]}).replace_schema_metadata({"huggingface": metadata}), file)
    assert values(write("a.parquet", file.getvalue())) == [{"y": 1}, {"y": 0}]


def test_a_page_with_another_checksum_is_damaged(write):
    whole = parquet({"x": list(range(5000))}, compression="none", use_dictionary=False, write_page_checksum=True)
    at = whole.index((1234).to_bytes(8, "little"))
    damaged = whole[:at] + (4321).to_bytes(8, "little") + whole[at + 8 :]
    assert values(write("a.parquet", whole))[1234]["x"] == 1234
    assert refusal(write("b.parquet", damaged)).startswith("b.parquet: the Parquet file is damaged after row ")
