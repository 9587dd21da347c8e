"""Settings left open that depend on the encoder, whoever chose it."""

from __future__ import annotations

import numpy as np

from seqwise.config import ModelConfig
from seqwise.nn import BAG, ROCKET, TFIDF
from seqwise.task.defaults.data_statistics import Choice, Choices, DataStatistics
from seqwise.task.defaults.rocket_defaults import rocket_choices
from seqwise.task.defaults.tfidf_defaults import tfidf_choices

__all__ = ["encoder_choices"]


def encoder_choices(model: ModelConfig, facts: DataStatistics) -> Choices:
    """What an encoder needs beside the choices for the data; goes before them."""
    if model.is_folder:
        return _folder_choices(facts)
    encoder = model.encoder
    if encoder == "transformer":
        return {
            "train.learning_rate": Choice(1e-3, "a transformer needs a lower learning rate than recurrent layers"),
            "model.layers": Choice(2, "one layer of attention cannot build on what another one found"),
        }
    if encoder == "conv":
        return {"model.layers": Choice(4, "each layer of convolutions sees a wider context")}
    if encoder == BAG:
        reason = "the encoder reads n-grams alone"
        return {
            "input.affixes": Choice(0, reason),
            "input.characters": Choice("none", reason),
            "model.bag": Choice(100, reason),
            "train.learning_rate": Choice(1e-2, "n-grams train with a higher learning rate than recurrent layers"),
        }
    if encoder == ROCKET:
        return rocket_choices(facts)
    if encoder == TFIDF:
        return tfidf_choices(facts)
    return {}


def _folder_choices(facts: DataStatistics) -> Choices:
    """Fine-tuning: few passes with small steps, larger ones for the heads, which are new."""
    why = "usual for fine-tuning"
    pooled = any(not target.per_step for target in facts.targets)
    pooling = {"model.pooling": Choice("mean", "of all words")} if pooled else {}
    return pooling | {
        "train.learning_rate": Choice(5e-5, why),
        "train.head_learning_rate": Choice(1e-3, "the heads are new and need a higher learning rate"),
        "train.warmup": Choice(0.1, why),
        "train.decay": Choice("linear", why),
        "train.max_epochs": Choice(int(np.clip(60_000 // max(facts.sequences, 1), 4, 30)), f"{why}, by the amount"),
        "train.patience": Choice(5, why),
        "train.batch_tokens": Choice(1024, f"{why}, in subword tokens"),
        "model.dropout": Choice(0.1, why),
        "input.affixes": Choice(0, "the encoder has its own subword tokens"),
        "input.characters": Choice("none", "the encoder has its own subword tokens"),
        "input.ngrams": Choice(0, "the encoder reads the whole text"),
        "input.character_ngrams": Choice(0, "the encoder reads the whole text"),
        "input.symbol_dropout": Choice(0.0, "the encoder has its own subword tokens"),
    }
