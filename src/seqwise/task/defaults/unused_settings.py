"""Refuses settings that would be read and have no effect on the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seqwise.config import Config, setting_text
from seqwise.data.spec import DataSpec
from seqwise.errors import ConfigError, did_you_mean, listed
from seqwise.nn import BAG, ROCKET, TFIDF
from seqwise.task.defaults.rocket_defaults import check_rocket
from seqwise.task.defaults.tfidf_defaults import check_tfidf

__all__ = ["check_fit"]


def check_fit(config: Config, spec: DataSpec) -> None:
    """Refuses settings that would be read and have no effect on these data.

    What only another encoder has was refused before; see `seqwise.config.model_sections`. Only values that are neither
    empty nor the default: the config of a run, which may be given again, has them all.

    Raises:
        ConfigError: naming the setting and why it has no effect.
    """
    _check_targets(config, spec)
    _check_encoder(config, spec)
    defaults = Config()
    for key, reason in _idle(config, spec).items():
        section, name = key.split(".")
        value, default = (getattr(getattr(one, section), name, None) for one in (config, defaults))
        is_off = value is None or ((not value or value == "none") and not _is_choice(key, config))
        if not is_off and value != default:
            raise ConfigError(f"{key} is {setting_text(value)}, but {reason}\n  Leave it out; it would change nothing.")


def _is_choice(key: str, config: Config) -> bool:
    """Whether 0 or false, too, says how a model is trained, which an encoder that is not would ignore."""
    return key == "train.thresholds" or (config.model.is_convex and key.startswith("train."))


def _idle(config: Config, spec: DataSpec) -> dict[str, str]:
    """By key, why a setting has no effect."""
    return {**_of_files(config), **_of_input(config, spec), **_of_targets(config, spec), **config.model.idle}


def _of_files(config: Config) -> dict[str, str]:
    dev, test = config.data.dev, config.data.test
    own_test = "test has a file of its own" if test else "with a dev file, and none for test, nothing is cut"
    found = {"data.dev_fraction": "dev has a file of its own"} if dev else {}
    return found | ({"data.test_fraction": own_test} if dev or test else {})


def _of_input(config: Config, spec: DataSpec) -> dict[str, str]:
    if spec.input.is_series:
        found = {
            "input.lower": "a series has no letters",
            "input.min_count": "a series has no symbols",
            "input.affixes": "a series has no words",
            "input.symbol_dropout": "a series has no symbols",
            "input.vectors": "a series has no words",
        }
    else:
        found = {
            "data.gaps": "only a numeric series has gaps to fill",
            "input.differences": "only a numeric series has changes from step to step",
            "input.normalise": "only a numeric series is scaled",
        }
    if config.model.is_folder or spec.input.kind in ("characters", "bytes", "series"):
        kind = "subword tokens" if config.model.is_folder else spec.input.kind
        found["input.characters"] = f"the input is {kind}, and words alone are spelled"
    if not config.input.vectors:
        found |= dict.fromkeys(("input.vector_words", "input.vectors_trained"), "there is no input.vectors")
    return found | _of_ngrams(config, spec)


def _of_ngrams(config: Config, spec: DataSpec) -> dict[str, str]:
    pooled = any(not target.per_step for target in spec.targets)
    found: dict[str, str] = {}
    if spec.input.is_series or not pooled:
        reason = "only symbols with a label per sequence are read as n-grams"
        found = dict.fromkeys(("input.ngrams", "input.character_ngrams"), reason)
    if found or (config.input.ngrams, config.input.character_ngrams) == (0, 0):
        found |= dict.fromkeys(("input.ngram_limit", "model.bag", "model.regression"), "no n-grams are read")
        found["model.ngram_dropout"] = "the network reads no n-grams"
    elif config.model.get("bag") == 0:
        found["model.ngram_dropout"] = "the network reads no n-grams"
    return found


def _of_targets(config: Config, spec: DataSpec) -> dict[str, str]:
    """What only other targets heed."""
    pooled = [target for target in spec.targets if not target.per_step]
    pooling = config.model.get("pooling")
    found: dict[str, str] = {}
    if not pooled:
        found["model.pooling"] = "every target has a label per step, and nothing is pooled"
    if not pooled or "attention" not in ({pooling} if isinstance(pooling, str) else set((pooling or {}).values())):
        found["model.attention_size"] = "no target is pooled by attention"
    if not spec.input.is_series or len(pooled) == len(spec.targets):
        found["model.context_window"] = "only a numeric series with a label per time step has a context window"
    if not any(target.kind == "multilabel" for target in spec.targets):
        found["train.thresholds"] = "no target has any number of labels"
    if config.train.optimizer == "adam":
        found["train.weight_decay"] = "only adamw decays weights, and train.optimizer is adam"
    return found | _of_crf(config, spec)


def _of_crf(config: Config, spec: DataSpec) -> dict[str, str]:
    tagged = [target for target in spec.targets if target.kind == "tags"]
    crf = config.loss.crf
    if not tagged:
        return {"loss.crf": "no target has one label per step"}
    chosen = crf.values() if isinstance(crf, dict) else [bool(crf)]
    if len(tagged) < len(spec.targets) or not all(chosen):
        return {}
    trained = "loss.crf trains the tags as a chain, which has no"
    return {"loss.class_weight": f"{trained} class weights", "loss.label_smoothing": f"{trained} label smoothing"}


def _check_targets(config: Config, spec: DataSpec) -> None:
    """Refuses what names other targets than there are."""
    pooled = [target.name for target in spec.targets if not target.per_step]
    tagged = [target.name for target in spec.targets if target.kind == "tags"]
    pooling, crf = config.model.get("pooling"), config.loss.crf
    if pooled and isinstance(pooling, dict):
        missing = "model.pooling has none for {names}; name one per target, or one for all"
        _check_names("model.pooling", pooling, pooled, "pooled target", missing)
    if tagged and isinstance(crf, dict):
        missing = "loss.crf says nothing of {names}; give one per target of tags, or one for all"
        _check_names("loss.crf", crf, tagged, "target of tags", missing)


def _check_encoder(config: Config, spec: DataSpec) -> None:
    """Refuses data that the encoder cannot read."""
    model = config.model
    if model.is_folder and spec.input.kind not in ("words", "whitespace", "tokens"):
        raise ConfigError(
            f"model.encoder is '{model.encoder}', whose model reads words, but the input is {spec.input.kind}"
            "\n  For text, --kind whitespace makes words of it."
        )
    if model.encoder == ROCKET:
        check_rocket(spec)
    if model.encoder == TFIDF:
        check_tfidf(config, spec)
    if model.encoder == BAG and model.get("bag") == 0:
        raise ConfigError(f"model.bag is 0, but the encoder is {BAG}, which reads n-grams alone\n  Leave it out.")


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
