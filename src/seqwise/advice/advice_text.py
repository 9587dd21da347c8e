"""The advice and its text: sections of aligned rows, then the code."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from seqwise.advice.alternatives import Alternative
from seqwise.advice.array_statistics import Value
from seqwise.advice.problems import POOLINGS
from seqwise.advice.reading import Change, Shape
from seqwise.shapes import shape_text

__all__ = ["WIDTH", "Advice", "ArrayWanted", "Section", "ValueMapping", "advice_text", "sections"]

Section = tuple[str, list[str]]
"""A heading and the lines below it."""

WIDTH = 100
_MOST_VALUES = 8


@dataclass(frozen=True)
class ArrayWanted:
    """The array that a head or loss expects.

    Attributes:
        kind: the kind of number: int, float, bool or text.
        shape: the size of each axis.
        axes: the name of each axis.
    """

    kind: str
    shape: Shape
    axes: tuple[str, ...]


@dataclass(frozen=True)
class ValueMapping:
    """How labels become class indices.

    Attributes:
        values: the labels of classes 0, 1, 2, ...
        by: `label_values` if the loss maps them, `class_of` if a dictionary does.
    """

    values: tuple[Value, ...]
    by: str


@dataclass(frozen=True)
class Advice:
    """Advice for arrays of these shapes and values. `str()` returns it as text.

    Attributes:
        problem: the name of the problem, one of `seqwise.advice.problems.PROBLEMS`.
        title: the problem in words, with its sizes.
        loss: the name of the loss.
        call: the call of the loss.
        pooling: the name of the pooling before the head; None without one.
        head: the layer before the loss, and the shape of its output.
        shapes: the expected arrays, by name.
        mapping: how labels become classes; None for class indices and yes-or-no labels.
        changes: problems of the input, and how to fix them.
        why: the reasons.
        alternatives: other answers that fit the same shapes and values.
        code: a runnable program for each framework.
    """

    problem: str
    title: str
    loss: str
    call: str
    pooling: str | None
    head: str
    shapes: Mapping[str, ArrayWanted]
    mapping: ValueMapping | None
    changes: tuple[Change, ...]
    why: tuple[str, ...]
    alternatives: tuple[Alternative, ...]
    code: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return the advice as plain dictionaries and lists."""
        return asdict(self)

    def __str__(self) -> str:
        return advice_text(self)


def advice_text(advice: Advice) -> str:
    """Return the whole advice as text."""
    return "\n\n".join("\n".join([heading, *lines]) for heading, lines in sections(advice)) + "\n"


def sections(advice: Advice, width: int = WIDTH) -> Iterator[Section]:
    """Yield the sections in order: the problem, what to change, the answer, why, other answers, code."""
    yield advice.title[0].upper() + advice.title[1:], []
    if advice.changes:
        yield "Change", [line for change in advice.changes for line in _change(change.wrong, change.do, width)]
    yield "Answer", list(_answer(advice, width))
    yield "Why", [line for reason in advice.why for line in _wrapped(reason, "  ", "  ", width)]
    if advice.alternatives:
        yield "If it is something else", list(_alternatives(advice, width))
    for framework, code in advice.code.items():
        yield f"Code for {framework}", ["", *code.rstrip().split("\n")]


def _change(wrong: str, do: str, width: int) -> Iterator[str]:
    yield from _wrapped(wrong, "  ", "  ", width)
    yield from _wrapped(do, "    -> ", "       ", width)


def _answer(advice: Advice, width: int) -> Iterator[str]:
    yield from _row("loss", advice.call, width)
    yield from _row("head", advice.head, width)
    if advice.pooling is not None:
        others = ", ".join(name for name in POOLINGS if name != advice.pooling)
        text = f"{advice.pooling}: {POOLINGS[advice.pooling]} (--pooling {others})"
        yield from _row("pooling", text, width)
    name_width = max(map(len, advice.shapes))
    shape_width = max(len(shape_text(array.shape)) for array in advice.shapes.values())
    for number, (name, array) in enumerate(advice.shapes.items()):
        row = (
            f"{name:<{name_width}}  {array.kind:<5}  {shape_text(array.shape):<{shape_width}}  {', '.join(array.axes)}"
        )
        yield from _row("shapes" if number == 0 else "", row, width)
    if advice.mapping is not None:
        yield from _row("mapping", _mapping(advice.mapping), width)


def _mapping(mapping: ValueMapping) -> str:
    count = len(mapping.values)
    labels = ", ".join(map(str, mapping.values[:_MOST_VALUES]))
    classes = ", ".join(map(str, range(count)))
    if count > _MOST_VALUES:
        labels, classes = f"{labels} and {count - _MOST_VALUES} more", f"0 to {count - 1}"
    return f"labels {labels} are classes {classes}: {mapping.by} there, values[...] back"


def _alternatives(advice: Advice, width: int) -> Iterator[str]:
    flag_width = max(len(other.flag) for other in advice.alternatives)
    for other in advice.alternatives:
        first = f"  {other.flag:<{flag_width}}  "
        yield from _wrapped(f"{other.what}, if {other.when}", first, " " * len(first), width)


def _row(name: str, text: str, width: int) -> list[str]:
    return _wrapped(text, f"  {name:<7}  ", " " * 11, width)


def _wrapped(text: str, first: str, rest: str, width: int) -> list[str]:
    """Wrap a text into lines; an empty one keeps its indents, and shapes and calls stay whole where they fit."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
        replace_whitespace=False,
    )
