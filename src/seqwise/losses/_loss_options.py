"""The options of the losses, each declared once: behind the public functions they travel as one value.

The docstrings of the public functions explain what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from seqwise.losses._constraints import Allowed

__all__ = ["Averaging", "BinaryOptions", "ClassOptions", "CrfOptions"]


class Averaging(NamedTuple):
    """How the losses of all positions become one result; every loss has these two options."""

    reduction: Any = "mean"
    denominator: Any = None


class ClassOptions(NamedTuple):
    """The options of a loss over classes.

    The first four are arrays of a framework; a plan takes their descriptions in their place.
    """

    mask: Any = None
    lengths: Any = None
    class_weight: Any = None
    sample_weight: Any = None
    ignore_index: int | None = None
    label_values: Sequence[int] | None = None
    label_smoothing: float = 0.0
    class_axis: int = -1
    from_logits: bool = True
    gamma: float = 0.0
    ordered: bool = False

    def arrays(self) -> dict[str, Any]:
        """The arrays that were given, by name."""
        return _given(self, ("mask", "lengths", "class_weight", "sample_weight"))

    def with_arrays(self, make: Callable[[str, Any], Any]) -> ClassOptions:
        """The same options with something else in place of each array that was given."""
        return self._replace(**{name: make(name, array) for name, array in self.arrays().items()})


class BinaryOptions(NamedTuple):
    """The options of the loss over yes-or-no labels; as `ClassOptions`."""

    mask: Any = None
    lengths: Any = None
    pos_weight: Any = None
    sample_weight: Any = None
    ignore_index: int | None = None
    label_smoothing: float = 0.0
    from_logits: bool = True

    def arrays(self) -> dict[str, Any]:
        """The arrays that were given, by name."""
        return _given(self, ("mask", "lengths", "pos_weight", "sample_weight"))

    def with_arrays(self, make: Callable[[str, Any], Any]) -> BinaryOptions:
        """The same options with something else in place of each array that was given."""
        return self._replace(**{name: make(name, array) for name, array in self.arrays().items()})


class CrfOptions(NamedTuple):
    """The options of the linear-chain CRF: arrays of a framework, and `fill`, which decoding alone has."""

    start: Any = None
    end: Any = None
    mask: Any = None
    lengths: Any = None
    allowed: Allowed | Any = None
    fill: int = -1

    def arrays(self) -> dict[str, Any]:
        """The arrays that were given, by the names that messages show: `allowed` as up to three arrays."""
        allowed = self.allowed if isinstance(self.allowed, Allowed) else Allowed(self.allowed)
        names = ("start", "end", "mask", "lengths", "allowed.transitions", "allowed.start", "allowed.end")
        return _given((*self[:4], *allowed), names)


def _given(options: tuple[Any, ...], names: Sequence[str]) -> dict[str, Any]:
    return {name: array for name, array in zip(names, options, strict=False) if array is not None}
