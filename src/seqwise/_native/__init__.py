"""Compiled C for the few loops that tensor operations are slow at; optional, and beside a plain path always.

The C sources in this folder are compiled when seqwise is installed, if a C compiler is there (`hatch_build.py`). On
x86-64 they are compiled once for each of three levels of processors, into `baseline.so`, `v3.so` (AVX2) and `v4.so`
(AVX-512); elsewhere there is `baseline.so` alone. What is loaded is the highest level that the processor has. Without a
compiler there is nothing to load, and everything computes on its plain path.

A module with a fast path declares the functions that it calls, and asks each time:

    double_all = function("seqwise_double_all_f32", ctypes.c_void_p, ctypes.c_ssize_t)
    if double_all is None:
        return plain(values)
    double_all(address(values, torch.float32), values.numel())

`address` (`seqwise._addresses`) refuses a tensor that C cannot read. ctypes lets other Python threads run meanwhile.
Loops over independent parts go through `parallel.c`, which runs them on the threads of torch itself, so that
`torch.set_num_threads` holds and no second pool of threads is made. Where torch has no OpenMP that can be shared, they
run on one thread, and one warning says so.
"""

from __future__ import annotations

import ctypes
import functools
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["function", "library"]

_FOLDER = Path(__file__).parent


@functools.cache
def library() -> ctypes.CDLL | None:
    """The compiled functions, for the highest level that this processor has; None where nothing was compiled.

    A file that cannot be loaded (made for another machine, say) is not used, and a warning says so. Nor is one that was
    compiled of other sources than those that are here, since what Python would hand over is not what it reads; nor one
    that is not as the compiler wrote it, which could kill the process.
    """
    found = _highest()
    has_threads = getattr(found, "seqwise_has_threads", None)
    if has_threads is not None and (os.cpu_count() or 1) > 1 and not has_threads():
        warnings.warn(
            "torch has no OpenMP whose threads compiled code can share (its library lacks GOMP_parallel): "
            "what seqwise computes in compiled code runs on one thread",
            stacklevel=3,
        )
    return found


def _highest() -> ctypes.CDLL | None:
    from seqwise._native._compile import digest

    sources = digest(_FOLDER)
    baseline = _loaded("baseline", sources)
    if baseline is None:
        return None
    baseline.seqwise_level.restype = ctypes.c_int
    level = baseline.seqwise_level()
    found = _loaded("v4", sources) if level >= 4 else None
    if found is None and level >= 3:
        found = _loaded("v3", sources)
    return baseline if found is None else found


def function(name: str, *argument_types: Any) -> Callable[..., Any] | None:
    """A compiled function that returns nothing, with its types declared; None where it was not compiled."""
    declared: Any = getattr(library(), name, None)
    if declared is None:
        return None
    if declared.argtypes is None:
        declared.argtypes, declared.restype = argument_types, None
    return declared  # type: ignore[no-any-return]


def _loaded(level: str, sources: int) -> ctypes.CDLL | None:
    from seqwise._native._compile import is_whole

    path = _FOLDER / f"{level}.so"
    if not path.exists():
        return None
    if not is_whole(path):
        _warn(level, "is not as the compiler wrote it")
        return None
    try:
        found = ctypes.CDLL(str(path))
        found.seqwise_sources.restype = ctypes.c_int64
    except (OSError, AttributeError) as error:
        _warn(level, f"cannot be loaded ({error})")
        return None
    if sources in (0, found.seqwise_sources()):
        return found
    _warn(level, "was compiled of other sources than those beside it")
    return None


def _warn(level: str, reason: str) -> None:
    warnings.warn(
        f"{level}.so {reason}, and is not used: some things are slower. "
        "Compile again: python -m seqwise._native._compile",
        stacklevel=6,
    )
