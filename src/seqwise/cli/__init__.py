"""Words for the shell: one file per command, each a thin layer over a plain function."""

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
"""Why a disk takes no more, where what is written is not a file that is named: standard output, a temporary file."""
_LESS_MEMORY = "  Close other programs, or ask for less at a time: smaller batches, a smaller model, fewer data."


def main() -> None:
    """Runs the command line; a user's mistake is one message on stderr and exit status 2."""
    # Threads that wait for each other spin for some 20 microseconds, then sleep. By default they spin for milliseconds,
    # which makes two threads many times slower than one on a machine that does other work beside (benchmarks/LOG.md).
    # It must be set before a framework starts its threads.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    keep_memory()
    # Looking for cycles of garbage every 700 new objects is a fifth of the time that importing a framework takes.
    gc.set_threshold(100_000, 20, 20)
    for stream, errors in ((sys.stdout, "surrogateescape"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            # Results are UTF-8 wherever they go; names of files may be any bytes.
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
        if (said := shortage(error)) is None:
            raise
        print(f"seqwise: memory ran out: {said}\n{_LESS_MEMORY}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except KeyboardInterrupt:  # before any command began
        print("stopped", file=sys.stderr)  # noqa: T201
        sys.exit(130)


def _stop(number: int, _: object) -> None:
    """Ends the process as Ctrl-C does, so that no unfinished file is left."""
    os.write(2, b"stopped\n")
    sys.exit(128 + number)
