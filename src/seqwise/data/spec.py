"""Specifies the input and target columns and the form of their cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal

from seqwise.errors import ConfigError
from seqwise.targets import Kind

__all__ = ["INPUT_KINDS", "DataSpec", "Form", "InputKind", "InputSpec", "TargetSpec", "targets_read_as"]

InputKind = Literal["words", "whitespace", "characters", "bytes", "tokens", "series"]
INPUT_KINDS: tuple[InputKind, ...] = ("words", "whitespace", "characters", "bytes", "tokens", "series")

Form = Literal["cell", "steps", "signs", "list", "delimited", "bracketed", "columns"]
"""How labels stand in a record.

`cell`: one value. `steps`: one value per step, in a list or in a string between blanks. `signs`: the same, but each
sign of a string is a label. `list`: a list of any number of labels. `delimited`: the same in one string.
`bracketed`: the same within brackets, or each label in quotes. `columns`: one column per output or label, each a `cell`
or, when the target is per step, `steps`.

Where a list may stand, it may also be written out in a string; see `seqwise.data.lists`.
"""


@dataclass(frozen=True)
class InputSpec:
    """The input: its column, and how a cell becomes a sequence.

    Attributes:
        kind: how the sequence is made; `series` is numeric, all others are symbols.
        column: the column it comes from.
        lower: whether symbols are lower-cased first.
        gaps: of a series, whether values may be missing; see `seqwise.data.series`.
        differences: of a series, whether the changes from step to step stand beside the values.
        normalise: of a series, whether each is brought to mean 0 and deviation 1 by itself.
    """

    kind: InputKind
    column: str
    lower: bool = False
    gaps: bool = False
    differences: bool = False
    normalise: bool = False

    @property
    def is_series(self) -> bool:
        """Whether a sequence is numeric: (time, channels)."""
        return self.kind == "series"

    @property
    def views(self) -> int:
        """How many channels are made of each one of a series: values, changes, flags of gaps."""
        return 1 + self.differences + self.gaps


@dataclass(frozen=True)
class TargetSpec:
    """One target: its columns and the form of their cells.

    Attributes:
        name: how it is called in reports; the column's name where there is one column.
        kind: see `seqwise.targets.Target`.
        columns: where the labels stand.
        form: see `Form`.
        delimiter: what separates labels when the form is `delimited` or `bracketed`.
        per_step: whether every step has its own labels.
        missing: the words that mark a missing label, beside the empty cell; see `seqwise.data.missing`.
    """

    name: str
    kind: Kind
    columns: tuple[str, ...]
    form: Form
    delimiter: str | None = None
    per_step: bool = False
    missing: tuple[str, ...] = ()

    @cached_property
    def gaps(self) -> frozenset[str]:
        """The words of `missing`, to look up."""
        return frozenset(self.missing)


def targets_read_as(
    targets: Sequence[TargetSpec], missing: Sequence[str], separator: str | None
) -> tuple[TargetSpec, ...]:
    """The targets with further words for a missing label, and sets of labels that are cut at another separator.

    Raises:
        ConfigError: a separator is named, but no target is a column of sets.
    """
    targets = tuple(replace(each, missing=(*each.missing, *missing)) for each in targets)
    if separator is None:
        return targets
    form: Form = "delimited" if separator else "list"
    cut = [each.kind == "multilabel" and each.form != "columns" and not each.per_step for each in targets]
    if not any(cut):
        raise ConfigError(
            "a separator of labels is named, but no target of this model is a column of sets\n"
            "  Leave --label-separator out."
        )
    return tuple(
        replace(each, form=form, delimiter=separator or None) if is_cut else each
        for each, is_cut in zip(targets, cut, strict=True)
    )


@dataclass(frozen=True)
class DataSpec:
    """Everything needed to turn a record into a sequence and its labels.

    Attributes:
        input: the input.
        targets: one or more targets.
        id_column: a column that names each row, if any.
        group_column: a column whose rows stay together when a split is made, if any.
    """

    input: InputSpec
    targets: tuple[TargetSpec, ...]
    id_column: str | None = None
    group_column: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The plain form that run folders keep."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> DataSpec:
        """The spec that `to_json` wrote."""
        targets = tuple(
            TargetSpec(**{**each, "columns": tuple(each["columns"]), "missing": tuple(each.get("missing", ()))})
            for each in plain["targets"]
        )
        return cls(InputSpec(**plain["input"]), targets, plain["id_column"], plain["group_column"])
