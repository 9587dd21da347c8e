"""Layout of the ids of a word in the matrix that vocabulary, batches and models share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

__all__ = ["WordForm", "WordIds"]


class _Array(Protocol):
    def __getitem__(self, index: Any, /) -> Self: ...


_Ids = TypeVar("_Ids", bound=_Array)


class WordIds(NamedTuple, Generic[_Ids]):
    """The ids of words by kind, as arrays of equal shape except for the last axis.

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
    """The inputs of a model for each word besides its own id, all as ids in one row; id 0 is padding.

    Attributes:
        affixes: ids of affix and shape features per word.
        affix_count: number of possible ids of these features.
        vector_count: number of ids of pretrained vectors, one per word; 0 for no vectors.
        vector_size: dimension of these vectors.
        vectors_trained: whether these vectors are fine-tuned.
        characters: ids of characters per word.
        character_count: number of possible ids of characters.

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
        """Number of ids per word, its own included."""
        return 1 + self.affixes + bool(self.vector_count) + self.characters

    def named(self, rows: _Ids) -> WordIds[_Ids]:
        """Views of the ids in rows (..., ids) by kind; writing to a view changes the rows.

        Args:
            rows: a NumPy array or a tensor, with the ids of a word in its last axis.
        """
        vector, characters = 1 + self.affixes, self.ids - self.characters
        return WordIds(
            word=rows[..., 0],
            affixes=rows[..., 1:vector],
            vector=rows[..., vector:characters],
            characters=rows[..., characters:],
        )
