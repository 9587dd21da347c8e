"""What is known of the data when settings that were left open are decided, and what is decided of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqwise.config import Config, DataConfig, Effort
from seqwise.data.labels import LabelCodec, class_counts
from seqwise.data.spec import DataSpec, InputSpec
from seqwise.data.split import TRAIN, Split
from seqwise.data.store import Store
from seqwise.targets import Target

__all__ = ["Choice", "Choices", "DataStatistics", "expected_sequences"]

_SOME = 50


class Choice(NamedTuple):
    """A decided setting.

    Attributes:
        value: of the setting.
        reason: why, in a few words; stands beside the value in config.yaml.
    """

    value: Any
    reason: str


Choices = dict[str, Choice]
"""Decided settings by their key, such as `model.encoder`."""


@dataclass(frozen=True)
class DataStatistics:
    """What decides: the kind of the input and of the targets, and the amount of the training part.

    Attributes:
        spec: the columns and their kinds.
        targets: what is predicted, with classes.
        sequences: training sequences.
        steps: steps of all of them.
        longest: steps of the longest.
        signs: characters of the longest symbol; 0 for series.
        counts: per target, how often each class occurs in the training part; see `data.labels.class_counts`.
        effort: how long the person wants to wait, `train.effort`.
        channels: of a series as the model sees it; 0 for symbols.
        expected: see `expected_sequences`.
    """

    spec: DataSpec
    targets: tuple[Target, ...]
    sequences: int
    steps: int
    longest: int
    signs: int
    counts: Mapping[str, NDArray[np.int64]]
    effort: Effort = "minutes"
    channels: int = 0
    expected: int = 0

    @classmethod
    def of(cls, store: Store, split: Split, codecs: tuple[LabelCodec, ...], config: Config) -> DataStatistics:
        """Those of the training part of a split, for a config as a person gave it."""
        lengths = store.lengths[split.train]
        return cls(
            store.spec,
            tuple(codec.target for codec in codecs),
            len(split.train),
            int(lengths.sum()),
            int(lengths.max(initial=0)),
            max(map(len, store.symbols), default=0),
            {codec.target.name: class_counts(codec, store, split.train) for codec in codecs},
            config.train.effort,
            store.channels,
            expected_sequences(store, config.data),
        )

    @property
    def input(self) -> InputSpec:
        """The input: its column and how a cell becomes a sequence."""
        return self.spec.input

    @property
    def is_per_step(self) -> bool:
        """Whether some target has labels per step."""
        return any(target.per_step for target in self.targets)

    @property
    def is_pooled(self) -> bool:
        """Whether some target has labels per sequence."""
        return any(not target.per_step for target in self.targets)

    @property
    def is_fixed(self) -> bool:
        """Whether sequences are codes of a fixed form, in which a place has a meaning: all have one length."""
        return self.sequences >= _SOME and self.longest > 1 and self.steps == self.longest * self.sequences

    @property
    def is_words(self) -> bool:
        """Whether the symbols are words, which have parts; tokens of one sign each have none."""
        return self.input.kind in ("words", "whitespace", "tokens") and self.signs > 1


def expected_sequences(store: Store, data: DataConfig) -> int:
    """The sequences that train once dev and test are cut off by the settings, known before they are.

    Args:
        store: all rows.
        data: as a person gave it.
    """
    rows = int((store.parts == TRAIN).sum())
    dev = 0.0 if data.dev else data.dev_fraction
    test = 0.0 if data.dev or data.test else data.test_fraction
    return rows - int(dev * rows + 0.5) - int(test * rows + 0.5)
