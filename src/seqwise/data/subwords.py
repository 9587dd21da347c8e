"""Splits words into the subword tokens of a pretrained model, with the model's own tokenizer.

Each word is split on its own, as in the middle of a text. So each token belongs to one word, and each word has at least
one token: a word for which the tokenizer returns nothing gets the unknown token.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from seqwise.data.input_rows import padded
from seqwise.data.ngrams import Ngrams
from seqwise.data.store import Store
from seqwise.errors import MissingExtraError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["OfSubwords", "SubwordRows", "Subwords"]

_BLOCK = 4096
_BLOCK_ROWS = 1024
_Made = TypeVar("_Made")
_Made_co = TypeVar("_Made_co", covariant=True)


class OfSubwords(Protocol[_Made_co]):
    """See `seqwise.data.encoding.EncodingVisitor`."""

    def of_subwords(self, subwords: Subwords, /) -> _Made_co:
        """What is made of the subword tokens of a pretrained model."""
        ...


@dataclass(frozen=True)
class Subwords:
    """How a pretrained model reads words.

    A token with the tokenizer's id i has the id i + 1 here; 0 is padding.

    Attributes:
        tokenizer: in the JSON form of the tokenizers package.
        architecture: the model's own settings, as its config.json has them.
        prefix: ids of the tokens before every text, such as [CLS].
        suffix: ids of the tokens behind it, such as [SEP].
        window: most tokens of a text that the model reads at once, prefix and suffix left out.
        unknown: the id of the token of a word of which nothing is left; None where the tokenizer has none.
        padding: the id of the token that fills up shorter texts.
        spaced: whether a word is split with a blank before it.
    """

    tokenizer: str
    architecture: dict[str, Any]
    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    window: int
    unknown: int | None
    padding: int
    spaced: bool

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        try:
            from tokenizers import Tokenizer
        except ImportError:
            raise MissingExtraError("tokenizers", "hf") from None
        tokenizer = Tokenizer.from_str(self.tokenizer)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @property
    def packages(self) -> tuple[str, ...]:
        """Those of the tokenizer and of the model."""
        return ("tokenizers", "transformers")

    @property
    def channels(self) -> int:
        """None."""
        return 0

    @property
    def id_count(self) -> int:
        """Those of the tokenizer's tokens and of padding."""
        return max(self._tokenizer.get_vocab(with_added_tokens=True).values(), default=-1) + 2

    @property
    def is_pretrained(self) -> bool:
        """Always."""
        return True

    @property
    def ngrams(self) -> Ngrams:
        """None."""
        return Ngrams()

    def numbers(self, words: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The subword tokens of each word.

        Returns:
            The ids of all tokens, word after word; and (words,) how many each word has, at least 1.
        """
        numbers: list[int] = []
        counts: list[int] = []
        for start in range(0, len(words), _BLOCK):
            texts = [f" {word}" if self.spaced else word for word in words[start : start + _BLOCK]]
            for split in self._tokenizer.encode_batch(texts, add_special_tokens=False):
                tokens = [number + 1 for number in split.ids] or [self._nothing]
                numbers += tokens
                counts.append(len(tokens))
        return np.array(numbers, dtype=np.int64), np.array(counts, dtype=np.int64)

    @property
    def _nothing(self) -> int:
        return self.padding if self.unknown is None else self.unknown

    def rows(self, store: Store, symbol_dropout: float = 0.0) -> SubwordRows:  # noqa: ARG002 (no word is hidden here)
        """The subword tokens of each row's words."""
        return SubwordRows(store, self)

    def messages(self) -> list[str]:
        """None: nothing comes from the training data."""
        return []

    def to_json(self) -> dict[str, Any]:
        """The plain form that run folders keep."""
        return {"kind": "pieces", **asdict(self), "tokenizer": json.loads(self.tokenizer)}

    def accept(self, visitor: OfSubwords[_Made]) -> _Made:
        """What a visitor makes of the subword tokens of a pretrained model."""
        return visitor.of_subwords(self)


class SubwordRows:
    """The subword tokens of a store's rows, (B, T, tokens): those of each word, filled up with 0.

    Args:
        store: encoded words.
        subwords: splits them.
    """

    def __init__(self, store: Store, subwords: Subwords) -> None:
        self.store = store
        self._tokens, self._counts = subwords.numbers(store.symbols)
        self._starts = np.cumsum(self._counts) - self._counts

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """(rows,) the subword tokens of each row."""
        sizes = np.zeros(len(self.store), dtype=np.int64)
        for start in range(0, len(sizes), _BLOCK_ROWS):
            rows = np.arange(start, min(start + _BLOCK_ROWS, len(sizes)))
            counts = self._counts[self.store.sequences(rows)]
            sums = np.concatenate([[0], np.cumsum(counts)])
            ends = np.cumsum(self.store.lengths[rows])
            sizes[rows] = sums[ends] - sums[ends - self.store.lengths[rows]]
        return sizes

    def inputs(self, rows: NDArray[np.int64], rng: np.random.Generator | None = None) -> NDArray[np.int64]:  # noqa: ARG002 (no word is hidden here)
        """The subword tokens of these rows' words."""
        words = self.store.sequences(rows)
        counts, starts = self._counts[words], self._starts[words]
        order = np.arange(int(counts.max(initial=0)))
        tokens = np.zeros((len(words), len(order)), dtype=np.int64)
        inside = order < counts[:, None]
        tokens[inside] = self._tokens[(starts[:, None] + order)[inside]]
        return padded(tokens, self.store.lengths[rows])
