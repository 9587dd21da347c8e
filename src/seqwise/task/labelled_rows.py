"""The classes of each target and the split of the rows, and how the tags of the training part mark spans."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from seqwise.config import Config
from seqwise.data.label_notes import LabelNotes
from seqwise.data.labels import LabelCodec, find_targets, without_respellings
from seqwise.data.split import TRAIN, Split, make_split
from seqwise.data.store import Store
from seqwise.targets import Target
from seqwise.task.data_notes import unlabelled_rows
from seqwise.task.defaults import dev_fraction
from seqwise.task.found_schemes import Tags, with_schemes
from seqwise.task.messages import warnings

__all__ = ["LabelledRows", "labelled_rows", "with_tag_schemes"]

_IF_UNSEEN = "--unseen error refuses them, --unseen add makes them classes"


@dataclass(frozen=True)
class LabelledRows:
    """Rows with their labels as classes, and which of them train, stop and test.

    Attributes:
        store: the encoded rows.
        split: their parts.
        codecs: class indices for the stored labels, one per target.
    """

    store: Store
    split: Split
    codecs: tuple[LabelCodec, ...]

    @property
    def targets(self) -> tuple[Target, ...]:
        """What is predicted, with classes."""
        return tuple(codec.target for codec in self.codecs)


def labelled_rows(store: Store, config: Config) -> tuple[LabelledRows, list[str]]:
    """The classes and the split, and the messages.

    Raises:
        LabelError: with `data.unseen_labels=error`, a label of dev or test that training never saw.
        DataError: see `make_split`.
    """
    data = config.data
    codecs = _codecs(store, data.unseen_labels)
    split = make_split(
        store,
        dev_fraction=dev_fraction(config, store),
        test_fraction=data.test_fraction,
        seed=config.train.seed,
        files=(bool(data.dev), bool(data.test)),
    )
    messages = [*unlabelled_rows(store, split), f"split: {split.rule}", *warnings(split.warnings)]
    return LabelledRows(store, split, codecs), messages


def _codecs(store: Store, unseen: str) -> tuple[LabelCodec, ...]:
    """The classes of each target: the labels of the training files, with `add` those of all files.

    Raises:
        LabelError: with `error`, a label of dev or test that training never saw.
    """
    targets = find_targets(store, np.flatnonzero(store.parts == TRAIN))
    if unseen == "add":
        every = find_targets(store, np.arange(len(store)))
        targets = tuple(without_respellings(each, own) for each, own in zip(every, targets, strict=True))
    codecs = tuple(LabelCodec.for_store(target, position, store) for position, target in enumerate(targets))
    for codec in codecs if unseen == "error" else ():
        codec.check(store, np.arange(len(store)))
    return codecs


def with_tag_schemes(rows: LabelledRows, *, has_token_lines: bool) -> tuple[LabelledRows, list[str]]:
    """The same with the schemes that tags follow, and the messages, of labels that are no class too.

    Args:
        rows: as `labelled_rows` gives them.
        has_token_lines: whether a row has a line for each token.
    """
    store = rows.store
    found, texts = with_schemes([Tags(codec, store, rows.split.train, has_token_lines) for codec in rows.codecs])
    codecs = tuple(LabelCodec.for_store(codec.target, codec.position, store) for codec in found)
    labels = LabelNotes()
    labels.add_unseen(store, codecs)
    return replace(rows, codecs=codecs), [*texts, *warnings(labels.unseen_messages(_IF_UNSEEN))]
