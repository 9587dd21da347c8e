"""Compiled code: built when a compiler is there, on torch's own threads, and never needed."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
import torch

from seqwise import _native
from seqwise._native import _compile

NATIVE = Path(_native.__file__).parent


@pytest.fixture
def library() -> ctypes.CDLL:
    if _compile.compiler() is None:
        pytest.skip("no C compiler here")
    found = _native.library()
    assert found is not None, "not compiled: pip install -e . or python -m seqwise._native._compile"
    return found


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A folder that compiles in an instant: the file that every library is asked for, and what it includes."""
    for path in (NATIVE / "level.c", *NATIVE.glob("*.h")):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def marks_of_tasks(tasks: int) -> set[int]:
    """Which threads run so many tasks, of which each waits for all others."""
    threads = _native.function("seqwise_threads_of_tasks", ctypes.c_void_p, ctypes.c_ssize_t)
    assert threads is not None
    marks = (ctypes.c_void_p * tasks)()
    threads(marks, tasks)
    assert all(marks)
    return set(marks)


def test_the_library_is_there_when_a_compiler_is(library: ctypes.CDLL) -> None:
    assert Path(library._name).parent == NATIVE


def test_the_highest_level_of_the_processor_is_loaded(library: ctypes.CDLL) -> None:
    level = library.seqwise_level()
    assert Path(library._name).name == {4: "v4.so", 3: "v3.so", 0: "baseline.so"}[level]


def test_a_function_is_declared_once_and_returns_nothing(library: ctypes.CDLL) -> None:
    found = _native.function("seqwise_threads_of_tasks", ctypes.c_void_p, ctypes.c_ssize_t)
    assert found is _native.function("seqwise_threads_of_tasks", ctypes.c_void_p, ctypes.c_ssize_t)
    assert found.argtypes == (ctypes.c_void_p, ctypes.c_ssize_t)
    assert found.restype is None


@pytest.mark.usefixtures("library")
def test_a_function_that_the_sources_do_not_have_is_not_there() -> None:
    assert _native.function("seqwise_of_next_year") is None


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_tasks_run_on_as_many_threads_as_torch_may_use(threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert len(marks_of_tasks(threads)) == threads
    finally:
        torch.set_num_threads(before)


TASKS_OF_THE_PROCESS = """
import ctypes, os, sys, torch
from seqwise import _native
torch.set_num_threads(4)
for _ in range(3):
    torch.ones(4_000_000).exp_()  # torch has made its threads
before = set(os.listdir("/proc/self/task"))
marks = (ctypes.c_void_p * 4)()
_native.function("seqwise_threads_of_tasks", ctypes.c_void_p, ctypes.c_ssize_t)(marks, 4)
print(len(before) > 3, len(set(marks)), set(os.listdir("/proc/self/task")) == before)
"""


@pytest.mark.usefixtures("library")
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
@pytest.mark.skipif(
    "OpenMP" not in torch.__config__.parallel_info().split("backend:")[1], reason="torch without OpenMP"
)
def test_the_threads_are_those_that_torch_made() -> None:
    found = subprocess.run([sys.executable, "-c", TASKS_OF_THE_PROCESS], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["True", "4", "True"]


def test_sources_compile_without_a_warning(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    if _compile.compiler() is None:
        pytest.skip("no C compiler here")
    made = _compile.compiled(to=tmp_path, options=["-O1"])  # a third of the time, with the warnings of -O3
    assert made[0].name == "baseline.so"
    assert all(path.stat().st_size > 0 for path in made)
    assert capfd.readouterr().err == ""


def test_without_a_compiler_nothing_is_compiled_and_that_is_said(
    sources: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (sources / "baseline.so").write_bytes(b"of an older version")
    monkeypatch.setenv("CC", "there-is-no-such-compiler")
    assert _compile.compiled(sources) == []
    assert not list(sources.glob("*.so"))
    assert "nothing is compiled, since there is no C compiler (cc, or $CC)" in capsys.readouterr().err


def test_sources_that_do_not_compile_leave_nothing_and_the_reason(
    sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if _compile.compiler() is None:
        pytest.skip("no C compiler here")
    (sources / "wrong.c").write_text("int wrong(void) { return nothing; }")
    assert _compile.compiled(sources) == []
    assert not list(sources.glob("*.so*"))
    assert "nothing" in capsys.readouterr().err


def test_what_was_compiled_of_other_sources_is_not_used_and_that_is_said(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if _compile.compiler() is None:
        pytest.skip("no C compiler here")
    assert _compile.compiled(sources)
    monkeypatch.setattr(_native, "_FOLDER", sources)
    _native.library.cache_clear()
    try:
        assert _native.library() is not None
        with (sources / "level.c").open("a") as changed:
            changed.write("/* changed since */")
        _native.library.cache_clear()
        with pytest.warns(UserWarning, match="Compile again: python -m seqwise._native._compile"):
            assert _native.library() is None
    finally:
        _native.library.cache_clear()


@pytest.fixture
def copied(tmp_path: Path, library: ctypes.CDLL) -> Iterator[Path]:
    """The folder of sources and libraries, of which nothing is loaded yet."""
    for path in (*NATIVE.glob("*.[ch]"), *NATIVE.glob("*.so"), NATIVE / _compile.SUMS):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with mock.patch.object(_native, "_FOLDER", tmp_path):
        _native.library.cache_clear()
        yield tmp_path
    _native.library.cache_clear()


@pytest.mark.parametrize("left", [0, 1, 64, 5000, 0.5, 0.99, -1])
def test_a_library_that_was_cut_off_is_not_loaded_and_that_is_said(copied: Path, left: float) -> None:
    whole = (copied / "baseline.so").read_bytes()
    (copied / "baseline.so").write_bytes(whole[: int(left * len(whole)) if isinstance(left, float) else left])
    with pytest.warns(UserWarning, match="baseline.so is not as the compiler wrote it, and is not used"):
        assert _native.library() is None


def test_a_library_with_one_other_byte_is_not_loaded(copied: Path) -> None:
    changed = bytearray((copied / "baseline.so").read_bytes())
    changed[len(changed) // 2] ^= 1
    (copied / "baseline.so").write_bytes(changed)
    with pytest.warns(UserWarning, match="is not as the compiler wrote it"):
        assert _native.library() is None


def test_of_a_higher_level_that_is_damaged_the_level_below_serves(copied: Path) -> None:
    whole = _native.library()
    assert whole is not None
    if Path(whole._name).name == "baseline.so":
        pytest.skip("the processor has no higher level")
    (copied / Path(whole._name).name).unlink()  # a file that is cut off while it is loaded would end this process
    (copied / Path(whole._name).name).write_bytes(b"")
    _native.library.cache_clear()
    with pytest.warns(UserWarning, match="is not as the compiler wrote it"):
        found = _native.library()
    assert found is not None
    assert Path(found._name).name < Path(whole._name).name


def test_libraries_without_their_sums_are_not_loaded(copied: Path) -> None:
    (copied / _compile.SUMS).unlink()
    with pytest.warns(UserWarning, match="is not as the compiler wrote it"):
        assert _native.library() is None


def test_where_nothing_was_compiled_there_is_no_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_native, "_FOLDER", tmp_path)
    _native.library.cache_clear()
    try:
        assert _native.library() is None
        assert _native.function("seqwise_threads_of_tasks") is None
    finally:
        monkeypatch.undo()
        _native.library.cache_clear()
