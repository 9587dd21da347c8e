"""Splits rows into train, dev and test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqwise.data.store import MISSING, Store
from seqwise.errors import DataError, counted

__all__ = ["DEV", "PARTS", "TEST", "TRAIN", "Split", "make_split"]

TRAIN, DEV, TEST = 0, 1, 2
PARTS = ("train", "dev", "test")


@dataclass(frozen=True)
class Split:
    """Row numbers of the three parts, and how they came about, in words.

    Attributes:
        train: rows to learn from.
        dev: rows that decide about early stopping.
        test: rows that are only evaluated, at the end; may be empty.
        rule: the rule in a sentence, with the shares that it led to.
        unlabelled: rows that stand in no part, since no target has a label there.
        warnings: sentences about parts that came out far from what was asked.
    """

    train: NDArray[np.int64]
    dev: NDArray[np.int64]
    test: NDArray[np.int64]
    rule: str
    unlabelled: NDArray[np.int64]
    warnings: tuple[str, ...] = ()

    def rows(self, part: str) -> NDArray[np.int64]:
        """The rows of `train`, `dev` or `test`."""
        assert part in PARTS, part
        rows: NDArray[np.int64] = getattr(self, part)
        return rows


def make_split(
    store: Store, *, dev_fraction: float, test_fraction: float, seed: int, files: tuple[bool, bool]
) -> Split:
    """The split of a store's rows; a row without any label teaches and tells nothing, and stands in no part.

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
        DataError: too few rows for the parts that must be cut; a part whose files have no label at all.
    """
    labelled = _labelled(store)
    of_part = [np.flatnonzero(labelled & (store.parts == part)) for part in (TRAIN, DEV, TEST)]
    for part, rows in enumerate(of_part):
        if not len(rows) and part in store.parts:
            raise _no_label(store, part)
    given_dev, given_test = files
    rows = of_part[TRAIN]
    shares = [0.0 if given_dev else dev_fraction, 0.0 if given_test or given_dev else test_fraction]
    cut = _cut(store, rows, shares, seed) if any(shares) else [rows[:0], rows[:0]]
    return Split(
        train=np.setdiff1d(rows, np.concatenate(cut), assume_unique=True),
        dev=of_part[DEV] if given_dev else cut[0],
        test=of_part[TEST] if given_test else cut[1],
        rule=_rule(store, shares, cut, len(rows), files, seed),
        unlabelled=np.flatnonzero(~labelled),
        warnings=_warnings(store, shares, cut, len(rows)),
    )


def _labelled(store: Store) -> NDArray[np.bool_]:
    """Whether a row has a label of any target; an empty set of labels is one."""
    targets = range(len(store.spec.targets))
    return np.fromiter((any(_is_labelled(store.labels(i, row)) for i in targets) for row in range(len(store))), bool)


def _is_labelled(numbers: NDArray[np.int32] | None) -> bool:
    if numbers is None:
        return False
    return not len(numbers) or bool(numbers[0] != MISSING) or bool((numbers != MISSING).any())


def _no_label(store: Store, part: int) -> DataError:
    hint = (
        "Training needs labelled rows. Was another column meant?",
        "Dev decides when to stop, by its labels. Leave --dev out, and rows are cut off for it.",
        "That leaves nothing to evaluate. Leave --test out, and give the file to seqwise predict.",
    )[part]
    first = int(np.flatnonzero(store.parts == part)[0])
    return DataError("no row has a label", file=store.place(first).file, hint=hint)


def _one_sequence(store: Store, rows: NDArray[np.int64]) -> str | None:
    """The likely mistake in files that are one sequence of tokens."""
    if len(rows) != 1 or store.spec.input.kind != "tokens" or store.lengths[rows[0]] < 2:
        return None
    size = counted(int(store.lengths[rows[0]]), "token")
    return f"The whole file is one sequence of {size}: write a blank line after each sequence."


def _cut(store: Store, rows: NDArray[np.int64], shares: list[float], seed: int) -> list[NDArray[np.int64]]:
    """Two sets of rows, of the sizes asked for, made of whole groups."""
    rng = np.random.default_rng([seed, 0x5EED])
    groups, first, group_of_row = np.unique(store.groups[rows], return_index=True, return_inverse=True)
    needed = 1 + sum(share > 0 for share in shares)
    if len(groups) < needed:
        what = counted(len(groups), "different sequence" if store.spec.group_column is None else "group")
        raise DataError(
            f"{what} in {counted(len(rows), 'row')} cannot be split into {needed} parts",
            file=store.place(0).file if len(store) else None,
            hint=_one_sequence(store, rows) or "Give --dev FILE and --test FILE, or more rows.",
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


def _rule(
    store: Store, shares: list[float], cut: list[NDArray[np.int64]], total: int, files: tuple[bool, bool], seed: int
) -> str:
    if not any(shares) and not files[0]:
        return "all sequences are used for training" + (", test from its own file" if files[1] else "")
    if not any(shares):
        return "dev from its own file" + (", test from its own file" if files[1] else ", no test part")
    sizes = [
        f"{part} {len(rows):,} ({_percent(len(rows) / total)})"
        for part, rows, share in zip(PARTS[1:], cut, shares, strict=True)
        if share
    ]
    labels = [target.name for target in store.spec.targets if target.kind == "label"]
    stratified = f"stratified by '{labels[0]}', " if labels and store.spec.group_column is None else ""
    given = ", test from its own file" if files[1] else ""
    cut_off = f"{' and '.join(sizes)} of {counted(total, 'sequence')}, split off with seed {seed}"
    return f"{cut_off}, {stratified}{_kept_together(store)}{given}"


def _kept_together(store: Store) -> str:
    column = store.spec.group_column
    return "equal sequences stay together" if column is None else f"sequences of one '{column}' stay together"


def _warnings(store: Store, shares: list[float], cut: list[NDArray[np.int64]], total: int) -> tuple[str, ...]:
    """A sentence for each part that has less than half, or more than twice, of what was asked."""
    found = []
    for part, share, rows in zip(PARTS[1:], shares, cut, strict=True):
        asked = max(share * total, 1)
        if share and not asked / 2 <= len(rows) <= asked * 2:
            found.append(
                f"{part} has {len(rows):,} of {counted(total, 'sequence')} ({_percent(len(rows) / total)}), though "
                f"{_percent(share)} were asked for: {_kept_together(store)}. --{part} FILE names a part of your own."
            )
    return tuple(found)


def _percent(share: float) -> str:
    return f"{100 * share:.2g}%"
