"""Words -> the pieces that a pretrained model reads, by the tokenizer that it was trained with.

Every word is cut by itself, as it stands in the middle of a text, so that each piece belongs to one word and each word
has a piece: one of which the tokenizer leaves nothing has the piece of the unknown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqwise.errors import MissingExtraError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["Subwords"]

_BLOCK = 4096


@dataclass(frozen=True)
class Subwords:
    """How a pretrained model reads words.

    A piece with the tokenizer's number i has the number i + 1 here; 0 is padding.

    Attributes:
        tokenizer: in the JSON form of the tokenizers package.
        architecture: the model's own settings, as its config.json has them.
        prefix: numbers of the pieces that stand before every text, such as [CLS].
        suffix: numbers of the pieces that stand behind it, such as [SEP].
        window: most pieces of a text that the model reads at once, prefix and suffix left out.
        unknown: the number of the piece of a word of which nothing is left; None where the tokenizer has none.
        padding: the number of the piece that fills up shorter texts.
        spaced: whether a word is cut with a blank before it.
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
    def _cutter(self) -> Tokenizer:
        try:
            from tokenizers import Tokenizer
        except ImportError:
            raise MissingExtraError("tokenizers", "hf") from None
        cutter = Tokenizer.from_str(self.tokenizer)
        cutter.no_truncation()
        cutter.no_padding()
        return cutter

    @property
    def count(self) -> int:
        """The largest number that a piece has."""
        return max(self._cutter.get_vocab(with_added_tokens=True).values(), default=-1) + 1

    def numbers(self, words: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The pieces of each word.

        Returns:
            The numbers of all pieces, word after word; and (words,) how many each word has, at least 1.
        """
        numbers: list[int] = []
        counts: list[int] = []
        for start in range(0, len(words), _BLOCK):
            texts = [f" {word}" if self.spaced else word for word in words[start : start + _BLOCK]]
            for cut in self._cutter.encode_batch(texts, add_special_tokens=False):
                pieces = [number + 1 for number in cut.ids] or [self._nothing]
                numbers += pieces
                counts.append(len(pieces))
        return np.array(numbers, dtype=np.int64), np.array(counts, dtype=np.int64)

    @property
    def _nothing(self) -> int:
        return self.padding if self.unknown is None else self.unknown

    def to_json(self) -> dict[str, Any]:
        """The plain form that run folders keep."""
        return {**asdict(self), "tokenizer": json.loads(self.tokenizer)}
