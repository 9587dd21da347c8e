"""The cases: on tiny sizes all ways agree, and memory is that of the ways."""

from __future__ import annotations

import sys
from functools import partial

import pytest
import torch

from seqwise.bench import (
    CASES,
    Case,
    Way,
    crf_case,
    decode_case,
    head_case,
    layer_case,
    loss_case,
    machine,
    measure,
    outputs_case,
    peak_memory,
    require_agreement,
    versions,
)
from seqwise.bench.bench_text import lines, readable_seconds
from seqwise.bench.machine import other_programs

TINY = [
    loss_case(4, 6, 5),
    loss_case(4, 6, 5, padding=0),
    outputs_case(4, 6, 3),
    head_case(12, 8, 20),
    head_case(12, 8, 20, ignored=0.5),
    head_case(12, 8, 20, dtype=torch.bfloat16),
    crf_case(4, 6, 3),
    decode_case(4, 6, 3),
    *[layer_case(encoder, 4, 6, 8, shortest=2) for encoder in ("rnn", "gru", "lstm")],
    layer_case("lstm", 4, 6, 8),
]


@pytest.mark.parametrize("case", TINY, ids=lambda case: case.title)
def test_all_ways_of_a_case_agree(case):
    ways = case.ways()
    require_agreement(case.title, ways)
    assert [way.kind for way in ways].count("ours") == 1
    assert (ways[0].kind, ways[-1].kind) == ("ours", "limit")
    assert len({way.name for way in ways}) == len(ways)


@pytest.mark.parametrize("case", TINY, ids=lambda case: case.title)
def test_a_case_notices_when_ours_is_wrong(case):
    ours, *others = case.ways()
    largest = {name: float(value.abs().max()) for name, value in ours.results(ours.run()).items()}
    wrong = next(name for name in largest if largest[name] > 0)

    def spoilt(results):
        found = ours.results(results)
        return {**found, wrong: found[wrong] * 2 + 1}

    with pytest.raises(AssertionError, match=f"{wrong} of ours"):
        require_agreement(case.title, [Way("ours", ours.run, "ours", results=spoilt), *others])


def test_padding_of_a_loss_has_the_share_that_was_asked_for():
    labels = (torch.arange(40) < _lengths_of(loss_case(10, 40, 3))[:, None]).float()
    assert labels.mean() == pytest.approx(0.65, abs=0.01)


def _lengths_of(case):
    from seqwise.bench.loss_benchmarks import _lengths

    batch, time, _, padding = case.ways.args
    return _lengths(batch, time, padding)


def test_the_cases_of_the_command_have_titles_of_their_own():
    assert len({case.title for case in CASES}) == len(CASES)


def _holding(megabytes):
    return [Way("ours", partial(_held, megabytes), "ours"), Way("alone", lambda: None, "limit")]


def _held(megabytes):
    torch.ones(megabytes << 18).add_(1)
    return {"kept": torch.ones(2 << 18)}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak memory of a process")
def test_memory_is_what_is_held_at_most_beyond_what_is_returned(monkeypatch):
    from importlib import import_module
    from pathlib import Path

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=":")
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    module = import_module("test_cases")
    peaks = peak_memory(Case("holding", "64 MB", partial(module._holding, 64)))
    assert peaks.keys() == {"ours"}
    assert 60e6 < peaks["ours"] < 80e6


def test_memory_is_measured_where_the_case_asks_for_it(monkeypatch):
    monkeypatch.setattr("seqwise.bench.runner.peak_memory", lambda case: {"seqwise": 5_000_000})
    measured = measure(head_case(12, 8, 20), seconds=0, least=1)
    assert measured.memory == {"seqwise": 5_000_000}
    assert "5 MB more" in next(line for line in lines(measured) if "seqwise" in line)
    assert measure(loss_case(4, 6, 5), seconds=0, least=1).memory == {}


def test_a_measured_case_is_told_in_lines():
    from seqwise.bench import Measured

    times = {"seqwise": [0.05, 0.05], "torch": [0.1, 0.1], "bytes": [0.002, 0.004]}
    kinds = {"seqwise": "ours", "torch": "peer", "bytes": "limit"}
    told = list(lines(Measured("loss", "(2, 3)", times, kinds, 0.5, missing={"keras": "no network"})))
    assert told == [
        "loss  (2, 3)",
        "  seqwise                      50.0 ms  (50.0 to 50.0)",
        "  torch                         100 ms  (100 to 100)      ours takes 0.50 of it",
        "  limit: bytes                 3.00 ms  (2.40 to 3.60)    ours takes 18.75 of it",
        "  other programs used 50% of the machine meanwhile",
        "  keras                       not measured: no network",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.5, "2.50 s"), (0.9994, "999 ms"), (1e-4, "100 µs"), (3e-7, "0.30 µs")]
)
def test_times_are_told_in_the_unit_that_fits(seconds, text):
    assert readable_seconds(seconds) == text


def test_the_machine_and_the_versions_are_known():
    assert machine(2)["threads"] == 2
    assert machine()["processor"]
    assert machine()["compiled"] in (None, "baseline", "v3", "v4")
    assert {"python", "torch", "seqwise"} <= versions().keys()
    assert versions(["no-such-package"]).keys() == {"python"}


def test_other_programs_use_a_share_of_the_machine():
    share = other_programs()()
    assert share is None or 0 <= share <= 1
