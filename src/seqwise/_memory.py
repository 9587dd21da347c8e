"""Keeps memory that was used once, since training and prediction ask for the same sizes again and again.

The allocator of glibc gives large blocks back to the system when they are freed, and the system hands out others page
by page, filled with zeros: some hundred pages in each step of a small training.
"""

from __future__ import annotations

import ctypes
import os

__all__ = ["keep_memory"]

_OPTIONS = {-3: 1 << 25, -1: 1 << 29, -2: 1 << 26}
"""M_MMAP_THRESHOLD, the largest that there is; M_TRIM_THRESHOLD; M_TOP_PAD (<malloc.h>), in bytes."""
_VARIABLES = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "GLIBC_TUNABLES")


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
