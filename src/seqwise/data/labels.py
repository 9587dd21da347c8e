"""Turns stored label numbers into class indices in batches, and finds the classes of each target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqwise.data.spec import TargetSpec
from seqwise.data.spelling import folded
from seqwise.data.store import MISSING, STEP_END, Store
from seqwise.errors import DataError, LabelError, did_you_mean, listed
from seqwise.masks import lengths_to_mask
from seqwise.targets import Label, Target, class_order, label_text, shared_classes

__all__ = ["LabelCodec", "class_counts", "find_targets", "transition_counts"]

_BLOCK = 4096
_IN_TRAINING = (
    "Correct the label, or give it training examples; --set data.unseen_labels=add makes it a class that training "
    "never shows."
)


@dataclass(frozen=True)
class LabelCodec:
    """Class indices for the stored labels of one target.

    Attributes:
        target: the target, whose classes decide.
        spec: the form in which the labels stand.
        position: which of the store's targets this is.
        indices: (outputs or 1, label numbers + 1) the class index of a stored label number; -1 where it is no class of
            that output. The last column stands for a missing label, so that number -1 finds it.
    """

    target: Target
    spec: TargetSpec
    position: int
    indices: NDArray[np.int64]

    @classmethod
    def for_store(cls, target: Target, position: int, store: Store) -> LabelCodec:
        """The codec of a target for the label numbers of this store."""
        values = store.label_values[position]
        indices = np.full((len(target.classes), len(values) + 1), MISSING, dtype=np.int64)
        for row, classes in enumerate(target.classes):
            known = {label_text(label): index for index, label in enumerate(classes)}
            indices[row, :-1] = [known.get(label_text(label), MISSING) for label in values]
        return cls(target, store.spec.targets[position], position, indices)

    def batch(
        self, store: Store, rows: Sequence[int] | NDArray[np.int64], time: int
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Labels of the rows as class indices, padded to `time` steps, and where they count.

        Returns:
            Two arrays of the shape that `seqwise.targets.Target` gives for labels: class indices (0 where none counts)
            and a mask, True where a label is there.
        """
        rows = np.asarray(rows)
        lengths = store.lengths[rows]
        if self.target.kind == "multilabel":
            return self._sets([store.labels(self.position, row) for row in rows.tolist()], lengths, time)
        flat = self._flat(store, rows, lengths)
        if not self.target.per_step:
            present = flat >= 0
            return np.where(present, flat, 0), present
        steps = lengths_to_mask(lengths, time)
        labels = np.full((*steps.shape, *flat.shape[1:]), MISSING, dtype=np.int64)
        labels[steps] = flat
        present = labels >= 0
        return np.where(present, labels, 0), present

    def check(self, store: Store, rows: Sequence[int] | NDArray[np.int64], advice: str = _IN_TRAINING) -> None:
        """Raises where a label of these rows is not a class of the target.

        Args:
            store: the rows.
            rows: which of them.
            advice: what to do about such a label.

        Raises:
            LabelError: naming the label, its file and line, and the classes there are.
        """
        unknown = self.indices[:, :-1] == MISSING
        flags = self.spec.form == "columns" and self.target.kind == "multilabel"
        if flags or not unknown.any():
            return
        width = len(self.target.outputs) or 1
        for row in rows:
            numbers = store.labels(self.position, int(row))
            if numbers is None:
                continue
            there = np.flatnonzero(numbers >= 0)
            wrong = there[unknown[there % width, numbers[there]]]
            if wrong.size:
                label = store.label_values[self.position][numbers[wrong[0]]]
                self._raise_unseen(store, int(row), int(wrong[0]) % width, label, advice)

    def _raise_unseen(self, store: Store, row: int, output: int, label: Label, advice: str) -> None:
        classes = [label_text(known) for known in self.target.classes[output if self.target.outputs else 0]]
        place = store.place(row)
        alike = next((known for known in classes if folded(known) == folded(label)), None)
        near = did_you_mean(label_text(label), classes)
        if alike is not None:
            near = f"Training has it as '{alike}': write it alike in all files."
        raise LabelError(
            f"the label '{label_text(label)}' was never seen in training",
            file=place.file,
            line=place.line,
            field=self.spec.columns[output] if self.spec.form == "columns" else self.spec.columns[0],
            hint=f"{near + ' ' if near else ''}The model knows {listed(classes)}. {advice}",
        )

    def _flat(self, store: Store, rows: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Class indices without padding: (rows,), (steps,), (rows, K) or (steps, K)."""
        width = max(len(self.target.outputs), 1)
        sizes = lengths * width if self.target.per_step else np.full(len(lengths), width)
        joined = store.joined_labels(self.position, rows, sizes)
        found: NDArray[np.int64] = self.indices[np.arange(width), joined.reshape(-1, width)]
        return found if self.target.outputs else found[:, 0]

    def _sets(
        self, numbers: list[NDArray[np.int32] | None], lengths: NDArray[np.int64], time: int
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """0/1 per label (B, L) or (B, T, L), and where they are known."""
        count = self.target.class_count
        inner = (time, count) if self.target.per_step else (count,)
        labels = np.zeros((len(numbers), *inner), dtype=np.int64)
        present = np.zeros(labels.shape, dtype=bool)
        for b, row in enumerate(numbers):
            if row is None:
                continue
            steps = int(lengths[b])
            if self.spec.form == "columns":
                given = row.reshape(steps, count) if self.target.per_step else row
                where = (b, slice(steps)) if self.target.per_step else (b,)
                present[where] = given != MISSING
                labels[where] = np.maximum(given, 0)
            elif self.target.per_step:
                present[b, :steps] = True
                step = np.cumsum(row == STEP_END)
                held = row != STEP_END
                labels[b, step[held], self.indices[0, row[held]]] = 1
            else:
                present[b] = True
                labels[b, self.indices[0, row]] = 1
        return labels, present


def find_targets(store: Store, rows: NDArray[np.int64]) -> tuple[Target, ...]:
    """The targets of the store's spec, with the classes that occur in these rows.

    Raises:
        DataError: a target with no label at all, or with one class only.
    """
    return tuple(_find_target(store, position, spec, rows) for position, spec in enumerate(store.spec.targets))


def _find_target(store: Store, position: int, spec: TargetSpec, rows: NDArray[np.int64]) -> Target:
    values = store.label_values[position]
    if spec.kind == "multilabel":
        seen = range(len(values)) if spec.form == "columns" else _numbers_seen(store, position, rows, 1)[0]
        labels = tuple(values[i] for i in seen)
        classes: tuple[tuple[Label, ...], ...] = (labels if spec.form == "columns" else class_order(labels),)
        if not labels:
            raise _no_labels(store, spec)
    else:
        width = len(spec.columns) if spec.kind == "outputs" else 1
        per_output = [[values[i] for i in seen] for seen in _numbers_seen(store, position, rows, width)]
        classes = tuple(shared_classes(per_output))
        for labels_of_output, column in zip(classes, spec.columns, strict=True):
            _check_class_count(store, spec, labels_of_output, column)
    outputs = spec.columns if spec.kind == "outputs" else ()
    return Target(spec.name, spec.kind, classes, spec.columns, outputs, spec.per_step)


def _check_class_count(store: Store, spec: TargetSpec, classes: tuple[Label, ...], column: str) -> None:
    if not classes:
        raise _no_labels(store, spec, column)
    if len(classes) == 1:
        raise DataError(
            f"every row has the label '{label_text(classes[0])}': there is nothing to tell apart",
            file=store.place(0).file,
            field=column,
            hint="A classifier needs at least two labels. Was another column meant?",
        )


def _no_labels(store: Store, spec: TargetSpec, column: str | None = None) -> DataError:
    return DataError(
        "no row has a label",
        file=store.place(0).file,
        field=column or spec.columns[0],
        hint="Training needs labelled rows. Was another column meant?",
    )


def _numbers_seen(store: Store, position: int, rows: NDArray[np.int64], width: int) -> list[NDArray[np.intp]]:
    """Per output, the label numbers that occur in these rows."""
    seen = np.zeros((width, len(store.label_values[position])), dtype=bool)
    for block in _blocks(rows):
        found = [numbers for row in block if (numbers := store.labels(position, row)) is not None]
        joined = np.concatenate(found) if found else np.zeros(0, np.int32)
        for k in range(width):
            column = joined[k::width]
            seen[k, column[column >= 0]] = True
    return [np.flatnonzero(row) for row in seen]


def class_counts(codec: LabelCodec, store: Store, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each class occurs in these rows, missing labels left out.

    Returns:
        (C,) for `label` and `tags`, (K, C) for `outputs`, (L, 2) for `multilabel`: not set, set.
    """
    target, count = codec.target, codec.target.class_count
    width = len(target.outputs) or (count if codec.spec.form == "columns" and target.kind == "multilabel" else 1)
    totals = np.zeros((width, count if target.kind != "multilabel" else 2), np.int64)
    positives, units = np.zeros(count, np.int64), 0
    for block in _blocks(rows):
        found = [numbers for row in block if (numbers := store.labels(codec.position, row)) is not None]
        joined = np.concatenate(found) if found else np.zeros(0, np.int32)
        if target.kind == "multilabel" and codec.spec.form != "columns":
            units += int((joined == STEP_END).sum()) if target.per_step else len(found)
            positives += np.bincount(codec.indices[0, joined[joined >= 0]], minlength=count)
            continue
        for k in range(width):
            column = joined[k::width]
            indices = column if target.kind == "multilabel" else codec.indices[k % len(codec.indices), column]
            totals[k] += np.bincount(indices[indices >= 0], minlength=totals.shape[1])
    if target.kind == "multilabel":
        return totals if codec.spec.form == "columns" else np.column_stack([units - positives, positives])
    return totals if target.kind == "outputs" else totals[0]


def transition_counts(codec: LabelCodec, store: Store, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each tag follows each other one in these rows.

    Returns:
        (C + 1, C + 1), from and to; the last row counts what sequences start with, the last column what they end with.
        Beside a missing tag nothing is counted.
    """
    size = codec.target.class_count
    counts = np.zeros((size + 1, size + 1), np.int64)
    for block in _blocks(rows):
        labels, mask = codec.batch(store, block, int(store.lengths[block].max(initial=1)))
        last = store.lengths[block] - 1
        beside = mask[:, 1:] & mask[:, :-1]
        np.add.at(counts, (labels[:, :-1][beside], labels[:, 1:][beside]), 1)
        starts, ends = mask[:, 0], mask[np.arange(len(block)), last]
        np.add.at(counts[size], labels[starts, 0], 1)
        np.add.at(counts[:, size], labels[np.arange(len(block)), last][ends], 1)
    return counts


def _blocks(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(rows), _BLOCK):
        yield rows[start : start + _BLOCK]
