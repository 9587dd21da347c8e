"""Turns a config into what training needs: encoded rows, split, classes, vocabulary; and says what was found."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.data.batching import Batcher
from seqwise.data.detect import Finding, Requested, find_spec, is_label_name
from seqwise.data.labels import LabelCodec, class_counts, find_targets
from seqwise.data.profile import profile_columns
from seqwise.data.readers import ReadOptions, Source, open_files
from seqwise.data.records import Record
from seqwise.data.spec import DataSpec
from seqwise.data.split import PARTS, Split, make_split
from seqwise.data.store import Store, cache_key, open_store
from seqwise.data.vocabulary import ChannelScaling, Vocabulary, symbol_counts
from seqwise.errors import ColumnError, ConfigError, did_you_mean, listed
from seqwise.targets import Target, label_text
from seqwise.training.config import Config, DataConfig
from seqwise.training.defaults import affix_buckets, resolve

__all__ = ["Task", "check_columns", "prepare", "read_options"]

_SAMPLE_ROWS = 1000
_LOOK_ROWS = 50_000
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
        encoding: the vocabulary, or the scaling of the channels.
        counts: per target, how often each class occurs in the training part; see `data.labels.class_counts`.
        files: part, name, bytes and sha256 of each file.
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
    encoding: Vocabulary | ChannelScaling
    counts: dict[str, NDArray[np.int64]]
    files: list[dict[str, Any]] = field(default_factory=list)

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
        time=data.time,
        channels=data.channels,
    )


def prepare(config: Config) -> Task:
    """Reads the files of a config and decides everything that was left open.

    Raises:
        ConfigError: no files, or settings that contradict each other.
        DataError: data that cannot be used; see `seqwise.data`.
    """
    data = config.data
    if not data.train:
        raise ConfigError("name a file of labelled sequences: seqwise train DATA")
    if "-" in (*data.train, *data.dev, *data.test):
        raise ConfigError("training reads files more than once, so it cannot read standard input; save it to a file")
    options = _with_channels(data, read_options(data))
    sources = [(part, open_files(files, options)) for part, files in _parts(data)]
    finding = _find(sources[0][1], config)
    for _, source in sources[1:]:
        check_columns(source, finding.spec)
    files = [_file_facts(part, path) for part, paths in _parts(data) for path in paths]
    store = open_store(sources, finding.spec, cache=_cache(data, files, finding.spec, options))
    split = make_split(
        store,
        dev_fraction=data.dev_fraction,
        test_fraction=data.test_fraction,
        seed=config.train.seed,
        files=(bool(data.dev), bool(data.test)),
    )
    labelled = np.arange(len(store)) if data.unseen_labels == "add" else np.flatnonzero(store.parts == 0)
    targets = find_targets(store, labelled)
    codecs = tuple(LabelCodec.for_store(target, position, store) for position, target in enumerate(targets))
    for codec in codecs:
        codec.check(store, np.arange(len(store)))
    encoding = _encoding(store, split, config)
    counts = {codec.target.name: class_counts(codec, store, split.train) for codec in codecs}
    notes = [*sources[0][1].notes, *finding.notes, *_sentences(store, split, targets, encoding, counts)]
    resolved, inferred = resolve(config, store, split)
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
        files,
    )


def _parts(data: DataConfig) -> list[tuple[int, tuple[str, ...]]]:
    return [(part, files) for part, files in enumerate((data.train, data.dev, data.test)) if files]


def _requested(config: Config) -> Requested:
    data, given = config.data, config.input
    return Requested(
        text=given.text,
        tokens=given.tokens,
        label=data.label,
        tags=data.tags,
        outputs=data.outputs,
        multilabel=data.multilabel,
        kind=given.kind,
        lower=given.lower,
        id=data.id,
        group=data.group,
        ignored=tuple(column for column in (data.series_id, data.time) if column is not None),
    )


def _find(source: Source, config: Config) -> Finding:
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
        if _is_numeric(profile.cells) and name not in jobs and not is_label_name(name)
        if not any(fnmatchcase(name, pattern) for pattern in patterns)
    )
    if not channels:
        raise ConfigError(
            f"no numeric column is left as a channel among {listed(source.columns)}; name them with --channels"
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
    for column in [column for target in spec.targets for column in target.columns] if labels else []:
        _require(source, column)


def _require(source: Source, column: str) -> None:
    if column not in source.columns:
        hint = f"{did_you_mean(column, source.columns)} The columns are {listed(source.columns)}.".strip()
        raise ColumnError(f"there is no column '{column}'", file=source.files[0], hint=hint)


def _file_facts(part: int, path: str) -> dict[str, Any]:
    digest = hashlib.sha256()
    size = 0
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
    return {"part": PARTS[part], "name": path, "bytes": size, "sha256": digest.hexdigest()}


def _cache(data: DataConfig, files: list[dict[str, Any]], spec: DataSpec, options: ReadOptions) -> Path | None:
    large = sum(file["bytes"] for file in files) >= _CACHE_FROM_BYTES
    if data.cache == "never" or (data.cache == "auto" and not large):
        return None
    hashes = [f"{file['part']}:{file['name']}:{file['sha256']}" for file in files]
    return Path(data.cache_folder).expanduser() / cache_key(hashes, spec, options)


def _encoding(store: Store, split: Split, config: Config) -> Vocabulary | ChannelScaling:
    if store.channels:
        return ChannelScaling.of(store, split.train)
    buckets = config.input.affix_buckets
    if buckets is None:
        buckets = affix_buckets(store.spec)
    return Vocabulary.from_counts(symbol_counts(store, split.train), config.input.min_count, buckets)


def _sentences(
    store: Store,
    split: Split,
    targets: tuple[Target, ...],
    encoding: Vocabulary | ChannelScaling,
    counts: dict[str, NDArray[np.int64]],
) -> list[str]:
    sentences = [f"split: {split.rule}"]
    for target in targets:
        sentences.append(f"target '{target.name}': {_classes_in_words(target)}")
        if unseen := _without_examples(target, counts[target.name]):
            sentences.append(f"target '{target.name}': no training example of {listed(unseen, 6)}")
    if isinstance(encoding, Vocabulary):
        sentences.append(f"vocabulary: {len(encoding.symbols):,} symbols of the training part")
    else:
        constant = f", constant in training: {[c + 1 for c in encoding.constant]}" if encoding.constant else ""
        sentences.append(f"channels: {store.channels}, scaled to mean 0 and deviation 1{constant}")
    return sentences


def _classes_in_words(target: Target) -> str:
    sizes = [len(classes) for classes in target.classes]
    if target.kind == "outputs":
        count = f"{min(sizes)}" + (f" to {max(sizes)}" if max(sizes) > min(sizes) else "")
        return f"{len(sizes)} outputs of {count} classes each, {listed(target.classes[0], 6)}"
    return f"{sizes[0]} {'labels' if target.kind == 'multilabel' else 'classes'}, {listed(target.labels, 6)}"


def _without_examples(target: Target, counts: NDArray[np.int64]) -> list[str]:
    """The labels that stand in the files, but not in the training part of the split."""
    if target.kind == "multilabel":
        return [label_text(label) for label, (_, held) in zip(target.labels, counts, strict=True) if not held]
    unseen: dict[str, None] = {}
    for labels, row in zip(target.classes, np.atleast_2d(counts), strict=True):
        unseen |= {label_text(label): None for label, count in zip(labels, row, strict=False) if not count}
    return list(unseen)
