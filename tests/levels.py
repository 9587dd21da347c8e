"""Compiled code of each level of processors in turn, whichever this one would choose."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest

from memory_layouts import CASES
from seqwise import _native, _products
from seqwise.losses._kernels import cross_entropy

LEVELS = {"baseline": 0, "v3": 3, "v4": 4}
LOADED = Path(library._name).stem if (library := _native.library()) else "baseline"
MOST_LEVELS = tuple(LEVELS) if CASES > 500 else (LOADED,)
"""The levels for loops that no layout reaches, since Python hands them contiguous copies: all of them at night."""


@contextmanager
def on_level(name: str) -> Iterator[None]:
    """All compiled calls go to the library of this level; skips where it is not there, or the processor is not."""
    path = _native._FOLDER / f"{name}.so"
    if _native.library() is None or not path.exists():
        pytest.skip(f"{name}.so was not compiled here")
    highest = ctypes.CDLL(str(path.with_name("baseline.so"))).seqwise_level()
    if highest < LEVELS[name]:
        pytest.skip(f"the processor has no instructions of {name}: its level is {highest}")
    with mock.patch.object(_native, "library", return_value=ctypes.CDLL(str(path))), without_caches():
        yield


@contextmanager
def without_caches() -> Iterator[None]:
    """Functions of the library are looked up again, here and afterwards."""
    _forget()
    try:
        yield
    finally:
        _forget()


def _forget() -> None:
    cross_entropy.compiled.cache_clear()
    _products._compiled.cache_clear()
    _products.are_quick.cache_clear()
