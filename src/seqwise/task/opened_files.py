"""Opens the files of a config: how they are read, and which columns of a long table are channels."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any

from seqwise.config import Config, DataConfig
from seqwise.data.detect import is_label_column, target_flags
from seqwise.data.profile import profile_columns
from seqwise.data.readers import ReadOptions, Source, open_files, with_misc
from seqwise.data.records import Record
from seqwise.data.spec import DataSpec
from seqwise.errors import ColumnError, ConfigError, did_you_mean, listed
from seqwise.task.input_files import check_distinct, files_of_parts
from seqwise.task.messages import warnings

__all__ = ["OpenedFiles", "check_named_files", "first_records", "open_named_files", "read_options"]

_SAMPLE_ROWS = 1000
_LOOK_ROWS = 50_000


@dataclass(frozen=True)
class OpenedFiles:
    """The files of each part, ready to be read.

    Attributes:
        sources: pairs of a part's number and its files; those of training come first.
    """

    sources: list[tuple[int, Source]]

    @property
    def train(self) -> Source:
        """The files of the training part."""
        return self.sources[0][1]

    @property
    def options(self) -> ReadOptions:
        """How all files are read, as those of training decided."""
        return self.train.options

    @property
    def has_token_lines(self) -> bool:
        """Whether a row has a line for each token."""
        return self.train.format == "conll"

    def check_columns(self, spec: DataSpec) -> None:
        """Raises where a file of dev or test lacks a column that the spec needs.

        Raises:
            ColumnError: naming the column and what the file has.
        """
        for _, source in self.sources[1:]:
            _require(source, spec.input.column)
            present = [target for target in spec.targets if set(target.columns) <= set(source.columns)]
            flags = f" To train without it, name the targets that every file has: {target_flags(present)}"
            for column in [column for target in spec.targets for column in target.columns]:
                _require(source, column, flags if present else "")


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


def check_named_files(data: DataConfig) -> list[str]:
    """Refuses files that cannot be trained on, before any is opened.

    Returns:
        The messages.

    Raises:
        ConfigError: there is none, or standard input is named.
        DataError: a file is named twice; see `check_distinct`.
    """
    if not data.train:
        raise ConfigError("name a file of labelled sequences: seqwise train DATA")
    if "-" in (*data.train, *data.dev, *data.test):
        raise ConfigError("training reads files more than once, so it cannot read standard input; save it to a file")
    return warnings(check_distinct(data))


def open_named_files(config: Config) -> tuple[OpenedFiles, list[str]]:
    """The files of each part, and the messages; what is found in those of training decides how the others are read.

    Raises:
        ConfigError: a long table without a channel.
        DataError: see `open_files`.
    """
    data = config.data
    options = replace(_with_channels(data, read_options(data)), texts=config.input.texts)
    sources: list[tuple[int, Source]] = []
    for part, files in files_of_parts(data):
        source = open_files(files, options, before=sources[0][1].options if sources else None)
        sources.append((part, with_misc(source, tags=data.tags)))
    return OpenedFiles(sources), [note for _, source in sources for note in source.notes]


def first_records(source: Source) -> list[Record]:
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
    source = open_files(data.train[:1], replace(options, series_id=None, time=None, channels=None))
    for column in {data.series_id, data.time, data.id, data.group} - {None, "none"}:
        _require(source, str(column))
    channels = _numeric_columns(source, data)
    if not channels:
        raise ConfigError(
            f"no numeric column is left as a channel among {listed(source.columns)}; name them with --channels\n"
            "  A table with one token per row is read with --sequence-id instead of --series-id."
        )
    return replace(options, channels=channels)


def _numeric_columns(source: Source, data: DataConfig) -> tuple[str, ...]:
    """The columns of numbers that are neither named by a setting nor likely labels."""
    named: Iterable[str] = (*data.label, *data.tags, *data.outputs, *data.multilabel)
    jobs = {data.series_id, data.time, data.id, data.group, *named}
    patterns = [name for pattern in (*data.outputs, *data.multilabel) for name in pattern.split(",")]
    return tuple(
        name
        for name, profile in profile_columns(source.columns, first_records(source)).items()
        if _is_numeric(profile.cells) and name not in jobs and not is_label_column(profile)
        if not any(fnmatchcase(name, pattern) for pattern in patterns)
    )


def _is_numeric(cells: Sequence[Any]) -> bool:
    try:
        return bool(cells) and all(float(cell) is not None for cell in cells)
    except (TypeError, ValueError):
        return False


def _require(source: Source, column: str, advice: str = "") -> None:
    if column not in source.columns:
        hint = f"{did_you_mean(column, source.columns)} The columns are {listed(source.columns)}.{advice}".strip()
        raise ColumnError(f"there is no column '{column}'", file=source.files[0], hint=hint)
