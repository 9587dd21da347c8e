"""The targets that no flag names: what the cells of the other columns tell, and nothing where two readings are left."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Sequence

from seqwise.data.detect._columns import LABEL_NAMES, NOT_LABELS, TEXT_NAMES, Columns, is_id, is_second_text
from seqwise.data.detect._input import ONE_WORD, input_kinds, rows_of_tokens
from seqwise.data.detect._steps import is_aligned
from seqwise.data.detect._targets import columns_target, found_set, named_apart, set_target, target_flags
from seqwise.data.profile import ColumnProfile
from seqwise.data.separators import doubtful_sign, separator_flag, separator_name
from seqwise.data.spec import TargetSpec
from seqwise.errors import DataError, listed
from seqwise.tag_forms import found_form
from seqwise.targets import KINDS, label_text

__all__ = ["found_targets"]

_FLAGS = "--label COL, --tags COL, --outputs 'PATTERN' or --multilabel COL"
_WHOLE = re.compile(r"-?[0-9]{1,15}(\.0)?")
_Free = dict[str, ColumnProfile]


def found_targets(columns: Columns, input_column: str) -> tuple[list[TargetSpec], list[str]]:
    """The targets beside an input, in the order in which settings name them, and what is worth saying about the rest.

    The order makes a config that was written give the same model again.

    Raises:
        DataError: no column looks like a target, or several do; the message lists them.
    """
    requested = columns.requested
    jobs = {input_column, requested.id, requested.group, *columns.source.options.sequence_ids, *requested.ignored}
    free = {name: profile for name, profile in columns.profiles.items() if name not in jobs and profile.cells}
    if columns.source.kind == "tokens":
        found, left = _beside_tokens(columns, free)
    else:
        found, left = _beside_cells(columns, free, input_column)
    if not found:
        raise _nothing_found(columns, free, input_column, left)
    found = named_apart([(",".join(target.columns), target) for target in found])
    found.sort(key=lambda target: KINDS.index(target.kind))
    return found, [*_refused(free, found), *_left_alone(found, left)]


def _beside_tokens(columns: Columns, free: _Free) -> tuple[list[TargetSpec], list[TargetSpec]]:
    """In files of tokens: one column of tags, and the comments that label every sequence."""
    steps = [name for name, profile in free.items() if profile.is_list and not _merely_counts(profile)]
    tags = "upos" if columns.source.format == "conllu" else _column_of_tags([free[name] for name in steps])
    labels = [
        name
        for name, profile in free.items()
        if profile.is_label
        and len(profile.cells) == profile.rows
        and name.split()[0].lower() not in NOT_LABELS
        and profile.distinct > 1
    ]
    found = [_tags(tags)] if tags is not None else []
    others = [] if columns.source.format == "conllu" else [_tags(name) for name in steps if name != tags]
    return [*found, *(_label(name) for name in labels)], others


def _column_of_tags(profiles: Sequence[ColumnProfile]) -> str | None:
    """The last column whose tags mark spans, else the last one that says something, else the last one."""
    telling = [profile for profile in profiles if profile.distinct_items > 1] or list(profiles)
    spans = [profile for profile in telling if _marks_spans(profile)]
    return (spans or telling)[-1].name if profiles else None


def _marks_spans(profile: ColumnProfile) -> bool:
    """Whether a column has tags with letters such as B and I, which a column of names never has."""
    found = found_form(Counter(map(label_text, profile.flat)))
    return found is not None and found.is_certain and "b" in found.form.lower()


def _beside_cells(columns: Columns, free: _Free, input_column: str) -> tuple[list[TargetSpec], list[TargetSpec]]:
    """In tables and series: lists, labels by name, a single column of labels, or several on one scale."""
    found = _list_targets(columns, free, input_column)
    strings = _tag_strings(columns, free, input_column)
    per_step = {target.name for target in strings}
    labels = {
        name: each for name, each in free.items() if _why_no_label(columns, each) is None and name not in per_step
    }
    short = {name: each for name, each in labels.items() if not is_second_text(each)}
    labels = short or labels
    by_name = [name for name in [*labels, *(each.name for each in found)] if name.lower() in LABEL_NAMES]
    every = [found_set(columns, profile) or _label(name) for name, profile in labels.items()]
    chosen = [target for target in every if target.name in by_name or (len(every) == 1 and not by_name)]
    if chosen:
        return [*chosen, *found], [*(target for target in every if target not in chosen), *strings]
    if not every:
        return found, strings
    if by_name:
        return found, [*every, *strings]
    alike = _columns_alike(columns, list(labels.values()))
    if alike is not None:
        return [*found, alike], strings
    if not found:
        raise columns.unusable(
            f"which column is the target? It could be {listed(labels)}",
            " ".join(
                [
                    f"Say so with {_FLAGS}. {columns.listing()}",
                    *(f"Or {hint}." for hint in rows_of_tokens(columns, columns.profiles)),
                ]
            ),
        )
    return found, [*every, *strings]


def _tag_strings(columns: Columns, free: _Free, input_column: str) -> list[TargetSpec]:
    """Strings that could be labels per step: as many characters, or words, as the input has steps."""
    if columns.profiles[input_column].is_series:
        return []
    texts = [_tags(name) for name, profile in free.items() if profile.is_text]
    return [
        target
        for target in texts
        if is_aligned(columns, input_column, input_kinds(columns, input_column, [target]), target)
    ]


def _list_targets(columns: Columns, free: _Free, input_column: str) -> list[TargetSpec]:
    """Lists beside the input: tags where they have one item per step, else sets of labels."""
    found = []
    source = columns.profiles[input_column]
    for name, profile in free.items():
        if profile.has_objects or profile.fraction is not None:
            continue
        if source.is_series and profile.is_partly_list:
            # A long-form column that changes in some series and stands still in others.
            found.append(_tags(name))
        if name in columns.source.span_columns:
            found.append(_tags(name))
            continue
        if not profile.is_list or profile.is_series or not profile.flat:
            continue
        kinds = input_kinds(columns, input_column, [_tags(name)])
        if not (profile.is_nested or profile.is_set) and is_aligned(columns, input_column, kinds, _tags(name)):
            found.append(_tags(name))
        else:
            found.append(set_target(columns, name))
    return found


def _tags(name: str) -> TargetSpec:
    return TargetSpec(name, "tags", (name,), "steps", per_step=True)


def _label(name: str) -> TargetSpec:
    return TargetSpec(name, "label", (name,), "cell")


def _columns_alike(columns: Columns, profiles: Sequence[ColumnProfile]) -> TargetSpec | None:
    """One target over three or more columns that speak of one scale: all 0/1, or all of a few shared labels."""
    flags = all(profile.is_zero_or_one for profile in profiles)
    # Beside gaps pandas writes whole numbers as 1.0; on one scale they are what they are without gaps.
    scales = [{_whole(value) for value in profile.values} for profile in profiles]
    shared = set().union(*scales) in scales
    if len(profiles) < 3 or not (flags or shared):
        return None
    pattern = ",".join(profile.name for profile in profiles)
    return columns_target(columns, "multilabel" if flags else "outputs", pattern)


def _whole(value: str) -> str:
    return label_text(float(value)) if _WHOLE.fullmatch(value) else value


def _merely_counts(profile: ColumnProfile) -> bool:
    """Whether a column merely counts the tokens: 1, 2, 3."""
    return all(cell == [str(step) for step in range(1, len(cell) + 1)] for cell in profile.cells)


def _why_no_label(columns: Columns, profile: ColumnProfile) -> str | None:
    """Why a column is not taken for labels, in words; None where it could be."""
    if is_id(profile):
        return "seems to name rows"
    if profile.name.lower() in NOT_LABELS:
        return "is hardly a label by its name"
    if profile.name.lower() in TEXT_NAMES and profile.mean_words > ONE_WORD:
        return "is running text by its name"
    return None if found_set(columns, profile) else profile.label_obstacle


def _nothing_found(columns: Columns, free: _Free, input_column: str, left: Sequence[TargetSpec]) -> DataError:
    reasons = [f"'{name}' {reason}." for name, profile in free.items() if (reason := _why_no_label(columns, profile))]
    aligned = [f"'{target.name}' has one character or word per step: {target_flags([target])}." for target in left]
    signs = {name: sign for name, profile in free.items() if profile.is_text and (sign := doubtful_sign(profile.cells))}
    sets = [
        f"If {separator_name(sign)} separates labels in '{name}': "
        f"--multilabel {shlex.quote(name)} {separator_flag(sign)}."
        for name, sign in [*signs.items()][:1]
    ]
    said = [f"The input is '{input_column}'.", *(aligned or reasons[:6]), *sets, f"Say which with {_FLAGS}."]
    return columns.unusable("no column looks like a target", " ".join([*said, columns.listing()]))


def _refused(free: _Free, found: Sequence[TargetSpec]) -> list[str]:
    """The columns that are called like labels, or hold lists, and can still be no targets; with the reason."""
    taken = {column for target in found for column in target.columns}
    return [
        f"ignored: column '{name}' {profile.label_obstacle}"
        for name, profile in free.items()
        if name not in taken and profile.label_obstacle
        if name.lower() in LABEL_NAMES or profile.has_objects or (not profile.is_scalar and profile.fraction)
    ]


def _left_alone(found: Sequence[TargetSpec], left: Sequence[TargetSpec]) -> list[str]:
    """The columns that could be targets too, and the flags that take one: with a flag, only flags name targets."""
    if not left:
        return []
    what = "column" if len(left) == 1 else "columns"
    flags = target_flags([*found, left[0]])
    return [f"ignored: {what} {listed((target.name for target in left), 6)}; to take '{left[0].name}' too: {flags}"]
