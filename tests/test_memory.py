"""Memory that is freed stays with a process that has asked for that."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from command_line import run
from seqwise import _memory

is_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this system has another allocator")

COUNT_FAULTS = """
import resource
from seqwise._memory import keep_memory
import numpy
print(keep_memory() if {is_kept} else "")
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for turn in range(20):
    first = faults() if turn == 10 else None if turn < 10 else first
    large = [numpy.ones(200_000) for _ in range(10)]
    del large
print(faults() - first)
"""


@is_glibc
def test_what_is_used_again_and_again_is_fetched_from_the_system_once(monkeypatch):
    for name in _memory._VARIABLES:
        monkeypatch.delenv(name, raising=False)
    found = {}
    for is_kept in (False, True):
        command = [sys.executable, "-c", COUNT_FAULTS.format(is_kept=is_kept)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        found[is_kept] = int(said[-1])
        assert said[0] == "True" or not is_kept
    assert found[True] < 100 < 10_000 < found[False]  # of 40,000 pages


def test_what_the_environment_says_stands(monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1000000")
    assert not _memory.keep_memory()


def test_another_allocator_is_left_alone(monkeypatch):
    for name in _memory._VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(_memory.ctypes, "CDLL", lambda name: object())
    assert not _memory.keep_memory()


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.")])
def test_a_command_without_memory_is_one_message(monkeypatch, capsys, error):
    def without_memory():
        raise error

    monkeypatch.setattr("seqwise.cli.app.app", without_memory)
    result = run(monkeypatch, capsys, "train", "a.csv")
    assert result.status == 2
    said = "an allocation failed" if type(error) is MemoryError else str(error)
    assert result.err == (
        f"seqwise: memory ran out: {said}\n"
        "  Close other programs, or use smaller batches, a smaller model or less data.\n"
    )


def test_another_error_of_a_command_is_ours(monkeypatch, capsys):
    def wrong():
        raise RuntimeError("shapes differ")

    monkeypatch.setattr("seqwise.cli.app.app", wrong)
    with pytest.raises(RuntimeError, match="shapes differ"):
        run(monkeypatch, capsys, "train", "a.csv")
