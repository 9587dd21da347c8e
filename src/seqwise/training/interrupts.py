"""Ctrl-C and SIGTERM while training: the first lets a step end and everything be saved, a second ends at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from seqwise.errors import SeqwiseError

__all__ = ["Interrupted", "signals_set"]


class Interrupted(SeqwiseError):  # noqa: N818 - nothing went wrong
    """Ctrl-C or SIGTERM: training stopped after a step, and a checkpoint was written."""


@contextmanager
def signals_set(event: threading.Event) -> Iterator[None]:
    """Within it, the first Ctrl-C or SIGTERM sets the event; a second one ends the process as usual."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[int, Any] = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, _: object) -> None:
        event.set()
        signal.signal(number, before[number])

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
