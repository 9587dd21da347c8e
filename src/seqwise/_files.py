"""Writes files that appear whole or not at all, and opens files of others only where they are regular ones.

What is being written stands beside its place under a name of its own, `.seqwise-...part`, and is locked as long as its
process lives. So two writers never share a file, and what a killed one left behind is told from what is being written.
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
except ImportError:  # Windows, where the file of a living process cannot be removed anyway
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
"""How the names of unfinished files and folders end."""
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
    """What went wrong, in the words of the system where it was the system that refused."""
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)


def is_stream(path: Path) -> bool:
    """Whether a path is a device, a pipe, or a descriptor that is open already: it is written to as it stands."""
    return path.exists() and (path.parent in _STREAMS or not (path.is_file() or path.is_dir()))


def write_atomically(
    path: Path, write: Callable[[Path], object], *, failures: tuple[type[Exception], ...] = ()
) -> None:
    """Calls `write` with a temporary path, then moves the result to `path`: all of it appears there, or nothing.

    Of two writers the one that ends last wins, whole. The file gets the permissions that the umask gives every file,
    and a link is followed. A device or a pipe is written to directly.

    Args:
        path: where the file goes.
        write: writes the file whose path it is given.
        failures: what else than OSError `write` raises when the disk refuses.

    Raises:
        SaveError: the disk refused; what stood at `path` before is untouched.
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
            part.chmod(mode)  # a library may have put a file of its own there
            synced(part)
            part.replace(place)
        synced(place.parent)
    except Exception as error:
        if not isinstance(error, (OSError, *failures)):
            raise
        kept = " What was saved before is untouched." if path.is_file() else ""
        raise SaveError(f"cannot save {path}: {reason(error)}.{kept}") from error


@contextmanager
def written_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder that is removed at the end, unless it was moved away, and that `remove_leftovers` knows.

    Until then its file `lock` is locked.
    """
    folder, lock = _claimed(parent, prefix, is_folder=True)
    try:
        yield folder
    finally:
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def move_folder(fresh: Path, place: Path) -> None:
    """Moves a folder of `written_folder` to its place, in place of what stands there; all of it, or nothing.

    Where another process moves its own there at the same time, one of the two stays.
    """
    (fresh / _LOCK).unlink()
    for path in (*fresh.iterdir(), fresh):
        synced(path)
    shutil.rmtree(place, ignore_errors=True)
    with suppress(OSError):
        fresh.rename(place)
    synced(place.parent)


def remove_leftovers(folder: Path, prefix: str = ".seqwise-") -> None:
    """Removes what a killed process left of files and folders whose names begin so; never what is being written."""
    for path in folder.glob(f"{prefix}*{PART}"):
        lock = path / _LOCK if path.is_dir() else path
        with suppress(OSError), lock.open("rb") as file:
            if not _lock(file.fileno()):
                continue
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def open_regular(path: Path) -> io.BufferedReader:
    """A file for reading that is a regular one: no pipe that never ends, no device that acts when it is opened.

    Raises:
        OSError: anything else, or nothing, stands there.
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
    """The content of a regular file of at most so many bytes.

    Raises:
        OSError: as `open_regular`, or the file is larger.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise OSError(f"it has {size:,} bytes, expected at most {most:,}")
        return file.read(size)


def sha256_of(path: Path) -> str:
    """The SHA-256 sum of a regular file.

    Raises:
        OSError: as `open_regular`.
    """
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def synced(path: Path) -> None:
    """Returns when a file or the names in a folder are on the disk, as far as the system can tell."""
    if path.is_dir() and os.name != "posix":
        return
    file = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(file)
    except OSError as error:
        if not path.is_dir() or error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise  # some network systems sync files, but no folders
    finally:
        os.close(file)


def _prefix(place: Path) -> str:
    """How the names of unfinished versions of a file begin; short, however long its name is."""
    return f".seqwise-{hashlib.sha256(os.fsencode(place.name)).hexdigest()[:12]}-"


@contextmanager
def _part(folder: Path, prefix: str) -> Iterator[tuple[Path, int]]:
    """A new file and the permissions that the umask gave it; removed at the end, unless it was moved away."""
    path, lock = _claimed(folder, prefix, is_folder=False)
    try:
        yield path, stat.S_IMODE(os.fstat(lock).st_mode)
    finally:
        os.close(lock)
        with suppress(OSError):
            path.unlink()


def _claimed(parent: Path, prefix: str, *, is_folder: bool) -> tuple[Path, int]:
    """A new file or folder under a name that nobody has, and the open file that locks it."""
    for is_last in (False, False, True):
        path = parent / f"{prefix}{secrets.token_hex(8)}{PART}"
        if is_folder:
            path.mkdir()
        lock = path / _LOCK if is_folder else path
        file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)
        if is_last or (_lock(file) and lock.exists()):
            break
        os.close(file)  # who clears up came in between; or locks are unknown here, and then nobody clears up
        shutil.rmtree(path) if is_folder else path.unlink(missing_ok=True)
    return path, file


def _lock(file: int) -> bool:
    """Locks an open file until it is closed; False where another process holds it, or the system has no such locks."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _require_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise OSError(f"it is {_KINDS.get(stat.S_IFMT(mode), 'no regular file')}, not a regular file")
