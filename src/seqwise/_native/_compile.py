"""Compiles the C sources beside this file: for `hatch_build.py` when seqwise is installed, and by hand after a change.

python -m seqwise._native._compile
python -m seqwise._native._compile --sanitize FOLDER   # libraries that report what C must not do, for tests
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

__all__ = ["SANITIZED", "SUMS", "compiled", "compiler", "digest", "is_whole"]

SUMS = "libraries.sha256"
"""The SHA-256 sums of the libraries, beside them."""
SANITIZED = ["-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
"""Options for libraries that end the process, with a report, where C reads or writes what it must not."""

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
    try:
        command = shlex.split(os.environ.get("CC", "cc"))
    except ValueError:  # a quotation mark without its other half
        return None
    return command if command and shutil.which(command[0]) else None


def compiled(folder: Path = _FOLDER, *, to: Path | None = None, options: Sequence[str] = ()) -> list[Path]:
    """Compiles the sources of a folder; the libraries that came of it, the baseline first, then the list of their sums.

    Whatever goes wrong leaves fewer libraries, down to none, and the reason on stderr.

    Args:
        folder: where the sources are.
        to: where the libraries go, in place of what was there; beside the sources when not given.
        options: more options for the compiler, which override its usual ones.
    """
    to = folder if to is None else to
    try:
        to.mkdir(exist_ok=True)
        for old in (*to.glob("*.so"), to / SUMS):
            old.unlink(missing_ok=True)
    except OSError as error:
        return _nothing(str(error))
    command = compiler()
    if command is None:
        return _nothing("there is no C compiler (cc, or $CC)")
    is_x86 = platform.machine().lower() in ("x86_64", "amd64")
    levels = list(_LEVELS) if is_x86 else ["baseline"]
    with ThreadPoolExecutor() as threads:
        made = list(threads.map(lambda level: _compiled(command, folder, to, level, options), levels))
    (baseline, said), found = made[0], [path for path, _ in made if path is not None]
    if baseline is None:
        return _nothing(f"the C compiler ({shlex.join(command)}) failed" + (f": {said}" if said else ""))
    for level, (_, said) in zip(levels, made, strict=True):
        if said:
            sys.stderr.write(f"seqwise: {level}.so: {said}\n")
    sums = to / SUMS
    sums.write_text("".join(f"{_sum(path)}  {path.name}\n" for path in found), encoding="ascii")
    return [*found, sums]


def is_whole(library: Path) -> bool:
    """Whether a library is as the compiler wrote it: one that was cut off would kill the process that loads it."""
    try:
        lines = library.with_name(SUMS).read_text(encoding="ascii").splitlines()
        return f"{_sum(library)}  {library.name}" in lines
    except (OSError, UnicodeDecodeError):
        return False


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _nothing(reason: str) -> list[Path]:
    sys.stderr.write(f"seqwise: nothing is compiled, since {reason}; all works without, some of it slower\n")
    return []


def _compiled(
    command: list[str], folder: Path, to: Path, level: str, more: Sequence[str] = ()
) -> tuple[Path | None, str]:
    """The library of one level, or None; and what the compiler said."""
    target, part = to / f"{level}.so", to / f"{level}.so.part"
    sources = [str(path) for path in sorted(folder.glob("*.c"))]
    options = [*_FLAGS, *_WARNINGS, *_LEVELS[level], *more, f"-DSEQWISE_SOURCES={digest(folder)}LL", "-o", str(part)]
    try:
        done = subprocess.run([*command, *options, *sources, *_LIBRARIES], capture_output=True, text=True, check=False)
    except OSError as error:  # it is there, and cannot be run
        return None, str(error)
    if done.returncode or not part.exists():
        part.unlink(missing_ok=True)
        return None, done.stderr.strip() or f"it ended with status {done.returncode} and made nothing"
    return part.replace(target), done.stderr.strip()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--sanitize"] and len(sys.argv) == 3:
        sys.exit(0 if compiled(to=Path(sys.argv[2]), options=SANITIZED) else 1)
    sys.exit((0 if compiled() else 1) if len(sys.argv) == 1 else f"usage:{(__doc__ or '').partition(':')[2]}")
