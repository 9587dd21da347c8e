from __future__ import annotations

import csv
import gzip
import json
import os
from collections import Counter
from pathlib import Path

import pytest
from benchmarks.converters import CONVERTERS, labels, outputs, steps
from benchmarks.converters.files import divided, original_bytes, original_lines, split_of
from benchmarks.prepare import main, prepare

DATA = Path(os.environ.get("SEQWISE_DATA") or "missing")
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="SEQWISE_DATA does not name a folder of data sets")


def written(folder, **files):
    """Writes files whose names have `__` for a dot; gives the folder."""
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")
    return folder


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def objects(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("number", "split"),
    [(0, "test"), (1, "dev"), (2, "train"), (9, "train"), (10, "test"), (11, "dev"), (100, "test"), (101, "dev")],
)
def test_the_last_digit_of_a_number_decides_its_split(number, split):
    assert split_of(number) == split


def test_items_are_divided_in_their_order():
    assert divided("abcdefghijklm") == {
        "train": list("cdefghijm"),
        "dev": ["b", "l"],
        "test": ["a", "k"],
    }


def test_a_file_is_found_plain_or_gzipped(source):
    (source / "a.tsv").write_bytes(b"plain")
    (source / "b.tsv.gz").write_bytes(gzip.compress(b"packed"))
    assert (original_bytes(source, "a.tsv"), original_bytes(source, "b.tsv")) == (b"plain", b"packed")


def test_a_missing_original_is_named_with_both_its_names(source):
    with pytest.raises(FileNotFoundError, match=r"holds neither a\.tsv nor a\.tsv\.gz"):
        original_bytes(source, "a.tsv")


def test_only_line_feeds_end_lines(source):
    (source / "a.txt").write_bytes("one\x85still one\r\ntwo\u2028still two\n".encode())
    assert original_lines(source, "a.txt") == ["one\x85still one", "two\u2028still two"]


def test_votes_keep_their_gaps_and_texts_are_joined(source, out):
    head = "rcid\tsession\tdate\tunres\tshort\tdescr\tPeru\tNew Zealand\n"
    for split in ("train", "dev", "test"):
        written(source, **{f"{split}__tsv": head + '7\t1\t1946-01-01\tR/1\tA, "B"\tLong\t-1\t\n'})
    outputs.un_votes(source, out)
    (row,) = table(out / "dev.csv")
    assert (row["text"], row["vote_Peru"], row["vote_New Zealand"]) == ('A, "B". Long', "-1", "")
    assert list(row) == [*head.split("\t")[:6], "text", "vote_Peru", "vote_New Zealand"]


def test_emotions_are_named_and_quote_signs_stay(source, out):
    written(source, labels__txt="joy\nfear\nneutral\n")
    for split in ("train", "dev", "test"):
        written(source, **{f"{split}__tsv": '"quoted" text\t0,2\tid1\n'})
    outputs.goemotions(source, out)
    assert objects(out / "test.jsonl") == [{"text": '"quoted" text', "emotions": ["joy", "neutral"]}]


def test_aspects_that_a_sentence_does_not_speak_of_are_absent(source, out):
    mark = '<aspectCategory category="{}" polarity="positive"/>'
    xml = f"<sentences><sentence><text>Fine &amp; good.</text>{mark}</sentence></sentences>"
    for name, aspect in (("train", "food"), ("val", "staff"), ("test", "food")):
        written(source, **{f"{name}__xml": xml.format(aspect)})
    outputs.mams_acsa(source, out)
    assert table(out / "dev.csv") == [{"text": "Fine & good.", "aspect_food": "absent", "aspect_staff": "positive"}]


def test_assays_follow_the_formula_and_the_number_of_a_molecule_is_left_out(source, out):
    (source / "tox21.csv.gz").write_bytes(gzip.compress(b"NR-AR,SR-p53,mol_id,smiles\n1,,TOX1,CCO\n0,1,TOX2,C\n"))
    outputs.tox21(source, out)
    assert table(out / "test.csv") == [{"smiles": "CCO", "NR-AR": "1", "SR-p53": ""}]
    assert table(out / "dev.csv") == [{"smiles": "C", "NR-AR": "0", "SR-p53": "1"}]
    assert table(out / "train.csv") == []


def test_a_line_of_blanks_ends_a_sentence_and_blanks_at_line_ends_go(source, out):
    names = ("wnut17train__conll", "emerging__dev__conll", "emerging__test__annotated")
    written(source, **dict.fromkeys(names, "a\tO\nb\tB-x \n\t\nc\tO\n\n"))
    steps.wnut17(source, out)
    assert (out / "train.conll").read_text() == "a\tO\nb\tB-x\n\nc\tO\n\n"


def test_comments_counters_and_annotators_are_left_out(source, out):
    for split in ("train", "dev", "test"):
        written(source, **{f"x-ud-{split}__iob2": "# text = a #\n1\ta\tO\t-\t-\n2\t#\tB-LOC\t-\t-\n\n"})
    steps.uner(source, out)
    assert (out / "dev.conll").read_text() == "a\tO\n#\tB-LOC\n\n"


def test_proteins_are_parted_by_markers(source, out):
    for split in ("train", "test"):
        written(source, **{f"protein-secondary-structure__{split}": "# head\n<>\nA _\nC h\nend\nD e\n<>\nE _\n<end>\n"})
    steps.protein_ss(source, out)
    assert objects(out / "test.jsonl") == [
        {"residues": ["A", "C"], "structure": ["_", "h"]},
        {"residues": ["D"], "structure": ["e"]},
        {"residues": ["E"], "structure": ["_"]},
    ]


def test_a_day_is_a_series_and_the_nameless_row_number_goes(source, out):
    rows = '"date","Light","Occupancy"\n"8","2015-02-04 23:59:00",426,1\n"9","2015-02-05 00:00:00",0,0\n'
    written(source, datatraining__txt=rows, datatest__txt=rows, datatest2__txt=rows)
    steps.occupancy(source, out)
    assert table(out / "test2.csv") == [
        {"day": "2015-02-04", "date": "2015-02-04 23:59:00", "Light": "426", "Occupancy": "1"},
        {"day": "2015-02-05", "date": "2015-02-05 00:00:00", "Light": "0", "Occupancy": "0"},
    ]


def test_names_are_split_by_their_line_in_the_file_of_their_language(source, out):
    (source / "names").mkdir()
    for language, names in (("Irish", "Adam\nAhearn \nO'Neal"), ("Greek", "Akrivo\n")):
        (source / "names" / f"{language}.txt").write_text(names)
    labels.names_18_languages(source, out)
    parts = {split: [tuple(row.values()) for row in table(out / f"{split}.csv")] for split in ("train", "dev", "test")}
    assert parts == {
        "test": [("Akrivo", "Greek"), ("Adam", "Irish")],
        "dev": [("Ahearn", "Irish")],
        "train": [("O'Neal", "Irish")],
    }


def test_junctions_come_from_the_rows_of_62_cells(source, out):
    row = ",".join(["NAME-1", *"ACGT" * 15, "EI"])
    written(source, splice__arff=f"% a comment, of many, words\n@attribute x {{A}}\n@data\nNAME-0,A,EI\n{row}\n")
    labels.splice(source, out)
    assert table(out / "test.csv") == [{"bases": "ACGT" * 15, "junction": "EI"}]


def test_unknown_data_sets_are_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--data", str(tmp_path), "snipz"])
    assert "no data set is called snipz; there are banking77" in capsys.readouterr().err


def test_the_folder_of_the_data_is_asked_for(monkeypatch, capsys):
    monkeypatch.delenv("SEQWISE_DATA", raising=False)
    with pytest.raises(SystemExit):
        main([])
    assert "--data must be the folder of the original data sets" in capsys.readouterr().err


# Sequences and the most frequent labels as the README of each data set counts them.
COUNTS = [
    ("snips", "dev", "slots", 700, {"O": 3163, "I-object_name": 375}),
    ("snips", "test", "intent", 700, {"AddToPlaylist": 124, "RateBook": 80}),
    ("snips", "train", "intent", 13084, {"PlayMusic": 1914, "AddToPlaylist": 1818}),
    ("goemotions", "test", "emotions", 5427, {"neutral": 1787, "admiration": 504}),
    ("protein-ss", "train", "structure", 111, {"_": 9868, "h": 4601, "e": 3636}),
    ("protein-ss", "test", "structure", 17, {"_": 1923, "h": 849, "e": 748}),
    ("names-18-languages", "test", "language", 2012, {"Russian": 939, "English": 367}),
    ("names-18-languages", "train", "language", 16027, {"Russian": 7506, "Irish": 184}),
    ("mr-sentence-polarity", "dev", "label", 1066, {"neg": 533, "pos": 533}),
    ("mr-sentence-polarity", "test", "label", 1068, {"neg": 534, "pos": 534}),
    ("splice", "train", "junction", 2552, {"N": 1325, "IE": 614, "EI": 613}),
    ("mams-acsa", "train", "aspect_food", 3149, {"neutral": 1298, "positive": 754, "negative": 255}),
    ("tox21", "train", "NR-AR", 6410, {"0": 5709}),
    ("tox21", "test", "SR-ATAD5", 802, {"0": 696}),
    ("occupancy", "train", "Occupancy", 8143, {"0": 6414, "1": 1729}),
    ("occupancy", "test2", "Occupancy", 9752, {"0": 7703, "1": 2049}),
]


@needs_data
@pytest.mark.parametrize(("name", "split", "column", "rows", "frequent"), COUNTS)
def test_rows_and_labels_are_counted_as_in_the_readme(tmp_path, name, split, column, rows, frequent):
    (file,) = (file for file in prepare(name, DATA, tmp_path) if file.name.startswith(f"{split}."))
    records = objects(file) if file.suffix == ".jsonl" else table(file)
    cells = [record[column] for record in records]
    counted = Counter(label for cell in cells for label in (cell if isinstance(cell, list) else [cell]))
    assert len(records) == rows
    assert {label: counted[label] for label in frequent} == frequent


@needs_data
@pytest.mark.parametrize(
    ("split", "rows", "votes"),
    [
        ("train", 4702, {"1": 151038, "0": 37308, "-1": 24794, "": 7854}),
        ("dev", 394, {"1": 14028, "0": 2369, "-1": 1829, "": 292}),
        ("test", 371, {"1": 13081, "0": 2109, "-1": 1960, "": 287}),
    ],
)
def test_votes_of_47_countries_are_counted_as_in_the_readme(tmp_path, split, rows, votes):
    prepare("un-votes-47a", DATA, tmp_path)
    records = table(tmp_path / "un-votes-47a" / f"{split}.csv")
    counted = Counter(cell for row in records for column, cell in row.items() if column.startswith("vote_"))
    assert (len(records), dict(counted)) == (rows, votes)


@needs_data
@pytest.mark.parametrize(
    ("name", "split", "sentences", "tags"),
    [
        ("wnut17", "train", 3394, {"O": 59570, "B-person": 660}),
        ("bc5cdr", "test", 4797, {"O": 110576, "I-Chemical": 1628}),
        ("uner-sv-talbanken", "dev", 504, {"O": 9756, "B-PER": 13}),
    ],
)
def test_sentences_and_tags_are_counted_as_in_the_readme(tmp_path, name, split, sentences, tags):
    prepare(name, DATA, tmp_path)
    blocks = (tmp_path / name / f"{split}.conll").read_text(encoding="utf-8").split("\n\n")[:-1]
    counted = Counter(line.split("\t")[1] for block in blocks for line in block.split("\n"))
    assert (len(blocks), {tag: counted[tag] for tag in tags}) == (sentences, tags)


@needs_data
def test_steps_of_gestures_are_counted_as_in_the_readme(tmp_path):
    prepare("gesture-phase", DATA, tmp_path)
    steps = {split: table(tmp_path / "gesture-phase" / f"{split}.csv") for split in ("train", "dev", "test")}
    assert {split: len(rows) for split, rows in steps.items()} == {"train": 3931, "dev": 1264, "test": 4706}
    phases = {row["phase"] for rows in steps.values() for row in rows}
    assert phases == {"Rest", "Preparation", "Stroke", "Hold", "Retraction"}


@needs_data
def test_requests_of_150_intents_are_counted_as_in_the_readme(tmp_path):
    prepare("clinc150", DATA, tmp_path)
    intents = Counter(row["intent"] for row in table(tmp_path / "clinc150" / "train.csv"))
    assert (len(intents), set(intents.values())) == (150, {100})


@needs_data
def test_every_data_set_has_a_converter():
    assert {folder.name for folder in DATA.iterdir() if folder.is_dir()} == set(CONVERTERS)


@needs_data
@pytest.mark.parametrize("name", ["ts-japanese-vowels", "ts-unit-test", "ud-en-atis", "banking77"])
def test_files_that_need_no_change_are_copied(tmp_path, name):
    copies = {file.read_bytes() for file in prepare(name, DATA, tmp_path)}
    assert copies <= {file.read_bytes() for file in (DATA / name).iterdir()}
    assert len(copies) == (3 if name.startswith("ud-") else 2)
