"""Counts of public data sets, as their own README files state them."""

from __future__ import annotations

import gzip
import zipfile
from typing import Any

import conllu
import pytest

from seqwise.data.readers import ReadOptions, open_files, read_stream

TABLES = {
    "banking77/train.csv.gz": ({}, 10003, ("text", "category"), 77),
    "banking77/test.csv": ({}, 3080, ("text", "category"), 77),
    "tox21/tox21.csv.gz": ({}, 8014, None, None),
    "un-votes-47a/train.tsv.gz": ({}, 4702, None, None),
    "goemotions/train.tsv.gz": (
        {"header": False, "columns": ("text", "emotions", "id")},
        43410,
        ("text", "emotions", "id"),
        None,
    ),
}

TOKENS = {
    "ud-en-ewt/en_ewt-ud-train.conllu.gz": (12544, 204577, "form", "upos", 17),
    "ud-ug-udt/ug_udt-ud-train.conllu.gz": (1656, 19262, "form", "upos", 16),
    "ud-vi-vtb/vi_vtb-ud-train.conllu.gz": (1400, 20215, "form", "upos", 17),
    "wnut17/wnut17train.conll.gz": (3394, 62730, "column1", "column2", 13),
    "wnut17/emerging.test.annotated": (1287, 23394, "column1", "column2", 13),
    "uner-sv-talbanken/sv_talbanken-ud-train.iob2.gz": (4303, 66646, "column2", "column3", 7),
    "bc5cdr/train.tsv.gz": (4560, 118170, "column1", "column2", 5),
}

SERIES = {
    "ts-japanese-vowels/JapaneseVowels_TRAIN.ts.gz": (270, 4274, 12, 9),
    "ts-japanese-vowels/JapaneseVowels_TEST.ts.gz": (370, 5687, 12, 9),
    "ts-basic-motions/BasicMotions_TRAIN.ts": (40, 4000, 6, 4),
    "ts-plaid/PLAID_TEST.ts.gz": (537, 175573, 1, 11),
    "ts-arrowhead/ArrowHead_TEST.ts.gz": (175, 43925, 1, 3),
}


def opened(folder: Any, name: str, **options: Any) -> Any:
    return open_files([folder / name], ReadOptions(**options))


@pytest.mark.parametrize(("name", "case"), TABLES.items(), ids=TABLES)
def test_tables_have_the_rows_that_their_authors_count(real_data, name, case):
    options, count, columns, classes = case
    source = opened(real_data, name, **options)
    rows = [record.values for record in source]
    assert len(rows) == count
    assert columns is None or source.columns == columns
    assert classes is None or len({row["category"] for row in rows}) == classes


@pytest.mark.parametrize(("name", "case"), TOKENS.items(), ids=TOKENS)
def test_token_files_have_the_sequences_tokens_and_tags_that_their_authors_count(real_data, name, case):
    sequences, tokens, column, tags, classes = case
    source = opened(real_data, name)
    rows = [record.values for record in source]
    assert (len(rows), sum(len(row[column]) for row in rows)) == (sequences, tokens)
    assert source.tokens == column
    assert len({tag for row in rows for tag in row[tags]}) == classes


@pytest.mark.parametrize(("name", "case"), SERIES.items(), ids=SERIES)
def test_series_files_have_the_series_steps_and_channels_that_their_authors_count(real_data, name, case):
    series, steps, channels, classes = case
    rows = [record.values for record in opened(real_data, name)]
    assert (len(rows), sum(len(row["series"]) for row in rows)) == (series, steps)
    assert {row["series"].shape[1] for row in rows} == {channels}
    assert len({row["label"] for row in rows}) == classes


def test_the_trees_of_ewt_are_those_of_the_conllu_package(real_data):
    name = "ud-en-ewt/en_ewt-ud-dev.conllu.gz"
    with gzip.open(real_data / name, "rt", encoding="utf-8") as file:
        expected = [
            [(word["form"], word["upos"], word["xpos"] or "_") for word in tree if isinstance(word["id"], int)]
            for tree in conllu.parse_incr(file)
        ]
    rows = [record.values for record in opened(real_data, name)]
    assert [list(zip(row["form"], row["upos"], row["xpos"], strict=True)) for row in rows] == expected


def test_quoted_line_breaks_of_banking77_stay_in_their_cells(real_data):
    records = list(opened(real_data, "banking77/train.csv.gz"))
    broken = next(record for record in records if "\n" in record.values["text"].strip())
    with gzip.open(real_data / "banking77/train.csv.gz", "rt", encoding="utf-8", newline="\n") as file:
        line = file.read().split("\n")[broken.place.line - 1]
    assert line == '"' + broken.values["text"].split("\n")[0]


def test_quote_signs_of_goemotions_are_data(real_data):
    name = "goemotions/train.tsv.gz"
    source = opened(real_data, name, header=False, columns=("text", "emotions", "id"))
    with gzip.open(real_data / name, "rt", encoding="utf-8") as file:
        assert sum(record.values["text"].count('"') for record in source) == file.read().count('"')


def test_vietnamese_words_keep_their_blanks(real_data):
    first = next(iter(opened(real_data, "ud-vi-vtb/vi_vtb-ud-dev.conllu.gz")))
    assert first.values["form"][:2] == ["Trả lời", "phỏng vấn"]


def test_the_header_of_occupancy_lacks_the_name_of_the_row_names(real_data):
    source = opened(real_data, "occupancy/datatraining.txt.gz")
    assert source.columns[:3] == ("row", "date", "Temperature")
    assert "header has one field fewer than the rows" in source.notes[0]
    assert sum(1 for _ in source) == 8143


def test_occupancy_in_long_form_is_one_series_per_file_with_labels_per_step(real_data):
    names = ("datatraining.txt.gz", "datatest.txt", "datatest2.txt.gz")
    options = ReadOptions(time="date", channels=("Temperature", "Humidity", "Light", "CO2", "HumidityRatio"))
    source = open_files([real_data / "occupancy" / name for name in names], options)
    rows = [record.values for record in source]
    assert [row["series"].shape for row in rows] == [(8143, 5), (2665, 5), (9752, 5)]
    assert [row["Occupancy"].count("1") for row in rows] == [1729, 972, 2049]
    assert all(row["date"] == sorted(row["date"]) for row in rows)


@pytest.mark.parametrize("name", ["rt-polarity.pos", "rt-polarity.neg"])
def test_lines_of_sentence_polarity_are_a_table_of_one_column(real_data, name):
    options = ReadOptions(format="tsv", header=False, columns=("text",))
    with (
        zipfile.ZipFile(real_data / "mr-sentence-polarity/sentence_polarity.zip") as archive,
        archive.open(f"sentence_polarity/{name}") as stream,
    ):
        assert sum(1 for _ in read_stream(stream, name, options)) == 5331
