"""What every section of the config is made of: checked fields, and beside each what its flag and its search are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict

__all__ = [
    "FILES",
    "MODEL",
    "TARGETS",
    "TRAINING",
    "Flag",
    "Search",
    "Section",
    "Steps",
    "doubled",
    "flag_form",
    "metadata_of",
    "scaled",
]

TARGETS, FILES, MODEL, TRAINING = "What is predicted", "How files are read", "Model and loss", "Training"
"""The panels of `seqwise train --help`."""

_Kind = TypeVar("_Kind")


class Section(BaseModel):
    """Settings that stand under one name; none but these, each checked, none changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Flag:
    """The flag of `seqwise train` that sets a field.

    Attributes:
        words: as typer takes it, such as `--quote/--no-quote`.
        help: one sentence; `{encoders}` stands for the names of all encoders.
        place: flags stand in `--help` in this order.
        panel: the heading below which it stands.
        commas: whether a list is given as one text, a,b,c, instead of by repeating the flag.
    """

    words: str
    help: str
    place: int
    panel: str
    commas: bool = False


@dataclass(frozen=True)
class Steps:
    """How `seqwise tune` searches a number: in steps from its default.

    Attributes:
        lowest: step; 0 is the default.
        highest: step.
        moved: default, step -> value.
        rank: the settings that matter most come first.
    """

    lowest: int
    highest: int
    moved: Callable[[Any, int], Any]
    rank: int


@dataclass(frozen=True)
class Search:
    """How `seqwise tune` searches a setting that is one of some values.

    Attributes:
        values: gives them when they are needed.
        rank: the settings that matter most come first.
    """

    values: Callable[[], tuple[str | bool, ...]]
    rank: int


def metadata_of(section: type[Section], name: str, kind: type[_Kind]) -> _Kind | None:
    """What the declaration of a field says besides its type and default; None where it says nothing of this kind."""
    return next((one for one in section.model_fields[name].metadata if isinstance(one, kind)), None)


def flag_form(annotation: Any, *, commas: bool = False) -> str:
    """How a flag takes the values of a field.

    Examples:
        >>> flag_form(int | None), flag_form(tuple[str, ...]), flag_form(str | tuple[str, ...] | None)
        ('int', 'list', 'one or more')
    """
    if commas:
        return "commas"
    kinds = {get_origin(one) or one for one in get_args(annotation) or (annotation,)}
    if get_origin(annotation) in (tuple, dict, Literal):
        kinds = {get_origin(annotation)}
    if dict in kinds:
        return "mapping"
    if tuple in kinds:
        return "one or more" if str in kinds else "list"
    return next((kind.__name__ for kind in (bool, int, float) if kind in kinds), "text")


def doubled(value: int, step: int) -> int:
    """The value, twice as large for each step; a whole number, 1 at least."""
    return max(round(value * 2.0**step), 1)


def scaled(base: float) -> Callable[[float, int], float]:
    """What multiplies a value by the base for each step."""
    return lambda value, step: float(f"{value * base**step:.3g}")
