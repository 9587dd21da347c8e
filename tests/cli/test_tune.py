from __future__ import annotations

import json

import pytest

from small_runs import joint_rows, write_rows

pytest.importorskip("optuna", reason="optuna is not installed")


@pytest.fixture
def search(seqwise, tmp_path, tiny):
    """A function that begins a search, in an empty folder, with more words behind."""
    write_rows(tmp_path / "rows.jsonl", joint_rows(), ("text", "intent"))
    return lambda *words: seqwise("tune", "rows.jsonl", "--label", "intent", *tiny, "--trials", "2", *words)


def test_a_search_says_what_it_found_and_what_to_do_next(search, tmp_path):
    result = search()
    assert result.status == 0
    assert result.out.split("\n")[0].split() == ["dev", "intent.accuracy", "test", "intent.accuracy", "seconds"]
    assert result.out.split("\n")[1].startswith("defaults ")
    for part in ("trial 0: the defaults\n", "train with it: seqwise train --config tunes/rows-1/best.yaml\n"):
        assert part in result.err
    assert (tmp_path / "tunes" / "rows-1" / "tune.json").exists()


def test_json_is_the_content_of_tune_json(search, tmp_path):
    result = search("--json", "--quiet", "--folder", "t")
    assert (result.status, result.err) == (0, "")
    assert json.loads(result.out) == json.loads((tmp_path / "t" / "tune.json").read_text(encoding="utf-8"))


def test_a_search_goes_on_from_any_folder_with_more_trials(search, seqwise, tmp_path, monkeypatch):
    search("--folder", "t")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    result = seqwise("tune", "--folder", "../t", "--resume", "--trials", "3", "--json")
    assert result.status == 0
    assert len(json.loads(result.out)["trials"]) == 3


WRONG = [
    (("--folder", "."), "the folder . already exists and is never overwritten\n  Choose another with --folder DIR"),
    (("--budget", "soon"), "a budget looks like 90s, 10m or 1h; got 'soon'"),
    (("--resume",), "--resume needs the folder of the search: seqwise tune --folder DIR --resume"),
    (("--resume", "--folder", "t"), "a resumed search keeps its settings; leave out all flags except --budget"),
    (("--set", "train.budget=1m"), "train.budget is set, which ends each training by the clock"),
]


@pytest.mark.parametrize(("words", "message"), WRONG, ids=str)
def test_a_mistake_is_one_message(search, words, message):
    result = search(*words)
    assert (result.status, result.out) == (2, "")
    assert f"seqwise: {message}" in result.err


def test_a_folder_without_a_search_cannot_go_on(seqwise):
    result = seqwise("tune", "--folder", "t", "--resume")
    assert result.status == 2
    assert "there is no search to go on with in" in result.err
