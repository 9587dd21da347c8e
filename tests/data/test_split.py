from __future__ import annotations

import numpy as np
import pytest
from data_cases import found, write_jsonl

from seqwise.data.detect import Requested
from seqwise.data.readers import ReadOptions, open_files
from seqwise.data.split import make_split
from seqwise.data.store import open_store
from seqwise.errors import DataError


def rows_of(count, **extra):
    return [
        {"text": f"words {i}", "label": "ab"[i % 4 == 0], **{key: make(i) for key, make in extra.items()}}
        for i in range(count)
    ]


def split_of(tmp_path, rows, files=(False, False), seed=1, dev=0.1, test=0.1, others=(), **requested):
    file = write_jsonl(tmp_path / "train.jsonl", rows)
    sources = [(0, open_files([file], ReadOptions()))]
    for part, other in others:
        name = write_jsonl(tmp_path / f"part{part}.jsonl", other)
        sources.append((part, open_files([name], ReadOptions())))
    store = open_store(sources, found(file, Requested(label=("label",), text="text", **requested)).spec)
    return make_split(store, dev_fraction=dev, test_fraction=test, seed=seed, files=files), store


def test_every_row_is_in_exactly_one_part(tmp_path):
    split, store = split_of(tmp_path, rows_of(100))
    assert sorted([*split.train, *split.dev, *split.test]) == list(range(len(store)))
    assert (len(split.train), len(split.dev), len(split.test)) == (80, 10, 10)


def test_the_same_seed_gives_the_same_split_and_another_another(tmp_path):
    one, same, other = (split_of(tmp_path, rows_of(100), seed=seed)[0] for seed in (1, 1, 2))
    assert one.dev.tolist() == same.dev.tolist() != other.dev.tolist()


def test_labels_keep_their_proportions(tmp_path):
    split, store = split_of(tmp_path, rows_of(400))
    for part in (split.dev, split.test):
        labels = [int(store.labels(0, row)[0]) for row in part]
        assert sorted(np.bincount(labels).tolist()) == [10, 30]


def test_equal_sequences_never_stand_in_two_parts(tmp_path):
    rows = [{"text": f"words {i // 3}", "label": "ab"[i % 2]} for i in range(90)]
    split, store = split_of(tmp_path, rows, dev=0.2, test=0.2)
    groups = [set(store.groups[part].tolist()) for part in (split.train, split.dev, split.test)]
    assert not groups[0] & groups[1]
    assert not groups[0] & groups[2]
    assert not groups[1] & groups[2]


def test_a_group_is_never_split(tmp_path):
    split, store = split_of(tmp_path, rows_of(90, user=lambda i: i % 9), group="user")
    groups = [set(store.groups[part].tolist()) for part in (split.train, split.dev, split.test)]
    assert sum(map(len, groups)) == 9


@pytest.mark.parametrize("seed", range(6))
def test_one_large_group_stays_in_training(tmp_path, seed):
    rows = [{"text": "the same words", "label": "ab"[i % 2]} for i in range(98)]
    rows += [{"text": f"others {i}", "label": "ab"[i % 2]} for i in range(2)]
    split, _ = split_of(tmp_path, rows, seed=seed)
    assert (len(split.train), len(split.dev), len(split.test)) == (98, 1, 1)
    assert not set(split.dev.tolist()) & set(split.test.tolist())


@pytest.mark.parametrize("seed", range(6))
def test_unequal_groups_keep_to_the_share(tmp_path, seed):
    rows = rows_of(200, user=lambda i: int(i**0.5))
    split, _ = split_of(tmp_path, rows, seed=seed, dev=0.2, test=0.2, group="user")
    assert 20 <= len(split.dev) <= 41
    assert 20 <= len(split.test) <= 41


def test_the_only_example_of_a_label_trains(tmp_path):
    rows = [{"text": f"words {i}", "label": "rare" if i == 17 else "ab"[i % 2]} for i in range(60)]
    for seed in range(8):
        assert 17 in split_of(tmp_path, rows, seed=seed)[0].train


def test_rows_without_a_group_are_not_one_group(tmp_path):
    rows = rows_of(40, user=lambda i: None if i % 2 else i)
    _, store = split_of(tmp_path, rows, group="user")
    assert len(set(store.groups.tolist())) == 40


def test_with_a_test_file_only_dev_is_cut_from_training(tmp_path):
    split, _ = split_of(tmp_path, rows_of(100), files=(False, True), others=[(2, rows_of(7))])
    assert (len(split.train), len(split.dev), split.test.tolist()) == (90, 10, list(range(100, 107)))


def test_with_a_dev_file_only_there_is_no_test_part(tmp_path):
    split, _ = split_of(tmp_path, rows_of(100), files=(True, False), others=[(1, rows_of(7))])
    assert (len(split.train), split.dev.tolist(), len(split.test)) == (100, list(range(100, 107)), 0)


def test_the_rule_is_said_with_what_came_of_it(tmp_path):
    split, _ = split_of(tmp_path, rows_of(1200), seed=5)
    assert (split.rule, split.warnings) == (
        "dev 120 (10%) and test 120 (10%) of 1,200 sequences, split off with seed 5, stratified by 'label', "
        "equal sequences stay together",
        (),
    )


def test_the_rule_says_the_shares_that_groups_force(tmp_path):
    split, _ = split_of(tmp_path, rows_of(100, user=lambda i: min(i // 30, 2)), group="user")
    assert (len(split.train), len(split.dev), len(split.test)) == (40, 30, 30)
    assert split.rule == (
        "dev 30 (30%) and test 30 (30%) of 100 sequences, split off with seed 1, sequences of one 'user' stay together"
    )
    assert split.warnings == tuple(
        f"{part} has 30 of 100 sequences (30%), though 10% were asked for: sequences of one 'user' stay together. "
        f"--{part} FILE names a part of your own."
        for part in ("dev", "test")
    )


def test_a_part_of_less_than_half_of_what_was_asked_is_a_warning(tmp_path):
    rows = [{"text": "one" if i < 90 else f"words {i}", "label": "ab"[i % 2]} for i in range(100)]
    split, _ = split_of(tmp_path, rows, dev=0.4, files=(False, True), others=[(2, rows_of(7))])
    assert len(split.dev) == 10
    assert split.rule.startswith("dev 10 (10%) of 100 sequences, split off with seed 1, ")
    assert split.rule.endswith(", test from its own file")
    assert split.warnings == (
        "dev has 10 of 100 sequences (10%), though 40% were asked for: equal sequences stay together. "
        "--dev FILE names a part of your own.",
    )


@pytest.mark.parametrize(
    ("files", "rule"),
    [
        ((True, True), "dev from its own file, test from its own file"),
        ((True, False), "dev from its own file, no test"),
    ],
)
def test_parts_that_are_given_are_said(tmp_path, files, rule):
    others = [(part, rows_of(7)) for part, given in enumerate(files, 1) if given]
    assert split_of(tmp_path, rows_of(20), files=files, others=others)[0].rule.startswith(rule)


def test_without_a_part_to_cut_off_all_sequences_are_used_for_training(tmp_path):
    whole, _ = split_of(tmp_path, rows_of(20), dev=0, test=0)
    assert whole.rule == "all sequences are used for training"
    given, _ = split_of(tmp_path, rows_of(20), dev=0, files=(False, True), others=[(2, rows_of(7))])
    assert given.rule == "all sequences are used for training, test from its own file"


def test_a_row_without_any_label_is_in_no_part(tmp_path):
    rows = rows_of(60)
    for i in (3, 20, 59):
        rows[i]["label"] = None
    split, store = split_of(tmp_path, rows, dev=0.2, test=0.2)
    assert split.unlabelled.tolist() == [3, 20, 59]
    assert sorted([*split.train, *split.dev, *split.test, *split.unlabelled]) == list(range(len(store)))
    assert "of 57 sequences" in split.rule


UNLABELLED = [
    ({"label": ("label",)}, {"label": None}, True),
    ({"tags": ("tags",)}, {"tags": [None, None]}, True),
    ({"tags": ("tags",)}, {"tags": [None, "X"]}, False),
    ({"multilabel": ("set",)}, {"set": []}, False),
    ({"multilabel": ("set",)}, {"set": None}, True),
    ({"outputs": ("o_1,o_2",)}, {"o_1": None, "o_2": None}, True),
    ({"outputs": ("o_1,o_2",)}, {"o_1": None, "o_2": 1}, False),
    ({"multilabel": ("o_1,o_2",)}, {"o_1": None, "o_2": 0}, False),
    ({"multilabel": ("o_1,o_2",)}, {"o_1": None, "o_2": None}, True),
    ({"label": ("label",), "tags": ("tags",)}, {"label": None, "tags": [None, "X"]}, False),
    ({"label": ("label",), "tags": ("tags",)}, {"label": None, "tags": None}, True),
]


@pytest.mark.parametrize(("requested", "cells", "is_unlabelled"), UNLABELLED)
def test_a_row_is_unlabelled_when_no_target_has_a_label_there(tmp_path, requested, cells, is_unlabelled):
    rows = [
        {"tokens": ["a", f"w{i}"], "label": "ab"[i % 2], "tags": ["X", "Y"], "set": ["s"], "o_1": i % 2, "o_2": i % 2}
        for i in range(20)
    ]
    rows[7] |= cells
    file = write_jsonl(tmp_path / "rows.jsonl", rows)
    spec = found(file, Requested(tokens="tokens", **requested)).spec
    store = open_store([(0, open_files([file], ReadOptions()))], spec)
    split = make_split(store, dev_fraction=0.2, test_fraction=0.2, seed=1, files=(False, False))
    assert split.unlabelled.tolist() == ([7] if is_unlabelled else [])


NO_LABEL = [
    (1, "Dev decides when to stop, by its labels. Leave --dev out, and rows are cut off for it."),
    (2, "That leaves nothing to evaluate. Leave --test out, and give the file to seqwise predict."),
]


@pytest.mark.parametrize(("part", "hint"), NO_LABEL)
def test_a_part_without_any_label_is_refused(tmp_path, part, hint):
    blank = [{"text": "some words", "label": None}]
    with pytest.raises(DataError, match=f"part{part}.jsonl: no row has a label\n  {hint}$"):
        split_of(tmp_path, rows_of(20), files=(part == 1, part == 2), others=[(part, blank)])


def test_three_sequences_are_enough_for_three_parts(tmp_path):
    split, _ = split_of(tmp_path, rows_of(3))
    assert sorted([*split.train, *split.dev, *split.test]) == [0, 1, 2]
    assert min(len(split.train), len(split.dev), len(split.test)) == 1


def test_two_sequences_cannot_make_three_parts(tmp_path):
    with pytest.raises(DataError, match=r"2 different sequences in 2 rows cannot be split into 3 parts\n  Give --dev"):
        split_of(tmp_path, rows_of(2))


def test_a_file_that_is_one_sequence_of_tokens_lacks_blank_lines(tmp_path):
    rows = [{"text": ["a", "b", "c"], "label": "x"}]
    with pytest.raises(DataError, match="one sequence of 3 tokens: write a blank line after each sequence"):
        split_of(tmp_path, rows)
