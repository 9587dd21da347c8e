"""Counts the rows without input to predict on: an empty text, a list without tokens, a null cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seqwise.data.records import Place, listed_places
from seqwise.errors import counted

if TYPE_CHECKING:
    from seqwise.inference.prediction import Prediction

__all__ = ["EmptyRows"]

_PLACES_KEPT = 5


@dataclass
class EmptyRows:
    """The number of empty rows in a stream, and the positions of the first ones.

    Attributes:
        column: the input column, which is empty in them.
        count: their number.
        places: file and line of the first ones.
    """

    column: str
    count: int = 0
    places: list[Place] = field(default_factory=list)

    def add(self, places: Iterable[Place], count: int) -> None:
        """Counts further rows; `places` need only hold the first ones."""
        self.count += count
        self.places.extend(list(places)[: _PLACES_KEPT - len(self.places)])

    def counted(self, predictions: Iterable[Prediction]) -> Iterator[Prediction]:
        """Passes predictions through and counts the empty ones."""
        for prediction in predictions:
            if prediction.is_empty:
                self.add([prediction.record.place], 1)
            yield prediction

    def message(self, what: str) -> str:
        """A message about how these rows are handled.

        Examples:
            >>> rows = EmptyRows("text")
            >>> rows.add([Place("new.csv", 3)], 1)
            >>> rows.message("an empty prediction")
            "1 row with nothing in column 'text', an empty prediction: new.csv:3"
        """
        rows = f"{counted(self.count, 'row')} with nothing in column '{self.column}'"
        return f"{rows}, {what}: {listed_places(self.places, self.count)}"
