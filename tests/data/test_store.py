from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from data_cases import found, store_of, write_jsonl, write_text

from seqwise.data.detect import Requested
from seqwise.data.readers import ReadOptions, open_files
from seqwise.data.store import STEP_END, cache_key, open_store
from seqwise.errors import DataError, LabelError, SaveError

ROWS = [
    {"tokens": ["play", "jazz"], "slots": ["O", "B-genre"], "intent": "Play"},
    {"tokens": ["rain"], "slots": ["O"], "intent": "Weather"},
    {"tokens": ["play", "some", "jazz"], "slots": ["O", None, "B-genre"], "intent": None},
]


def joint_store(tmp_path, rows=ROWS, **options):
    file = write_jsonl(tmp_path / "d.jsonl", rows)
    spec = found(file, Requested(tokens="tokens", tags=("slots",), label=("intent",))).spec
    return store_of(file, spec, **options)


def test_symbols_are_numbered_by_first_appearance(tmp_path):
    store = joint_store(tmp_path)
    assert store.symbols == ["play", "jazz", "rain", "some"]
    assert [store.sequence(row).tolist() for row in range(3)] == [[0, 1], [2], [0, 3, 1]]


def test_missing_labels_are_minus_one(tmp_path):
    store = joint_store(tmp_path)
    names = [target.name for target in store.spec.targets]
    slots, intent = names.index("slots"), names.index("intent")
    assert store.labels(slots, 2).tolist() == [0, -1, 1]
    assert store.labels(intent, 2).tolist() == [-1]


def test_a_row_knows_its_line(tmp_path):
    assert str(joint_store(tmp_path).place(1)).endswith("d.jsonl:2")


@pytest.mark.parametrize("joined", [0, 1 << 26])
def test_rows_in_many_chunks_read_as_written(tmp_path, monkeypatch, joined):
    monkeypatch.setattr("seqwise.data.store._ROWS_PER_CHUNK", 7)
    monkeypatch.setattr("seqwise.data.store._JOINED_BYTES", joined)
    rows = [{"tokens": [str(i), "x"][: i % 2 + 1], "label": "ab"[i % 2]} for i in range(50)]
    store = store_of(write_jsonl(tmp_path / "d.jsonl", rows))
    read = [[store.symbols[n] for n in store.sequence(row)] for row in range(50)]
    assert read == [row["tokens"] for row in rows]


@pytest.mark.parametrize("joined", [0, 1 << 26])
def test_many_rows_at_once_are_those_rows_one_after_the_other(tmp_path, monkeypatch, joined):
    monkeypatch.setattr("seqwise.data.store._ROWS_PER_CHUNK", 7)
    monkeypatch.setattr("seqwise.data.store._JOINED_BYTES", joined)
    tags = [["B", "O"][: i % 2 + 1] if i % 5 else None for i in range(50)]
    rows = [{"tokens": [str(i), "x"][: i % 2 + 1], "tags": tags[i]} for i in range(50)]
    file = write_jsonl(tmp_path / "d.jsonl", rows)
    store = store_of(file, found(file, Requested(tokens="tokens", tags=("tags",))).spec)
    some = np.array([49, 3, 10, 3, 21, 0, 8, 35])
    assert store.sequences(some).tolist() == [n for row in some for n in store.sequence(row)]
    labels = store.joined_labels(0, some, store.lengths[some])
    expected = [store.labels(0, row) for row in some]
    assert any(row is None for row in expected)
    missing = [[-1] * store.lengths[row] for row in some]
    given = [row.tolist() if row is not None else none for row, none in zip(expected, missing, strict=True)]
    assert labels.tolist() == [n for row in given for n in row]
    assert store.sequences(np.array([], dtype=np.int64)).size == 0


def test_the_mapped_store_equals_the_one_in_memory(tmp_path):
    memory, mapped = joint_store(tmp_path), joint_store(tmp_path, cache=tmp_path / "cache")
    for row in range(3):
        assert memory.sequence(row).tolist() == mapped.sequence(row).tolist()
        assert memory.labels(0, row).tolist() == mapped.labels(0, row).tolist()
    assert memory.groups.tolist() == mapped.groups.tolist()


def test_a_mapped_store_is_encoded_once(tmp_path):
    joint_store(tmp_path, cache=tmp_path / "cache")
    before = (tmp_path / "cache" / "data.arrow").stat().st_mtime_ns
    joint_store(tmp_path, cache=tmp_path / "cache")
    assert (tmp_path / "cache" / "data.arrow").stat().st_mtime_ns == before


def test_a_torn_cache_is_encoded_again(tmp_path):
    joint_store(tmp_path, cache=tmp_path / "cache")
    whole = (tmp_path / "cache" / "data.arrow").read_bytes()
    (tmp_path / "cache" / "data.arrow").write_bytes(whole[:-100])
    assert joint_store(tmp_path, cache=tmp_path / "cache").symbols == ["play", "jazz", "rain", "some"]


def rows_of(store):
    """Everything that a store says of its rows."""
    targets = range(len(store.spec.targets))
    labels = [[None if (own := store.labels(i, row)) is None else own.tolist() for i in targets] for row in range(3)]
    places = [(store.place(row).file, store.place(row).line) for row in range(3)]
    sequences = [store.sequence(row).tolist() for row in range(3)]
    return sequences, labels, places, store.symbols, store.label_values, store.groups.tolist(), store.parts.tolist()


@pytest.mark.parametrize("name", ["data.arrow", "meta.jsonl"])
def test_a_flipped_bit_of_a_cache_changes_no_row(tmp_path, name):
    file = write_jsonl(tmp_path / "d.jsonl", ROWS)
    spec = found(file, Requested(tokens="tokens", tags=("slots",), label=("intent",))).spec
    expected = rows_of(store_of(file, spec))
    cache = tmp_path / "cache"
    assert rows_of(store_of(file, spec, cache=cache)) == expected
    whole = (cache / name).read_bytes()
    for place in range(0, 8 * len(whole), 8 * len(whole) // 60):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        (cache / name).write_bytes(flipped)
        assert rows_of(store_of(file, spec, cache=cache)) == expected, place


def test_a_pipe_in_place_of_cached_rows_is_no_cache(tmp_path):
    expected = rows_of(joint_store(tmp_path, cache=tmp_path / "cache"))
    for name in ("data.arrow", "meta.jsonl"):
        (tmp_path / "cache" / name).unlink()
        os.mkfifo(tmp_path / "cache" / name)
        assert rows_of(joint_store(tmp_path, cache=tmp_path / "cache")) == expected


KILLED = """
import os, signal, sys
from pathlib import Path
from seqwise.data import store
from seqwise.data.readers import ReadOptions, open_files
from seqwise.data.spec import DataSpec, InputSpec, TargetSpec
spec = DataSpec(InputSpec("tokens", "tokens"), (TargetSpec("intent", "label", ("intent",), "cell"),))
store._sums = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
store.open_store([(0, open_files([sys.argv[1]], ReadOptions()))], spec, cache=Path(sys.argv[2]) / "cache")
"""


def test_what_a_killed_encoding_left_is_removed_by_the_next(tmp_path):
    file = write_jsonl(tmp_path / "d.jsonl", ROWS)
    (tmp_path / "kept").mkdir()
    ended = subprocess.run([sys.executable, "-c", KILLED, file, tmp_path / "kept"], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert len(list((tmp_path / "kept").iterdir())) == 1
    store_of(file, cache=tmp_path / "kept" / "cache")
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["cache"]
    assert sorted(path.name for path in (tmp_path / "kept" / "cache").iterdir()) == ["data.arrow", "meta.jsonl"]


@pytest.mark.parametrize("change", ["content", "spec", "options"])
def test_the_cache_key_changes_with(tmp_path, change):
    file = write_jsonl(tmp_path / "d.jsonl", ROWS)
    spec = found(file, Requested(tokens="tokens", tags=("slots",))).spec
    other = found(file, Requested(tokens="tokens", label=("intent",))).spec
    first = cache_key(["abc"], spec, ReadOptions())
    assert first == cache_key(["abc"], spec, ReadOptions())
    changed = {
        "content": cache_key(["abd"], spec, ReadOptions()),
        "spec": cache_key(["abc"], other, ReadOptions()),
        "options": cache_key(["abc"], spec, ReadOptions(quote=True)),
    }
    assert changed[change] != first


def test_a_failed_encoding_leaves_nothing_behind(tmp_path):
    with pytest.raises(DataError):
        joint_store(tmp_path, [*ROWS, {"tokens": [], "slots": [], "intent": "x"}], cache=tmp_path / "kept" / "cache")
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_cache_that_cannot_be_written_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SaveError, match=r"cannot keep encoded rows in .*file/x: .*\n  Name a folder with --set"):
        joint_store(tmp_path, cache=tmp_path / "file" / "x" / "cache")


def test_no_rows_at_all_are_an_error(tmp_path):
    spec = joint_store(tmp_path).spec
    with pytest.raises(DataError, match="there is no sequence to read"):
        open_store([(0, [])], spec)


def test_dev_and_test_may_count_their_ids_anew(tmp_path):
    file = write_text(tmp_path / "d.csv", "id,text,label\n7,abc d,x\n8,abc e,y\n")
    source = open_files([file], ReadOptions())
    assert len(open_store([(0, source), (2, source)], found(file).spec)) == 4


def test_rows_without_an_id_are_no_repetition(tmp_path):
    file = write_text(tmp_path / "d.csv", "id,text,label\n,abc d,x\n,abc e,y\n")
    assert len(store_of(file)) == 2


def test_equal_inputs_are_one_group(tmp_path):
    rows = [
        {"text": "same words", "label": "a"},
        {"text": "other", "label": "b"},
        {"text": "same words", "label": "b"},
    ]
    groups = store_of(write_jsonl(tmp_path / "d.jsonl", rows)).groups
    assert groups[0] == groups[2] != groups[1]


def test_a_group_column_groups_rows(tmp_path):
    rows = [{"text": f"words {i}", "user": i % 2, "label": "ab"[i // 2]} for i in range(4)]
    file = write_jsonl(tmp_path / "d.jsonl", rows)
    store = store_of(file, found(file, Requested(group="user", label=("label",))).spec)
    assert store.groups[0] == store.groups[2] != store.groups[1] == store.groups[3]


def test_series_keep_their_numbers(tmp_path):
    rows = [{"signal": [[0.5, 1], [2, 3]], "label": "a"}, {"signal": [[9, 8.5]], "label": "b"}]
    store = store_of(write_jsonl(tmp_path / "d.jsonl", rows))
    assert store.channels == 2
    assert store.lengths.tolist() == [2, 1]
    np.testing.assert_array_equal(store.sequence(0), np.array([[0.5, 1], [2, 3]], np.float32))


def test_label_sets_per_step_end_with_a_mark(tmp_path):
    rows = [{"tokens": ["a", "b"], "feats": [["x", "y"], []]}, {"tokens": ["c"], "feats": [["y"]]}]
    file = write_jsonl(tmp_path / "d.jsonl", rows)
    store = store_of(file, found(file, Requested(tokens="tokens", multilabel=("feats",))).spec)
    assert store.labels(0, 0).tolist() == [0, 1, STEP_END, STEP_END]


BAD_ROWS = [
    (
        {"tokens": [], "slots": [], "intent": "Play"},
        DataError,
        r"d.jsonl:2: column 'tokens': the row has no tokens",
    ),
    ({"slots": ["O"], "intent": "Play"}, DataError, r"d.jsonl:2: column 'tokens': the row has no tokens"),
    (
        {"tokens": "a b", "slots": ["O"]},
        DataError,
        r"expected a list of tokens, got text\n  Running text is read",
    ),
    ({"tokens": ["a", {}], "slots": ["O", "O"]}, DataError, "a token must be text, got an object"),
    ({"tokens": ["a", "b"], "slots": ["O"]}, LabelError, r"d.jsonl:2: column 'slots': 1 label for 2 tokens"),
    (
        {"tokens": ["a"], "slots": ["O"], "intent": ["x"]},
        LabelError,
        "column 'intent': expected one label, got a list",
    ),
]


@pytest.mark.parametrize(("row", "error", "message"), BAD_ROWS)
def test_a_bad_row_is_named_with_its_line(tmp_path, row, error, message):
    file = write_jsonl(tmp_path / "d.jsonl", [ROWS[0], ROWS[1]])
    spec = found(file, Requested(tokens="tokens", tags=("slots",), label=("intent",))).spec
    write_jsonl(tmp_path / "d.jsonl", [ROWS[0], row])
    with pytest.raises(error, match=message):
        store_of(file, spec)


BAD_SERIES = [
    ([[0.5, 1.0], [2.0]], "ragged series: step 2 has 1 values, step 1 has 2"),
    ([[0.5, 1.0], [2.0, "x"]], "step 2 of channel 2 is 'x', not a number"),
    ([[0.5, None]], "step 1 of channel 2 is None, not a number"),
    ([[0.5, 1e39]], r"step 1 of channel 2 is 1e\+39, not a finite float32 number"),
    ([], "the series has no steps"),
    ([[0.5], [1.0]], "this series has 1 channels, the ones before it have 2"),
]


@pytest.mark.parametrize(("signal", "message"), BAD_SERIES)
def test_a_bad_series_is_named_with_its_line(tmp_path, signal, message):
    good = {"signal": [[0.5, 1.0]], "label": "a"}
    file = write_jsonl(tmp_path / "d.jsonl", [good, {**good, "label": "b"}])
    spec = found(file).spec
    (tmp_path / "d.jsonl").write_text(f"{json.dumps(good)}\n{json.dumps({**good, 'signal': signal})}\n")
    with pytest.raises(DataError, match=message) as caught:
        store_of(file, spec)
    assert caught.value.line == 2


def test_an_empty_text_is_an_error(tmp_path):
    file = write_text(tmp_path / "d.csv", "text,label\nabc d,x\nabc e,y\n")
    spec = found(file).spec
    write_text(tmp_path / "d.csv", "text,label\nabc d,x\n,y\n")
    with pytest.raises(DataError, match=r"d.csv:3: column 'text': the cell is empty"):
        store_of(file, spec)


def test_an_id_that_stands_twice_is_an_error(tmp_path):
    file = write_text(tmp_path / "d.csv", "id,text,label\n7,abc d,x\n8,abc e,y\n7,abc f,y\n")
    with pytest.raises(DataError, match=r"d.csv:4: column 'id': the id '7' stands twice; it is first at .*d.csv:2"):
        store_of(file)


def test_a_flag_column_takes_zero_and_one_only(tmp_path):
    file = write_text(tmp_path / "d.csv", "text,is_a,is_b\nabc d,0,1\nabc e,2,0\n")
    spec = found(file, Requested(multilabel=("is_*",))).spec
    with pytest.raises(LabelError, match=r"d.csv:3: column 'is_a': expected 0, 1 or an empty cell, got '2'"):
        store_of(file, spec)


def test_parts_are_remembered(tmp_path):
    one = write_text(tmp_path / "a.csv", "text,label\nabc d,x\nabc e,y\n")
    two = write_text(tmp_path / "b.csv", "text,label\nabc f,x\n")
    options = ReadOptions()
    store = open_store([(0, open_files([one], options)), (2, open_files([two], options))], found(one).spec)
    assert store.parts.tolist() == [0, 0, 2]
