"""The command line: one file per command, each a thin layer over a plain function."""

from __future__ import annotations

import errno
import gc
import io
import os
import signal
import sys
import threading

from seqwise._memory import keep_memory, shortage

__all__ = ["main"]

_REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
"""Reasons why writing fails without a file name: standard output, a temporary file."""
_LESS_MEMORY = "  Close other programs, or use smaller batches, a smaller model or less data."


def main() -> None:
    """Runs the command line; a user error prints one message on stderr and exits with status 2."""
    # Threads that wait for each other spin for some 20 microseconds, then sleep. By default they spin for milliseconds,
    # which makes two threads many times slower than one on a machine with other load (benchmarks/LOG.md).
    # This must be set before a framework starts its threads.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    keep_memory()
    # Garbage collection every 700 new objects takes a fifth of the import time of a framework.
    gc.set_threshold(100_000, 20, 20)
    for stream, errors in ((sys.stdout, "surrogateescape"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            # Results are always UTF-8; file names may be any bytes.
            stream.reconfigure(encoding="utf-8" if stream is sys.stdout else None, errors=errors)
    from seqwise.errors import SeqwiseError

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _stop)
    try:
        from seqwise.cli.app import app

        try:
            app()
        finally:
            sys.stdout.flush()
    except SeqwiseError as error:
        print(f"seqwise: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        print(f"seqwise: cannot write: {error.strerror}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except (MemoryError, RuntimeError) as error:
        if (problem := shortage(error)) is None:
            raise
        print(f"seqwise: memory ran out: {problem}\n{_LESS_MEMORY}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except KeyboardInterrupt:  # before a command started
        print("stopped", file=sys.stderr)  # noqa: T201
        sys.exit(130)


def _stop(number: int, _: object) -> None:
    """Ends the process as Ctrl-C does, so that no unfinished file is left."""
    os.write(2, b"stopped\n")
    sys.exit(128 + number)
