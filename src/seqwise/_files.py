"""Writes files atomically, and opens only regular files for reading.

A file is written next to its destination under a unique name, `.seqwise-...part`, and stays locked while its process
is alive. So two writers never share a file, and leftovers of a killed process can be told from files in progress.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seqwise.errors import SaveError

try:
    import fcntl
except ImportError:  # Windows, where a file that a process has open cannot be removed anyway
    fcntl = None  # type: ignore[assignment]

__all__ = [
    "PART",
    "is_stream",
    "move_folder",
    "open_regular",
    "read_whole",
    "reason",
    "remove_leftovers",
    "sha256_of",
    "synced",
    "write_atomically",
    "written_folder",
]

PART = ".part"
"""Suffix of unfinished files and folders."""
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_STREAMS = tuple(map(Path, ("/dev", "/dev/fd", "/proc/self/fd")))
_LOCK = "lock"


def reason(error: Exception) -> str:
    """The reason for an error: the system's own message for a system error, else the exception's text."""
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)


def is_stream(path: Path) -> bool:
    """Whether a path is a device, a pipe or an open file descriptor, which is written to directly."""
    return path.exists() and (path.parent in _STREAMS or not (path.is_file() or path.is_dir()))


def write_atomically(
    path: Path, write: Callable[[Path], object], *, failures: tuple[type[Exception], ...] = ()
) -> None:
    """Calls `write` with a temporary path, then moves the result to `path`: it appears whole or not at all.

    If two processes write the same file, the last one to finish wins. The file gets the permissions that the umask
    gives any new file. Links are followed. A device or a pipe is written to directly.

    Args:
        path: destination of the file.
        write: a function that writes a file to a given path.
        failures: exceptions besides OSError that `write` raises when the disk is full or not writable.

    Raises:
        SaveError: the file could not be written; a previous file at `path` is untouched.
    """
    try:
        if is_stream(path):
            write(path)
            return
        place = Path(os.path.realpath(path))
        prefix = _prefix(place)
        remove_leftovers(place.parent, prefix)
        with _part(place.parent, prefix) as (part, mode):
            write(part)
            part.chmod(mode)  # a library may have replaced the file with its own
            synced(part)
            part.replace(place)
        synced(place.parent)
    except Exception as error:
        if not isinstance(error, (OSError, *failures)):
            raise
        kept = " The previous file is untouched." if path.is_file() else ""
        raise SaveError(f"cannot save {path}: {reason(error)}.{kept}") from error


@contextmanager
def written_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A temporary folder that is removed on exit unless it has been moved, and that `remove_leftovers` recognises.

    Its file `lock` stays locked until then.
    """
    folder, lock = _claimed(parent, prefix, is_folder=True)
    try:
        yield folder
    finally:
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def move_folder(fresh: Path, place: Path) -> None:
    """Moves a folder of `written_folder` to its destination and replaces any folder there, atomically.

    If another process moves a folder there at the same time, one of the two stays.
    """
    (fresh / _LOCK).unlink()
    for path in (*fresh.iterdir(), fresh):
        synced(path)
    shutil.rmtree(place, ignore_errors=True)
    with suppress(OSError):
        fresh.rename(place)
    synced(place.parent)


def remove_leftovers(folder: Path, prefix: str = ".seqwise-") -> None:
    """Removes unfinished files and folders with this prefix that a killed process left; those in progress stay."""
    for path in folder.glob(f"{prefix}*{PART}"):
        lock = path / _LOCK if path.is_dir() else path
        with suppress(OSError), lock.open("rb") as file:
            if not _lock(file.fileno()):
                continue
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def open_regular(path: Path) -> io.BufferedReader:
    """Opens a regular file for reading; refuses pipes, which may never end, and devices, which may act on opening.

    Raises:
        OSError: the path does not exist, or is not a regular file.
    """
    _require_regular(path.stat().st_mode)
    flags = os.O_RDONLY
    for name in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"):
        flags |= getattr(os, name, 0)
    file = os.fdopen(os.open(path, flags), "rb")
    try:
        _require_regular(os.fstat(file.fileno()).st_mode)
    except BaseException:
        file.close()
        raise
    return file


def read_whole(path: Path, most: int) -> bytes:
    """The content of a regular file of at most `most` bytes.

    Raises:
        OSError: see `open_regular`, or the file is larger.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise OSError(f"it has {size:,} bytes, expected at most {most:,}")
        return file.read(size)


def sha256_of(path: Path) -> str:
    """The SHA-256 sum of a regular file.

    Raises:
        OSError: see `open_regular`.
    """
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def synced(path: Path) -> None:
    """Flushes a file, or the entries of a folder, to disk."""
    if path.is_dir() and os.name != "posix":
        return
    file = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(file)
    except OSError as error:
        if not path.is_dir() or error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise  # some network file systems sync files but not folders
    finally:
        os.close(file)


def _prefix(place: Path) -> str:
    """The prefix of a file's unfinished versions, short even for a long file name."""
    return f".seqwise-{hashlib.sha256(os.fsencode(place.name)).hexdigest()[:12]}-"


@contextmanager
def _part(folder: Path, prefix: str) -> Iterator[tuple[Path, int]]:
    """A new temporary file and its permissions under the umask; removed on exit unless it has been moved."""
    path, lock = _claimed(folder, prefix, is_folder=False)
    try:
        yield path, stat.S_IMODE(os.fstat(lock).st_mode)
    finally:
        os.close(lock)
        with suppress(OSError):
            path.unlink()


def _claimed(parent: Path, prefix: str, *, is_folder: bool) -> tuple[Path, int]:
    """A new file or folder under a unique name, and the open file that locks it."""
    for is_last in (False, False, True):
        path = parent / f"{prefix}{secrets.token_hex(8)}{PART}"
        if is_folder:
            path.mkdir()
        lock = path / _LOCK if is_folder else path
        file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)
        if is_last or (_lock(file) and lock.exists()):
            break
        os.close(file)  # a cleanup came in between, or the system has no locks and nothing cleans up
        shutil.rmtree(path) if is_folder else path.unlink(missing_ok=True)
    return path, file


def _lock(file: int) -> bool:
    """Locks an open file until it is closed; False if another process holds the lock or the system has none."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _require_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise OSError(f"it is {_KINDS.get(stat.S_IFMT(mode), 'of an unknown kind')}, not a regular file")
