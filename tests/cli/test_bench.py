"""`seqwise bench` as a shell sees it, on tiny shapes."""

from __future__ import annotations

import json

import pytest
import torch

from seqwise.bench import head_case, loss_case

QUICK = ["--seconds", "0.01"]


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr("seqwise.bench.CASES", (loss_case(2, 5, 3), head_case(6, 4, 9, dtype=torch.bfloat16)))


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_every_case_is_told_with_its_ratios_and_its_limit(seqwise):
    result = seqwise("bench", *QUICK)
    assert result.status == 0
    assert "cross_entropy  (2, 5, 3), 35% padding\n  seqwise " in result.out
    assert "head + loss  6 x 4 x 9, bfloat16\n  seqwise " in result.out
    assert result.out.count("limit: ") == 2
    assert "ours takes" in result.out
    assert f"torch {torch.__version__}" in result.err


def test_json_has_a_line_per_case_with_machine_and_versions(seqwise):
    result = seqwise("bench", *QUICK, "--json", "--threads", "1")
    first, second = map(json.loads, result.out.splitlines())
    assert (first["name"], second["name"]) == ("cross_entropy", "head + loss")
    assert first["rounds"] >= 3
    assert first["ways"]["torch, flat"]["ratio"]["p50"] > 0
    assert first["machine"]["threads"] == 1
    assert first["versions"]["torch"] == torch.__version__


def test_words_choose_cases(seqwise):
    result = seqwise("bench", *QUICK, "head", "--json")
    assert [json.loads(line)["name"] for line in result.out.splitlines()] == ["head + loss"]


def test_a_word_of_no_case_is_a_mistake(seqwise):
    result = seqwise("bench", "heads")
    assert result.status == 2
    assert result.err.startswith("seqwise: bench: no case has heads in its title\n  expected: a word of\n    cross_ent")
