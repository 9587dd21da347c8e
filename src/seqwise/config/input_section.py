"""The section `input`: how a cell becomes a sequence."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from seqwise.config.section import MODEL, TARGETS, Flag, Search, Section, Steps, scaled
from seqwise.errors import listed

__all__ = ["InputConfig"]


class InputConfig(Section):
    """How a cell becomes a sequence."""

    text: Annotated[
        str | tuple[str, ...] | None, Flag("--text", "The text column; give it twice to join two columns.", 4, TARGETS)
    ] = Field(None, description="the text column; several columns are joined in this order")
    tokens: Annotated[str | None, Flag("--tokens", "The column of token lists.", 5, TARGETS)] = Field(
        None, description="the column of token lists"
    )
    kind: Annotated[
        Literal["auto", "words", "whitespace", "characters", "bytes", "tokens", "series"],
        Flag("--kind", "words, whitespace, characters or bytes.", 27, MODEL),
    ] = Field("auto", description="how text is split into symbols")
    lower: bool | None = Field(None, description="lower-case the symbols; by default for words without tags")
    min_count: int = Field(1, ge=1, description="rarer symbols become the unknown symbol")
    affixes: int | None = Field(
        None, ge=0, description="maximum number of affix and shape features of words; 0 for none"
    )
    characters: Annotated[Literal["none", "cnn"] | None, Search(lambda: ("none", "cnn"), rank=3)] = Field(
        None, description="read words character by character too: cnn, a convolution; chosen from the data by default"
    )
    vectors: Annotated[str | None, Flag("--vectors", "A file of pretrained word vectors.", 28, MODEL)] = Field(
        None, description="a file of pretrained word vectors: word2vec text format, GloVe, or fastText .vec"
    )
    vector_words: int = Field(
        50_000, ge=0, description="number of words taken from the top of that file besides those of the training data"
    )
    vectors_trained: bool = Field(False, description="fine-tune these vectors instead of freezing them")
    differences: bool = Field(False, description="series: add the differences between time steps to the values")
    normalise: bool = Field(False, description="series: scale each one to mean 0 and standard deviation 1")
    symbol_dropout: Annotated[float, Steps(-1, 3, scaled(2), rank=7)] = Field(
        0.25, ge=0, description="alpha of the probability alpha / (alpha + count) that a symbol is hidden in training"
    )
    ngrams: int | None = Field(
        None, ge=0, description="longest n-gram of symbols, for targets with one label per sequence; 0 for none"
    )
    character_ngrams: int | None = Field(
        None, ge=0, description="longest character n-gram within a symbol, from 2 on, for the same targets; 0 for none"
    )
    ngram_limit: int = Field(200_000, ge=1, description="maximum number of n-grams, the most frequent ones")

    @field_validator("text")
    @classmethod
    def _several_differ(cls, text: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        if not isinstance(text, tuple) or not text:
            return text or None
        if len(set(text)) < len(text):
            raise ValueError(f"columns that are joined must differ, got {listed(text)}")
        return text if len(text) > 1 else text[0]

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns that are joined into one text; empty where one or none is named."""
        return self.text if isinstance(self.text, tuple) else ()

    @property
    def text_column(self) -> str | None:
        """The column of text as records have it; see `ReadOptions.joined_column`."""
        return " + ".join(self.text) if isinstance(self.text, tuple) else self.text

    @field_validator("character_ngrams")
    @classmethod
    def _no_single_characters(cls, character_ngrams: int | None) -> int | None:
        if character_ngrams == 1:
            raise ValueError("character n-grams have two characters or more: give 0 for none, or 2 and more")
        return character_ngrams
