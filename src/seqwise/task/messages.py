"""Collects the messages of a preparation, and passes each on as soon as it is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

__all__ = ["Messages", "warnings"]

_Value = TypeVar("_Value")


class Messages:
    """The messages so far, in order and without repetition.

    A stage of a preparation returns its value and its messages. These are passed on before the next stage begins, so
    that they stand before any error of it.

    Args:
        say: gets each message.

    Attributes:
        texts: the messages.

    Examples:
        >>> messages = Messages(print)
        >>> messages.of((3, ["3 rows", "3 rows"]))
        3 rows
        3
    """

    def __init__(self, say: Callable[[str], object]) -> None:
        self.texts: list[str] = []
        self._say = say

    def add(self, texts: Iterable[str]) -> None:
        """Passes on the messages that are new."""
        for text in texts:
            if text not in self.texts:
                self.texts.append(text)
                self._say(text)

    def of(self, stage: tuple[_Value, Iterable[str]]) -> _Value:
        """The value of a stage, after its messages were passed on."""
        value, texts = stage
        self.add(texts)
        return value


def warnings(texts: Iterable[str]) -> list[str]:
    """The messages, marked as warnings."""
    return [f"warning: {text}" for text in texts]
