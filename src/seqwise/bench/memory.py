"""Peak memory of the ways of a case beyond inputs and results, as the system counts it; on Linux.

In a process of its own, in which memory that is freed goes back to the system at once: what is counted is then what
is held, not what an allocator keeps.
"""

from __future__ import annotations

import ctypes
import gc
import json
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from seqwise.bench.case import Case

__all__ = ["peak_memory"]

_STATUS = Path("/proc/self/status")
_PEAK_RESET = Path("/proc/self/clear_refs")
_MMAP_THRESHOLD = -3
"""mallopt: blocks of this size and more are mapped, and unmapped when freed."""


def peak_memory(case: Case) -> dict[str, int]:
    """By way, the bytes held at most at one time, beyond what was held before and what it returns.

    Ways that are limits are left out. Empty where the system does not tell.
    """
    if not _PEAK_RESET.exists():
        return {}
    program = "from seqwise.bench.memory import _tell_peaks; _tell_peaks()"
    told = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(case), stdout=subprocess.PIPE, check=True)
    peaks: dict[str, int] = json.loads(told.stdout)
    return peaks


def _tell_peaks() -> None:
    """Reads a case from stdin and writes the peaks of its ways to stdout."""
    case: Case = pickle.load(sys.stdin.buffer)
    ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, 1 << 16)
    json.dump({way.name: _peak(way.run) for way in case.ways() if way.kind != "limit"}, sys.stdout)


def _peak(run: Callable[[], Any]) -> int:
    run()  # what a first run sets up for good is none of its memory
    gc.collect()
    _PEAK_RESET.write_text("5", encoding="ascii")
    before = _held("VmRSS")
    results = run()
    kept = results.values() if isinstance(results, Mapping) else ()
    returned = sum(int(tensor.numel()) * int(tensor.element_size()) for tensor in kept)
    return max(0, _held("VmHWM") - before - returned)


def _held(name: str) -> int:
    """A line of /proc/self/status in bytes."""
    lines = _STATUS.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) * 1024
