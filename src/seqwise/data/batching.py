"""Batches sequences of similar length within a budget of steps, to compute little on padding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.data.encoding import Encoding
from seqwise.data.input_rows import InputRows
from seqwise.data.labels import LabelCodec
from seqwise.data.ngrams import Bags
from seqwise.data.store import Store

__all__ = ["Batch", "Batcher", "epoch_plan", "length_plan", "padding_share"]

_BLOCK_ROWS = 1024
_POOL_BLOCKS = 256


@dataclass(frozen=True)
class Batch:
    """Padded arrays of one batch.

    Attributes:
        inputs: what `Encoding.rows` gives: (B, T) int64 symbol ids, (B, T, form.ids) where `Vocabulary.form` has more
            than these, (B, T, tokens) with the subword tokens of a pretrained model, or (B, T, channels) float32.
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
        encoding: what the model knows of its input.
        codecs: one per target whose labels are wanted.
        dropout: alpha of `Vocabulary.dropout_rates`, used when a random generator is given.
    """

    store: Store
    encoding: Encoding
    codecs: Sequence[LabelCodec] = ()
    dropout: float = 0.0

    @cached_property
    def _inputs(self) -> InputRows:
        return self.encoding.rows(self.store, self.dropout)

    @cached_property
    def _bags(self) -> Bags | None:
        ngrams = self.encoding.ngrams
        return Bags(self.store, ngrams) if len(ngrams) else None

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(rows,) how many steps the model computes for each row: its length, or its subword tokens."""
        return self._inputs.sizes

    def batch(self, rows: NDArray[np.int64], rng: np.random.Generator | None = None) -> Batch:
        """The batch of these rows. With a generator, rare symbols are hidden at random (training)."""
        lengths = self.store.lengths[rows]
        time = int(lengths.max())
        inputs = self._inputs.inputs(rows, rng)
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
        return None if self._bags is None else self._bags.numbers(rows)

    def batches(self, plan: Sequence[NDArray[np.int64]]) -> Iterator[Batch]:
        """The batches of a plan, nothing hidden."""
        return (self.batch(rows) for rows in plan)


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
