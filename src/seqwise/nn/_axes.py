"""Array types for annotations: those of jaxtyping where it is installed, else placeholders.

Only the tests evaluate annotations, so jaxtyping is not a dependency.
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
