"""On what was measured: processor, threads, versions, and what else the machine did."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from seqwise import _native

__all__ = ["described", "machine", "other_programs", "processor", "versions"]


def machine(threads: int | None = None) -> dict[str, Any]:
    """The system, the processor, its cores, the threads that computed, and for which processors C was compiled."""
    library = _native.library()
    return {
        "platform": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "compiled": None if library is None else Path(library._name).stem,
    }


def described(machine: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    """The results of `machine` and `versions` in one line."""
    level = machine.get("compiled")
    compiled = f"compiled C ({level})" if level else "no compiled C"
    cores = f"{machine['threads']} of {machine['cores']} cores"
    return f"{machine['processor']}, {cores}, torch {versions['torch']}, {compiled}"


def processor() -> str:
    """The processor's model where the system tells it, else its architecture."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def versions(packages: Sequence[str] = ("seqwise", "torch", "numpy")) -> dict[str, str]:
    """The versions of Python and of those of the packages that are installed."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def other_programs() -> Callable[[], float | None]:
    """A clock: what it returns later is the share of all cores that other programs used since.

    Only Linux tells; elsewhere it returns None.
    """
    began, busy, own = time.monotonic(), _busy_seconds(), _own_seconds()

    def share() -> float | None:
        if busy is None:
            return None
        passed = (time.monotonic() - began) * (os.cpu_count() or 1)
        used = (_busy_seconds() or busy) - busy - (_own_seconds() - own)
        return min(1.0, max(0.0, used / max(passed, 1e-9)))

    return share


def _busy_seconds() -> float | None:
    """The seconds that all cores together have worked, or that the host kept from them."""
    facts = Path("/proc/stat")
    if not facts.exists():
        return None
    user, nice, system, _, _, irq, softirq, steal = map(int, facts.read_text(encoding="utf-8").split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """The seconds that this process and its finished children have worked."""
    return sum(os.times()[:4])
