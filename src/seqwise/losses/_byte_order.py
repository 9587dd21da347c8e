"""NumPy arrays of another machine's byte order, as files hold them, in that of this one."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["in_native_order"]


def in_native_order(value: Any) -> Any:
    """A NumPy array with its bytes in the order of this machine; everything else as it is.

    Examples:
        >>> in_native_order(np.array([1, 2], dtype=">i4")).dtype.isnative
        True
    """
    if isinstance(value, np.ndarray) and not value.dtype.isnative:
        return value.astype(value.dtype.newbyteorder("="))
    return value
