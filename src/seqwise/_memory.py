"""Keeps memory that was used once, and tells from an exception that there was not enough.

Training and prediction ask for the same sizes again and again.

The allocator of glibc gives large blocks back to the system when they are freed, and the system hands out others page
by page, filled with zeros: some hundred pages in each step of a small training.
"""

from __future__ import annotations

import ctypes
import os
import re

__all__ = ["keep_memory", "shortage"]

_OPTIONS = {-3: 1 << 25, -1: 1 << 29, -2: 1 << 26}
"""M_MMAP_THRESHOLD, the largest that there is; M_TRIM_THRESHOLD; M_TOP_PAD (<malloc.h>), in bytes."""
_VARIABLES = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "GLIBC_TUNABLES")
_SAID_BY_TORCH = ("can't allocate memory", "not enough memory", "out of memory")


def keep_memory() -> bool:
    """Tells the allocator of this process to keep up to half a gigabyte that was freed; whether it has heard.

    Nothing is told where the environment does (`MALLOC_TRIM_THRESHOLD_` and its like), nor to another allocator than
    that of glibc. For programs of which training or predicting is all; a library does not decide this.
    """
    if any(name in os.environ for name in _VARIABLES):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    heard = [mallopt(option, value) for option, value in _OPTIONS.items()]
    return all(heard)


def shortage(error: BaseException) -> str | None:
    """What an exception says of memory that ran out, in a line; None for an exception that is about something else.

    Python and NumPy raise MemoryError; torch raises RuntimeError, with a text of its own for each kind of memory.

    Examples:
        >>> shortage(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000 bytes."))
        '4,000 bytes could not be allocated'
        >>> shortage(RuntimeError("shapes differ")) is None
        True
    """
    said = str(error).strip().partition("\n")[0]
    if isinstance(error, RuntimeError) and any(words in said for words in _SAID_BY_TORCH):
        asked = re.search(r"tried to allocate (\d+) bytes", said)
        return f"{int(asked[1]):,} bytes could not be allocated" if asked else said
    return said or "an allocation failed" if isinstance(error, MemoryError) else None
