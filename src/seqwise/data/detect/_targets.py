"""The targets that flags name."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, count

from seqwise.data.detect._columns import Columns
from seqwise.data.lists import writes_objects
from seqwise.data.profile import ColumnProfile
from seqwise.data.separators import doubtful_sign, enclosed_labels, repeats
from seqwise.data.spec import TargetSpec
from seqwise.errors import ConfigError
from seqwise.targets import Kind

__all__ = [
    "columns_target",
    "found_set",
    "multilabel_target",
    "named_apart",
    "requested_targets",
    "set_target",
    "target_flags",
    "target_message",
]


def requested_targets(columns: Columns) -> list[TargetSpec]:
    """The targets of the flags, in the order of `seqwise.targets.KINDS`.

    Raises:
        ColumnError: a column is not there (did you mean).
        ConfigError: a column is asked for twice: in two targets, or as the input too.
        DataError: one label per sequence is asked of a column of lists.
    """
    asked = list(_asked(columns))
    _refuse_shared_columns(columns, asked)
    return named_apart([(pattern, target) for _, pattern, target in asked])


def named_apart(targets: Sequence[tuple[str, TargetSpec]]) -> list[TargetSpec]:
    """The targets, each with a pattern that names its columns, under names that differ.

    A target of one column has that column's name. One of several columns has the name that they share, unless another
    target has it (`--label vote --outputs 'vote_*'`): then it is called as the pattern.
    """
    taken = {target.name for _, target in targets if target.form != "columns"}
    named = []
    for pattern, target in targets:
        if target.form == "columns":
            names = chain((target.name, pattern), (f"{target.name}_{number}" for number in count(2)))
            target = replace(target, name=next(name for name in names if name not in taken))
            taken.add(target.name)
        named.append(target)
    return named


def target_flags(targets: Iterable[TargetSpec]) -> str:
    """The flags that name these targets.

    Examples:
        >>> target_flags([TargetSpec("vote", "outputs", ("vote_fr", "vote_us"), "columns")])
        '--outputs vote_fr,vote_us'
    """
    return " ".join(f"--{target.kind} {shlex.quote(','.join(target.columns))}" for target in targets)


def _asked(columns: Columns) -> Iterator[tuple[str, str, TargetSpec]]:
    """Flag, what stands behind it, and the target it means."""
    requested = columns.requested
    for column in requested.label:
        _check_single(columns, columns.require(column))
        yield "--label", column, TargetSpec(column, "label", (column,), "cell")
    for column in requested.tags:
        columns.require(column)
        yield "--tags", column, TargetSpec(column, "tags", (column,), "steps", per_step=True)
    for pattern in requested.outputs:
        yield "--outputs", pattern, columns_target(columns, "outputs", pattern)
    for pattern in requested.multilabel:
        yield "--multilabel", pattern, multilabel_target(columns, pattern)


def _check_single(columns: Columns, profile: ColumnProfile) -> None:
    if profile.is_written and profile.is_list:
        raise columns.unusable(
            f"column '{profile.name}': expected one label per cell, got lists such as {profile.cells[0]}",
            "A list with one label per step is read with --tags, a list of any labels with --multilabel.",
        )


def _refuse_shared_columns(columns: Columns, asked: Sequence[tuple[str, str, TargetSpec]]) -> None:
    requested = columns.requested
    jobs: dict[str, str] = {}
    if requested.text is None and requested.tokens is None:
        own = columns.source.series or columns.source.tokens
        jobs |= {own: "as the input of this format"} if own is not None else {}
    for flag, column in (("--text", requested.text), ("--tokens", requested.tokens)):
        if column is not None:
            jobs[column] = f"as the input ({flag} {column})"
    for flag, pattern, target in asked:
        job = f"as a target ({flag} {pattern})"
        for column in target.columns:
            if column in jobs:
                raise ConfigError(
                    f"the column '{column}' is asked for twice: {jobs[column]} and {job}\n"
                    "  A column is either the input or part of one target. Leave it out of one of them; a pattern can "
                    "be a list of columns: a,b,c."
                )
        jobs |= dict.fromkeys(target.columns, job)


def columns_target(columns: Columns, kind: Kind, pattern: str) -> TargetSpec:
    """One target over the columns that `a,b` or `vote_*` names."""
    names = columns.matching(pattern)
    profiles = [columns.profiles[name] for name in names]
    per_step = any(profile.is_list or profile.is_partly_list for profile in profiles)
    return TargetSpec(_group_name(kind, pattern, names), kind, names, "columns", per_step=per_step)


def multilabel_target(columns: Columns, pattern: str) -> TargetSpec:
    """A column of sets of labels, or a pattern of 0/1 columns."""
    if pattern not in columns.profiles:
        if any(mark in pattern for mark in "*?[,"):
            return columns_target(columns, "multilabel", pattern)
        columns.require(pattern)
    return set_target(columns, pattern)


def set_target(columns: Columns, name: str) -> TargetSpec:
    """The target of a column whose cells are asked for as sets of labels."""
    profile, named = columns.profiles[name], columns.requested.label_separator
    if profile.is_list:
        _refuse_zeros_and_ones(columns, profile)
        return TargetSpec(name, "multilabel", (name,), "list", per_step=profile.is_nested)
    if named is not None:
        return _cut_at(name, named)
    strings = [cell for cell in profile.cells if isinstance(cell, str)]
    if any(map(writes_objects, strings)):
        return _cut_at(name, "")  # reading says what is wrong with them
    if enclosed_labels(strings) is not None:
        return TargetSpec(name, "multilabel", (name,), "bracketed", delimiter=",")
    sign = profile.delimiter or profile.separator or _likely(strings)
    return TargetSpec(name, "multilabel", (name,), "list") if sign is None else _cut_at(name, sign)


def _refuse_zeros_and_ones(columns: Columns, profile: ColumnProfile) -> None:
    """Refuses equally long lists of 0 and 1, which say for each label whether it holds, but not which labels."""
    sizes = {len(cell) for cell in profile.cells}
    if len(sizes) == 1 and 1 not in sizes and {str(value) for value in profile.flat} == {"0", "1"}:
        size = sizes.pop()
        raise columns.unusable(
            f"column '{profile.name}': lists of {size} zeros and ones do not say which labels they stand for",
            "Write a column of 0 and 1 for each label, or lists of the labels that hold.",
        )


def _likely(strings: Sequence[str]) -> str | None:
    """A character that may separate labels, where it is one that does not belong to names as a blank or a word does."""
    sign = doubtful_sign(strings)
    return sign if sign is not None and not (sign.isspace() or any(map(str.isalpha, sign))) else None


def found_set(columns: Columns, profile: ColumnProfile) -> TargetSpec | None:
    """The target of a column that nobody asked for as sets, where its cells prove that they are."""
    named, name = columns.requested.label_separator, profile.name
    if not profile.is_text:
        return None
    if named is not None:
        return _cut_at(name, named) if named and repeats(named, profile.cells) else None
    if enclosed_labels(profile.cells) is not None:
        return TargetSpec(name, "multilabel", (name,), "bracketed", delimiter=",")
    return None if profile.delimiter is None else _cut_at(name, profile.delimiter)


def _cut_at(name: str, sign: str) -> TargetSpec:
    if not sign:
        return TargetSpec(name, "multilabel", (name,), "list")
    return TargetSpec(name, "multilabel", (name,), "delimited", delimiter=sign)


def _group_name(kind: Kind, pattern: str, columns: Sequence[str]) -> str:
    """A name for the target of several columns: the pattern without its star, or what the names share."""
    stem = pattern.rstrip("*?").rstrip("_-. ")
    if stem and not any(mark in stem for mark in "*?[,"):
        return stem
    shared = columns[0]
    for column in columns:
        while not column.startswith(shared):
            shared = shared[:-1]
    return shared.rstrip("_-. ") or ("labels" if kind == "multilabel" else "outputs")


def target_message(target: TargetSpec) -> str:
    """A description of a target and its loss."""
    columns = f"column '{target.columns[0]}'" if len(target.columns) == 1 else f"{len(target.columns)} columns"
    what = {
        "label": "one label per sequence: cross-entropy over its classes",
        "tags": "one label per step: cross-entropy over the steps that count",
        "outputs": "one label per column, empty cells are missing labels: cross-entropy per output, gaps left out",
        "multilabel": "any number of labels: binary cross-entropy per label",
    }[target.kind]
    return f"target '{target.name}': {columns}, {what}"
