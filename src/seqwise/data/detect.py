"""Finds the input and the targets in the columns of a file, and says why; what the user asked for comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from seqwise.data.profile import ColumnProfile, profile_columns
from seqwise.data.readers import Source
from seqwise.data.records import Record
from seqwise.data.spec import DataSpec, Form, InputKind, InputSpec, TargetSpec
from seqwise.errors import ColumnError, ConfigError, DataError, did_you_mean, listed
from seqwise.targets import KINDS, Kind

__all__ = ["Finding", "Requested", "find_spec", "is_label_name"]

_TEXT_NAMES = (
    "text",
    "sentence",
    "utterance",
    "comment",
    "review",
    "content",
    "message",
    "question",
    "sequence",
)
_TOKEN_NAMES = ("tokens", "words", "forms")
_LABEL_NAMES = ("label", "class", "category", "intent", "target", "sentiment", "topic", "y")
_NOT_LABELS = ("text", "sent_id", "newdoc", "newpar", "id", "source", "row", "global.columns")


@dataclass(frozen=True)
class Requested:
    """What the user asked for; everything left out is found.

    Attributes:
        text: the column of running text.
        tokens: the column of token lists.
        label: columns with one label per sequence.
        tags: columns with one label per step.
        outputs: patterns such as `vote_*`; each names the columns of one target with K outputs.
        multilabel: columns with lists of labels, or patterns of 0/1 columns.
        kind: how a cell becomes a sequence; `auto` looks at the cells.
        lower: whether symbols are lower-cased; None decides by the targets.
        id: the column that names rows; `none` for none.
        group: the column whose rows stay together in a split.
        ignored: columns that are neither input nor target, such as the id and the time of long-form series.
    """

    text: str | None = None
    tokens: str | None = None
    label: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    multilabel: tuple[str, ...] = ()
    kind: InputKind | str = "auto"
    lower: bool | None = None
    id: str | None = None
    group: str | None = None
    ignored: tuple[str, ...] = ()

    @property
    def names_targets(self) -> bool:
        """Whether the user named any target."""
        return bool(self.label or self.tags or self.outputs or self.multilabel)


@dataclass
class Finding:
    """The spec of the data, and what was found in sentences."""

    spec: DataSpec
    notes: list[str] = field(default_factory=list)


def find_spec(source: Source, sample: Sequence[Record], requested: Requested) -> Finding:
    """The input and the targets of a source.

    Raises:
        ColumnError: a requested column is not there (did you mean).
        DataError: nothing looks like an input, or several columns could be the target; the message lists them.
    """
    return _Finder(source, sample, requested).find()


class _Finder:
    def __init__(self, source: Source, sample: Sequence[Record], requested: Requested) -> None:
        self.source = source
        self.requested = requested
        self.profiles = profile_columns(source.columns, sample)
        self.notes: list[str] = []
        self.file = source.files[0]
        self.first_line = sample[0].place.line if sample else None

    def find(self) -> Finding:
        requested = self.requested
        named = (*requested.label, *requested.tags)
        for column in (requested.text, requested.tokens, requested.group, *named):
            if column is not None:
                self.require(column)
        targets = self._requested_targets()
        column, kind = self._input({name for target in targets for name in target.columns})
        if not requested.names_targets:
            # In the order in which settings name them: a config that was written gives the same model again.
            targets = sorted(self._found_targets(column), key=lambda target: KINDS.index(target.kind))
        lower = requested.lower
        if lower is None:
            lower = kind == "words" and not any(target.per_step for target in targets)
        input_spec = InputSpec(kind, column, lower)
        self._say_input(input_spec)
        for target in targets:
            self.notes.append(_target_sentence(target))
        return Finding(DataSpec(input_spec, tuple(targets), self._id_column(targets), requested.group), self.notes)

    def require(self, column: str) -> ColumnProfile:
        """The profile of a column that must be there."""
        if column not in self.profiles:
            hint = f"{did_you_mean(column, self.profiles)} The columns are {listed(self.profiles)}.".strip()
            raise ColumnError(f"there is no column '{column}'", file=self.file, hint=hint)
        return self.profiles[column]

    def _id_column(self, targets: Sequence[TargetSpec]) -> str | None:
        if self.requested.id == "none":
            return None
        if self.requested.id is not None:
            return self.require(self.requested.id).name
        taken = {column for target in targets for column in target.columns}
        return "id" if "id" in self.profiles and "id" not in taken and self.source.kind == "table" else None

    # The input.

    def _input(self, taken: set[str]) -> tuple[str, InputKind]:
        requested = self.requested
        if requested.text is not None and requested.tokens is not None:
            raise ConfigError("--text and --tokens name the input in two ways; give one of them")
        if requested.tokens is not None and not self.profiles[requested.tokens].is_series:
            return requested.tokens, "tokens"
        column = requested.tokens or requested.text or self._input_column(taken)
        profile = self.profiles[column]
        if profile.is_series or (profile.is_list and requested.kind == "series"):
            return column, "series"
        if profile.is_list:
            if requested.kind not in ("auto", "tokens"):
                raise ConfigError(f"input.kind is '{requested.kind}', but the cells of column '{column}' are lists")
            return column, "tokens"
        if requested.kind in ("tokens", "series"):
            raise ConfigError(f"input.kind is '{requested.kind}', but the cells of column '{column}' are no lists")
        if requested.kind != "auto":
            return column, requested.kind  # type: ignore[return-value]
        if requested.tags and profile.mean_words > 1.5:
            return column, "whitespace"
        return column, "characters" if profile.mean_words <= 1.5 else "words"

    def _input_column(self, taken: set[str]) -> str:
        requested = self.requested
        taken = {*taken, *requested.ignored, *filter(None, (requested.id, requested.group))}
        free = {name: profile for name, profile in self.profiles.items() if name not in taken}
        if "series" in free and self.source.kind == "series":
            return "series"
        series = [name for name, profile in free.items() if profile.is_series]
        lists = [name for name, profile in free.items() if profile.is_list and name not in series]
        if self.source.tokens is not None:
            return self.source.tokens
        texts = [name for name, profile in free.items() if profile.is_text and not profile.is_zero_or_one]
        named_lists = [name for name in lists if name.lower() in _TOKEN_NAMES]
        named_texts = [name for name in texts if name.lower() in _TEXT_NAMES]
        for candidates in (named_lists, named_texts, series):
            if candidates:
                return candidates[0]
        if lists:
            return max(lists, key=lambda name: free[name].distinct_items)
        texts = [name for name in texts if not _is_id(free[name])] or texts
        texts = [name for name in texts if not free[name].is_label] or texts
        if not texts:
            raise DataError(
                "no column looks like a sequence",
                file=self.file,
                hint=f"Name the column of text with --text or of token lists with --tokens; the columns are "
                f"{listed(self.profiles)}. Numeric rows in long form need --series-id.",
            )
        return max(texts, key=lambda name: (free[name].mean_length, free[name].distinct))

    def _say_input(self, spec: InputSpec) -> None:
        what = {
            "words": "running text, cut into words",
            "whitespace": "running text, cut at blanks",
            "characters": "text, read character by character",
            "bytes": "text, read byte by byte",
            "tokens": "token lists, taken as they are",
            "series": "a numeric series",
        }[spec.kind]
        self.notes.insert(0, f"input: column '{spec.column}', {what}{', lower-cased' if spec.lower else ''}")

    # The targets.

    def _requested_targets(self) -> list[TargetSpec]:
        requested = self.requested
        targets = [TargetSpec(column, "label", (column,), "cell") for column in requested.label]
        targets += [TargetSpec(column, "tags", (column,), "steps", per_step=True) for column in requested.tags]
        targets += [self._columns_target("outputs", pattern) for pattern in requested.outputs]
        targets += [self._multilabel(pattern) for pattern in requested.multilabel]
        names = [target.name for target in targets]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f"the column '{name}' is asked for twice as a target")
        return targets

    def _columns_target(self, kind: Kind, pattern: str) -> TargetSpec:
        names = [part for part in pattern.split(",") if part]
        columns = [
            column
            for name in names
            for column in ([name] if name in self.profiles else self.profiles)
            if column == name or fnmatchcase(column, name)
        ]
        columns = list(dict.fromkeys(columns))
        if not columns:
            near = did_you_mean(pattern.rstrip("*?"), self.profiles)
            raise ColumnError(
                f"no column matches '{pattern}'",
                file=self.file,
                hint=f"{near} The columns are {listed(self.profiles)}.".strip(),
            )
        per_step = any(self.profiles[column].is_list or self.profiles[column].is_partly_list for column in columns)
        return TargetSpec(_group_name(pattern, columns), kind, tuple(columns), "columns", per_step=per_step)

    def _multilabel(self, pattern: str) -> TargetSpec:
        if pattern not in self.profiles:
            if any(mark in pattern for mark in "*?[,"):
                return self._columns_target("multilabel", pattern)
            self.require(pattern)
        profile = self.profiles[pattern]
        if profile.is_list:
            return TargetSpec(pattern, "multilabel", (pattern,), "list", per_step=profile.is_nested)
        delimiter = profile.delimiter or next(
            (d for d in ("|", ";", ",") if any(d in str(c) for c in profile.cells)), ","
        )
        return TargetSpec(pattern, "multilabel", (pattern,), "delimited", delimiter=delimiter)

    def _found_targets(self, input_column: str) -> list[TargetSpec]:
        free = {
            name: profile
            for name, profile in self.profiles.items()
            if name not in (input_column, self.requested.id, self.requested.group, *self.requested.ignored)
            and profile.cells
        }
        if self.source.kind == "tokens":
            return self._found_token_targets(free)
        found = self._found_list_targets(free, self.profiles[input_column])
        labels = {
            name: profile
            for name, profile in free.items()
            if (profile.is_label or profile.delimiter) and name.lower() not in _NOT_LABELS and not _is_id(profile)
        }
        by_name = [name for name in labels if name.lower() in _LABEL_NAMES]
        if by_name:
            return [_scalar_target(labels[name]) for name in by_name] + found
        if len(labels) <= 1:
            found += [_scalar_target(profile) for profile in labels.values()]
        elif (alike := _columns_alike(list(labels.values()))) is not None:
            found.append(alike)
        elif not found:
            raise self._ambiguous(list(labels))
        if not found:
            raise self._ambiguous(list(free))
        return found

    def _found_token_targets(self, free: dict[str, ColumnProfile]) -> list[TargetSpec]:
        steps = [name for name, profile in free.items() if profile.is_list]
        tags = "upos" if self.source.format == "conllu" else steps[-1] if steps else None
        labels = [
            name
            for name, profile in free.items()
            if profile.is_label
            and len(profile.cells) == profile.rows
            and name.split()[0].lower() not in _NOT_LABELS
            and profile.distinct > 1
        ]
        found = [TargetSpec(tags, "tags", (tags,), "steps", per_step=True)] if tags is not None else []
        found += [TargetSpec(name, "label", (name,), "cell") for name in labels]
        if not found:
            raise self._ambiguous(list(free))
        return found

    def _found_list_targets(self, free: dict[str, ColumnProfile], source: ColumnProfile) -> list[TargetSpec]:
        """Lists beside the input: tags where they always have one entry per token, else sets of labels."""
        found = []
        for name, profile in free.items():
            if source.is_series and profile.is_partly_list:
                # A long-form column that changes in some series and stands still in others.
                found.append(TargetSpec(name, "tags", (name,), "steps", per_step=True))
            if not profile.is_list or profile.is_series:
                continue
            aligned = (source.is_list or source.is_series) and len(profile.cells) == len(source.cells)
            pairs = zip(profile.cells, source.cells, strict=True) if aligned else ()
            # Mostly is enough: the row that is not aligned is then an error with file and line.
            aligned = sum(len(a) == len(b) for a, b in pairs) > 0.9 * len(source.cells)
            if aligned and not profile.is_nested:
                found.append(TargetSpec(name, "tags", (name,), "steps", per_step=True))
            else:
                found.append(self._multilabel(name))
        return found

    def _ambiguous(self, candidates: list[str]) -> DataError:
        flags = "--label COL, --tags COL, --outputs 'PATTERN' or --multilabel COL"
        if candidates:
            problem = f"which column is the target? It could be {listed(candidates)}"
        else:
            problem = "no column looks like a target"
        return DataError(problem, file=self.file, hint=f"Say so with {flags}. The columns are {listed(self.profiles)}.")


def is_label_name(name: str) -> bool:
    """Whether a column is called like a label or like a number of one, and so is hardly a measurement."""
    lowered = name.lower()
    return lowered in (*_LABEL_NAMES, *_NOT_LABELS) or lowered.removesuffix("_id") in _LABEL_NAMES


def _is_id(profile: ColumnProfile) -> bool:
    return profile.name.lower() in ("id", "uid", "guid", "index", "row") or (
        profile.is_scalar and profile.distinct == profile.rows and all(str(c).isdigit() for c in profile.cells)
    )


def _scalar_target(profile: ColumnProfile) -> TargetSpec:
    if profile.delimiter is not None:
        return TargetSpec(profile.name, "multilabel", (profile.name,), "delimited", delimiter=profile.delimiter)
    return TargetSpec(profile.name, "label", (profile.name,), "cell")


def _columns_alike(profiles: list[ColumnProfile]) -> TargetSpec | None:
    """One target over several columns when they speak of one scale: all 0/1, or all of a few shared labels."""
    union = frozenset().union(*(profile.values for profile in profiles))
    largest = max(len(profile.values) for profile in profiles)
    if len(profiles) < 3 or len(union) > largest:
        return None
    names = [profile.name for profile in profiles]
    kind: Kind = "multilabel" if all(profile.is_zero_or_one for profile in profiles) else "outputs"
    form: Form = "columns"
    return TargetSpec(_group_name(",".join(names), names), kind, tuple(names), form)


def _group_name(pattern: str, columns: Sequence[str]) -> str:
    """A name for the target of several columns: the pattern without its star, or what the names share."""
    stem = pattern.rstrip("*?").rstrip("_-. ")
    if stem and not any(mark in stem for mark in "*?[,"):
        return stem
    shared = columns[0]
    for column in columns:
        while not column.startswith(shared):
            shared = shared[:-1]
    return shared.rstrip("_-. ") or "outputs"


def _target_sentence(target: TargetSpec) -> str:
    columns = f"column '{target.columns[0]}'" if len(target.columns) == 1 else f"{len(target.columns)} columns"
    what = {
        "label": "one label per sequence: cross-entropy over its classes",
        "tags": "one label per step: cross-entropy over the steps that count",
        "outputs": "one label per column, empty cells are missing labels: cross-entropy per output, gaps left out",
        "multilabel": "any number of labels: binary cross-entropy per label",
    }[target.kind]
    return f"target '{target.name}': {columns}, {what}"
