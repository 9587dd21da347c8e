"""An advice as text for people: sections of aligned rows, then the code."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqwise.advice.problems import POOLINGS
from seqwise.shapes import shape_text

if TYPE_CHECKING:
    from seqwise.advice.advice import Advice, ValueMapping

__all__ = ["WIDTH", "Section", "advice_text", "sections"]

Section = tuple[str, list[str]]
"""A heading and the lines below it."""

WIDTH = 100
_MOST_VALUES = 8


def advice_text(advice: Advice) -> str:
    """The whole advice, as `str()` gives it."""
    return "\n\n".join("\n".join([heading, *lines]) for heading, lines in sections(advice)) + "\n"


def sections(advice: Advice, width: int = WIDTH) -> Iterator[Section]:
    """The sections in their order: the problem, what to change, the answer, why, other answers, code."""
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
    """The text in lines; an empty one keeps its columns apart, and shapes and calls stay whole where they fit."""
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
