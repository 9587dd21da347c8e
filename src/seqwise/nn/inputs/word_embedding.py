"""A vector per word: from its own, those of its parts, one that was trained before, and its characters."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqwise.nn._arguments import require_dropout, require_ids, require_sizes
from seqwise.nn._axes import Bool, Float, Integer
from seqwise.nn._dropout import FeatureDropout
from seqwise.nn._masking import counted_positions, selected
from seqwise.nn.inputs._embedding_sums import summed_vectors
from seqwise.nn.inputs.character_embedding import CharacterEncoder
from seqwise.nn.inputs.pretrained_vectors import PretrainedVectors

__all__ = ["WordEmbedding", "WordForm"]


@dataclass(frozen=True)
class WordForm:
    """What a model is told of a word beside its own id, all as ids behind that; 0 everywhere is padding.

    Attributes:
        parts: ids of parts: prefixes, suffixes, shape.
        part_count: number of ids that parts can have.
        vector_count: number of ids of vectors that were trained before, of which a word has one; 0 for none.
        vector_size: numbers of such a vector.
        vectors_trained: whether these vectors are trained further.
        spelling: ids of characters.
        character_count: number of ids that characters can have.

    Examples:
        >>> WordForm(parts=6, part_count=601, spelling=24, character_count=80).ids
        31
    """

    parts: int = 0
    part_count: int = 0
    vector_count: int = 0
    vector_size: int = 0
    vectors_trained: bool = False
    spelling: int = 0
    character_count: int = 0

    @property
    def ids(self) -> int:
        """Ids per word, its own counted: that, parts, vector, characters, in this order."""
        return 1 + self.parts + bool(self.vector_count) + self.spelling


class WordEmbedding(nn.Module):
    """The sum of a word's own vector, those of its parts, the one it had before, and what its characters say.

    A word that training never showed has the vector of the unknown word plus all the others. Vectors of words and parts
    start from a normal distribution so scaled that their sum has variance 1.

    Args:
        vocabulary_size: number of word ids; id 0 is padding.
        dim: size of a vector.
        form: what is told of a word beside its id.
        dropout: share of a vector's features dropped in training, the same ones at every step of a sequence.

    Attributes:
        output_size: `dim`.

    Raises:
        ConfigError: a size below 1, or dropout outside [0, 1).

    Examples:
        >>> layer = WordEmbedding(1000, 50, WordForm(parts=6, part_count=601))
        >>> layer(torch.ones(4, 7, 1 + 6, dtype=torch.long)).shape
        torch.Size([4, 7, 50])
    """

    def __init__(self, vocabulary_size: int, dim: int, form: WordForm, *, dropout: float = 0.0) -> None:
        super().__init__()
        require_sizes("WordEmbedding", vocabulary_size=vocabulary_size, dim=dim)
        require_dropout("WordEmbedding", dropout)
        self.form = form
        self.words = nn.Embedding(vocabulary_size, dim, padding_idx=0)
        self.word_parts = nn.Embedding(form.part_count, dim, padding_idx=0) if form.parts else None
        self.vectors = (
            PretrainedVectors(form.vector_count, form.vector_size, dim, trained=form.vectors_trained)
            if form.vector_count
            else None
        )
        self.characters = CharacterEncoder(form.character_count) if form.spelling else None
        self.from_characters = nn.Linear(self.characters.output_size, dim) if self.characters is not None else None
        self.output_size = dim
        self.dropout = FeatureDropout(dropout)
        with torch.no_grad():
            for embedding in (self.words, self.word_parts):
                if embedding is not None:
                    embedding.weight.mul_((1 + form.parts) ** -0.5)

    def forward(
        self,
        ids: Integer[Tensor, "batch time ids"],
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
    ) -> Float[Tensor, "batch time features"]:
        """The vectors of a batch of words.

        Args:
            ids: (batch, time, form.ids) integers: those of the word, its parts, its vector, its characters. Positions
                that do not count may hold anything.
            lengths: (batch,) the first `lengths[b]` steps count.
            mask: (batch, time) booleans, True = counts. With neither, every step counts.

        Returns:
            (batch, time, dim), exact zeros where a step does not count.

        Raises:
            DtypeError: ids are not integers.
            ShapeError: ids are not (batch, time, form.ids), or lengths or mask do not fit them.
            UsageError: lengths and mask were both given.
        """
        require_ids("WordEmbedding", ids, ("batch", "time", "ids"), self.form.ids)
        counted = counted_positions("WordEmbedding", ids[..., 0], lengths=lengths, mask=mask)
        form = self.form
        sizes = [1, form.parts, form.ids - 1 - form.parts - form.spelling, form.spelling]
        words, parts, vector, spelling = torch.split_with_sizes(ids.long(), sizes, dim=2)
        scale = self.dropout.scale((ids.shape[0], 1, self.output_size), self.words.weight)
        vectors = summed_vectors(self.words, words, counted, scale)
        if self.word_parts is not None:
            vectors = vectors + summed_vectors(self.word_parts, parts, counted, scale)
        others = []
        if self.vectors is not None:
            others.append(self.vectors(vector.squeeze(2), counted))
        if self.characters is not None and self.from_characters is not None:
            spelling = torch.where(counted[:, :, None], spelling, 0)
            spelled = self.characters(spelling.flatten(0, 1)).unflatten(0, spelling.shape[:2])
            others.append(self.from_characters(spelled))
        for other in others:
            vectors = vectors + selected(other if scale is None else other * scale, counted)
        return vectors
