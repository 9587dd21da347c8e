"""Extracts the n-grams of a sequence's symbols and of the characters of each symbol, identified by hashes.

N-grams show the topic of a sequence regardless of context: "not good" is an n-gram of two words, "refund" one of
six characters in "refunded", a word that may not occur in training. A model knows the n-grams of the training split,
limited to the most frequent ones. A known n-gram has a number, its rank among the sorted hashes; its text is not kept.
Unknown n-grams are ignored. If all training sequences have the same length, as codes of a fixed form do, pairs of
symbol and position are n-grams too.

Sources: Wang and Manning, 2012, "Baselines and Bigrams: Simple, Good Sentiment and Topic Classification"; Joulin et
al., 2017, "Bag of Tricks for Efficient Text Classification"; Bojanowski et al., 2017, "Enriching Word Vectors with
Subword Information".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqwise.data.store import Store

__all__ = ["Bags", "Ngrams"]

_Hashes = NDArray[np.uint64]
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SIGNS = np.uint64(0xD1B54A32D192ED03)
_PLACES = np.uint64(0xA0761D6478BD642F)
_KEPT_BITS = np.uint64(11)
_BLOCK_ROWS = 2048
_MOST_ROWS = 200_000
_MOST_STEPS_KEPT = 4_000_000


@dataclass(frozen=True)
class Ngrams:
    """The n-grams that a model knows; number 0 is none, and hash i has the number i + 1.

    Attributes:
        longest: symbols of the longest run of symbols; 0 when symbols are no n-grams, not even alone.
        longest_signs: length of the longest character n-gram (the shortest has two characters, and the blanks around a
            symbol count); 0 for no character n-grams.
        hashes: of the known n-grams, ascending, each below 2^53.
        placed: whether symbols at their places, counted from the start, are n-grams too.
        counted: whether an n-gram is in a bag as often as it stands in the sequence, and not less often; see `Bags`.
    """

    longest: int = 0
    longest_signs: int = 0
    hashes: tuple[int, ...] = ()
    placed: bool = False
    counted: bool = False

    def __len__(self) -> int:
        """How many numbers there are, 0 included; 0 when there are no n-grams."""
        return len(self.hashes) + 1 if self.longest or self.longest_signs else 0

    @classmethod
    def of(
        cls,
        store: Store,
        rows: NDArray[np.int64],
        counts: Mapping[str, int],
        *,
        longest: int,
        longest_signs: int,
        limit: int,
        placed: bool = False,
        counted: bool = False,
    ) -> Ngrams:
        """The most frequent n-grams of these rows.

        Args:
            store: encoded symbols.
            rows: the training part; of more than 200,000 rows, so many evenly spread ones are looked at.
            counts: how often each symbol occurs in them.
            longest: see `Ngrams`.
            longest_signs: see `Ngrams`.
            limit: most n-grams kept.
            placed: see `Ngrams`.
            counted: see `Ngrams`.
        """
        if not longest and not longest_signs:
            return cls()
        symbols = [symbol for symbol in store.symbols if counts[symbol]]
        weights = np.array([counts[symbol] for symbol in symbols], dtype=np.int64)
        own, owners = _own_hashes(symbols, longest, longest_signs)
        found, totals = [own], [weights[owners]]
        hashes = _symbol_hashes(store.symbols)
        rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), _MOST_ROWS)).astype(np.int64)]
        for start in range(0, len(rows) if longest > 1 or placed else 0, _BLOCK_ROWS):
            block = rows[start : start + _BLOCK_ROWS]
            symbol_hashes, lengths = hashes[store.sequences(block)], store.lengths[block]
            runs, _ = _runs(symbol_hashes, lengths, 2, longest) if longest > 1 else (symbol_hashes[:0], None)
            places = _at_places(symbol_hashes, lengths) if placed else symbol_hashes[:0]
            distinct, times = np.unique(np.concatenate([runs, places]), return_counts=True)
            found.append(distinct)
            totals.append(times)
        distinct, places = np.unique(np.concatenate(found), return_inverse=True)
        total = np.bincount(places, np.concatenate(totals), minlength=len(distinct))
        kept = np.sort(distinct[np.argsort(-total, kind="stable")[:limit]])
        return cls(longest, longest_signs, tuple(kept.tolist()), placed, counted)


class Bags:
    """The known n-grams of each row of a store.

    With `Ngrams.counted` each is there as often as it stands in the sequence, for models that weigh counts themselves.
    Without, one that stands c times is there 1 + log2(c) times, rounded down: what is said twice weighs more, and what
    is said ten times weighs four times as much as what is said once.

    Args:
        store: encoded symbols.
        ngrams: those that are known.
    """

    def __init__(self, store: Store, ngrams: Ngrams) -> None:
        self.store, self.ngrams = store, ngrams
        self._known = np.array(ngrams.hashes, dtype=np.uint64)
        self._hashes = _symbol_hashes(store.symbols)
        own, owners = _own_hashes(store.symbols, ngrams.longest, ngrams.longest_signs)
        numbers = self._numbers(own)
        order = np.argsort(owners[numbers > 0], kind="stable")
        self._own = numbers[numbers > 0][order]
        self._own_sizes = np.bincount(owners[numbers > 0], minlength=len(store.symbols))
        self._own_starts = np.cumsum(self._own_sizes) - self._own_sizes
        self._kept: tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]] | None = None
        if int(store.lengths.sum()) <= _MOST_STEPS_KEPT:
            self._kept = self._all()

    def numbers(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """(rows, most n-grams of one of them) the numbers of each row's n-grams, ascending; 0 fills up."""
        if self._kept is None:
            flat, sizes = self._found(rows)
        else:
            kept, starts, all_sizes = self._kept
            sizes = all_sizes[rows]
            flat = kept[_places(starts[rows], sizes)].astype(np.int64)
        bags = np.zeros((len(rows), max(int(sizes.max(initial=0)), 1)), dtype=np.int64)
        bags[np.arange(bags.shape[1]) < sizes[:, None]] = flat
        return bags

    def _all(self) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
        """The numbers of all rows, one row after the other; where each row begins; how many it has."""
        blocks = [
            self._found(np.arange(start, min(start + _BLOCK_ROWS, len(self.store))))
            for start in range(0, len(self.store), _BLOCK_ROWS)
        ]
        flat = np.concatenate([numbers.astype(np.int32) for numbers, _ in blocks])
        sizes = np.concatenate([sizes for _, sizes in blocks])
        return flat, np.cumsum(sizes) - sizes, sizes

    def _found(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The numbers of the n-grams of rows, one row after the other, and how many each row has."""
        symbols, lengths = self.store.sequences(rows), self.store.lengths[rows]
        own_sizes = self._own_sizes[symbols]
        numbers = [self._own[_places(self._own_starts[symbols], own_sizes)]]
        owners = [np.repeat(np.repeat(np.arange(len(rows)), lengths), own_sizes)]
        if self.ngrams.longest > 1:
            runs, of_runs = _runs(self._hashes[symbols], lengths, 2, self.ngrams.longest)
            numbers.append(self._numbers(runs))
            owners.append(of_runs)
        if self.ngrams.placed:
            numbers.append(self._numbers(_at_places(self._hashes[symbols], lengths)))
            owners.append(np.repeat(np.arange(len(rows)), lengths))
        width = len(self.ngrams)
        keys = np.concatenate(owners) * width + np.concatenate(numbers)
        keys, counts = np.unique(keys[keys % width > 0], return_counts=True)
        keys = np.repeat(keys, counts if self.ngrams.counted else 1 + np.log2(counts).astype(np.int64))
        return keys % width, np.bincount(keys // width, minlength=len(rows))

    def _numbers(self, hashes: _Hashes) -> NDArray[np.int64]:
        """The number of each n-gram; 0 for one that is not known."""
        if not len(self._known):
            return np.zeros(len(hashes), dtype=np.int64)
        places = np.minimum(np.searchsorted(self._known, hashes), len(self._known) - 1)
        return np.where(self._known[places] == hashes, places + 1, 0)


def _symbol_hashes(symbols: Sequence[str]) -> _Hashes:
    """A 64-bit hash of each symbol's lower-cased form."""
    digests = b"".join(
        hashlib.blake2b(symbol.lower().encode("utf-8", "surrogatepass"), digest_size=8).digest() for symbol in symbols
    )
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def _own_hashes(symbols: Sequence[str], longest: int, longest_signs: int) -> tuple[_Hashes, NDArray[np.int64]]:
    """The n-grams of single symbols: the symbol itself, and its runs of characters; and whose they are."""
    found: list[tuple[_Hashes, NDArray[np.int64]]] = []
    if longest:
        found.append(_runs(_symbol_hashes(symbols), np.ones(len(symbols), dtype=np.int64), 1, 1))
    if longest_signs:
        texts = [f" {symbol.lower()} " for symbol in symbols]
        codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
        signs = _mixed(codes ^ _SIGNS)
        found.append(_runs(signs, np.array([len(text) for text in texts], dtype=np.int64), 2, longest_signs))
    hashes, owners = zip(*found, strict=True)
    return np.concatenate(hashes), np.concatenate(owners)


def _runs(
    hashes: _Hashes, lengths: NDArray[np.int64], shortest: int, longest: int
) -> tuple[_Hashes, NDArray[np.int64]]:
    """The hash of every run of `shortest` to `longest` neighbours that belong to one owner, and whose it is.

    Args:
        hashes: of the single things, one owner's after the other's.
        lengths: how many things each owner has.
        shortest: things of the shortest run.
        longest: things of the longest run.
    """
    owners = np.repeat(np.arange(len(lengths)), lengths)
    runs, found, whose = hashes, [], []
    for length in range(1, longest + 1):
        if length > 1:
            runs = runs[:-1] * _FACTOR + hashes[length - 1 :]
        if length >= shortest:
            inside = owners[: len(runs)] == owners[length - 1 :]
            found.append(_mixed(runs[inside] + np.uint64(length)) >> _KEPT_BITS)
            whose.append(owners[: len(runs)][inside])
    return np.concatenate(found), np.concatenate(whose)


def _at_places(hashes: _Hashes, lengths: NDArray[np.int64]) -> _Hashes:
    """The hash of every symbol together with its place in its sequence, from 1.

    Args:
        hashes: of the symbols, one sequence after the other.
        lengths: of the sequences.
    """
    places = _places(np.ones(len(lengths), dtype=np.int64), lengths).astype(np.uint64)
    return _mixed(hashes ^ _mixed(places * _PLACES)) >> _KEPT_BITS


def _mixed(numbers: _Hashes) -> _Hashes:
    """Every number turned into another one that looks random (Steele et al., 2014, splitmix64)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _places(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places start, start + 1, ... of each run of these sizes, one run after the other."""
    before = np.cumsum(sizes) - sizes
    return np.repeat(starts - before, sizes) + np.arange(int(sizes.sum()))
