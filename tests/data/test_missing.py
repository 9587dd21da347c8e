from __future__ import annotations

import numpy as np
import pytest
from data_cases import found, store_of, write_jsonl, write_text

from seqwise.data.detect import Requested
from seqwise.data.labels import find_targets
from seqwise.data.missing import doubtful_classes, missing_words, noted_classes
from seqwise.targets import label_text

CODES = ["eng", "deu", "fra", "spa", "ita", "por", "rus", "jpn", "cmn", "hak"]
LABELS = ["pos", "neg"] * 10


def labelled(words, labels=LABELS):
    """A table of texts with these labels, each word in one more row."""
    cells = [*labels, *words]
    return "text,label\n" + "".join(f"words of text {i},{cell}\n" for i, cell in enumerate(cells))


def classes(file, requested=None, position=0):
    store = store_of(file, found(file, requested).spec)
    target = find_targets(store, np.arange(len(store)))[position]
    return [label_text(label) for label in target.classes[0]], store


@pytest.mark.parametrize("word", ["NaN", "nan", "NULL", "null", "#N/A", "<NA>", "\\N", "(null)", "NaT"])
def test_what_programs_write_for_nothing_is_a_missing_label_and_counted(tmp_path, word):
    file = write_text(tmp_path / "d.csv", labelled([word, f"{word} ", ""]))
    found_classes, store = classes(file)
    assert found_classes == ["neg", "pos"]
    assert dict(store.gaps[0].counts) == {word: 2}
    assert store.gaps[0].places == {word: f"{file}:22"}
    assert [store.labels(0, row).tolist() for row in (20, 21, 22)] == [[-1], [-1], [-1]]


ERRORS = ["#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "#NUM!"]
MARKS = ["NIL", "(blank)", ".", "_", "...", "-1", "-99", "-999", *ERRORS]


@pytest.mark.parametrize("word", ["NA", "N/A", "n/a", "None", "?", "-", "-100", *MARKS])
def test_what_may_be_a_class_stays_one_and_is_in_doubt(tmp_path, word):
    found_classes, store = classes(write_text(tmp_path / "d.csv", labelled([word, word])))
    assert word in found_classes
    assert not store.gaps[0].counts
    assert doubtful_classes({"pos": 10, "neg": 10, word: 2}) == [word]


@pytest.mark.parametrize("word", ["NA", "N/A", "None", "?", "-", "-100", "NaN"])
def test_beside_whole_numbers_every_such_word_is_missing(tmp_path, word):
    found_classes, store = classes(write_text(tmp_path / "d.csv", labelled([word, word], ["0", "1", "2", "3"] * 5)))
    assert found_classes == ["0", "1", "2", "3"]
    assert dict(store.gaps[0].counts) == {word: 2}


@pytest.mark.parametrize(
    ("counts", "word"),
    [
        ({**dict.fromkeys(CODES, 5), "nan": 5}, "nan"),  # Min Nan among codes of three letters
        ({**{code[:2].upper(): 5 for code in CODES}, "NA": 5}, "NA"),  # Namibia among countries
        ({"yes": 5, "no": 5, "None": 5}, "None"),  # an even share
        ({"+": 5, "-": 1}, "-"),
        ({".": 5, "O": 90, "?": 1}, "?"),
        ({"PER": 5, "-": 95}, "-"),
        ({"-50": 5, "0": 5, "-100": 5}, "-100"),
        ({"mild": 5, "null": 60}, "null"),
    ],
)
def test_a_word_that_is_plainly_a_class_is_neither_missing_nor_in_doubt(counts, word):
    assert word not in missing_words(counts)
    assert word == "null" or doubtful_classes(counts) == []


@pytest.mark.parametrize("word", ["none", "nil", "missing", "undefined", "Unknown", "unlabeled", "n/a"])
def test_a_word_of_a_language_is_a_class_that_is_noted(word):
    counts = {"pos": 10, "neg": 10, word: 2}
    assert word not in missing_words(counts)
    assert noted_classes(counts) == ([] if word == "n/a" else [word])
    assert noted_classes(counts, classes=[word]) == noted_classes({**counts, word: 30}) == []


@pytest.mark.parametrize(
    ("labels", "doubtful"),
    [
        (["-1", "0", "1", "2"], ["-1"]),
        (["-1.0", "0.0", "1.0", "2.0"], ["-1.0"]),
        (["-100", "-1", "0", "1", "2"], ["-1", "-100"]),
        (["-100", "-1", "0", "1"], ["-100"]),
        (["999", "0", "1", "2"], ["999"]),
        (["-1", "0", "1"], []),  # three answers
        (["-1", "1"], []),
        (["-1", "0"], []),
        (["-2", "-1", "0", "1", "2"], []),
        ([str(number) for number in range(120)], []),
    ],
)
def test_numbers_that_may_mark_missing_labels_are_in_doubt(labels, doubtful):
    assert doubtful_classes(dict.fromkeys(labels, 5)) == doubtful


def test_a_word_that_the_user_names_as_a_class_is_one():
    counts = {"pos": 10, "neg": 10, "NaN": 2, "NA": 2}
    assert "NaN" not in missing_words(counts, classes=["NaN"])
    assert doubtful_classes(counts, classes=["NaN", "NA"]) == []


def test_the_words_of_the_setting_decide_alone(tmp_path):
    file = write_text(tmp_path / "d.csv", labelled(["?", "NaN"]))
    assert classes(file, Requested(missing=("?",)))[0] == ["NaN", "neg", "pos"]
    assert classes(file, Requested(missing=("",)))[0] == ["?", "NaN", "neg", "pos"]


def test_in_columns_of_zero_and_one_every_word_is_missing(tmp_path):
    rows = ["text,is_a,is_b,is_c", *(f"words of text {i},{i % 2},1,0" for i in range(6))]
    rows += ["one more text,NaN,N/A,None", "and one more,?,-,1"]
    file = write_text(tmp_path / "d.csv", "\n".join(rows) + "\n")
    (target,) = found(file).spec.targets
    store = store_of(file, found(file).spec)
    assert (target.kind, target.form) == ("multilabel", "columns")
    assert [store.labels(0, row).tolist() for row in (6, 7)] == [[-1, -1, -1], [-1, -1, 1]]
    assert dict(store.gaps[0].counts) == {"NaN": 1, "N/A": 1, "None": 1, "?": 1, "-": 1}


def test_outputs_have_gaps_by_the_same_words(tmp_path):
    rows = ["text,v_a,v_b", *(f"words of text {i},{i % 2},1.0" for i in range(4)), "one more text,NULL,0.0"]
    file = write_text(tmp_path / "d.csv", "\n".join(rows) + "\n")
    store = store_of(file, found(file, Requested(outputs=("v_*",))).spec)
    assert store.labels(0, 4)[0] == -1
    assert dict(store.gaps[0].counts) == {"NULL": 1}


def test_the_index_that_losses_ignore_is_a_missing_tag(tmp_path):
    rows = [{"tokens": ["[CLS]", "a", "b"], "tags": [-100, i % 2, 1]} for i in range(4)]
    found_classes, store = classes(write_jsonl(tmp_path / "d.jsonl", rows))
    assert found_classes == ["0", "1"]
    assert dict(store.gaps[0].counts) == {"-100": 4}


def test_tags_in_token_files_are_missing_by_the_same_words(tmp_path):
    text = "a B-x\nb NULL\nc O\n\nd O\ne I-x\nf O\n\n"
    found_classes, store = classes(write_text(tmp_path / "d.conll", text))
    assert found_classes == ["B-x", "I-x", "O"]
    assert store.labels(0, 0).tolist() == [0, -1, 1]


def test_a_word_as_a_token_stays_a_token(tmp_path):
    text = "NULL O\nnan B-x\n\nNaN O\nx B-x\n\n"
    store = store_of(write_text(tmp_path / "d.conll", text))
    assert store.symbols == ["NULL", "nan", "NaN", "x"]


def test_each_sign_of_a_string_is_a_label_whatever_it_means_elsewhere(tmp_path):
    rows = "residues,structure\nMKV,H-E\nA,-\nGAVLK,HHH-?\n"
    file = write_text(tmp_path / "d.csv", rows)
    assert classes(file, Requested(text="residues", tags=("structure",)))[0] == ["-", "?", "E", "H"]


def test_a_set_that_is_missing_is_no_empty_set(tmp_path):
    rows = [
        "text,topics",
        *(f"words of text {i},{cell}" for i, cell in enumerate(["a|b", "a", "b", "NaN", "|", "b|a"])),
    ]
    file = write_text(tmp_path / "d.csv", "\n".join(rows) + "\n")
    store = store_of(file, found(file).spec)
    assert [None if (row := store.labels(0, i)) is None else row.tolist() for i in range(3, 6)] == [None, [], [1, 0]]


def test_the_spec_keeps_the_words_so_that_other_files_are_read_alike(tmp_path):
    spec = found(write_text(tmp_path / "d.csv", labelled([]))).spec
    again = type(spec).from_json(spec.to_json())
    assert again == spec
    other = store_of(write_text(tmp_path / "t.csv", labelled(["NaN", "<NA>"])), again)
    assert dict(other.gaps[0].counts) == {"NaN": 1, "<NA>": 1}


def test_a_spec_that_was_written_before_there_were_such_words_has_none(tmp_path):
    plain = found(write_text(tmp_path / "d.csv", labelled([]))).spec.to_json()
    del plain["targets"][0]["missing"]
    assert type(found(str(tmp_path / "d.csv")).spec).from_json(plain).targets[0].missing == ()
