"""Cuts lines into blocks at blank lines: one block per sequence, comments apart from token lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

__all__ = ["BLANKS", "Block", "blocks", "comment_values", "is_assignment"]

BLANKS = re.compile(r"[ \t]+")
"""The separators of columns; other Unicode spaces are data."""


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of one sequence, without line ends and without blanks at either end.

    Attributes:
        start: line number of the first token line; token line i (from 0) is line `start + i`.
        comments: the comment lines above it, with their numbers.
        lines: the token lines.
    """

    start: int
    comments: list[tuple[int, str]]
    lines: list[str]


def blocks(lines: Iterable[tuple[int, str]], is_comment: Callable[[str], bool]) -> Iterator[Block]:
    """The blocks between blank lines; a line can be a comment only above the first token of its block.

    Comments without a token below them belong to the next block.
    """
    block = Block(0, [], [])
    for number, line in lines:
        text = line.strip(" \t\r\n")
        if not text:
            if block.lines:
                yield block
                block = Block(0, [], [])
        elif block.lines:
            block.lines.append(text)
        elif is_comment(text):
            block.comments.append((number, text))
        else:
            block = Block(number, block.comments, [text])
    if block.lines:
        yield block


def comment_values(block: Block, columns: tuple[str, ...]) -> dict[str, str]:
    """The values of the comments `# key = value`; others say nothing.

    A key that is also the name of a column keeps its `#`: the column is something else.

    Examples:
        >>> block = Block(3, [(1, "# intent = PlayMusic"), (2, "# checked"), (2, "# tag = a")], ["Play O"])
        >>> comment_values(block, ("token", "tag"))
        {'intent': 'PlayMusic', '# tag': 'a'}
    """
    values: dict[str, str] = {}
    for _, text in block.comments:
        if found := _assignment(text):
            key, value = found
            values[f"# {key}" if key in columns else key] = value
    return values


def is_assignment(text: str) -> bool:
    """Whether a line reads `# key = value`."""
    return _assignment(text) is not None


def _assignment(text: str) -> tuple[str, str] | None:
    """Key and value of a line `# key = value`; None of any other."""
    before, equals, value = text.removeprefix("#").partition("=")
    key = before.strip(" ")
    if not text.startswith("#") or not equals or not key or key[0].isspace():
        return None
    return key, value.lstrip(" ")
