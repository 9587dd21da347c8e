"""Refuses settings that would be read and have no effect on the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seqwise.config import Config, setting_text
from seqwise.data.spec import DataSpec
from seqwise.errors import ConfigError, did_you_mean, listed
from seqwise.nn import BAG, ENCODERS, ROCKET, TFIDF
from seqwise.task.defaults.encoder_defaults import OF_MODEL_FOLDERS, OF_STEPS
from seqwise.task.defaults.rocket_defaults import check_rocket
from seqwise.task.defaults.tfidf_defaults import check_tfidf

__all__ = ["check_fit"]


def check_fit(config: Config, spec: DataSpec) -> None:
    """Refuses settings that would be read and have no effect on these data.

    Only values that are neither empty nor the default: the config of a run, which may be given again, has them all.

    Raises:
        ConfigError: naming the setting and why it has no effect.
    """
    pooled = [target.name for target in spec.targets if not target.per_step]
    pooling = config.model.pooling
    poolings = {pooling} if isinstance(pooling, str) else set(pooling.values())
    if pooled and not isinstance(pooling, str):
        _check_names(
            "model.pooling",
            pooling,
            pooled,
            "pooled target",
            "model.pooling has none for {names}; name one per target, or one for all",
        )
    tagged = [target.name for target in spec.targets if target.kind == "tags"]
    crf = config.loss.crf
    if tagged and isinstance(crf, dict):
        _check_names(
            "loss.crf",
            crf,
            tagged,
            "target of tags",
            "loss.crf says nothing of {names}; give one per target of tags, or one for all",
        )
    chained = crf.values() if isinstance(crf, dict) else [bool(crf)]
    only_chains = len(tagged) == len(spec.targets) and all(chained)
    series = spec.input.is_series
    no_ngrams = "only symbols with a label per sequence are read as n-grams"
    has_ngrams = bool(pooled) and not series and (config.input.ngrams, config.input.sign_ngrams) != (0, 0)
    own_test = (
        "test has a file of its own" if config.data.test else "with a dev file, and none for test, nothing is cut"
    )
    encoder = config.model.encoder
    is_folder = config.model.is_folder
    if is_folder and spec.input.kind not in ("words", "whitespace", "tokens"):
        raise ConfigError(
            f"model.encoder is '{encoder}', whose model reads words, but the input is {spec.input.kind}"
            "\n  For text, --kind whitespace makes words of it."
        )
    has_directions = encoder in ENCODERS and ENCODERS[encoder].has_directions
    if encoder == ROCKET:
        check_rocket(config, spec)
    if encoder == TFIDF:
        check_tfidf(config, spec)
    idle = {
        "data.dev_fraction": (bool(config.data.dev), "dev has a file of its own"),
        "data.test_fraction": (bool(config.data.dev or config.data.test), own_test),
        "data.gaps": (not series, "only a numeric series has gaps to fill"),
        "input.differences": (not series, "only a numeric series has changes from step to step"),
        "input.normalise": (not series, "only a numeric series is scaled"),
        "input.lower": (series, "a series has no letters"),
        "input.min_count": (series, "a series has no symbols"),
        "input.parts": (series, "a series has no words"),
        "input.symbol_dropout": (series, "a series has no symbols"),
        "model.bidirectional": (not has_directions, f"the encoder '{encoder}' has no directions"),
        "input.characters": (
            config.input.characters == "cnn" and (is_folder or spec.input.kind in ("characters", "bytes", "series")),
            f"the input is {'pieces' if is_folder else spec.input.kind}, and words alone are spelled",
        ),
        "input.vectors": (series, "a series has no words"),
        "input.vector_words": (not config.input.vectors, "there is no input.vectors"),
        "input.vectors_trained": (not config.input.vectors, "there is no input.vectors"),
        "input.ngrams": (series or not pooled, no_ngrams),
        "input.sign_ngrams": (series or not pooled, no_ngrams),
        "input.ngram_limit": (not has_ngrams, "no n-grams are read"),
        "model.bag": (not has_ngrams, "no n-grams are read"),
        "model.ngram_dropout": (not has_ngrams or config.model.bag == 0, "the network reads no n-grams"),
        "model.regression": (not has_ngrams, "no n-grams are read"),
        "model.pooling": (not pooled, "every target has a label per step, and nothing is pooled"),
        "model.attention_size": (not pooled or "attention" not in poolings, "no target is pooled by attention"),
        "model.per_doubling": (encoder != ROCKET, "only the encoder rocket has layers in between"),
        "model.summaries": (encoder != ROCKET, "only the encoder rocket has summaries beside its shares"),
        "model.surroundings": (
            not series or len(pooled) == len(spec.targets),
            "only a numeric series with a label per time step has a context window",
        ),
        "loss.crf": (not tagged, "no target has one label per step"),
        "loss.class_weight": (only_chains, "loss.crf trains the tags as a chain, which has no class weights"),
        "loss.label_smoothing": (only_chains, "loss.crf trains the tags as a chain, which has no label smoothing"),
        "train.thresholds": (
            not any(target.kind == "multilabel" for target in spec.targets),
            "no target has any number of labels",
        ),
        "train.weight_decay": (
            config.train.optimizer == "adam",
            "only adamw decays weights, and train.optimizer is adam",
        ),
        "train.precision": (not has_directions, f"only recurrent layers round, and the encoder is '{encoder}'"),
    }
    if encoder == BAG:
        idle |= dict.fromkeys(OF_STEPS, (True, f"the encoder is {BAG}, which reads n-grams alone"))
    if is_folder:
        idle |= dict.fromkeys(OF_MODEL_FOLDERS, (True, f"the model in {encoder} has its own"))
    else:
        idle["train.head_learning_rate"] = (True, "only a pretrained encoder has another learning rate than the heads")
    if encoder == BAG and config.model.bag == 0:
        raise ConfigError(f"model.bag is 0, but the encoder is {BAG}, which reads n-grams alone\n  Leave it out.")
    defaults = Config()
    for key, (is_idle, reason) in idle.items():
        section, name = key.split(".")
        value = getattr(getattr(config, section), name)
        is_empty = (not value or value == "none") and key not in ("model.bidirectional", "train.thresholds")
        if is_idle and not is_empty and value != getattr(getattr(defaults, section), name):
            raise ConfigError(f"{key} is {setting_text(value)}, but {reason}\n  Leave it out; it would change nothing.")


def _check_names(key: str, named: Mapping[str, object], names: Sequence[str], what: str, missing: str) -> None:
    """Refuses a mapping by target that names something else than these targets, or leaves one of them out."""
    for name in named:
        if name not in names:
            near = did_you_mean(name, names)
            raise ConfigError(
                f"{key} names '{name}', which is no {what}. {near}{' ' if near else ''}There are {listed(names)}."
            )
    if left := [name for name in names if name not in named]:
        raise ConfigError(missing.format(names=listed(left)))
