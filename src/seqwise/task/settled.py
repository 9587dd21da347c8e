"""Settles what was left open: the settings, then what the model knows of symbols or numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqwise.config import Config
from seqwise.data.encoding import Encoding
from seqwise.errors import ConfigError
from seqwise.task.data_notes import data_messages, doubtful_label_messages, odd_labels, targets_without_labels
from seqwise.task.defaults import DataStatistics, effort_note, resolve
from seqwise.task.fit_encoding import encoding_for
from seqwise.task.labelled_rows import LabelledRows
from seqwise.task.messages import warnings
from seqwise.task.requested_columns import named_classes

__all__ = ["EncodedInput", "Settings", "encoded_input", "messages_of_data", "settled"]


@dataclass(frozen=True)
class Settings:
    """Every setting, and why.

    Attributes:
        config: every value resolved.
        inferred: for keys of the config whose value was found, the reason.
        statistics: of the data, which decided.
    """

    config: Config
    inferred: dict[str, str]
    statistics: DataStatistics


def settled(config: Config, rows: LabelledRows) -> Settings:
    """The settings of a config with those that were left open decided for these rows.

    Raises:
        ConfigError: there is no dev part where it decides when to stop.
    """
    statistics = DataStatistics.of(rows.store, rows.split, rows.codecs, config)
    resolved, inferred = resolve(config, statistics)
    if not len(rows.split.dev) and not resolved.model.is_convex:
        raise ConfigError(
            f"data.dev_fraction is 0, but training {resolved.model.encoder} stops by the figures of a dev part\n"
            "  Leave it out, or give --dev FILE."
        )
    return Settings(resolved, inferred, statistics)


@dataclass(frozen=True)
class EncodedInput:
    """What the model knows of the input.

    Attributes:
        encoding: the vocabulary, the scaling or the pieces.
        vectors: (words, size) what the words of the vocabulary's `vector_words` start from; None for nothing.
        messages: what is said of word vectors or pieces.
    """

    encoding: Encoding
    vectors: NDArray[np.float32] | None
    messages: list[str]


def encoded_input(rows: LabelledRows, settings: Settings) -> EncodedInput:
    """What the model knows of symbols or numbers, from the training part and the settings.

    Raises:
        DataError, ConfigError, MissingExtraError: see `encoding_for`.
    """
    is_fixed = settings.statistics.is_fixed
    return EncodedInput(*encoding_for(rows.store, rows.split, settings.config, is_fixed=is_fixed))


def messages_of_data(
    config: Config, rows: LabelledRows, settings: Settings, input_: EncodedInput, *, has_token_lines: bool
) -> list[str]:
    """What was found of targets, labels and input.

    Args:
        config: as a person gave it.
        rows: with the schemes of tags.
        settings: resolved.
        input_: what the model knows of the input.
        has_token_lines: whether a row has a line for each token.
    """
    store, codecs, counts = rows.store, rows.codecs, settings.statistics.counts
    return [
        *effort_note(config, settings.statistics),
        *data_messages(rows.targets, input_.encoding, counts),
        *input_.messages,
        *warnings(odd_labels(store, codecs, counts, has_token_lines=has_token_lines)),
        *doubtful_label_messages(store, codecs, config.data.missing, named_classes(config)),
        *warnings(targets_without_labels(store, rows.split, codecs)),
    ]
