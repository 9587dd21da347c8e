"""The protocol of encodings, which convert each kind of input to the arrays that a model reads."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from seqwise.data.channel_scaling import OfChannels
from seqwise.data.input_rows import InputRows
from seqwise.data.ngrams import Ngrams
from seqwise.data.store import Store
from seqwise.data.subwords import OfSubwords
from seqwise.data.vocabulary import OfSymbols

__all__ = ["Encoding", "EncodingVisitor"]

_Made_co = TypeVar("_Made_co", covariant=True)
_Made = TypeVar("_Made")


class EncodingVisitor(OfSymbols[_Made_co], OfChannels[_Made_co], OfSubwords[_Made_co], Protocol[_Made_co]):
    """What is made of an encoding by its kind, a method per kind; mypy finds the visitors that lack a new one."""


class Encoding(Protocol):
    """What a model knows of its input: `Vocabulary`, `ChannelScaling` or `Subwords`."""

    @property
    def packages(self) -> tuple[str, ...]:
        """Packages that reading the input needs beside those that every model needs."""
        ...

    @property
    def channels(self) -> int:
        """Channels per step of a series, all views counted; 0 where the input is symbols."""
        ...

    @property
    def id_count(self) -> int:
        """Number of ids that a step can have, that of padding included; 0 for a series."""
        ...

    @property
    def is_pretrained(self) -> bool:
        """Whether it belongs to a pretrained model, which reads nothing else."""
        ...

    @property
    def ngrams(self) -> Ngrams:
        """The n-grams that the model knows; none are an empty `Ngrams`."""
        ...

    def rows(self, store: Store, symbol_dropout: float = 0.0) -> InputRows:
        """The input of a model for the rows of a store.

        Args:
            store: encoded rows.
            symbol_dropout: see `Vocabulary.dropout_rates`; nothing where there are no symbols.
        """
        ...

    def messages(self) -> list[str]:
        """Log messages on what the training data gave."""
        ...

    def to_json(self) -> dict[str, Any]:
        """The content of vocab.json; see docs/run-folder.md."""
        ...

    def accept(self, visitor: EncodingVisitor[_Made]) -> _Made:
        """What a visitor makes of an encoding of this kind."""
        ...
