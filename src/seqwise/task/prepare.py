"""Turns a config into what training needs: encoded rows, split, classes, vocabulary; and says what was found."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.config import Config, DataConfig
from seqwise.data.batching import Batcher
from seqwise.data.detect import Detected, Requested, find_spec, is_label_column, target_flags
from seqwise.data.encoding import Encoding
from seqwise.data.label_notes import LabelNotes
from seqwise.data.labels import LabelCodec, class_counts, find_targets, without_respellings
from seqwise.data.profile import profile_columns
from seqwise.data.readers import ReadOptions, Source, open_files, with_misc
from seqwise.data.records import Record
from seqwise.data.spec import DataSpec
from seqwise.data.split import TRAIN, Split, make_split
from seqwise.data.store import Store, cache_key, open_store
from seqwise.errors import ColumnError, ConfigError, did_you_mean, listed
from seqwise.nn import ROCKET, TFIDF
from seqwise.targets import Target
from seqwise.task.crf_states import crf_messages
from seqwise.task.data_notes import (
    data_messages,
    doubtful_label_messages,
    empty_rows,
    odd_labels,
    padded_series,
    targets_without_labels,
    unlabelled_rows,
)
from seqwise.task.defaults import DataStatistics, check_fit, check_scheme, effort_note, resolve
from seqwise.task.fit_encoding import encoding_for
from seqwise.task.found_schemes import Tags, with_schemes
from seqwise.task.input_files import check_distinct, equal_content, file_records, files_of_parts, vector_file_records
from seqwise.task.ordinal import check_ordinal, ordinal_messages

__all__ = ["Task", "check_columns", "prepare", "read_options", "with_settings"]

_SAMPLE_ROWS = 1000
_LOOK_ROWS = 50_000
_IF_UNSEEN = "--unseen error refuses them, --unseen add makes them classes"
_CACHE_FROM_BYTES = 32 << 20


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


def read_options(data: DataConfig) -> ReadOptions:
    """How the config says files are read."""
    return ReadOptions(
        format=data.format,
        encoding=data.encoding,
        delimiter=data.delimiter,
        quote=data.quote,
        header=data.header,
        columns=data.columns,
        series_id=data.series_id,
        sequence_id=data.sequence_id,
        steps=data.steps,
        time=data.time,
        channels=data.channels,
        gaps=data.gaps,
    )


class _Notes(list[str]):
    """What was found so far; each sentence is said as soon as it is known, so that it stands before any error."""

    def __init__(self, say: Callable[[str], object]) -> None:
        super().__init__()
        self.say = say

    def add(self, sentences: Iterable[str]) -> None:
        for sentence in sentences:
            if sentence not in self:
                self.append(sentence)
                self.say(sentence)

    def warn(self, sentences: Iterable[str]) -> None:
        self.add(f"warning: {sentence}" for sentence in sentences)


def prepare(config: Config, say: Callable[[str], object] = lambda _: None) -> Task:
    """Reads the files of a config and decides everything that was left open.

    Args:
        config: where the files are, and what is settled.
        say: gets each sentence on what was found, as soon as it was.

    Raises:
        ConfigError: no files, or settings that contradict each other.
        DataError: data that cannot be used; see `seqwise.data`.
    """
    data = config.data
    if not data.train:
        raise ConfigError("name a file of labelled sequences: seqwise train DATA")
    if "-" in (*data.train, *data.dev, *data.test):
        raise ConfigError("training reads files more than once, so it cannot read standard input; save it to a file")
    notes = _Notes(say)
    notes.warn(check_distinct(data))
    options = replace(_with_channels(data, read_options(data)), texts=config.input.texts)
    sources = _sources(data, options)
    options = sources[0][1].options
    notes.add(note for _, source in sources for note in source.notes)
    finding = _find(sources[0][1], config)
    notes.add(finding.notes)
    check_fit(config, finding.spec)
    for _, source in sources[1:]:
        check_columns(source, finding.spec)
    files = file_records(data)
    notes.warn(equal_content(files))
    store = open_store(sources, finding.spec, cache=_cache(data, files, finding.spec, options), on_empty=data.on_empty)
    labels = LabelNotes()
    labels.add_gaps(store)
    notes.warn([*empty_rows(store), *labels.gap_messages()])
    notes.add(padded_series(store))
    codecs = _codecs(store, data.unseen_labels)
    split = _split(store, config)
    facts = DataStatistics.of(store, split, codecs, config.train.effort)
    resolved, _ = resolve(config, facts)
    if resolved.data.dev_fraction != data.dev_fraction:
        split = _split(store, resolved)
    notes.add([*unlabelled_rows(store, split), f"split: {split.rule}"])
    notes.warn(split.warnings)
    has_token_lines = sources[0][1].format == "conll"
    codecs, sentences = with_schemes([Tags(codec, store, split.train, has_token_lines) for codec in codecs])
    notes.add(sentences)
    codecs = tuple(LabelCodec.for_store(codec.target, codec.position, store) for codec in codecs)
    labels.add_unseen(store, codecs)
    notes.warn(labels.unseen_messages(_IF_UNSEEN))
    targets = tuple(codec.target for codec in codecs)
    counts = {codec.target.name: class_counts(codec, store, split.train) for codec in codecs}
    facts = replace(facts, targets=targets, counts=counts)
    resolved, inferred = resolve(config, facts)
    _check_dev(resolved, split)
    encoding, vectors, sentences = encoding_for(store, split, resolved, is_fixed=facts.is_fixed)
    notes.add(effort_note(config, facts))
    notes.add([*data_messages(targets, encoding, counts), *sentences])
    notes.warn(odd_labels(store, codecs, counts, has_token_lines=has_token_lines))
    notes.add(doubtful_label_messages(store, codecs, data.missing, _named_classes(config)))
    notes.warn(targets_without_labels(store, split, codecs))
    check_scheme(resolved.loss, targets)
    check_ordinal(resolved.loss, targets)
    notes.add([*crf_messages(resolved.loss, targets), *ordinal_messages(resolved.loss, targets)])
    return Task(
        resolved,
        inferred,
        notes,
        options,
        sources[0][1].format,
        store,
        split,
        targets,
        codecs,
        encoding,
        counts,
        files + vector_file_records(config.input),
        vectors,
    )


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


def _sources(data: DataConfig, options: ReadOptions) -> list[tuple[int, Source]]:
    """The files of each part; what is found in those of training decides how the others are read."""
    sources: list[tuple[int, Source]] = []
    for part, files in files_of_parts(data):
        source = open_files(files, options, before=sources[0][1].options if sources else None)
        sources.append((part, with_misc(source, tags=data.tags)))
    return sources


def _split(store: Store, config: Config) -> Split:
    data = config.data
    return make_split(
        store,
        dev_fraction=data.dev_fraction,
        test_fraction=data.test_fraction,
        seed=config.train.seed,
        files=(bool(data.dev), bool(data.test)),
    )


def _check_dev(config: Config, split: Split) -> None:
    """Refuses to train without a dev part where it decides when to stop."""
    if not len(split.dev) and config.model.encoder not in (ROCKET, TFIDF):
        raise ConfigError(
            f"data.dev_fraction is 0, but training {config.model.encoder} stops by the figures of a dev part\n"
            "  Leave it out, or give --dev FILE."
        )


def with_settings(task: Task, config: Config) -> Task:
    """The task under other settings of the input layer, the model, the loss and the training; no file is read again.

    Args:
        task: prepared from a config with the same `data`, kind of input and seed.
        config: settings as a person would give them; those left open are decided as `prepare` decides them.

    Raises:
        ConfigError: settings that do not fit the data.
    """
    check_fit(config, task.store.spec)
    facts = DataStatistics.of(task.store, task.split, task.codecs, config.train.effort)
    resolved, inferred = resolve(config, facts)
    _check_dev(resolved, task.split)
    encoding, vectors = task.encoding, task.vectors
    if _without_dropout(resolved) != _without_dropout(task.config):
        encoding, vectors, _ = encoding_for(task.store, task.split, resolved, is_fixed=facts.is_fixed)
    return replace(task, config=resolved, inferred=inferred, encoding=encoding, vectors=vectors)


def _without_dropout(config: Config) -> tuple[dict[str, Any], str]:
    """The settings that decide the encoding of the input."""
    decides = config.model.is_folder or config.model.encoder == TFIDF
    return config.input.model_dump(exclude={"symbol_dropout"}), config.model.encoder if decides else ""


def _requested(config: Config) -> Requested:
    data, given = config.data, config.input
    return Requested(
        text=given.text_column,
        tokens=given.tokens,
        label=data.label,
        tags=data.tags,
        outputs=data.outputs,
        multilabel=data.multilabel,
        kind=given.kind,
        is_cut_later=config.model.is_folder,
        lower=given.lower,
        gaps=data.gaps == "fill",
        differences=given.differences,
        normalise=given.normalise,
        missing=data.missing,
        classes=_named_classes(config),
        label_separator=data.label_separator,
        id=data.id,
        group=data.group,
        ignored=tuple(
            column for column in (data.series_id, data.time, *read_options(data).sequence_ids) if column is not None
        ),
    )


def _named_classes(config: Config) -> tuple[str, ...]:
    """The labels that settings of the loss name."""
    weights, orders = config.loss.class_weight, config.loss.ordinal
    named = list(weights) if isinstance(weights, dict) else []
    for order in orders.values() if isinstance(orders, dict) else ():
        named += order if isinstance(order, tuple) else ()
    return tuple(named)


def _find(source: Source, config: Config) -> Detected:
    return find_spec(source, _sample(source), _requested(config))


def _sample(source: Source) -> list[Record]:
    """Rows to look at: of a table a random thousand of its beginning, since tables are often sorted by label."""
    if source.kind != "table":
        return list(islice(iter(source), _SAMPLE_ROWS))
    rng = random.Random(0)
    kept: list[Record] = []
    for number, record in enumerate(islice(iter(source), _LOOK_ROWS)):
        if number < _SAMPLE_ROWS:
            kept.append(record)
        elif (place := rng.randrange(number + 1)) < _SAMPLE_ROWS:
            kept[place] = record
    return kept


def _with_channels(data: DataConfig, options: ReadOptions) -> ReadOptions:
    """For long-form files, the channels: every numeric column that has no other job."""
    long_form = data.series_id is not None or data.time is not None
    if not long_form or data.channels is not None:
        return options
    plain = replace(options, series_id=None, time=None, channels=None)
    source = open_files(data.train[:1], plain)
    jobs = {
        data.series_id,
        data.time,
        data.id,
        data.group,
        *data.label,
        *data.tags,
        *data.outputs,
        *data.multilabel,
    }
    for column in {data.series_id, data.time, data.id, data.group} - {None, "none"}:
        _require(source, str(column))
    patterns = [name for pattern in (*data.outputs, *data.multilabel) for name in pattern.split(",")]
    profiles = profile_columns(source.columns, _sample(source))
    channels = tuple(
        name
        for name, profile in profiles.items()
        if _is_numeric(profile.cells) and name not in jobs and not is_label_column(profile)
        if not any(fnmatchcase(name, pattern) for pattern in patterns)
    )
    if not channels:
        raise ConfigError(
            f"no numeric column is left as a channel among {listed(source.columns)}; name them with --channels\n"
            "  A table with one token per row is read with --sequence-id instead of --series-id."
        )
    return replace(options, channels=channels)


def _is_numeric(cells: Sequence[Any]) -> bool:
    try:
        return bool(cells) and all(float(cell) is not None for cell in cells)
    except (TypeError, ValueError):
        return False


def check_columns(source: Source, spec: DataSpec, *, labels: bool = True) -> None:
    """Raises where a file lacks a column that the spec needs.

    Raises:
        ColumnError: naming the column and what the file has.
    """
    _require(source, spec.input.column)
    present = [target for target in spec.targets if set(target.columns) <= set(source.columns)]
    without = f" To train without it, name the targets that every file has: {target_flags(present)}" if present else ""
    for column in [column for target in spec.targets for column in target.columns] if labels else []:
        _require(source, column, without)


def _require(source: Source, column: str, advice: str = "") -> None:
    if column not in source.columns:
        hint = f"{did_you_mean(column, source.columns)} The columns are {listed(source.columns)}.{advice}".strip()
        raise ColumnError(f"there is no column '{column}'", file=source.files[0], hint=hint)


def _cache(data: DataConfig, files: list[dict[str, Any]], spec: DataSpec, options: ReadOptions) -> Path | None:
    large = sum(file["bytes"] for file in files) >= _CACHE_FROM_BYTES
    if data.cache == "never" or (data.cache == "auto" and not large):
        return None
    hashes = [f"{file['part']}:{file['name']}:{file['sha256']}" for file in files]
    return Path(data.cache_folder).expanduser() / cache_key(hashes, spec, (options, data.on_empty))
