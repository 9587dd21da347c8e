"""Keeps freed memory for reuse in training and prediction, and recognises out-of-memory errors.

Training and prediction request the same sizes again and again. By default, the allocator of glibc returns large freed
blocks to the system, which then hands out new zeroed pages one by one: some hundred in each step of a small training.
"""

from __future__ import annotations

import ctypes
import os
import re

__all__ = ["keep_memory", "shortage"]

_OPTIONS = {-3: 1 << 25, -1: 1 << 29, -2: 1 << 26}
"""M_MMAP_THRESHOLD (its maximum), M_TRIM_THRESHOLD and M_TOP_PAD of <malloc.h>, in bytes."""
_VARIABLES = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "GLIBC_TUNABLES")
_TORCH_MESSAGES = ("can't allocate memory", "not enough memory", "out of memory")


def keep_memory() -> bool:
    """Makes this process's allocator keep up to half a gigabyte of freed memory; returns whether it succeeded.

    Does nothing if the environment configures the allocator (`MALLOC_TRIM_THRESHOLD_` and the like), or if it is not
    that of glibc. Only for programs that do nothing but train or predict; a library must not decide this.
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
    """A one-line description of an out-of-memory error; None for any other exception.

    Python and NumPy raise MemoryError; torch raises RuntimeError with a different text for each kind of memory.

    Examples:
        >>> shortage(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000 bytes."))
        '4,000 bytes could not be allocated'
        >>> shortage(RuntimeError("shapes differ")) is None
        True
    """
    message = str(error).strip().partition("\n")[0]
    if isinstance(error, RuntimeError) and any(words in message for words in _TORCH_MESSAGES):
        asked = re.search(r"tried to allocate (\d+) bytes", message)
        return f"{int(asked[1]):,} bytes could not be allocated" if asked else message
    return message or "an allocation failed" if isinstance(error, MemoryError) else None
