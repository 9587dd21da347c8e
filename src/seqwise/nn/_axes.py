"""The array types that annotations name: those of jaxtyping where it is installed, else nothing.

Annotations are only read in tests, so the package does not depend on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["Bool", "Float", "Integer", "Num"]

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Integer, Num
else:
    try:
        from jaxtyping import Bool, Float, Integer, Num
    except ImportError:
        Bool = Float = Integer = Num = None
