"""Converts stored label numbers to class indices in batches, and finds the classes of each target."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from seqwise.data.missing import may_be_missing
from seqwise.data.spec import TargetSpec
from seqwise.data.spelling import folded
from seqwise.data.store import MISSING, STEP_END, Store
from seqwise.errors import DataError, LabelError, did_you_mean, listed
from seqwise.masks import lengths_to_mask
from seqwise.tag_forms import ROLES, USUAL_FORM, span_role
from seqwise.targets import Label, Target, class_order, label_text, shared_classes

__all__ = ["LabelCodec", "class_counts", "find_targets", "transition_counts", "without_respellings"]

_BLOCK = 4096
_UNSEEN = MISSING - 1
_IN_TRAINING = (
    "Correct the label, or give it training examples; --unseen wrong counts it as wrong, --unseen add makes it a class "
    "that training never shows."
)


@dataclass(frozen=True)
class LabelCodec:
    """Class indices for the stored labels of one target.

    Attributes:
        target: the target, whose classes decide.
        spec: the form in which the labels stand.
        position: which of the store's targets this is.
        indices: (outputs or 1, label numbers + 1) the class index of a stored label number. The last column stands for
            a missing label, so that number -1 finds it, and holds -1. Below that are labels that are no class of that
            output, since training never saw them: -2 minus the position of their role in `seqwise.tag_forms.ROLES`.
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
            respelled = _by_value(classes)
            indices[row, :-1] = [
                known.get(text, respelled.get(folded(text), _unseen(target, text))) for text in map(label_text, values)
            ]
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

    def unseen(self, store: Store, rows: NDArray[np.int64], time: int) -> NDArray[np.int64] | None:
        """Labels of the rows that are no class, in the shape that `seqwise.evaluation` counts them in.

        Returns:
            None where no such label is known to the store. For multilabel: (B,) or (B, T), how many a sequence or step
            has. Else the shape of `batch`: 0, or 1 plus the position of the role in `seqwise.tag_forms.ROLES`.
        """
        if self._is_flags or not self.knows_unseen:
            return None
        lengths = store.lengths[rows]
        if self.target.kind == "multilabel":
            return self._unseen_in_sets([store.labels(self.position, row) for row in rows.tolist()], time)
        flat = np.maximum(MISSING - self._flat(store, rows, lengths), 0)
        if not self.target.per_step:
            return flat
        steps = lengths_to_mask(lengths, time)
        codes = np.zeros((*steps.shape, *flat.shape[1:]), dtype=np.int64)
        codes[steps] = flat
        return codes

    def _unseen_in_sets(self, numbers: list[NDArray[np.int32] | None], time: int) -> NDArray[np.int64]:
        counts = np.zeros((len(numbers), time if self.target.per_step else 1), dtype=np.int64)
        for b, row in enumerate(numbers):
            if row is not None:
                step = np.cumsum(row == STEP_END) if self.target.per_step else np.zeros(len(row), dtype=np.int64)
                np.add.at(counts[b], step[self._is_unseen(row)], 1)
        return counts if self.target.per_step else counts[:, 0]

    @property
    def _is_flags(self) -> bool:
        """Whether the target has a column of 0 and 1 for each label, so that none can be unseen."""
        return self.spec.form == "columns" and self.target.kind == "multilabel"

    @cached_property
    def knows_unseen(self) -> bool:
        """Whether the store knows a label that is no class; of outputs, no class of some output."""
        return bool((self.indices[:, :-1] < MISSING).any())

    def _is_unseen(self, numbers: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Which of the stored label numbers of a row are labels that are no class."""
        width = len(self.target.outputs) or 1
        found: NDArray[np.bool_] = self.indices[np.arange(len(numbers)) % width, np.maximum(numbers, MISSING)] < MISSING
        return found & (numbers >= 0)

    def unseen_labels(self, store: Store, rows: Sequence[int] | NDArray[np.int64]) -> list[tuple[str, int, int, int]]:
        """The labels of these rows that are no class: as text, the output, how often, and the first row; most first."""
        if self._is_flags or not self.knows_unseen:
            return []
        width = len(self.target.outputs) or 1
        counts: Counter[tuple[int, int]] = Counter()
        first: dict[tuple[int, int], int] = {}
        for row in map(int, rows):
            numbers = store.labels(self.position, row)
            if numbers is None or not (unseen := np.flatnonzero(self._is_unseen(numbers))).size:
                continue
            for position in unseen.tolist():
                key = int(numbers[position]), position % width
                counts[key] += 1
                first.setdefault(key, row)
        values = store.label_values[self.position]
        return [
            (label_text(values[number]), output, count, first[number, output])
            for (number, output), count in counts.most_common()
        ]

    def check(self, store: Store, rows: Sequence[int] | NDArray[np.int64], advice: str = _IN_TRAINING) -> None:
        """Raises where a label of these rows is not a class of the target.

        Args:
            store: the rows.
            rows: which of them.
            advice: what to do about such a label.

        Raises:
            LabelError: naming the label, its file and line, and the classes there are.
        """
        unseen = self.unseen_labels(store, rows)
        if unseen:
            text, output, _, row = min(unseen, key=lambda each: each[3])
            self._raise_unseen(store, row, output, text, advice)

    def likely(self, text: str, output: int) -> str:
        """A sentence on what an unknown label may mean, a class or a missing label; empty for neither."""
        classes = [label_text(known) for known in self.target.classes[output if self.target.outputs else 0]]
        alike = next((known for known in classes if folded(known) == folded(text)), None)
        if alike is not None:
            return f"Training has it as '{alike}': write it alike in all files."
        if may_be_missing(text):
            return f"If it marks a missing label, say --missing {shlex.quote(text)}."
        return did_you_mean(text, classes)

    def _raise_unseen(self, store: Store, row: int, output: int, label: Label, advice: str) -> None:
        classes = [label_text(known) for known in self.target.classes[output if self.target.outputs else 0]]
        place = store.place(row)
        near = self.likely(label_text(label), output)
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
                known = self.indices[0, row[held]]
                labels[b, step[held][known >= 0], known[known >= 0]] = 1
            else:
                present[b] = True
                known = self.indices[0, row]
                labels[b, known[known >= 0]] = 1
        return labels, present


def without_respellings(target: Target, trained: Target) -> Target:
    """A target without the classes that training has under another spelling: `1.0` beside the class `1`."""
    kept = []
    for classes, own in zip(target.classes, trained.classes, strict=True):
        texts, respelled = set(map(label_text, own)), _by_value(own)
        kept.append(tuple(c for c in classes if label_text(c) in texts or folded(c) not in respelled))
    return replace(target, classes=tuple(kept))


def _by_value(classes: Sequence[Label]) -> dict[str, int]:
    """Class indices by value, where all classes are whole numbers, or true and false: `1` and `1.0` are one value."""
    values = [folded(label) for label in classes]
    numbers = all(re.fullmatch(r"-?[0-9]+", value) for value in values)
    if len(set(values)) < len(values) or not (numbers or set(values) <= {"true", "false"}):
        return {}
    return {value: index for index, value in enumerate(values)}


def _unseen(target: Target, text: str) -> int:
    role = span_role(text, target.tag_form or USUAL_FORM)[0] if target.marks_spans else ROLES[0]
    return _UNSEEN - ROLES.index(role)


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
            indices = codec.indices[0, joined[joined >= 0]]
            positives += np.bincount(indices[indices >= 0], minlength=count)
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
