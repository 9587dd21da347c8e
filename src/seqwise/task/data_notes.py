"""What is said of the data that a training starts from, in sentences."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from seqwise.data.encoding import Encoding
from seqwise.data.labels import LabelCodec, class_counts
from seqwise.data.missing import doubtful_classes, may_be_missing, noted_classes
from seqwise.data.records import listed_places
from seqwise.data.spelling import first_place, look_alikes
from seqwise.data.split import PARTS, Split
from seqwise.data.store import Store
from seqwise.errors import DataError, counted, listed
from seqwise.targets import Target, label_text

__all__ = [
    "data_messages",
    "doubtful_label_messages",
    "empty_rows",
    "odd_labels",
    "padded_series",
    "targets_without_labels",
    "unlabelled_rows",
]

_PLACES_SAID = 5
_TOTALS = frozenset(
    ("total", "totals", "grand total", "sum", "count", "average", "mean", "subtotal", "gesamt", "summe")
)
_LONGEST_TOTAL = 12


def data_messages(
    targets: tuple[Target, ...],
    encoding: Encoding,
    counts: Mapping[str, NDArray[np.int64]],
) -> list[str]:
    """What was found of the targets and the input.

    Args:
        targets: what is predicted.
        encoding: of the training part.
        counts: per target, how often each class occurs in the training part.
    """
    sentences = []
    for target in targets:
        sentences.append(f"target '{target.name}': {_classes_in_words(target)}")
        if unseen := _without_examples(target, counts[target.name]):
            sentences.append(f"target '{target.name}': no training example of {unseen}")
    return [*sentences, *encoding.messages()]


def _classes_in_words(target: Target) -> str:
    sizes = [len(classes) for classes in target.classes]
    if target.kind == "outputs":
        count = f"{min(sizes)}" + (f" to {max(sizes)}" if max(sizes) > min(sizes) else "")
        labels = listed(map(label_text, target.classes[0]), 6)
        return f"{counted(len(sizes), 'output')} of {count} classes each, {labels}"
    size = counted(sizes[0], "label") if target.kind == "multilabel" else f"{sizes[0]:,} classes"
    return f"{size}, {listed(map(label_text, target.labels), 6)}"


def padded_series(store: Store) -> list[str]:
    """How many series were cut where only padding is left; nothing if none was."""
    if not store.padded:
        return []
    were = "series was" if store.padded == 1 else "series were"
    return [f"padding: {store.padded:,} {were} cut, since all channels are missing from there to the end"]


def empty_rows(store: Store) -> list[str]:
    """How many rows were left out since their sequence is empty, and where the first stand; nothing if none was.

    Raises:
        DataError: no row is left.
    """
    if not store.empty:
        return []
    column = store.spec.input.column
    if not len(store):
        problem = f"all {counted(len(store.empty), 'row')} are empty in it, so there is no sequence to read"
        raise DataError(problem, file=store.empty_places[0].file, field=column, hint="Was another column meant?")
    told = listed_places(store.empty_places, len(store.empty))
    return [f"left out: {counted(len(store.empty), 'row')} with nothing in column '{column}', {told}"]


def unlabelled_rows(store: Store, split: Split) -> list[str]:
    """Which rows stand in no part, since they have no label; nothing where there are none."""
    if not len(split.unlabelled):
        return []
    where = listed_places([store.place(int(row)) for row in split.unlabelled[:_PLACES_SAID]], len(split.unlabelled))
    return [f"left out: {counted(len(split.unlabelled), 'sequence')} without any label, {where}"]


def doubtful_label_messages(
    store: Store, codecs: Sequence[LabelCodec], missing: tuple[str, ...] | None, classes: tuple[str, ...]
) -> list[str]:
    """Which classes may be words for a missing label, in warnings, and which hardly are, in notes.

    Nothing is said where the user said which words are; where each sign is a label; and of tags that mark spans, whose
    odd ones are named as such.

    Args:
        store: the rows.
        codecs: of the targets.
        missing: the setting `data.missing`.
        classes: labels that the user named as such.
    """
    told: list[str] = []
    for codec, gaps in zip(codecs, store.gaps, strict=True):
        if missing is not None or codec.spec.form == "signs" or codec.target.marks_spans:
            continue
        counts, about = _occurrences(codec, store), f"target '{codec.target.name}': "
        doubtful = doubtful_classes(counts, classes=classes)
        if doubtful:
            told.append(f"warning: {about}{_doubt(doubtful, counts, sorted(gaps.counts))}")
        told += [
            f"{about}'{word}' is a class, with {counted(counts[word], 'label')}; if it marks missing ones, say "
            + _flags([*sorted(gaps.counts), *doubtful, word])
            for word in noted_classes(counts, classes=classes)
        ]
    return told


def _doubt(words: Sequence[str], counts: Counter[str], gaps: Sequence[str]) -> str:
    """Words that may mark missing labels, and the flags that decide."""
    flags = _flags([*gaps, *words])
    if len(words) == 1:
        return (
            f"'{words[0]}' counts as a class, with {counted(counts[words[0]], 'label')}; {flags} reads it as missing, "
            "and --missing '' says that it is a class (data.missing)"
        )
    shown = [f"'{word}' ({counts[word]:,})" for word in words]
    return (
        f"{', '.join(shown[:-1])} and {shown[-1]} count as classes; {flags} reads them as missing, and --missing '' "
        "says that they are classes (data.missing)"
    )


def _flags(words: Sequence[str]) -> str:
    return " ".join(f"--missing {shlex.quote(word)}" for word in words)


def odd_labels(
    store: Store, codecs: Sequence[LabelCodec], counts: Mapping[str, NDArray[np.int64]], *, has_token_lines: bool
) -> list[str]:
    """Which labels are easily taken for each other, and which belong to a line of totals; how often and where.

    Args:
        store: the rows.
        codecs: of the targets.
        counts: per target, how often each class occurs in the training part.
        has_token_lines: whether a row has a line for each token.
    """
    alike = [
        sentence
        for codec in codecs
        for sentence in look_alikes(
            codec.target,
            counts[codec.target.name],
            partial(first_place, store, codec.position, has_token_lines=has_token_lines),
        )
    ]
    return alike + _rows_of_totals(store, codecs)


def _rows_of_totals(store: Store, codecs: Sequence[LabelCodec]) -> list[str]:
    """The last rows of files that look like a line of totals: their label occurs nowhere else."""
    told = []
    for codec in codecs if not store.channels else ():
        if codec.target.kind != "label":
            continue
        counts = class_counts(codec, store, np.arange(len(store)))
        for row in (int(np.flatnonzero(store.parts == part)[-1]) for part in np.unique(store.parts)):
            numbers, text = store.labels(codec.position, row), _text_of(store, row)
            if numbers is None or text.strip(" :").casefold() not in _TOTALS:
                continue
            index = int(codec.indices[0, numbers[0]])
            if index < 0 or counts[index] == 1:
                label = label_text(store.label_values[codec.position][int(numbers[0])])
                told.append(
                    f"{store.place(row)}: the last row reads '{text}', and its label '{label}' occurs nowhere else; "
                    "if it is a line of totals, remove it"
                )
    return told


def _text_of(store: Store, row: int) -> str:
    """The symbols of a row in one text."""
    between = "" if store.spec.input.kind in ("characters", "bytes") else " "
    return between.join(store.symbols[int(number)] for number in store.sequence(row)[:_LONGEST_TOTAL])


def _occurrences(codec: LabelCodec, store: Store) -> Counter[str]:
    """How often each label of a target occurs in the files, as text; nothing where no word among them is in doubt."""
    target = codec.target
    if not any(may_be_missing(label_text(label)) for classes in target.classes for label in classes):
        return Counter()
    counts = class_counts(codec, store, np.arange(len(store)))
    found: Counter[str] = Counter()
    if target.kind == "multilabel":
        counts = counts[None, :, 1]
    for classes, row in zip(target.classes, np.atleast_2d(counts), strict=True):
        found.update({label_text(label): int(count) for label, count in zip(classes, row, strict=False)})
    return found


def targets_without_labels(store: Store, split: Split, codecs: Sequence[LabelCodec]) -> list[str]:
    """The parts in which a target has no label at all."""
    if len(codecs) == 1:
        return []  # every row of every part has a label
    return [
        f"no row of {part} has a label of target '{codec.target.name}'"
        for codec in codecs
        for part in PARTS
        if len(split.rows(part)) and not class_counts(codec, store, split.rows(part)).sum()
    ]


def _without_examples(target: Target, counts: NDArray[np.int64]) -> str:
    """The labels that stand in the files, but not in the training part of the split; of outputs, in which."""
    if target.kind == "multilabel":
        held = zip(target.labels, counts[:, 1], strict=True)
        return listed([label_text(label) for label, count in held if not count], 6)
    unseen = [
        [label_text(label) for label, count in zip(classes, row, strict=False) if not count]
        for classes, row in zip(target.classes, np.atleast_2d(counts), strict=True)
    ]
    if target.kind != "outputs":
        return listed(unseen[0], 6)
    named = [f"{listed(labels, 6)} in '{name}'" for name, labels in zip(target.outputs, unseen, strict=True) if labels]
    return "; ".join(named[:6]) + (f" and in {counted(len(named) - 6, 'other output')}" if len(named) > 6 else "")
