"""Decides every setting that was left open, from the amount and the kind of the data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from seqwise.config import ENCODER_SECTIONS, Config, ModelConfig, OpenConfig, parse_config, setting_text
from seqwise.data.spec import DataSpec
from seqwise.data.store import Store
from seqwise.nn import ROCKET
from seqwise.task.defaults.class_weight_defaults import weight_choices
from seqwise.task.defaults.common_defaults import common_choices
from seqwise.task.defaults.crf_defaults import crf_choices
from seqwise.task.defaults.data_statistics import Choice, Choices, DataStatistics, expected_sequences
from seqwise.task.defaults.effort_defaults import effort_choices
from seqwise.task.defaults.encoder_defaults import encoder_choices
from seqwise.task.defaults.ngram_defaults import ngram_choices
from seqwise.task.defaults.series_defaults import series_choices, suits_rocket
from seqwise.task.defaults.tag_defaults import tag_choices
from seqwise.task.defaults.text_defaults import text_choices

__all__ = ["dev_fraction", "effort_note", "is_open", "resolve"]

ENCODER, USUAL_ENCODER = "model.encoder", "lstm"


def resolve(config: Config, facts: DataStatistics) -> tuple[Config, dict[str, str]]:
    """The config with every open value decided, and the reasons.

    What is special goes before what is general: the choices for the encoder, for the kind of data, for the effort, then
    for all data.
    """
    choices = _found_columns(config, facts.spec) | {
        key: choice for key, choice in _choices(config, facts).items() if is_open(config, key)
    }
    inferred = {key: choice.reason for key, choice in choices.items()}
    updates: dict[str, dict[str, Any]] = {}
    for key, choice in choices.items():
        section, name = key.split(".")
        updates.setdefault(section, {})[name] = choice.value
    config = config.model_copy(update={"model": _model(config, choices)[0]})
    updates.get("model", {}).pop("encoder", None)
    sections = {name: getattr(config, name).model_copy(update=values) for name, values in updates.items()}
    return config.model_copy(update=sections), inferred


def is_open(config: Config, key: str) -> bool:
    """Whether nobody said what a setting such as `model.encoder` should be; a value equal to the default was said."""
    name, _, setting = key.partition(".")
    section = getattr(config, name)
    value = getattr(section, setting, None)
    return value is None or (setting not in section.model_fields_set and key != ENCODER)


def dev_fraction(config: Config, store: Store) -> float:
    """The fraction of the training rows that becomes dev where no file is: none for `rocket`, unless a person set it.

    It is decided before the others, since they are decided by what is left to train on.

    Args:
        config: as a person gave it.
        store: the rows.
    """
    is_rocket = config.model.encoder == ROCKET
    if is_open(config, ENCODER):
        is_rocket = suits_rocket(store.spec, expected_sequences(store, config.data)) and _is_unopposed(config, ROCKET)
    return 0.0 if is_rocket and is_open(config, "data.dev_fraction") else config.data.dev_fraction


def effort_note(config: Config, facts: DataStatistics) -> list[str]:
    """What an effort other than `minutes` chose differently, in a sentence; none where nothing was."""
    if facts.effort == "minutes":
        return []
    usual = _choices(config, replace(facts, effort="minutes"))
    defaults = Config()
    changed = [
        f"{key} {setting_text(choice.value)}"
        for key, choice in _choices(config, facts).items()
        if is_open(config, key) and choice.value != (usual[key].value if key in usual else _value(defaults, key))
    ]
    return [f"effort {facts.effort}: {', '.join(changed)}"] if changed else []


def _value(config: Config, key: str) -> Any:
    section, name = key.split(".")
    return getattr(getattr(config, section), name)


def _choices(config: Config, facts: DataStatistics) -> Choices:
    """What is decided of the settings that the encoder has."""
    special = series_choices if facts.input.is_series else tag_choices if facts.is_per_step else text_choices
    found = special(facts)
    model, is_chosen = _model(config, found)
    config = config.model_copy(update={"model": model})
    choices = common_choices(facts) | crf_choices(config.loss, facts) | effort_choices(config, facts) | found
    choices |= weight_choices(config, facts) | ngram_choices(config, facts)
    own = {f"model.{name}" for name in type(model).model_fields}
    choices = {
        key: choice
        for key, choice in choices.items()
        if key not in model.idle and (key in own or not key.startswith("model.")) and (key != ENCODER or is_chosen)
    }
    return choices | encoder_choices(model, facts)


def _model(config: Config, found: Choices) -> tuple[ModelConfig, bool]:
    """The model with an encoder: of the person, else the one for such data, else the usual one.

    Also returns whether it is the one for such data.

    The one for such data is not chosen where somebody set what it does not heed.

    Raises:
        ConfigError: a setting that the usual encoder does not have.
    """
    if not is_open(config, ENCODER):
        return config.model, False
    if ENCODER in found and _is_unopposed(config, found[ENCODER].value):
        return _with_encoder(config.model, found[ENCODER].value), True
    return _with_encoder(config.model, USUAL_ENCODER), False


def _is_unopposed(config: Config, encoder: str) -> bool:
    """Whether no setting was made that this encoder, which nobody named, does not heed."""
    candidate = ENCODER_SECTIONS[encoder].model_validate({})
    said = {name for name in config.model.model_fields_set if not is_open(config, f"model.{name}")}
    said = {name for name in said if config.model.get(name) or not _is_decided(name)}
    heeded = set(type(candidate).model_fields).difference(candidate.not_asked_for)
    return said <= heeded and all(is_open(config, key) for key in candidate.idle)


def _is_decided(name: str) -> bool:
    """Whether a setting of the model is decided by the data, so that 0 or false means that there is none of it."""
    return OpenConfig.model_fields[name].default is None


def _with_encoder(model: ModelConfig, encoder: str) -> ModelConfig:
    """The settings that were made while the encoder was open, as settings of an encoder."""
    said = {name: getattr(model, name) for name in model.model_fields_set if name != "encoder"}
    return parse_config({"model": {**said, "encoder": encoder}}).model


def _found_columns(config: Config, spec: DataSpec) -> Choices:
    """Settings of `input` and `data` that name the columns which were found."""
    found: dict[str, Any] = {}
    given = config.input
    if given.text is None and given.tokens is None and not spec.input.is_series:
        found["input.tokens" if spec.input.kind == "tokens" else "input.text"] = spec.input.column
    odd = any(mark in column for target in spec.targets for column in target.columns for mark in ",*?[")
    if not odd and not (config.data.label or config.data.tags or config.data.outputs or config.data.multilabel):
        for target in spec.targets:
            key = f"data.{target.kind}"
            found[key] = (*found.get(key, ()), ",".join(target.columns))
    if config.data.id is None:
        found["data.id"] = spec.id_column or "none"
    choices = {key: Choice(value, "detected") for key, value in found.items()}
    if given.kind == "auto":
        choices["input.kind"] = Choice(spec.input.kind, "from the cells")
    return choices
