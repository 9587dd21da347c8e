"""A vector per word from its id, its affix and shape features, its pretrained vector and its characters."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqwise.nn._arguments import require_dropout, require_ids, require_sizes
from seqwise.nn._axes import Bool, Float, Integer
from seqwise.nn._dropout import FeatureDropout
from seqwise.nn._masking import counted_positions, selected
from seqwise.nn.inputs._embedding_sums import summed_vectors
from seqwise.nn.inputs.character_embedding import CharacterEncoder
from seqwise.nn.inputs.pretrained_vectors import PretrainedVectors
from seqwise.word_form import WordForm

__all__ = ["WordEmbedding"]


class WordEmbedding(nn.Module):
    """The sum of the vectors of a word, of its affixes and shape, of its characters, and its pretrained vector.

    A word that is not in the training data has the vector of the unknown word plus all the others. Vectors of words and
    of affix and shape features are initialised from a normal distribution, scaled so that their sum has variance 1.

    Args:
        vocabulary_size: number of word ids; id 0 is padding.
        dim: size of a vector.
        form: the features of a word besides its own id.
        dropout: fraction of a vector's features dropped in training, the same ones at every step of a sequence.

    Attributes:
        output_size: `dim`.

    Raises:
        ConfigError: a size below 1, or dropout outside [0, 1).

    Examples:
        >>> layer = WordEmbedding(1000, 50, WordForm(affixes=6, affix_count=601))
        >>> layer(torch.ones(4, 7, 1 + 6, dtype=torch.long)).shape
        torch.Size([4, 7, 50])
    """

    def __init__(self, vocabulary_size: int, dim: int, form: WordForm, *, dropout: float = 0.0) -> None:
        super().__init__()
        require_sizes("WordEmbedding", vocabulary_size=vocabulary_size, dim=dim)
        require_dropout("WordEmbedding", dropout)
        self.form = form
        self.words = nn.Embedding(vocabulary_size, dim, padding_idx=0)
        # Weights of run folders have this name.
        self.word_parts = nn.Embedding(form.affix_count, dim, padding_idx=0) if form.affixes else None
        self.vectors = (
            PretrainedVectors(form.vector_count, form.vector_size, dim, trained=form.vectors_trained)
            if form.vector_count
            else None
        )
        self.characters = CharacterEncoder(form.character_count) if form.characters else None
        self.from_characters = nn.Linear(self.characters.output_size, dim) if self.characters is not None else None
        self.output_size = dim
        self.dropout = FeatureDropout(dropout)
        with torch.no_grad():
            for embedding in (self.words, self.word_parts):
                if embedding is not None:
                    embedding.weight.mul_((1 + form.affixes) ** -0.5)

    def forward(
        self,
        ids: Integer[Tensor, "batch time ids"],
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
    ) -> Float[Tensor, "batch time features"]:
        """Return the vectors of a batch of words.

        Args:
            ids: (batch, time, form.ids) integers, named by `form.named`. Positions that do not count may hold
                anything.
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
        words = self.form.named(ids.long())
        counted = counted_positions("WordEmbedding", words.word, lengths=lengths, mask=mask)
        scale = self.dropout.scale((ids.shape[0], 1, self.output_size), self.words.weight)
        vectors = summed_vectors(self.words, words.word[..., None], counted, scale)
        if self.word_parts is not None:
            vectors = vectors + summed_vectors(self.word_parts, words.affixes, counted, scale)
        others = []
        if self.vectors is not None:
            others.append(self.vectors(words.vector.squeeze(2), counted))
        if self.characters is not None and self.from_characters is not None:
            characters = torch.where(counted[:, :, None], words.characters, 0)
            features = self.characters(characters.flatten(0, 1)).unflatten(0, characters.shape[:2])
            others.append(self.from_characters(features))
        for other in others:
            vectors = vectors + selected(other if scale is None else other * scale, counted)
        return vectors
