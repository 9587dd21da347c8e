"""The protocol for the model input of a store's rows, batch by batch, for every kind of encoding."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from seqwise.masks import lengths_to_mask

__all__ = ["InputRows", "padded"]

_Number = TypeVar("_Number", bound=np.generic)


class InputRows(Protocol):
    """The input of a model for the rows of a store."""

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(rows,) how many steps the model computes for each row."""
        ...

    def inputs(self, rows: NDArray[np.int64], rng: np.random.Generator | None = None) -> NDArray[Any]:
        """(B, T, ...) the padded input of these rows.

        Args:
            rows: rows of the store.
            rng: replaces rare symbols at random by the unknown one (training), where the encoding has symbols.
        """
        ...


def padded(steps: NDArray[_Number], lengths: NDArray[np.int64]) -> NDArray[_Number]:
    """(B, T, ...) the steps of all sequences, one after the other, each sequence filled up with 0.

    Examples:
        >>> padded(np.array([7, 8, 9]), np.array([2, 1])).tolist()
        [[7, 8], [9, 0]]
    """
    mask = lengths_to_mask(lengths)
    filled = np.zeros((*mask.shape, *steps.shape[1:]), dtype=steps.dtype)
    filled[mask] = steps
    return filled
