"""Runs the code of users so that it cannot end, stop or flood the examination: exits, endless calls, prints."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from seqwise.errors import UsageError

__all__ = ["Printed", "TookTooLong", "contained", "watched"]

_LONGEST_CALL = 60
"""Seconds after which a call with small arrays is taken for one that never ends."""


class TookTooLong(BaseException):
    """A call did not end in time. It is no Exception, because the user's code may catch those."""


class Printed(io.TextIOBase):
    """Takes what is printed and keeps the first line of it.

    Attributes:
        first: the first line with anything on it.
    """

    first: str = ""

    def write(self, text: str, /) -> int:
        """Takes text as a file does."""
        if not self.first:
            self.first = text.strip().partition("\n")[0][:80]
        return len(text)


@contextmanager
def contained(name: str) -> Iterator[Printed]:
    """Code inside can neither prompt nor print; that it exits or does not end becomes an error.

    Raises:
        UsageError: it called exit, or a call took longer than a minute.
    """
    printed = Printed()
    stdin = sys.stdin
    try:
        with open(os.devnull, encoding="utf-8") as nothing, contextlib.redirect_stdout(printed):  # noqa: PTH123
            sys.stdin = nothing
            yield printed
    except SystemExit as problem:
        raise UsageError(
            f"doctor: {name} ends the program: it calls exit({problem.code!r})\n  Raise an exception instead."
        ) from problem
    except TookTooLong:
        raise UsageError(
            f"doctor: {name}: a call with small arrays took longer than {_LONGEST_CALL} seconds and was stopped\n"
            f"  Look for a loop that does not end, or for something that waits."
        ) from None
    finally:
        sys.stdin = stdin


@contextmanager
def watched() -> Iterator[None]:
    """One call of the user's code, which must end in time where the system can tell: in the main thread, on Unix."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, _LONGEST_CALL)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise TookTooLong
