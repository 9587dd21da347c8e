"""Compiled code: built when a compiler is there, on torch's own threads, and never needed."""

from __future__ import annotations

import ctypes
import json
import os
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


BROKEN = {
    "false": "exit 1",
    "true": "exit 0",
    "reason": "echo no room on the disk >&2; exit 1",
    "empty": None,
    "quotation": "",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_compiler_leaves_nothing_and_one_message(
    name: str, sources: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    compiler, script = sources / "broken", BROKEN[name]
    compiler.write_text("" if script is None else f"#!/bin/sh\n{script}\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", '"' if name == "quotation" else str(compiler))
    assert _compile.compiled(sources) == []
    assert not list(sources.glob("*.so*"))
    said = capfd.readouterr().err
    assert said.startswith("seqwise: nothing is compiled, since ")
    assert said.count("\n") == 1
    assert name != "reason" or "failed: no room on the disk" in said


ANSWERS = """
import json, sys, warnings
from pathlib import Path
from seqwise import _native
_native._FOLDER = Path(sys.argv[1])
import torch
torch.set_num_threads(2)
from seqwise.losses.torch import crf_nll, cross_entropy, linear_cross_entropy
def random(*sizes):
    return torch.randn(sizes, generator=torch.Generator().manual_seed(sizes[0])).requires_grad_()
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    logits, hidden, weight, moves = random(30, 70, 20), random(8, 6), random(33, 6), random(20, 20)
    labels = torch.arange(2100).view(30, 70) % 20
    loss = cross_entropy(logits, labels) + crf_nll(logits, labels, moves)
    loss = loss + linear_cross_entropy(hidden, weight, torch.arange(8))
    slopes = torch.autograd.grad(loss, [logits, hidden, weight, moves])
texts = [str(one.message) for one in said if issubclass(one.category, UserWarning)]
print(json.dumps([_native.library() is not None, texts, [loss.item(), *(slope.norm().item() for slope in slopes)]]))
"""


def answers(folder: Path) -> tuple[bool, list[str], list[float]]:
    """What a process computes with the libraries of a folder."""
    done = subprocess.run([sys.executable, "-c", ANSWERS, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: tuple[bool, list[str], list[float]] = tuple(json.loads(done.stdout))
    return found


def changed(folder: Path, before: bytes, after: bytes) -> None:
    """Other bytes in all libraries of a folder, as if the compiler had written them."""
    for path in folder.glob("*.so"):
        content = path.read_bytes()
        assert before in content
        path.write_bytes(content.replace(before, after))
    sums = "".join(f"{_compile._sum(path)}  {path.name}\n" for path in folder.glob("*.so"))
    (folder / _compile.SUMS).write_text(sums, encoding="ascii")


def test_without_the_openmp_of_torch_one_thread_computes_the_same_and_that_is_said_once(copied: Path) -> None:
    wanted = answers(copied)
    assert wanted[:2] == (True, [])
    changed(copied, b"GOMP_parallel\0", b"GOMP_parallex\0")
    is_there, texts, numbers = answers(copied)
    assert is_there
    assert len(texts) == ((os.cpu_count() or 1) > 1)
    assert all("what seqwise computes in compiled code runs on one thread" in text for text in texts)
    assert numbers == wanted[2]


def test_a_library_of_another_machine_is_not_loaded_and_that_is_said(copied: Path) -> None:
    machine = (copied / "baseline.so").read_bytes()[:20]
    changed(copied, machine, machine[:18] + b"\x03\x00")  # e_machine of the ELF header: i386
    is_there, texts, numbers = answers(copied)
    assert not is_there
    assert len(texts) == 1
    assert "baseline.so cannot be loaded (" in texts[0]
    assert numbers == pytest.approx(answers(copied / "nothing")[2], rel=1e-5)
