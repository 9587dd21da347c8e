from __future__ import annotations

import numpy as np
import pytest
from data_cases import found, store_of, write_jsonl, write_text

from seqwise.data.detect import Requested
from seqwise.data.label_notes import LabelNotes
from seqwise.data.labels import LabelCodec, class_counts, find_targets, without_respellings
from seqwise.targets import label_text


def trained(tmp_path, rows, requested, other):
    """The codec of a file for the rows of another one, with its store."""
    train = write_jsonl(tmp_path / "train.jsonl", rows)
    test = write_jsonl(tmp_path / "test.jsonl", other)
    spec = found(train, requested).spec
    store = store_of(train, spec)
    (target,) = find_targets(store, np.arange(len(store)))
    again = store_of(test, spec)
    return LabelCodec.for_store(target, 0, again), again


def labelled(*labels):
    return [{"text": f"some words {number}", "label": label} for number, label in enumerate(labels)]


ONE = Requested(text="text", label=("label",))


def test_a_label_that_training_never_saw_is_masked_and_told_apart_from_a_missing_one(tmp_path):
    codec, store = trained(tmp_path, labelled("a", "b"), ONE, labelled("a", "c", None, "c", "b"))
    labels, mask = codec.batch(store, np.arange(5), 2)
    assert (labels.tolist(), mask.tolist()) == ([0, 0, 0, 0, 1], [True, False, False, False, True])
    assert codec.unseen(store, np.arange(5), 2).tolist() == [0, 1, 0, 1, 0]
    assert codec.unseen_labels(store, np.arange(5)) == [("c", 0, 2, 1)]
    assert class_counts(codec, store, np.arange(5)).tolist() == [1, 1]


def test_tags_that_training_never_saw_have_their_roles(tmp_path):
    asked = Requested(tokens="tokens", tags=("tags",))
    rows = [{"tokens": ["x", "y"], "tags": ["O", "B-a"]}]
    codec, store = trained(tmp_path, rows, asked, [{"tokens": list("vwxyz"), "tags": ["B-b", "I-b", "O", "S-b", None]}])
    assert codec.unseen(store, np.arange(1), 6).tolist() == [[2, 3, 0, 5, 0, 0]]


def test_in_sets_the_labels_that_training_never_saw_are_counted(tmp_path):
    asked = Requested(text="text", multilabel=("label",))
    codec, store = trained(tmp_path, labelled(["a"], ["b", "a"]), asked, labelled(["c", "a", "d"], [], None, ["b"]))
    labels, mask = codec.batch(store, np.arange(4), 2)
    assert labels.tolist() == [[1, 0], [0, 0], [0, 0], [0, 1]]
    assert mask[:, 0].tolist() == [True, True, False, True]
    assert codec.unseen(store, np.arange(4), 2).tolist() == [2, 0, 0, 0]
    assert class_counts(codec, store, np.arange(4)).tolist() == [[2, 1], [2, 1]]


def test_in_sets_per_step_they_are_counted_by_step(tmp_path):
    asked = Requested(tokens="tokens", multilabel=("sets",))
    rows = [{"tokens": ["x", "y"], "sets": [["a"], ["b"]]}]
    codec, store = trained(tmp_path, rows, asked, [{"tokens": ["x", "y", "z"], "sets": [["a"], [], ["c", "b", "d"]]}])
    assert codec.unseen(store, np.arange(1), 4).tolist() == [[0, 0, 2, 0]]
    assert codec.batch(store, np.arange(1), 4)[0].tolist() == [[[1, 0], [0, 0], [0, 1], [0, 0]]]


def test_of_outputs_a_class_of_another_one_is_never_seen(tmp_path):
    asked = Requested(text="text", outputs=("v_*",))
    rows = [{"text": "a b", "v_1": "x", "v_2": "u"}, {"text": "c d", "v_1": "y", "v_2": "v"}]
    codec, store = trained(tmp_path, rows, asked, [{"text": "e f", "v_1": "u", "v_2": "u"}])
    assert codec.unseen(store, np.arange(1), 2).tolist() == [[1, 0]]
    assert codec.unseen_labels(store, np.arange(1)) == [("u", 0, 1, 0)]


SAME = [(["0", "1"], "1.0"), (["0.0", "1.0"], 1), (["1.0", "2.0"], "2"), (["True", "False"], True)]


@pytest.mark.parametrize(("classes", "label"), SAME)
def test_a_number_or_truth_value_is_the_same_class_in_either_spelling(tmp_path, classes, label):
    train = write_text(tmp_path / "a.csv", f"text,label\none two,{classes[0]}\nthree four,{classes[1]}\n")
    spec = found(train, ONE).spec
    store = store_of(train, spec)
    (target,) = find_targets(store, np.arange(2))
    other = store_of(write_jsonl(tmp_path / "b.jsonl", labelled(label)), spec)
    codec = LabelCodec.for_store(target, 0, other)
    assert codec.unseen_labels(other, np.arange(1)) == []
    index = int(codec.batch(other, np.arange(1), 2)[0][0])
    assert float(label_text(target.labels[index]) in ("1.0", "1", "2.0", "True")) == 1.0


def test_versions_are_no_numbers(tmp_path):
    codec, store = trained(tmp_path, labelled("1", "1.0", "2.1"), ONE, labelled("2", "1.0"))
    assert [text for text, *_ in codec.unseen_labels(store, np.arange(2))] == ["2"]


def test_classes_that_are_added_are_not_those_of_training_spelled_otherwise(tmp_path):
    spec = found(write_text(tmp_path / "a.csv", "text,label\none two,0\nthree four,1\n"), ONE).spec
    store = store_of(str(tmp_path / "a.csv"), spec)
    (own,) = find_targets(store, np.arange(2))
    both = store_of(write_text(tmp_path / "b.csv", "text,label\none two,0\nx,1\ny,1.0\nz,2\n"), spec)
    (every,) = find_targets(both, np.arange(4))
    assert without_respellings(every, own).labels == (0, 1, 2)


def test_they_are_said_with_counts_places_and_what_may_be_meant(tmp_path):
    codec, store = trained(tmp_path, labelled("play", "book"), ONE, labelled("pley", "play", "x", "pley"))
    notes = LabelNotes()
    notes.add_unseen(store, [codec])
    (said,) = notes.unseen_messages("now what")
    assert said.replace(str(tmp_path) + "/", "") == (
        "target 'label': 3 labels that training never saw, counted as wrong: 'pley' (2, first at test.jsonl:1. Did you "
        "mean 'play'?), 'x' (1, first at test.jsonl:3); now what"
    )


def test_words_for_missing_labels_are_said_with_counts_and_places(tmp_path):
    cells = ["a", "NaN", "b", "<NA>", "NaN"] + ["a", "b"] * 5
    rows = "".join(f"words of text {number},{cell}\n" for number, cell in enumerate(cells))
    file = write_text(tmp_path / "d.csv", "text,label\n" + rows)
    notes = LabelNotes()
    notes.add_gaps(store_of(file, found(file).spec))
    assert [each.replace(file, "d.csv") for each in notes.gap_messages()] == [
        "target 'label': 1 label '<NA>' counted as missing, first at d.csv:5; --missing '' keeps such words as classes "
        "(data.missing)",
        "target 'label': 2 labels 'NaN' counted as missing, first at d.csv:3; --missing '' keeps such words as classes "
        "(data.missing)",
    ]
