"""Which column is the input, and in which ways its cells can become sequences."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from itertools import combinations

from seqwise.data.detect._columns import PAIR_NAMES, TEXT_NAMES, TOKEN_NAMES, Columns, is_id, is_second_text
from seqwise.data.profile import ColumnProfile
from seqwise.data.spec import InputKind, InputSpec, TargetSpec
from seqwise.data.tokens import TOKENIZERS, unspaced_fraction
from seqwise.errors import ConfigError, DataError, listed

__all__ = [
    "ONE_WORD",
    "input_column",
    "input_doubts",
    "input_kinds",
    "input_message",
    "refuse_rows_of_tokens",
    "refuse_wide_series",
    "rows_of_tokens",
]

ONE_WORD = 1.5
"""Words per cell up to which a column holds names and the like, which are read character by character."""

_UNSPACED = 0.1
"""Fraction of characters in scripts without spaces from which on blanks do not cut a text into words."""

_ONE_TOKEN = 1.05
"""Words per cell up to which a column holds tokens."""
_FEW_NUMBERS = 5
"""Columns of numbers from which on they are rather the data than a column that names rows."""
_NAMED_STEPS = 12
_UCR = "A file of UCR, with the label first, is read by --format ucr. "

_SPAN = re.compile(r"[BIESLUM]-\S+")

_ROW_TOKENS = ("word", "token", "form")


def input_column(columns: Columns, targets: Sequence[TargetSpec]) -> str:
    """The column that was asked for, else the first of those that docs/data.md lists."""
    requested, profiles = columns.requested, columns.profiles
    if requested.text is not None and requested.tokens is not None:
        raise ConfigError("--text and --tokens name the input in two ways; give one of them")
    asked = requested.tokens or requested.text
    if asked is not None:
        return asked
    if columns.source.tokens is not None:
        return columns.source.tokens
    taken = {column for target in targets for column in target.columns}
    taken |= {*requested.ignored, *filter(None, (requested.id, requested.group))}
    free = {name: profile for name, profile in profiles.items() if name not in taken}
    if columns.source.series in free:
        return columns.source.series
    series = [name for name, profile in free.items() if profile.is_series]
    lists = [name for name, profile in free.items() if profile.is_list and name not in series]
    lists = [name for name in lists if not (free[name].has_objects or free[name].is_set)]
    texts = [name for name, profile in free.items() if profile.is_text]
    texts = [name for name in texts if not (free[name].is_zero_or_one or free[name].is_moment)]
    named_lists = [name for name in lists if name.lower() in TOKEN_NAMES]
    named_texts = [name for name in texts if name.lower() in TEXT_NAMES]
    for candidates in (named_lists, named_texts, series):
        if candidates:
            return candidates[0]
    texts = [name for name in texts if not is_id(free[name])] or texts
    sequences = [name for name in texts if not free[name].is_label]
    numbers = [name for name in sequences if free[name].is_numeric]
    # A single column of whole numbers may be read digit by digit; several, or fractions, are features.
    if len(numbers) > 1 or any(free[name].fraction for name in numbers):
        sequences = [name for name in sequences if name not in numbers]
    # Beside running text a list is a set of labels, unless another list has as many items: tokens and their tags.
    several = any(free[name].mean_words > ONE_WORD for name in sequences)
    if lists and not (several and not _are_parallel([free[name] for name in lists])):
        return max(lists, key=lambda name: free[name].distinct_items)
    # Beside features a column of labels is no text.
    objects = [name for name, profile in free.items() if profile.has_objects]
    texts = sequences or ([] if numbers or objects else texts)
    if not texts:
        if objects:
            raise _objects(columns, objects[0])
        measured = measured_columns(columns, targets)
        advised = "a row of single numbers is no sequence. "
        if len(measured) >= _FEW_NUMBERS:
            advised = f"one with a row per series needs --steps. {steps_advice(measured)} "
        raise columns.unusable(
            "no column looks like a sequence",
            "Name the column of text with --text or of token lists with --tokens. A series with a row per step needs "
            f"--series-id or --time; {advised}{columns.listing()}",
        )
    return max(texts, key=lambda name: (free[name].mean_length, free[name].distinct))


def _objects(columns: Columns, name: str) -> DataError:
    """The error for a file whose sequences stand inside objects."""
    found = next(value for value in columns.profiles[name].flat if value is not None)
    keys = f" with the keys {listed(found, 6)}" if isinstance(found, dict) else ""
    return columns.unusable(
        f"no column looks like a sequence: the cells of column '{name}' are objects{keys}",
        "A cell holds a text, a list or numbers. Write what is wanted of these objects as columns of their own, and "
        f"name the input with --text or --tokens. {columns.listing()}",
    )


def _are_parallel(profiles: Sequence[ColumnProfile]) -> bool:
    """Whether two of the columns of lists have equally many items in most rows."""
    for one, other in combinations(profiles, 2):
        both = [(a, b) for a, b in zip(one.column, other.column, strict=True) if a is not None and b is not None]
        if sum(len(a) == len(b) for a, b in both) > 0.9 * len(both):
            return True
    return False


def input_kinds(columns: Columns, column: str, targets: Sequence[TargetSpec]) -> tuple[InputKind, ...]:
    """How the cells of the input can become sequences, the likeliest first; one where the user or the cells decide."""
    profile, kind = columns.profiles[column], columns.requested.kind
    if profile.is_list or profile.is_series or columns.requested.tokens == column:
        own: InputKind = "series" if profile.is_series or kind == "series" else "tokens"
        if kind in ("auto", own):
            return (own,)
        if profile.is_written or (profile.is_list and kind == "tokens"):
            return (kind,)  # type: ignore[return-value]
        what = (
            "lists" if profile.is_list else "a numeric series" if profile.is_series else "asked for as lists, --tokens"
        )
        raise ConfigError(f"input.kind is '{kind}', but the cells of column '{column}' are {what}")
    if kind in ("tokens", "series"):
        raise ConfigError(f"input.kind is '{kind}', but the cells of column '{column}' are no lists")
    if kind != "auto":
        return (kind,)  # type: ignore[return-value]
    is_per_step = any(target.per_step for target in targets)
    if any(name in columns.source.span_columns for target in targets for name in target.columns):
        return ("words",)
    if columns.requested.is_cut_later:
        texts = [cell for cell in profile.cells if isinstance(cell, str)]
        kinds: tuple[InputKind, ...] = ("whitespace", "words")
        kinds = kinds[::-1] if unspaced_fraction(texts) > _UNSPACED else kinds
        return kinds if is_per_step else kinds[:1]
    several = profile.mean_words > ONE_WORD
    if is_per_step:
        return ("whitespace", "words", "characters") if several else ("characters", "whitespace", "words")
    return ("words",) if several else ("characters",)


def input_doubts(columns: Columns, column: str, kind: InputKind, targets: Sequence[TargetSpec]) -> list[str]:
    """Reasons to doubt the detected column, or that it is text."""
    requested, profile = columns.requested, columns.profiles[column]
    told = []
    if kind in TOKENIZERS and requested.kind == "auto":
        rows = [cell.split() for cell in profile.cells if isinstance(cell, str)]
        if all(map(_are_numbers, rows)) and any(len(row) > 1 and "." in "".join(row) for row in rows):
            told.append(
                f"column '{column}': numbers between blanks are read as words; for a numeric series write lists: "
                "[0.5, 1.25]"
            )
    told += rows_of_tokens(columns, [column])
    told += unread_numbers(columns, column, targets)
    if requested.text is None and profile.is_text:
        told += _other_texts(columns, column, targets)
    return told


def _other_texts(columns: Columns, column: str, targets: Sequence[TargetSpec]) -> list[str]:
    """The texts beside the one that was found, and the flags that read another one, or both.

    Beside a column that is called like a text only others that are called so are named.
    """
    requested = columns.requested
    taken = {column, requested.id, requested.group, *requested.ignored}
    taken |= {name for target in targets for name in target.columns}
    free = [profile for name, profile in columns.profiles.items() if name not in taken and profile.is_text]
    texts = [
        each.name
        for each in free
        if is_second_text(each)
        or (each.mean_words > ONE_WORD and not (each.is_label or is_id(each) or each.fraction or each.is_moment))
    ]
    if column.lower() in TEXT_NAMES:
        texts = [name for name in texts if name.lower() in (*TEXT_NAMES, *PAIR_NAMES)]
    if not texts:
        return []
    what = "column" if len(texts) == 1 else "columns"
    both = " ".join(f"--text {shlex.quote(name)}" for name in columns.profiles if name in (column, texts[0]))
    return [
        f"ignored: {what} {listed(texts, 6)}; to read '{texts[0]}' instead: --text {shlex.quote(texts[0])}; "
        f"to read both, joined: {both}"
    ]


def refuse_wide_series(columns: Columns, column: str, targets: Sequence[TargetSpec]) -> None:
    """Refuses a column that is hardly the sequence as the input where many columns of numbers are left unread.

    That is a column that names rows; and beside columns of numbers one of these, or one that holds a few labels.
    """
    profile = columns.profiles[column]
    asked = column in (columns.requested.text, columns.requested.tokens) or column.lower() in TEXT_NAMES
    if asked or not profile.is_text:
        return
    is_name = profile.distinct == profile.rows and profile.mean_words <= _ONE_TOKEN
    numbers, what = measured_columns(columns, targets), "seems to name rows"
    if _holds_numbers(profile) or (profile.is_label and not is_name):
        held = {name: each for name, each in columns.profiles.items() if each.is_numeric or _holds_numbers(each)}
        numbers = [name for name, each in held.items() if name == column or not is_id(each)]
        what = "is one of them" if column in numbers else "seems to be the label"
    elif not is_name:
        return
    if len(numbers) < _FEW_NUMBERS:
        return
    raise columns.unusable(
        f"which is the sequence? {len(numbers)} columns hold numbers, '{numbers[0]}' to '{numbers[-1]}', and "
        f"'{column}' {what}",
        f"{steps_advice(numbers)} {'' if is_name else _UCR}"
        f"To read '{column}' as text, say --text {shlex.quote(column)}.",
    )


def _holds_numbers(profile: ColumnProfile) -> bool:
    """Whether every cell is a number written out, labels such as 0 and 1 too."""
    cells = [cell for cell in profile.cells if isinstance(cell, str)]
    return bool(cells) and _are_numbers(cells)


def unread_numbers(columns: Columns, column: str, targets: Sequence[TargetSpec]) -> list[str]:
    """A note about many numeric columns next to a text column that the user did not name."""
    numbers = measured_columns(columns, targets)
    requested, profile = columns.requested, columns.profiles[column]
    if requested.text is not None or not profile.is_text or len(numbers) < _FEW_NUMBERS:
        return []
    named = f"{len(numbers)} columns of numbers, '{numbers[0]}' to '{numbers[-1]}', are not read"
    return [f"{named}: the text in '{column}' is the input. {steps_advice(numbers)}"]


def measured_columns(columns: Columns, targets: Sequence[TargetSpec]) -> list[str]:
    """The columns of numbers, if any of them has fractions, that are no targets."""
    taken = {name for target in targets for name in target.columns}
    numeric = [name for name, each in columns.profiles.items() if name not in taken and each.is_numeric]
    return numeric if any(columns.profiles[name].fraction is not None for name in numeric) else []


def steps_advice(numbers: Sequence[str]) -> str:
    """The flag that reads columns of numbers as the steps of a series."""
    named = ",".join(numbers[:_NAMED_STEPS]) + (",..." if len(numbers) > _NAMED_STEPS else "")
    return f"If they are the steps of a series, say --steps {shlex.quote(named)}; a row of features is no sequence."


def refuse_rows_of_tokens(columns: Columns, column: str) -> None:
    """Refuses a table with a token per row whose sequences no column tells apart, as tags of spans show.

    Where the user names text and label, rows are classified one by one.
    """
    requested = columns.requested
    if columns.source.kind != "table" or not columns.profiles[column].is_text or requested.label:
        return
    if columns.profiles[column].mean_words > _ONE_TOKEN:
        return
    for name, profile in columns.profiles.items():
        span = next((cell for cell in profile.cells if isinstance(cell, str) and _SPAN.fullmatch(cell)), None)
        others = all(isinstance(cell, str) and (cell == "O" or _SPAN.fullmatch(cell)) for cell in profile.cells)
        if name != column and others and span is not None and "O" in profile.values:
            raise columns.unusable(
                f"each row seems to be one token of a sequence: column '{name}' has tags of spans such as '{span}'",
                "Say --sequence-id COL if a column names the sequences; else write a CoNLL file, with a blank line "
                f"after each sequence. To classify the rows one by one: --text {shlex.quote(column)} --label "
                f"{shlex.quote(name)}. {columns.listing()}",
            )


def rows_of_tokens(columns: Columns, names: Iterable[str]) -> list[str]:
    """A hint for a table with one row per token, recognised by a column name."""
    names = [name for name in names if name.lower() in _ROW_TOKENS and columns.profiles[name].mean_words == 1]
    return [
        f"if each row of column '{name}' is one token of a sequence, name the column that tells sequences apart with "
        "--sequence-id, or write a CoNLL file: a token and its labels per line, a blank line after each sequence"
        for name in names[:1]
    ]


def _are_numbers(words: list[str]) -> bool:
    try:
        return all(float(word) is not None for word in words)
    except ValueError:
        return False


def input_message(spec: InputSpec) -> str:
    """The detected input."""
    what = {
        "words": "running text, split into words",
        "whitespace": "running text, cut at blanks",
        "characters": "text, read character by character",
        "bytes": "text, read byte by byte",
        "tokens": "token lists, taken as they are",
        "series": "a numeric series",
    }[spec.kind]
    told = {
        ", lower-cased": spec.lower,
        ", each scaled by itself": spec.normalise,
        ", with its changes from step to step": spec.differences,
        ", gaps filled and flagged": spec.gaps,
    }
    return f"input: column '{spec.column}', {what}{''.join(text for text, holds in told.items() if holds)}"
