"""The ids of a word by name, in the one matrix that vocabulary, batches and models share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

__all__ = ["WordForm", "WordIds"]


class _Array(Protocol):
    def __getitem__(self, index: Any, /) -> Self: ...


_Ids = TypeVar("_Ids", bound=_Array)


class WordIds(NamedTuple, Generic[_Ids]):
    """The ids of words by name: arrays of one shape, but for the last axis.

    Attributes:
        word: (...) the id of the word itself.
        affixes: (..., affixes) the ids of its affix and shape features.
        vector: (..., 1) the id of its pretrained vector; (..., 0) where there are no vectors.
        characters: (..., characters) the ids of its characters.
    """

    word: _Ids
    affixes: _Ids
    vector: _Ids
    characters: _Ids


@dataclass(frozen=True)
class WordForm:
    """What a model reads of a word beside its own id, all as ids in one row; id 0 is padding.

    Attributes:
        affixes: ids of affix and shape features per word.
        affix_count: number of ids that these features can have.
        vector_count: number of ids of pretrained vectors, of which a word has one; 0 for no vectors.
        vector_size: numbers of such a vector.
        vectors_trained: whether these vectors are trained further.
        characters: ids of characters per word.
        character_count: number of ids that characters can have.

    Examples:
        >>> form = WordForm(affixes=6, affix_count=601, characters=24, character_count=80)
        >>> form.ids
        31
        >>> import numpy as np
        >>> form.named(np.zeros((2, 5, 31), dtype=np.int64)).characters.shape
        (2, 5, 24)
    """

    affixes: int = 0
    affix_count: int = 0
    vector_count: int = 0
    vector_size: int = 0
    vectors_trained: bool = False
    characters: int = 0
    character_count: int = 0

    @property
    def ids(self) -> int:
        """Ids per word, its own counted."""
        return 1 + self.affixes + bool(self.vector_count) + self.characters

    def named(self, rows: _Ids) -> WordIds[_Ids]:
        """The parts of rows (..., ids) of words: views, so that what is written to a part stands in the rows.

        Args:
            rows: a NumPy array or a tensor; the ids of a word stand side by side in its last axis.
        """
        vector, characters = 1 + self.affixes, self.ids - self.characters
        return WordIds(
            word=rows[..., 0],
            affixes=rows[..., 1:vector],
            vector=rows[..., vector:characters],
            characters=rows[..., characters:],
        )
