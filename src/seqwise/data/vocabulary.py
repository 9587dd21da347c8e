"""Builds a model's vocabulary from the training split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from seqwise.data.affixes import AffixFeatures
from seqwise.data.input_rows import padded
from seqwise.data.ngrams import Ngrams
from seqwise.data.store import Store
from seqwise.data.word_characters import CHARACTERS_RESERVED, MOST_CHARACTERS, character_numbers, known_characters
from seqwise.errors import counted
from seqwise.word_form import WordForm

__all__ = ["PADDING", "UNKNOWN", "OfSymbols", "SymbolRows", "Vocabulary", "symbol_counts"]

PADDING = 0
UNKNOWN = 1
_RESERVED = 2
_Made = TypeVar("_Made")
_Made_co = TypeVar("_Made_co", covariant=True)


class OfSymbols(Protocol[_Made_co]):
    """See `seqwise.data.encoding.EncodingVisitor`."""

    def of_symbols(self, vocabulary: Vocabulary, /) -> _Made_co:
        """What is made of a vocabulary."""
        ...


@dataclass(frozen=True)
class Vocabulary:
    """The symbols a model knows; 0 is padding, 1 stands for every other symbol.

    Attributes:
        symbols: the known symbols; symbol i has the number i + 2.
        counts: how often each occurs in the training part.
        affixes: the affix and shape features that the model knows.
        characters: the characters that the model knows, see `data.word_characters`.
        characters_per_word: ids of characters per word; 0 when the model does not read characters.
        vector_words: words with a pretrained vector, see `data.vectors`.
        vector_size: numbers of such a vector; 0 when there are none.
        ngrams: the n-grams that the model knows.
    """

    symbols: tuple[str, ...]
    counts: tuple[int, ...]
    affixes: AffixFeatures = field(default_factory=AffixFeatures)
    characters: tuple[str, ...] = ()
    characters_per_word: int = 0
    vector_words: tuple[str, ...] = ()
    vector_size: int = 0
    ngrams: Ngrams = field(default_factory=Ngrams)

    def __len__(self) -> int:
        return len(self.symbols) + _RESERVED

    @classmethod
    def from_counts(
        cls, counts: Mapping[str, int], min_count: int = 1, *, affixes: int = 0, characters: bool = False
    ) -> Vocabulary:
        """The symbols that occur at least `min_count` times, the most frequent first.

        Args:
            counts: how often each symbol occurs in the training part.
            min_count: rarer symbols are not known; their affix and shape features and their characters are.
            affixes: how many affix and shape features are known at most.
            characters: whether the model reads the characters of words.

        Examples:
            >>> Vocabulary.from_counts({"a": 1, "b": 3, "c": 0}).symbols
            ('b', 'a')
        """
        kept = sorted(
            ((symbol, count) for symbol, count in counts.items() if count >= max(min_count, 1)),
            key=lambda pair: (-pair[1], pair[0]),
        )
        symbols = tuple(symbol for symbol, _ in kept)
        words = [symbol for symbol, count in counts.items() if count]
        longest = max((len(word) for word in words), default=1)
        return cls(
            symbols,
            tuple(count for _, count in kept),
            AffixFeatures.of(words, affixes),
            known_characters(words) if characters else (),
            min(max(longest, 1) + 2, MOST_CHARACTERS) if characters else 0,
        )

    @property
    def packages(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def channels(self) -> int:
        """None."""
        return 0

    @property
    def id_count(self) -> int:
        """Those of the symbols, of padding and of the unknown symbol."""
        return len(self)

    @property
    def is_pretrained(self) -> bool:
        """Never."""
        return False

    @cached_property
    def form(self) -> WordForm:
        """The ids of a symbol beside its own, and how many there are of each."""
        return WordForm(
            affixes=len(self.affixes.known),
            affix_count=1 + len(self.affixes),
            vector_count=1 + len(self.vector_words) if self.vector_size else 0,
            vector_size=self.vector_size,
            characters=self.characters_per_word,
            character_count=CHARACTERS_RESERVED + len(self.characters) if self.characters_per_word else 0,
        )

    @cached_property
    def _known(self) -> dict[str, int]:
        return {symbol: number for number, symbol in enumerate(self.symbols, start=_RESERVED)}

    def numbers(self, symbols: Sequence[str]) -> NDArray[np.int64]:
        """(symbols, form.ids) the ids of each symbol, of which `form` has the names.

        The symbol itself is `UNKNOWN` where it is not known.

        Examples:
            >>> vocabulary = Vocabulary.from_counts({"ab": 2, "ac": 1}, affixes=100)
            >>> vocabulary.form.named(vocabulary.numbers(["ab", "ad"])).word.tolist()
            [2, 1]
        """
        rows = np.zeros((len(symbols), self.form.ids), dtype=np.int64)
        ids = self.form.named(rows)
        ids.word[:] = [self._known.get(symbol, UNKNOWN) for symbol in symbols]
        ids.affixes[:] = self.affixes.numbers(symbols)
        if self.vector_size:
            ids.vector[:, 0] = self.vector_numbers(symbols)
        if self.characters_per_word:
            ids.characters[:] = character_numbers(symbols, self.characters, self.characters_per_word)
        return rows

    @cached_property
    def _vectors(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.vector_words, start=1)}

    def vector_numbers(self, symbols: Sequence[str]) -> NDArray[np.int64]:
        """The id of each symbol's vector: that of the word as it stands, else in lower case; 0 for none."""
        known = self._vectors
        found = [known.get(symbol) or known.get(symbol.lower(), 0) for symbol in symbols]
        return np.array(found, dtype=np.int64)

    def dropout_rates(self, alpha: float) -> NDArray[np.float32]:
        """How likely training shows each number as unknown: alpha / (alpha + count).

        Rare symbols are hidden most often, so that the vector of the unknown symbol is trained where unknown symbols
        occur in life. Source: Kiperwasser and Goldberg, 2016, "Simple and Accurate Dependency Parsing Using
        Bidirectional LSTM Feature Representations".
        """
        counts = np.array([0, 0, *self.counts], dtype=np.float32)
        rates = alpha / (alpha + counts) if alpha > 0 else np.zeros_like(counts)
        rates[:_RESERVED] = 0
        return rates.astype(np.float32)

    def rows(self, store: Store, symbol_dropout: float = 0.0) -> SymbolRows:
        """The ids of the symbols of each row."""
        return SymbolRows(store, self, symbol_dropout)

    def messages(self) -> list[str]:
        """How many symbols and n-grams the training data gave."""
        messages = [f"vocabulary: {counted(len(self.symbols), 'symbol')} from the training data"]
        if known := len(self.ngrams.hashes):
            placed = ", also symbols by position, since all sequences have one length" if self.ngrams.placed else ""
            messages.append(f"n-grams: {known:,} from the training data{placed}")
        return messages

    def to_json(self) -> dict[str, Any]:
        """The plain form that run folders keep."""
        names = {"affixes": "parts", "characters_per_word": "spelling"}
        return {"kind": "symbols", **{names.get(name, name): value for name, value in asdict(self).items()}}

    def accept(self, visitor: OfSymbols[_Made]) -> _Made:
        """What a visitor makes of a vocabulary."""
        return visitor.of_symbols(self)


class SymbolRows:
    """The ids of the symbols of a store's rows: (B, T), or (B, T, form.ids) where a symbol has more than its own id.

    Args:
        store: encoded symbols.
        vocabulary: gives them ids.
        symbol_dropout: alpha of `Vocabulary.dropout_rates`, used when a random generator is given.
    """

    def __init__(self, store: Store, vocabulary: Vocabulary, symbol_dropout: float) -> None:
        self.store = store
        self._form = vocabulary.form
        self._ids = vocabulary.numbers(store.symbols)
        self._rates = vocabulary.dropout_rates(symbol_dropout) if symbol_dropout > 0 else None

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(rows,) the symbols of each row."""
        lengths: NDArray[np.int64] = self.store.lengths
        return lengths

    def inputs(self, rows: NDArray[np.int64], rng: np.random.Generator | None = None) -> NDArray[np.int64]:
        """The ids of these rows' symbols, filled up with `PADDING`.

        With a generator, rare symbols are unknown at random. They keep everything but their own id: so is a word met
        that training never showed.
        """
        ids = self._ids.take(self.store.sequences(rows), axis=0)
        word = self._form.named(ids).word
        if rng is not None and self._rates is not None:
            word[rng.random(len(word), dtype=np.float32) < self._rates[word]] = UNKNOWN
        return padded(ids if self._form.ids > 1 else word, self.store.lengths[rows])


def symbol_counts(store: Store, rows: NDArray[np.int64]) -> dict[str, int]:
    """How often each symbol occurs in these rows."""
    counts = np.zeros(len(store.symbols), dtype=np.int64)
    for start in range(0, len(rows), 4096):
        block = [store.sequence(int(row)) for row in rows[start : start + 4096]]
        counts += np.bincount(np.concatenate(block), minlength=len(counts))
    return dict(zip(store.symbols, counts.tolist(), strict=True))
