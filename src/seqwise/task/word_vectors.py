"""Which vectors of words that were trained before a run takes from their file, and what is said of them."""

from __future__ import annotations

from collections.abc import Mapping

from seqwise.config import InputConfig
from seqwise.data.vectors import WordVectors, read_vectors
from seqwise.data.vocabulary import Vocabulary
from seqwise.errors import counted

__all__ = ["coverage", "vectors_for"]


def vectors_for(given: InputConfig, counts: Mapping[str, int]) -> WordVectors:
    """The vectors of the words of the training part, as they stand or in lower case, and of the file's first words.

    Words of dev and test are not looked for: their figures then say how the model does on words that nobody knew when
    it was trained.

    Args:
        given: names the file.
        counts: how often each symbol occurs in the training part.

    Raises:
        DataError: see `read_vectors`.
    """
    assert given.vectors is not None
    words = [symbol for symbol, count in counts.items() if count]
    return read_vectors(given.vectors, {*words, *map(str.lower, words)}, given.vector_words)


def coverage(given: InputConfig, vectors: WordVectors, vocabulary: Vocabulary, counts: Mapping[str, int]) -> str:
    """How much of the training part the file knows, in a sentence.

    Args:
        given: names the file.
        vectors: what was taken from it.
        vocabulary: knows them.
        counts: how often each symbol occurs in the training part.
    """
    words = [symbol for symbol, count in counts.items() if count]
    known = vocabulary.vector_numbers(words) > 0
    steps = sum(counts[word] for word in words)
    found = sum(counts[word] for word, is_known in zip(words, known.tolist(), strict=True) if is_known)
    return (
        f"vectors: {known.sum():,} of {counted(len(words), 'symbol')} from the training data stand in {given.vectors} "
        f"({found / max(steps, 1):.1%} of all steps); with its most frequent words {len(vectors.words):,} vectors of "
        f"{vectors.matrix.shape[1]} are kept"
    )
