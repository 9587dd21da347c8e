"""Makes batches of sequences of like length, under a budget of steps, so that little is computed on padding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.data.encoding import Encoding
from seqwise.data.labels import LabelCodec
from seqwise.data.ngrams import Bags, Ngrams
from seqwise.data.store import Store
from seqwise.data.subwords import Subwords
from seqwise.data.vocabulary import PADDING, UNKNOWN, ChannelScaling, Vocabulary
from seqwise.masks import lengths_to_mask

__all__ = ["Batch", "Batcher", "epoch_plan", "length_plan", "padding_share"]

_BLOCK_ROWS = 1024
_POOL_BLOCKS = 256


@dataclass(frozen=True)
class Batch:
    """Padded arrays of one batch.

    Attributes:
        inputs: (B, T) int64 symbol numbers, (B, T, 1 + parts) with parts of words, (B, T, pieces) with the pieces of a
            pretrained model, or (B, T, channels) float32.
        lengths: (B,) int64; the first `lengths[b]` steps count.
        labels: per target name, class indices; see `seqwise.targets.Target` for the shapes.
        masks: per target name, of the labels' shape: True where a label is there.
        rows: (B,) the rows of the store.
        unseen: per target name, labels that are no class; see `seqwise.data.labels.LabelCodec.unseen`. Only of targets
            that may have some.
        ngrams: (B, N) int64 numbers of each sequence's n-grams, see `data.ngrams`, filled up with 0; None when the
            model knows none.
    """

    inputs: NDArray[Any]
    lengths: NDArray[np.int64]
    labels: Mapping[str, NDArray[np.int64]]
    masks: Mapping[str, NDArray[np.bool_]]
    rows: NDArray[np.int64]
    ngrams: NDArray[np.int64] | None = None
    unseen: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)


@dataclass(frozen=True)
class Batcher:
    """Turns rows of a store into batches for one model.

    Attributes:
        store: encoded rows.
        encoding: the symbols the model knows, or the scaling of the channels.
        codecs: one per target whose labels are wanted.
        dropout: alpha of `Vocabulary.dropout_rates`, used when a random generator is given.
    """

    store: Store
    encoding: Encoding
    codecs: Sequence[LabelCodec] = ()
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.encoding, Vocabulary):
            object.__setattr__(self, "_numbers", self.encoding.numbers(self.store.symbols))
            object.__setattr__(self, "_rates", self.encoding.dropout_rates(self.dropout))
        elif isinstance(self.encoding, Subwords):
            pieces, counts = self.encoding.numbers(self.store.symbols)
            object.__setattr__(self, "_pieces", pieces)
            object.__setattr__(self, "_piece_counts", counts)
            object.__setattr__(self, "_piece_starts", np.cumsum(counts) - counts)
        ngrams = self.encoding.ngrams if isinstance(self.encoding, Vocabulary) else Ngrams()
        object.__setattr__(self, "_bags", Bags(self.store, ngrams) if len(ngrams) else None)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """(rows,) how many steps the model computes for each row: its length, or its pieces."""
        if not isinstance(self.encoding, Subwords):
            lengths: NDArray[np.int64] = self.store.lengths
            return lengths
        sizes = np.zeros(len(self.store), dtype=np.int64)
        for start in range(0, len(sizes), _BLOCK_ROWS):
            rows = np.arange(start, min(start + _BLOCK_ROWS, len(sizes)))
            counts: NDArray[np.int64] = self._piece_counts[self.store.sequences(rows)]  # type: ignore[attr-defined]
            sums = np.concatenate([[0], np.cumsum(counts)])
            ends = np.cumsum(self.store.lengths[rows])
            sizes[rows] = sums[ends] - sums[ends - self.store.lengths[rows]]
        return sizes

    def batch(self, rows: NDArray[np.int64], rng: np.random.Generator | None = None) -> Batch:
        """The batch of these rows. With a generator, rare symbols are hidden at random (training)."""
        lengths = self.store.lengths[rows]
        time = int(lengths.max())
        inputs = self._inputs(rows, lengths, time, rng)
        labels, masks = {}, {}
        for codec in self.codecs:
            labels[codec.target.name], masks[codec.target.name] = codec.batch(self.store, rows, time)
        return Batch(inputs, lengths, labels, masks, rows, self.ngrams(rows), self._unseen(rows, time, rng))

    def _unseen(
        self, rows: NDArray[np.int64], time: int, rng: np.random.Generator | None
    ) -> dict[str, NDArray[np.int64]]:
        """Labels that are no class, which training has none of."""
        if rng is not None:
            return {}
        found = {codec.target.name: codec.unseen(self.store, rows, time) for codec in self.codecs}
        return {name: codes for name, codes in found.items() if codes is not None}

    def ngrams(self, rows: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """(rows, N) the numbers of each row's n-grams, filled up with 0; None when the model knows none."""
        bags: Bags | None = self._bags  # type: ignore[attr-defined]
        return None if bags is None else bags.numbers(rows)

    def batches(self, plan: Sequence[NDArray[np.int64]]) -> Iterator[Batch]:
        """The batches of a plan, nothing hidden."""
        return (self.batch(rows) for rows in plan)

    def _inputs(
        self,
        rows: NDArray[np.int64],
        lengths: NDArray[np.int64],
        time: int,
        rng: np.random.Generator | None,
    ) -> NDArray[Any]:
        flat = self.store.sequences(rows)
        mask = lengths_to_mask(lengths, time)
        if isinstance(self.encoding, ChannelScaling):
            series = np.zeros((*mask.shape, flat.shape[1]), dtype=np.float32)
            series[mask] = self.encoding(flat)
            return series
        if isinstance(self.encoding, Subwords):
            return self._piece_inputs(flat, mask)
        numbers: NDArray[np.int64] = self._numbers[flat]  # type: ignore[attr-defined]
        if rng is not None and self.dropout > 0:
            # A hidden word keeps its parts: that is how a word is met that training never showed.
            words = numbers.reshape(len(numbers), -1)
            rates: NDArray[np.float32] = self._rates[words[:, 0]]  # type: ignore[attr-defined]
            words[rng.random(len(words), dtype=np.float32) < rates, 0] = UNKNOWN
        inputs = np.full((*mask.shape, *numbers.shape[1:]), PADDING, dtype=np.int64)
        inputs[mask] = numbers
        return inputs

    def _piece_inputs(self, symbols: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """(B, T, pieces) the pieces of each word, then padding."""
        counts: NDArray[np.int64] = self._piece_counts[symbols]  # type: ignore[attr-defined]
        starts: NDArray[np.int64] = self._piece_starts[symbols]  # type: ignore[attr-defined]
        order = np.arange(int(counts.max(initial=0)))
        numbers = np.full((len(symbols), len(order)), PADDING, dtype=np.int64)
        inside = order < counts[:, None]
        numbers[inside] = self._pieces[(starts[:, None] + order)[inside]]  # type: ignore[attr-defined]
        inputs = np.full((*mask.shape, len(order)), PADDING, dtype=np.int64)
        inputs[mask] = numbers
        return inputs


def length_plan(lengths: NDArray[np.int64], rows: NDArray[np.int64], batch_tokens: int) -> list[NDArray[np.int64]]:
    """Batches in order of length, each at most `batch_tokens` steps with its padding; for evaluating and predicting.

    Examples:
        >>> plan = length_plan(np.array([3, 1, 2]), np.array([0, 1, 2]), batch_tokens=4)
        >>> [rows.tolist() for rows in plan]
        [[1, 2], [0]]
    """
    return _cut(lengths, rows[np.argsort(lengths[rows], kind="stable")], batch_tokens)


def epoch_plan(
    lengths: NDArray[np.int64], rows: NDArray[np.int64], batch_tokens: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Batches of one epoch in random order, rows of like length together.

    Blocks of neighbouring rows are shuffled, and within a pool of blocks the rows: a mapped file is then read block by
    block in constant memory, and data that fit one pool are shuffled completely. Inside a pool the rows are ordered by
    length with a little noise, cut by the budget, and the batches shuffled.

    Args:
        lengths: steps of every row of the store, as the model computes them (`Batcher.sizes`).
        rows: the rows of the epoch.
        batch_tokens: most steps of a batch, padding included; a longer sequence is a batch of its own.
        rng: decides every shuffle; equal generators give equal plans.
    """
    blocks = [rows[start : start + _BLOCK_ROWS] for start in range(0, len(rows), _BLOCK_ROWS)]
    order = rng.permutation(len(blocks))
    plan: list[NDArray[np.int64]] = []
    for start in range(0, len(blocks), _POOL_BLOCKS):
        pool = np.concatenate([blocks[i] for i in order[start : start + _POOL_BLOCKS]])
        noisy = lengths[pool] * (1 + 0.05 * rng.random(len(pool))) + rng.random(len(pool))
        batches = _cut(lengths, pool[np.argsort(noisy, kind="stable")], batch_tokens)
        plan += [batches[i] for i in rng.permutation(len(batches))]
    return plan


def _cut(lengths: NDArray[np.int64], ordered: NDArray[np.int64], batch_tokens: int) -> list[NDArray[np.int64]]:
    """Consecutive rows, as many as fit the budget when padded to the longest of them."""
    plan: list[NDArray[np.int64]] = []
    start, longest = 0, 0
    for end, length in enumerate(lengths[ordered].tolist()):
        longest = max(longest, length)
        if end > start and longest * (end - start + 1) > batch_tokens:
            plan.append(ordered[start:end])
            start, longest = end, length
    if len(ordered):
        plan.append(ordered[start:])
    return plan


def padding_share(lengths: NDArray[np.int64], plan: Sequence[NDArray[np.int64]]) -> float:
    """The share of the computed steps that are padding, over a plan."""
    computed = sum(len(rows) * int(lengths[rows].max()) for rows in plan)
    return 1 - sum(int(lengths[rows].sum()) for rows in plan) / computed if computed else 0.0
