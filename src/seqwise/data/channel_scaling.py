"""Scales the channels of series by the mean and standard deviation of the training split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from seqwise.data.input_rows import padded
from seqwise.data.ngrams import Ngrams
from seqwise.data.store import Store

__all__ = ["ChannelScaling", "OfChannels", "SeriesRows"]

_Made = TypeVar("_Made")
_Made_co = TypeVar("_Made_co", covariant=True)


class OfChannels(Protocol[_Made_co]):
    """See `seqwise.data.encoding.EncodingVisitor`."""

    def of_channels(self, scaling: ChannelScaling, /) -> _Made_co:
        """What is made of a scaling."""
        ...


@dataclass(frozen=True)
class ChannelScaling:
    """Shift and scale per channel: (value - mean) / deviation, in float32.

    Attributes:
        mean: per channel, over the steps of the training part.
        deviation: the standard deviation likewise; 1 where a channel is constant.
        constant: the channels (counted from 0) that never change in the training part.
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    constant: tuple[int, ...] = ()

    @classmethod
    def of(cls, store: Store, rows: NDArray[np.int64]) -> ChannelScaling:
        """The scaling of these rows, from one pass (Welford's merge of means and squares, in float64); NaN left out."""
        count, mean, squares = np.zeros(store.channels), np.zeros(store.channels), np.zeros(store.channels)
        low, high = np.full(store.channels, np.inf), np.full(store.channels, -np.inf)
        for row in rows:
            series = store.sequence(int(row)).astype(np.float64)
            known = ~np.isnan(series)
            own = known.sum(axis=0)
            total = np.maximum(count + own, 1)
            centre = np.where(known, series, 0.0).sum(axis=0) / np.maximum(own, 1)
            shift = centre - mean
            squares += np.where(known, (series - centre) ** 2, 0.0).sum(axis=0) + shift**2 * count * own / total
            mean += shift * own / total
            low = np.minimum(low, np.where(known, series, np.inf).min(axis=0))
            high = np.maximum(high, np.where(known, series, -np.inf).max(axis=0))
            count = count + own
        constant = low >= high
        deviation = np.where(constant, 1.0, np.sqrt(squares / np.maximum(count, 1)))
        return cls(tuple(mean.tolist()), tuple(deviation.tolist()), tuple(np.flatnonzero(constant).tolist()))

    def __call__(self, series: NDArray[np.float32]) -> NDArray[np.float32]:
        """The scaled series, (time, channels) or (batch, time, channels); 0, the mean, where a value is NaN."""
        scaled = (series - np.asarray(self.mean)) / np.asarray(self.deviation)
        return np.asarray(np.nan_to_num(scaled, nan=0.0), dtype=np.float32)

    @property
    def packages(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def channels(self) -> int:
        """All channels, views included."""
        return len(self.mean)

    @property
    def id_count(self) -> int:
        """None: numbers have no ids."""
        return 0

    @property
    def is_pretrained(self) -> bool:
        """Never."""
        return False

    @property
    def ngrams(self) -> Ngrams:
        """None."""
        return Ngrams()

    def rows(self, store: Store, symbol_dropout: float = 0.0) -> SeriesRows:  # noqa: ARG002 (a series has no symbols)
        """The scaled values of each row."""
        return SeriesRows(store, self)

    def messages(self) -> list[str]:
        """How many channels the training data have, and which of them never change."""
        constant = f", constant in training: {[c + 1 for c in self.constant]}" if self.constant else ""
        return [f"channels: {self.channels}, scaled to mean 0 and standard deviation 1{constant}"]

    def to_json(self) -> dict[str, Any]:
        """The plain form that run folders keep."""
        return {
            "kind": "channels",
            "mean": list(self.mean),
            "deviation": list(self.deviation),
            "constant": list(self.constant),
        }

    def accept(self, visitor: OfChannels[_Made]) -> _Made:
        """What a visitor makes of a scaling."""
        return visitor.of_channels(self)


class SeriesRows:
    """The scaled values of a store's rows, (B, T, channels).

    Args:
        store: encoded series.
        scaling: of their channels.
    """

    def __init__(self, store: Store, scaling: ChannelScaling) -> None:
        self.store = store
        self._scaling = scaling

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(rows,) the steps of each row."""
        lengths: NDArray[np.int64] = self.store.lengths
        return lengths

    def inputs(self, rows: NDArray[np.int64], rng: np.random.Generator | None = None) -> NDArray[np.float32]:  # noqa: ARG002 (no symbols)
        """The scaled values of these rows, filled up with 0."""
        return padded(self._scaling(self.store.sequences(rows)), self.store.lengths[rows])
