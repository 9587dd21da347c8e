from __future__ import annotations

import numpy as np
import pytest
from data_cases import found, store_of, write_jsonl, write_text

from seqwise.data.detect import Requested
from seqwise.data.labels import LabelCodec, class_counts, find_targets
from seqwise.errors import DataError, LabelError
from seqwise.targets import label_text

VOTES = "text,vote_a,vote_b\none two,-1,1\nthree four,0,\nfive six,1,1\nseven eight,,-1\n"


def codec_of(file, requested):
    store = store_of(file, found(file, requested).spec)
    (target,) = find_targets(store, np.arange(len(store)))
    return LabelCodec.for_store(target, 0, store), store


def test_votes_become_class_indices_and_gaps_do_not_count(tmp_path):
    codec, store = codec_of(write_text(tmp_path / "d.csv", VOTES), Requested(outputs=("vote_*",)))
    labels, mask = codec.batch(store, np.arange(4), 2)
    assert codec.target.classes == ((-1, 0, 1), (-1, 0, 1))
    assert labels.tolist() == [[0, 2], [1, 0], [2, 2], [0, 0]]
    assert mask.tolist() == [[True, True], [True, False], [True, True], [False, True]]


def test_outputs_with_labels_of_their_own_keep_them(tmp_path):
    text = "text,c_colour,c_size\none two,red,small\nthree four,blue,large\n"
    codec, store = codec_of(write_text(tmp_path / "d.csv", text), Requested(outputs=("c_*",)))
    assert codec.target.classes == (("blue", "red"), ("large", "small"))
    assert codec.batch(store, [0, 1], 2)[0].tolist() == [[1, 1], [0, 0]]


def test_tags_are_padded_and_padding_does_not_count(tmp_path):
    rows = [{"tokens": ["a", "b", "c"], "tags": ["X", None, "Y"]}, {"tokens": ["d"], "tags": ["Y"]}]
    codec, store = codec_of(write_jsonl(tmp_path / "d.jsonl", rows), Requested(tokens="tokens", tags=("tags",)))
    labels, mask = codec.batch(store, [0, 1], 4)
    assert labels.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]
    assert mask.tolist() == [[True, False, True, False], [True, False, False, False]]


def test_label_lists_become_zero_and_one(tmp_path):
    rows = [
        {"text": "a b", "topics": ["y", "x"]},
        {"text": "c d", "topics": []},
        {"text": "e f", "topics": None},
    ]
    file = write_jsonl(tmp_path / "d.jsonl", rows)
    codec, store = codec_of(file, Requested(multilabel=("topics",)))
    labels, mask = codec.batch(store, [0, 1, 2], 2)
    assert codec.target.labels == ("x", "y")
    assert labels.tolist() == [[1, 1], [0, 0], [0, 0]]
    assert mask.tolist() == [[True, True], [True, True], [False, False]]


def test_flag_columns_keep_their_gaps(tmp_path):
    file = write_text(tmp_path / "d.csv", "text,is_a,is_b\none two,1,\nthree four,0,1\n")
    codec, store = codec_of(file, Requested(multilabel=("is_*",)))
    labels, mask = codec.batch(store, [0, 1], 2)
    assert codec.target.labels == ("is_a", "is_b")
    assert labels.tolist() == [[1, 0], [0, 1]]
    assert mask.tolist() == [[True, False], [True, True]]


def test_label_sets_per_step_are_laid_out_by_step(tmp_path):
    rows = [{"tokens": ["a", "b"], "feats": [["x", "y"], []]}, {"tokens": ["c"], "feats": [["y"]]}]
    file = write_jsonl(tmp_path / "d.jsonl", rows)
    codec, store = codec_of(file, Requested(tokens="tokens", multilabel=("feats",)))
    labels, mask = codec.batch(store, [0, 1], 2)
    assert labels.tolist() == [[[1, 1], [0, 0]], [[0, 1], [0, 0]]]
    assert mask.tolist() == [[[True, True], [True, True]], [[True, True], [False, False]]]


def test_outputs_per_step_are_laid_out_by_step_and_output(tmp_path):
    rows = [
        {"tokens": ["a", "b"], "o_1": ["u", "v"], "o_2": ["v", None]},
        {"tokens": ["c"], "o_1": ["v"], "o_2": None},
    ]
    file = write_jsonl(tmp_path / "d.jsonl", rows)
    codec, store = codec_of(file, Requested(tokens="tokens", outputs=("o_*",)))
    labels, mask = codec.batch(store, [0, 1], 2)
    assert labels.tolist() == [[[0, 1], [1, 0]], [[1, 0], [0, 0]]]
    assert mask.tolist() == [[[True, True], [True, False]], [[True, False], [False, False]]]


def test_labels_that_text_writes_alike_are_one_class(tmp_path):
    rows = [{"text": "a b", "label": 1}, {"text": "c d", "label": "1"}, {"text": "e f", "label": 1.0}]
    file = write_jsonl(tmp_path / "d.jsonl", [*rows, {"text": "g h", "label": 0}])
    codec, _ = codec_of(file, Requested(label=("label",)))
    assert codec.target.labels == (0, 1)


def test_true_and_one_of_different_outputs_stay_apart(tmp_path):
    rows = [{"text": f"w{i} v", "v_a": bool(i % 2), "v_b": i % 2} for i in range(4)]
    codec, store = codec_of(write_jsonl(tmp_path / "d.jsonl", rows), Requested(outputs=("v_*",)))
    texts = [[label_text(label) for label in labels] for labels in codec.target.classes]
    assert texts == [["false", "true"], ["0", "1"]]
    assert codec.batch(store, np.arange(4), 2)[1].all()


def test_an_unknown_label_in_a_set_per_step_is_named(tmp_path):
    train = write_jsonl(tmp_path / "a.jsonl", [{"tokens": ["a", "b"], "feats": [["x"], ["y"]]}])
    test = write_jsonl(tmp_path / "b.jsonl", [{"tokens": ["a"], "feats": [["z"]]}])
    requested = Requested(tokens="tokens", multilabel=("feats",))
    codec, _ = codec_of(train, requested)
    store = store_of(test, found(train, requested).spec)
    with pytest.raises(LabelError, match="b.jsonl:1: column 'feats': the label 'z' was never seen"):
        LabelCodec.for_store(codec.target, 0, store).check(store, np.arange(1))


def test_counts_of_sets_per_step_are_over_steps(tmp_path):
    rows = [{"tokens": ["a", "b"], "feats": [["x", "y"], []]}, {"tokens": ["c"], "feats": [["y"]]}]
    codec, store = codec_of(write_jsonl(tmp_path / "d.jsonl", rows), Requested(tokens="tokens", multilabel=("feats",)))
    assert class_counts(codec, store, np.arange(2)).tolist() == [[2, 1], [1, 2]]


def test_counts_of_flag_columns_leave_gaps_out(tmp_path):
    file = write_text(tmp_path / "d.csv", "text,is_a,is_b\none two,1,\nthree four,0,1\n")
    codec, store = codec_of(file, Requested(multilabel=("is_*",)))
    assert class_counts(codec, store, np.arange(2)).tolist() == [[1, 1], [0, 1]]


COUNTS = [
    (Requested(label=("vote_a",)), [1, 1, 1]),
    (Requested(outputs=("vote_*",)), [[1, 1, 1], [1, 0, 2]]),
]


@pytest.mark.parametrize(("requested", "expected"), COUNTS)
def test_class_counts_leave_gaps_out(tmp_path, requested, expected):
    codec, store = codec_of(write_text(tmp_path / "d.csv", VOTES), requested)
    assert class_counts(codec, store, np.arange(4)).tolist() == expected


def test_multilabel_counts_are_without_and_with(tmp_path):
    rows = [
        {"text": "a b", "topics": ["y", "x"]},
        {"text": "c d", "topics": ["y"]},
        {"text": "e f", "topics": None},
    ]
    codec, store = codec_of(write_jsonl(tmp_path / "d.jsonl", rows), Requested(multilabel=("topics",)))
    assert class_counts(codec, store, np.arange(3)).tolist() == [[1, 1], [0, 2]]


def test_a_label_unseen_in_training_is_named_with_file_and_line(tmp_path):
    train = write_text(tmp_path / "train.csv", "text,label\none two,PlayMusic\nthree four,GetWeather\n")
    test = write_text(tmp_path / "test.csv", "text,label\nfive six,PlayMusic\nseven eight,PlayMusik\n")
    codec, _ = codec_of(train, None)
    store = store_of(test, found(train).spec)
    unseen = LabelCodec.for_store(codec.target, 0, store)
    with pytest.raises(
        LabelError,
        match=r"test.csv:3: column 'label': the label 'PlayMusik' was never seen in training\n"
        r"  Did you mean 'PlayMusic'\? The model knows 'GetWeather', 'PlayMusic'",
    ):
        unseen.check(store, np.arange(2))


def test_an_unseen_label_of_an_output_names_its_column(tmp_path):
    train = write_text(tmp_path / "train.csv", VOTES)
    test = write_text(tmp_path / "test.csv", "text,vote_a,vote_b\nnine ten,1,7\n")
    requested = Requested(outputs=("vote_*",))
    codec, _ = codec_of(train, requested)
    store = store_of(test, found(train, requested).spec)
    with pytest.raises(LabelError, match=r"test.csv:2: column 'vote_b': the label '7' was never seen"):
        LabelCodec.for_store(codec.target, 0, store).check(store, np.arange(1))


ONE_CLASS = [
    ("text,label\none two,x\nthree four,x\n", "every row has the label 'x': there is nothing to tell apart"),
    ("text,label\none two,\nthree four,\n", "column 'label': no row has a label"),
]


@pytest.mark.parametrize(("text", "message"), ONE_CLASS)
def test_one_class_only_is_an_error(tmp_path, text, message):
    file = write_text(tmp_path / "d.csv", text)
    with pytest.raises(DataError, match=message):
        codec_of(file, Requested(text="text", label=("label",)))


SPELLINGS = [("a ", "b", "a"), ("cafe\u0301", "b", "caf\u00e9")]


@pytest.mark.parametrize(("one", "other", "unseen"), SPELLINGS)
def test_an_unseen_label_that_training_spells_otherwise_says_so(tmp_path, one, other, unseen):
    train = write_text(tmp_path / "train.csv", f"text,label\none two,{one}\nthree four,{other}\n")
    test = write_jsonl(tmp_path / "test.jsonl", [{"text": "five six", "label": unseen}])
    codec, _ = codec_of(train, Requested(text="text", label=("label",)))
    store = store_of(test, found(train, Requested(text="text", label=("label",))).spec)
    with pytest.raises(LabelError) as caught:
        LabelCodec.for_store(codec.target, 0, store).check(store, np.arange(1))
    assert str(caught.value) == (
        f"{test}:1: column 'label': the label '{label_text(unseen)}' was never seen in training\n"
        f"  Training has it as '{one}': write it alike in all files. The model knows '{min(one, other)}', "
        f"'{max(one, other)}'. Correct the label, or give it training examples; --unseen wrong counts it as wrong, "
        "--unseen add makes it a class that training never shows."
    )


def test_flags_of_files_that_write_them_otherwise_are_the_same(tmp_path):
    train = write_text(tmp_path / "train.csv", "text,is_a,is_b\none two,True,1.0\nthree four,False,\n")
    test = write_jsonl(tmp_path / "test.jsonl", [{"text": "five six", "is_a": True, "is_b": 0.0}])
    codec, store = codec_of(train, Requested(multilabel=("is_*",)))
    assert codec.batch(store, [0, 1], 2)[0].tolist() == [[1, 1], [0, 0]]
    assert codec.batch(store, [0, 1], 2)[1].tolist() == [[True, True], [True, False]]
    other = store_of(test, store.spec)
    assert LabelCodec.for_store(codec.target, 0, other).batch(other, [0], 2)[0].tolist() == [[1, 0]]


def test_an_empty_set_written_out_in_a_table_is_known_to_be_empty(tmp_path):
    rows = [{"text": "a b", "topics": ["y", "x"]}, {"text": "c d", "topics": []}]
    codec, store = codec_of(write_jsonl(tmp_path / "d.jsonl", rows), Requested(multilabel=("topics",)))
    table = write_text(tmp_path / "d.csv", 'text,topics\na b,"[""y"", ""x""]"\nc d,[]\ne f,\n')
    other = store_of(table, store.spec)
    labels, mask = LabelCodec.for_store(codec.target, 0, other).batch(other, [0, 1, 2], 2)
    assert labels.tolist() == [[1, 1], [0, 0], [0, 0]]
    assert mask.tolist() == [[True, True], [True, True], [False, False]]
