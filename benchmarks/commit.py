"""The commit that is measured."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

__all__ = ["commit", "source"]


def commit() -> str | None:
    """The commit of the repository, with `-dirty` when files of the package differ; None without a repository."""
    package = Path(__file__).parents[1] / "src"
    if shutil.which("git") is None:
        return None
    name = _told("git", "-C", str(package), "rev-parse", "HEAD")
    changed = _told("git", "-C", str(package), "status", "--porcelain", "--", ".")
    return f"{name}-dirty" if name and changed else name or None


def source() -> str | None:
    """The tree of the package at that commit, likewise: equal wherever the package is, whatever stands around it."""
    measured = commit()
    if measured is None:
        return None
    tree = _told("git", "-C", str(Path(__file__).parents[1]), "rev-parse", "HEAD:src")
    return f"{tree}-dirty" if measured.endswith("-dirty") else tree


def _told(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
