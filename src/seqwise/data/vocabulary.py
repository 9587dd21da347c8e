"""Decides which symbols a model knows, and how numeric channels are scaled: both from the training part only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.data.affixes import AffixFeatures
from seqwise.data.ngrams import Ngrams
from seqwise.data.store import Store
from seqwise.data.word_characters import CHARACTERS_RESERVED, LONGEST_SPELLING, character_numbers, known_characters

__all__ = ["PADDING", "UNKNOWN", "ChannelScaling", "Vocabulary", "symbol_counts"]

PADDING = 0
UNKNOWN = 1
_RESERVED = 2


@dataclass(frozen=True)
class Vocabulary:
    """The symbols a model knows; 0 is padding, 1 stands for every other symbol.

    Attributes:
        symbols: the known symbols; symbol i has the number i + 2.
        counts: how often each occurs in the training part.
        parts: the parts of words that the model knows.
        characters: the characters that words are spelled with, see `data.characters`.
        spelling: numbers of characters per word; 0 when words are not spelled.
        vector_words: words with a vector that was trained before, see `data.vectors`.
        vector_size: numbers of such a vector; 0 when there are none.
        ngrams: the n-grams that the model knows.
    """

    symbols: tuple[str, ...]
    counts: tuple[int, ...]
    parts: AffixFeatures = field(default_factory=AffixFeatures)
    characters: tuple[str, ...] = ()
    spelling: int = 0
    vector_words: tuple[str, ...] = ()
    vector_size: int = 0
    ngrams: Ngrams = field(default_factory=Ngrams)

    def __len__(self) -> int:
        return len(self.symbols) + _RESERVED

    @classmethod
    def from_counts(
        cls, counts: Mapping[str, int], min_count: int = 1, *, parts: int = 0, spelled: bool = False
    ) -> Vocabulary:
        """The symbols that occur at least `min_count` times, the most frequent first.

        Args:
            counts: how often each symbol occurs in the training part.
            min_count: rarer symbols are not known; their parts and characters are.
            parts: how many parts of words are known at most.
            spelled: whether words are spelled by their characters.

        Examples:
            >>> Vocabulary.from_counts({"a": 1, "b": 3, "c": 0}).symbols
            ('b', 'a')
        """
        kept = sorted(
            ((symbol, count) for symbol, count in counts.items() if count >= max(min_count, 1)),
            key=lambda pair: (-pair[1], pair[0]),
        )
        symbols = tuple(symbol for symbol, _ in kept)
        words = [symbol for symbol, count in counts.items() if count]
        longest = max((len(word) for word in words), default=1)
        return cls(
            symbols,
            tuple(count for _, count in kept),
            AffixFeatures.of(words, parts),
            known_characters(words) if spelled else (),
            min(max(longest, 1) + 2, LONGEST_SPELLING) if spelled else 0,
        )

    @property
    def character_count(self) -> int:
        """The numbers that characters can have, padding included; 0 when words are not spelled."""
        return CHARACTERS_RESERVED + len(self.characters) if self.spelling else 0

    @property
    def vector_count(self) -> int:
        """The numbers that vectors trained before can have, that for none included; 0 when there are no such."""
        return 1 + len(self.vector_words) if self.vector_size else 0

    @cached_property
    def _known(self) -> dict[str, int]:
        return {symbol: number for number, symbol in enumerate(self.symbols, start=_RESERVED)}

    def numbers(self, symbols: Sequence[str]) -> NDArray[np.int64]:
        """The number of each symbol; `UNKNOWN` for one that is not known.

        Returns:
            (symbols,), or (symbols, ids): behind the word the numbers of its parts, then that of its vector trained
            before, then those of its characters, as far as there are any.
        """
        numbers = np.array([self._known.get(symbol, UNKNOWN) for symbol in symbols], dtype=np.int64)
        behind = []
        if self.parts.known:
            behind.append(self.parts.numbers(symbols))
        if self.vector_size:
            behind.append(self.vector_numbers(symbols)[:, None])
        if self.spelling:
            behind.append(character_numbers(symbols, self.characters, self.spelling))
        return np.concatenate([numbers[:, None], *behind], axis=1) if behind else numbers

    @cached_property
    def _vectors(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.vector_words, start=1)}

    def vector_numbers(self, symbols: Sequence[str]) -> NDArray[np.int64]:
        """The number of each symbol's vector: that of the word as it stands, else in lower case; 0 for none."""
        known = self._vectors
        found = [known.get(symbol) or known.get(symbol.lower(), 0) for symbol in symbols]
        return np.array(found, dtype=np.int64)

    def dropout_rates(self, alpha: float) -> NDArray[np.float32]:
        """How likely training shows each number as unknown: alpha / (alpha + count).

        Rare symbols are hidden most often, so that the vector of the unknown symbol is trained where unknown symbols
        occur in life. Source: Kiperwasser and Goldberg, 2016, "Simple and Accurate Dependency Parsing Using
        Bidirectional LSTM Feature Representations".
        """
        counts = np.array([0, 0, *self.counts], dtype=np.float32)
        rates = alpha / (alpha + counts) if alpha > 0 else np.zeros_like(counts)
        rates[:_RESERVED] = 0
        return rates.astype(np.float32)


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

    def to_json(self) -> dict[str, Any]:
        """The plain form that run folders keep."""
        return {"mean": list(self.mean), "deviation": list(self.deviation), "constant": list(self.constant)}


def symbol_counts(store: Store, rows: NDArray[np.int64]) -> dict[str, int]:
    """How often each symbol occurs in these rows."""
    counts = np.zeros(len(store.symbols), dtype=np.int64)
    for start in range(0, len(rows), 4096):
        block = [store.sequence(int(row)) for row in rows[start : start + 4096]]
        counts += np.bincount(np.concatenate(block), minlength=len(counts))
    return dict(zip(store.symbols, counts.tolist(), strict=True))
