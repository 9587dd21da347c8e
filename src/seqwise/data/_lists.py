"""Arrow list columns, written value by value and read row by row or many rows at once."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["ListColumn", "ListRows"]


class ListColumn:
    """Grows a list column without Python objects per value."""

    def __init__(self, typecode: str) -> None:
        self.values = array(typecode)
        self.offsets = array("i", [0])
        self.absent = bytearray()

    def append(self, values: Sequence[float] | NDArray[np.float32] | None) -> None:
        """Adds a row; None for one that is missing."""
        if isinstance(values, np.ndarray):
            self.values.frombytes(np.ascontiguousarray(values).tobytes())
        elif values is not None:
            self.values.extend(values)  # type: ignore[arg-type]
        self.offsets.append(len(self.values))
        self.absent.append(values is None)

    def arrow(self) -> pa.Array:
        """The rows as one chunk of Arrow."""
        kind = np.int32 if self.values.typecode == "i" else np.float32
        values = pa.array(np.frombuffer(self.values, dtype=kind) if len(self.values) else np.zeros(0, kind))
        mask = pa.array(np.frombuffer(self.absent, dtype=np.bool_)) if any(self.absent) else None
        return pa.ListArray.from_arrays(pa.array(np.frombuffer(self.offsets, dtype=np.int32)), values, mask=mask)


class ListRows:
    """A list column over many chunks, read row by row without a copy."""

    def __init__(self, chunks: list[pa.ListArray]) -> None:
        self.values = [np.asarray(chunk.values) for chunk in chunks]
        self.offsets = [np.asarray(chunk.offsets) for chunk in chunks]
        self.present = [np.asarray(chunk.is_valid()) if chunk.null_count else None for chunk in chunks]

    def row(self, chunk: int, row: int) -> NDArray[Any] | None:
        """The values of a row; None where it is missing."""
        present = self.present[chunk]
        if present is not None and not present[row]:
            return None
        offsets = self.offsets[chunk]
        return self.values[chunk][offsets[row] : offsets[row + 1]]

    def flat(
        self, chunks: NDArray[np.int64], rows: NDArray[np.int64], sizes: NDArray[np.int64], missing: int = 0
    ) -> NDArray[Any]:
        """The values of many rows, one row after the other; of a row that is not there, `missing` so many times."""
        ends = sizes.cumsum()
        if len(self.values) == 1 and self.present[0] is None:  # a small store: in one go
            return self.values[0][np.repeat(self.offsets[0][rows] - (ends - sizes), sizes) + np.arange(sizes.sum())]
        flat = np.full(int(sizes.sum()), missing, dtype=self.values[0].dtype if self.values else np.int32)
        for chunk in np.unique(chunks):
            there = chunks == chunk
            present = self.present[chunk]
            if present is not None:
                there[there] = present[rows[there]]
            counts = sizes[there]
            steps = np.arange(int(counts.sum())) - np.repeat(counts.cumsum() - counts, counts)
            from_values = np.repeat(self.offsets[chunk][rows[there]], counts) + steps
            flat[np.repeat(ends[there] - counts, counts) + steps] = self.values[chunk][from_values]
        return flat

    def lengths(self) -> NDArray[np.int64]:
        """How many values each row has."""
        return np.concatenate([np.zeros(0, np.int64), *(np.diff(offsets) for offsets in self.offsets)]).astype(np.int64)
