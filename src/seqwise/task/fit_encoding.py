"""What the model knows of symbols or numbers, from the training part and the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seqwise.config import Config, InputConfig
from seqwise.data.channel_scaling import ChannelScaling
from seqwise.data.encoding import Encoding
from seqwise.data.ngrams import Ngrams
from seqwise.data.split import Split
from seqwise.data.store import Store
from seqwise.data.vocabulary import Vocabulary, symbol_counts
from seqwise.nn import TFIDF
from seqwise.task.transformers_folder import subwords_of
from seqwise.task.word_vectors import coverage, vectors_for

__all__ = ["encoding_for", "ngrams_for"]


def encoding_for(
    store: Store, split: Split, config: Config, *, is_fixed: bool
) -> tuple[Encoding, NDArray[np.float32] | None, list[str]]:
    """The encoding of a resolved config.

    Args:
        store: encoded rows.
        split: of which the training part says what is known.
        config: resolved.
        is_fixed: whether symbols at their places are n-grams; see `DataStatistics.is_fixed`.

    Returns:
        The encoding; (words, size) pretrained vectors of words, or None; and log messages on these.

    Raises:
        DataError: see `read_vectors`.
        ConfigError, MissingExtraError: see `subwords_of`.
    """
    if store.channels:
        return ChannelScaling.of(store, split.train), None, []
    if config.model.is_folder:
        subwords = subwords_of(config.model.encoder)
        return subwords, None, [f"subword tokens: the tokenizer of {config.model.encoder} splits each word"]
    given = config.input
    assert given.affixes is not None
    counts = symbol_counts(store, split.train)
    vocabulary = Vocabulary.from_counts(
        counts, given.min_count, affixes=given.affixes, characters=given.characters == "cnn"
    )
    ngrams = ngrams_for(store, split, given, counts, is_fixed=is_fixed, counted=config.model.encoder == TFIDF)
    vocabulary = replace(vocabulary, ngrams=ngrams)
    if given.vectors is None:
        return vocabulary, None, []
    vectors = vectors_for(given, counts)
    vocabulary = replace(vocabulary, vector_words=vectors.words, vector_size=vectors.matrix.shape[1])
    return vocabulary, vectors.matrix, [coverage(given, vectors, vocabulary, counts)]


def ngrams_for(
    store: Store, split: Split, given: InputConfig, counts: Mapping[str, int], *, is_fixed: bool, counted: bool
) -> Ngrams:
    """The n-grams of the training part that resolved settings ask for.

    Args:
        store: encoded rows.
        split: of which the training part says what is known.
        given: resolved.
        counts: how often each symbol occurs in the training part.
        is_fixed: whether symbols at their places are n-grams; see `DataStatistics.is_fixed`.
        counted: see `Ngrams`.
    """
    return Ngrams.of(
        store,
        split.train,
        counts,
        longest=given.ngrams or 0,
        longest_signs=given.character_ngrams or 0,
        limit=given.ngram_limit,
        placed=is_fixed,
        counted=counted,
    )
