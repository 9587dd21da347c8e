"""Says which rows train, which decide when to stop, and which test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqwise.data.store import Store
from seqwise.errors import DataError

__all__ = ["DEV", "PARTS", "TEST", "TRAIN", "Split", "make_split"]

TRAIN, DEV, TEST = 0, 1, 2
PARTS = ("train", "dev", "test")


@dataclass(frozen=True)
class Split:
    """Row numbers of the three parts, and the rule that made them, in words.

    Attributes:
        train: rows to learn from.
        dev: rows that decide about early stopping.
        test: rows that are only judged, at the end; may be empty.
        rule: the rule in a sentence.
    """

    train: NDArray[np.int64]
    dev: NDArray[np.int64]
    test: NDArray[np.int64]
    rule: str

    def rows(self, part: str) -> NDArray[np.int64]:
        """The rows of `train`, `dev` or `test`."""
        assert part in PARTS, part
        rows: NDArray[np.int64] = getattr(self, part)
        return rows


def make_split(
    store: Store, *, dev_fraction: float, test_fraction: float, seed: int, files: tuple[bool, bool]
) -> Split:
    """The split of a store's rows.

    Files given as dev or test are used as they are. A missing dev part is cut from the training rows; a missing test
    part too, unless a dev file was given. Rows of one group stay together; without groups, rows of equal input do, so
    that nothing is tested on a sequence it was trained on. With one label per sequence the cut is stratified by it.

    Args:
        store: the rows.
        dev_fraction: share of the training rows that becomes dev where no dev file is given.
        test_fraction: likewise for test.
        seed: seeds the cut.
        files: whether a dev file and a test file were given.

    Raises:
        DataError: too few rows for the parts that must be cut.
    """
    given_dev, given_test = files
    rows = np.flatnonzero(store.parts == TRAIN)
    shares = [0.0 if given_dev else dev_fraction, 0.0 if given_test or given_dev else test_fraction]
    cut = _cut(store, rows, shares, seed) if any(shares) else [rows[:0], rows[:0]]
    dev = np.flatnonzero(store.parts == DEV) if given_dev else cut[0]
    test = np.flatnonzero(store.parts == TEST) if given_test else cut[1]
    train = np.setdiff1d(rows, np.concatenate(cut), assume_unique=True)
    return Split(train, dev, test, _rule(store, shares, files, seed))


def _cut(store: Store, rows: NDArray[np.int64], shares: list[float], seed: int) -> list[NDArray[np.int64]]:
    """Two sets of rows, of the sizes asked for, made of whole groups."""
    rng = np.random.default_rng([seed, 0x5EED])
    groups, first, group_of_row = np.unique(store.groups[rows], return_index=True, return_inverse=True)
    needed = 1 + sum(share > 0 for share in shares)
    if len(groups) < needed:
        what = "different sequences" if store.spec.group_column is None else "groups"
        raise DataError(
            f"{len(groups)} {what} in {len(rows)} rows cannot be split into {needed} parts",
            file=store.place(0).file if len(store) else None,
            hint="Give --dev FILE and --test FILE, or more rows.",
        )
    order = _stratified_order(_strata(store, rows[first]), rng).tolist()
    sizes = np.bincount(group_of_row, minlength=len(groups)).tolist()
    order.remove(max(order, key=lambda group: sizes[group]))  # the largest group always trains
    cuts = []
    for position, share in enumerate(shares):
        spare = len(order) - sum(later > 0 for later in shares[position + 1 :])
        chosen = _groups_that_fit(order, sizes, share * len(rows), spare) if share > 0 else []
        taken = set(chosen)
        order = [group for group in order if group not in taken]
        cuts.append(rows[np.isin(group_of_row, chosen)])
    return cuts


def _groups_that_fit(order: list[int], sizes: list[int], quota: float, most: int) -> list[int]:
    """The first groups, at most so many, that fit the quota together; the smallest one where none does."""
    chosen, taken = [], 0
    for group in order:
        if taken + sizes[group] <= max(quota, 1) + 0.5:
            chosen.append(group)
            taken += sizes[group]
        if taken >= quota or len(chosen) == most:
            break
    return chosen or [min(order, key=lambda group: sizes[group])]


def _strata(store: Store, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """A number per row: its label where there is one label per sequence, else the same for all."""
    single = [i for i, target in enumerate(store.spec.targets) if target.kind == "label"]
    if not single or store.spec.group_column is not None:
        return np.zeros(len(rows), dtype=np.int64)
    return np.array([store.labels(single[0], int(row))[0] for row in rows], dtype=np.int64)  # type: ignore[index]


def _stratified_order(strata: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """A random order in which every stretch holds the strata in proportion; the only one of its kind comes last."""
    shuffled = rng.permutation(len(strata))
    rank = np.empty(len(strata))
    for stratum in np.unique(strata):
        members = shuffled[strata[shuffled] == stratum]
        rank[members] = (np.arange(len(members)) + rng.random()) / len(members) if len(members) > 1 else 1.0
    return np.argsort(rank, kind="stable").astype(np.int64)


def _rule(store: Store, shares: list[float], files: tuple[bool, bool], seed: int) -> str:
    if not any(shares):
        return "dev from its own file" + (", test from its own file" if files[1] else ", no test part")
    named = [f"{share:.0%} {part}" for share, part in zip(shares, PARTS[1:], strict=True) if share]
    if store.spec.group_column is not None:
        how = f"rows of one '{store.spec.group_column}' kept together"
    else:
        labels = [target.name for target in store.spec.targets if target.kind == "label"]
        how = (f"stratified by '{labels[0]}', " if labels else "") + "rows of equal input kept together"
    given = ", test from its own file" if files[1] else ""
    return f"{' and '.join(named)} cut from the training rows with seed {seed}, {how}{given}"
