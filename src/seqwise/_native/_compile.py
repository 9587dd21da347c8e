"""Compiles the C sources beside this file: for `hatch_build.py` when seqwise is installed, and by hand after a change.

python -m seqwise._native._compile
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

__all__ = ["compiled", "compiler", "digest"]

_FOLDER = Path(__file__).parent
_LEVELS = {"baseline": [], "v3": ["-march=x86-64-v3"], "v4": ["-march=x86-64-v4"]}
_FLAGS = ["-std=c11", "-O3", "-fPIC", "-shared", "-fvisibility=hidden"]
_FLAGS += ["-falign-loops=64"]  # products are up to a tenth slower where their loop begins in the middle of a line
_FLAGS += [
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
]  # a * b + c is one operation; no more than that
_WARNINGS = ["-Wall", "-Wextra", "-Wno-psabi"]  # psabi: about passing vectors to functions of other files
_LIBRARIES = ["-lm", "-ldl", "-pthread"]


def digest(folder: Path = _FOLDER) -> int:
    """A number that says which sources a folder has; 0 where there are none."""
    found, paths = hashlib.sha256(), sorted(folder.glob("*.[ch]"))
    for path in paths:
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return int.from_bytes(found.digest()[:7], "big") if paths else 0


def compiler() -> list[str] | None:
    """The command of the C compiler: `$CC`, or the `cc` of the system; None when there is none."""
    command = shlex.split(os.environ.get("CC", "cc"))
    return command if command and shutil.which(command[0]) else None


def compiled(folder: Path = _FOLDER) -> list[Path]:
    """Compiles the sources of a folder, in place of what was there; the libraries that came of it, the baseline first.

    Whatever goes wrong leaves fewer libraries, down to none, and the reason on stderr.
    """
    try:
        for old in folder.glob("*.so"):
            old.unlink()
    except OSError as error:
        return _nothing(str(error))
    command = compiler()
    if command is None:
        return _nothing("there is no C compiler (cc, or $CC)")
    is_x86 = platform.machine().lower() in ("x86_64", "amd64")
    levels = list(_LEVELS) if is_x86 else ["baseline"]
    with ThreadPoolExecutor() as threads:
        made = list(threads.map(lambda level: _compiled(command, folder, level), levels))
    found = [path for path in made if path is not None]
    return found if made[0] is not None else _nothing("the C compiler failed")


def _nothing(reason: str) -> list[Path]:
    sys.stderr.write(f"seqwise: nothing is compiled, since {reason}; all works without, some of it slower\n")
    return []


def _compiled(command: list[str], folder: Path, level: str) -> Path | None:
    """The library of one level, or None."""
    target, part = folder / f"{level}.so", folder / f"{level}.so.part"
    sources = [str(path) for path in sorted(folder.glob("*.c"))]
    options = [*_FLAGS, *_WARNINGS, *_LEVELS[level], f"-DSEQWISE_SOURCES={digest(folder)}LL", "-o", str(part)]
    done = subprocess.run([*command, *options, *sources, *_LIBRARIES], capture_output=True, text=True, check=False)
    if done.stderr:
        sys.stderr.write(f"seqwise: {level}.so: {done.stderr}")
    if done.returncode:
        part.unlink(missing_ok=True)
        return None
    return part.replace(target)


if __name__ == "__main__":
    sys.exit(0 if compiled() else 1)
