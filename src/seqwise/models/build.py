"""The model of a resolved config, and what its weights start from."""

from __future__ import annotations

from typing import Any

import torch

from seqwise.config import Config
from seqwise.data.encoding import Encoding
from seqwise.data.subwords import Subwords
from seqwise.data.vocabulary import Vocabulary
from seqwise.models.crf_targets import tag_crf_of
from seqwise.nn import (
    ROCKET,
    TFIDF,
    IdentityEncoder,
    NgramRegression,
    RecurrentEncoder,
    SequenceModel,
    SubwordEncoder,
    WordEmbedding,
    WordForm,
    assembled_model,
    build_model,
    build_rocket,
    build_tfidf,
)
from seqwise.nn._generator import drawn_from
from seqwise.targets import Target
from seqwise.task.prepare import Task
from seqwise.task.transformers_folder import empty_network, read_weights

__all__ = ["first_model", "model_for", "regression_for"]


def first_model(task: Task, seed: int) -> SequenceModel:
    """The model that the training of a task starts from: weights by the seed, or from files."""
    config = task.config
    with drawn_from(torch.Generator().manual_seed(seed)):
        model = model_for(config, task.targets, task.encoding)
    if task.vectors is not None:
        assert isinstance(model.input_layer, WordEmbedding)
        assert model.input_layer.vectors is not None
        model.input_layer.vectors.fill(torch.from_numpy(task.vectors))
    if isinstance(model.input_layer, SubwordEncoder):
        read_weights(config.model.encoder, model.input_layer.network)
    if isinstance(model.encoder, RecurrentEncoder):
        model.encoder.rounds_gradients = config.train.precision != "float32"
    return model


def model_for(config: Config, targets: tuple[Target, ...], encoding: Encoding) -> SequenceModel:
    """The untrained model of a resolved config."""
    model = config.model
    heads: dict[str, Any] = {
        "pooling": model.pooling,
        "dropout": model.dropout,
        "attention_size": model.attention_size,
        "chains": {t.name: chain for t in targets if (chain := tag_crf_of(t, config.loss)) is not None},
    }
    if isinstance(encoding, Subwords):
        network = empty_network(encoding.architecture)
        words = SubwordEncoder(
            network,
            network.config.hidden_size,  # type: ignore[union-attr, arg-type]
            prefix=encoding.prefix,
            suffix=encoding.suffix,
            window=encoding.window,
            padding=encoding.padding,
        )
        return assembled_model(targets, words, IdentityEncoder(words.output_size), **heads)
    sizes: dict[str, Any] = (
        {
            "input": "tokens",
            "vocabulary_size": len(encoding),
            "form": _word_form(config, encoding),
            "ngram_count": len(encoding.ngrams) if model.bag else 0,
        }
        if isinstance(encoding, Vocabulary)
        else {"input": "series", "channels": len(encoding.mean)}
    )
    if model.encoder == TFIDF:
        return build_tfidf(targets, ngram_count=len(encoding.ngrams) if isinstance(encoding, Vocabulary) else 0)
    if model.encoder == ROCKET:
        assert not isinstance(encoding, Vocabulary)
        return build_rocket(
            targets,
            channels=len(encoding.mean),
            hidden=model.hidden,
            layers=model.layers,
            per_doubling=model.per_doubling,
            summaries=bool(model.summaries),
        )
    return build_model(
        targets,
        **sizes,
        embedding=model.embedding,
        encoder=model.encoder,
        hidden=model.hidden,
        layers=model.layers,
        bidirectional=model.bidirectional,
        bag=model.bag or 1,
        ngram_dropout=model.ngram_dropout,
        surroundings=bool(model.surroundings),
        **heads,
    )


def _word_form(config: Config, vocabulary: Vocabulary) -> WordForm | None:
    """What the numbers behind those of a word are; None where there are none."""
    form = WordForm(
        parts=len(vocabulary.parts.known),
        part_count=1 + len(vocabulary.parts),
        vector_count=vocabulary.vector_count,
        vector_size=vocabulary.vector_size,
        vectors_trained=config.input.vectors_trained,
        spelling=vocabulary.spelling,
        character_count=vocabulary.character_count,
    )
    return form if form.ids > 1 else None


def regression_for(config: Config, targets: tuple[Target, ...], count: int) -> NgramRegression | None:
    """The unfitted regression of a resolved config, for n-grams of `count` numbers; None where there is none."""
    if not config.model.regression or not count:
        return None
    return NgramRegression(count, {target.name: target.logit_count for target in targets if not target.per_step})
