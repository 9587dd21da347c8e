"""The model of a resolved config, and what its weights start from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from seqwise.config import Config, NetworkConfig, NgramConfig, RocketConfig
from seqwise.data.channel_scaling import ChannelScaling
from seqwise.data.encoding import Encoding
from seqwise.data.subwords import Subwords
from seqwise.data.vocabulary import Vocabulary
from seqwise.models.crf_targets import tag_crf_of
from seqwise.nn import (
    TFIDF,
    IdentityEncoder,
    NgramRegression,
    RecurrentEncoder,
    SequenceModel,
    SubwordEncoder,
    WordEmbedding,
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
    if config.model.encoder == TFIDF:
        return build_tfidf(targets, ngram_count=len(encoding.ngrams))
    return encoding.accept(_Models(config, targets))


@dataclass(frozen=True)
class _Models:
    """The model for each kind of encoding: a visitor."""

    config: Config
    targets: tuple[Target, ...]

    def of_symbols(self, vocabulary: Vocabulary, /) -> SequenceModel:
        """Trained vectors of symbols, below an encoder; or n-grams; or both."""
        form = replace(vocabulary.form, vectors_trained=self.config.input.vectors_trained)
        return build_model(
            self.targets,
            input="tokens",
            vocabulary_size=vocabulary.id_count,
            form=form if form.ids > 1 else None,
            ngram_count=len(vocabulary.ngrams) if self.config.model.get("bag") else 0,
            **self._sizes,
            **self._heads,
        )

    def of_channels(self, scaling: ChannelScaling, /) -> SequenceModel:
        """An encoder over the channels of a series."""
        model = self.config.model
        if isinstance(model, RocketConfig):
            return build_rocket(
                self.targets,
                channels=scaling.channels,
                hidden=model.hidden,
                layers=model.layers,
                per_doubling=model.per_doubling,
                summary_statistics=bool(model.summary_statistics),
            )
        return build_model(self.targets, input="series", channels=scaling.channels, **self._sizes, **self._heads)

    def of_subwords(self, subwords: Subwords, /) -> SequenceModel:
        """A pretrained model, whose weights come from a file."""
        network = empty_network(subwords.architecture)
        words = SubwordEncoder(
            network,
            network.config.hidden_size,  # type: ignore[union-attr, arg-type]
            prefix=subwords.prefix,
            suffix=subwords.suffix,
            window=subwords.window,
            padding=subwords.padding,
        )
        return assembled_model(self.targets, words, IdentityEncoder(words.output_size), **self._heads)

    @property
    def _sizes(self) -> dict[str, Any]:
        """The encoder, what its layer takes, and what reads n-grams beside it."""
        model = self.config.model
        assert isinstance(model, NgramConfig)
        ngrams = {"encoder": model.encoder, "bag": model.bag or 1, "ngram_dropout": model.ngram_dropout}
        if not isinstance(model, NetworkConfig):
            return ngrams
        around = bool(model.context_window)
        return {**ngrams, "embedding": model.embedding, "context_window": around, **model.layer_options}

    @property
    def _heads(self) -> dict[str, Any]:
        model, loss = self.config.model, self.config.loss
        own = [name for name in ("pooling", "dropout", "attention_size") if name in type(model).model_fields]
        crfs = {t.name: crf for t in self.targets if (crf := tag_crf_of(t, loss)) is not None}
        return {**{name: getattr(model, name) for name in own}, "crfs": crfs}


def regression_for(config: Config, targets: tuple[Target, ...], count: int) -> NgramRegression | None:
    """The unfitted regression of a resolved config, for n-grams of `count` numbers; None where there is none."""
    if not config.model.get("regression") or not count:
        return None
    return NgramRegression(count, {target.name: target.logit_count for target in targets if not target.per_step})
