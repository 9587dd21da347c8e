"""Turns a config into what training needs, in stages: files, columns, rows, labels and split, settings, encoding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.config import Config
from seqwise.data.batching import Batcher
from seqwise.data.encoding import Encoding
from seqwise.data.labels import LabelCodec
from seqwise.data.readers import ReadOptions
from seqwise.data.split import Split
from seqwise.data.store import Store
from seqwise.nn import TFIDF
from seqwise.targets import Target
from seqwise.task.crf_states import crf_messages
from seqwise.task.defaults import check_fit, check_scheme
from seqwise.task.input_files import vector_file_records
from seqwise.task.labelled_rows import LabelledRows, labelled_rows, with_tag_schemes
from seqwise.task.messages import Messages
from seqwise.task.opened_files import check_named_files, open_named_files
from seqwise.task.ordinal import check_ordinal, ordinal_messages
from seqwise.task.requested_columns import columns_of
from seqwise.task.settled import EncodedInput, encoded_input, messages_of_data, settled
from seqwise.task.stored_rows import records_of, stored_rows

__all__ = ["Task", "prepare", "with_settings"]


@dataclass(frozen=True)
class Task:
    """What training starts from.

    Attributes:
        config: every value resolved.
        inferred: for keys of the config whose value was found, the reason.
        notes: what was found, in sentences.
        options: how the files were read.
        format: the form of the training files.
        store: the encoded rows.
        split: which rows train, stop and test.
        targets: what is predicted, with classes.
        codecs: class indices for the stored labels, one per target.
        encoding: what the model knows of its input.
        counts: per target, how often each class occurs in the training part; see `data.labels.class_counts`.
        files: part, name, bytes and sha256 of each file.
        vectors: (words, size) what the words of the vocabulary's `vector_words` start from; None for nothing.
    """

    config: Config
    inferred: dict[str, str]
    notes: list[str]
    options: ReadOptions
    format: str
    store: Store
    split: Split
    targets: tuple[Target, ...]
    codecs: tuple[LabelCodec, ...]
    encoding: Encoding
    counts: dict[str, NDArray[np.int64]]
    files: list[dict[str, Any]] = field(default_factory=list)
    vectors: NDArray[np.float32] | None = None

    @cached_property
    def batcher(self) -> Batcher:
        """The batches of this task's rows."""
        return Batcher(self.store, self.encoding, self.codecs, self.config.input.symbol_dropout)


def prepare(config: Config, say: Callable[[str], object] = lambda _: None) -> Task:
    """Reads the files of a config and decides everything that was left open.

    Args:
        config: where the files are, and what is settled.
        say: gets each message on what was found, before the next stage begins.

    Raises:
        ConfigError: no files, or settings that contradict each other.
        DataError: data that cannot be used; see `seqwise.data`.
    """
    messages = Messages(say)
    messages.add(check_named_files(config.data))
    files = messages.of(open_named_files(config))
    spec = messages.of(columns_of(files.train, config))
    check_fit(config, spec)
    files.check_columns(spec)
    records = messages.of(records_of(config.data))
    store = messages.of(stored_rows(files, spec, config.data, records))
    rows = messages.of(labelled_rows(store, config))
    rows = messages.of(with_tag_schemes(rows, has_token_lines=files.has_token_lines))
    settings = settled(config, rows)
    input_ = encoded_input(rows, settings)
    messages.add(messages_of_data(config, rows, settings, input_, has_token_lines=files.has_token_lines))
    messages.add(_messages_of_loss(settings.config, rows.targets))
    return Task(
        config=settings.config,
        inferred=settings.inferred,
        notes=messages.texts,
        options=files.options,
        format=files.train.format,
        store=store,
        split=rows.split,
        targets=rows.targets,
        codecs=rows.codecs,
        encoding=input_.encoding,
        counts=dict(settings.statistics.counts),
        files=records + vector_file_records(config.input),
        vectors=input_.vectors,
    )


def _messages_of_loss(config: Config, targets: tuple[Target, ...]) -> list[str]:
    """What the loss makes of the targets.

    Raises:
        ConfigError: a scheme or an order that does not fit them.
    """
    check_scheme(config.loss, targets)
    check_ordinal(config.loss, targets)
    return [*crf_messages(config.loss, targets), *ordinal_messages(config.loss, targets)]


def with_settings(task: Task, config: Config) -> Task:
    """The task under other settings of the input layer, the model, the loss and the training; no file is read again.

    Args:
        task: prepared from a config with the same `data`, kind of input and seed.
        config: settings as a person would give them; those left open are decided as `prepare` decides them.

    Raises:
        ConfigError: settings that do not fit the data.
    """
    check_fit(config, task.store.spec)
    rows = LabelledRows(task.store, task.split, task.codecs)
    settings = settled(config, rows)
    input_ = EncodedInput(task.encoding, task.vectors, [])
    if _deciding_input(settings.config) != _deciding_input(task.config):
        input_ = encoded_input(rows, settings)
    return replace(
        task,
        config=settings.config,
        inferred=settings.inferred,
        encoding=input_.encoding,
        vectors=input_.vectors,
    )


def _deciding_input(config: Config) -> tuple[dict[str, Any], str]:
    """The settings that decide the encoding of the input."""
    decides = config.model.is_folder or config.model.encoder == TFIDF
    return config.input.model_dump(exclude={"symbol_dropout"}), config.model.encoder if decides else ""
