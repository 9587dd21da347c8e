"""Decides every setting that was left open, from the amount and the kind of the data; refuses what does not fit it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seqwise.data.spec import DataSpec
from seqwise.data.split import Split
from seqwise.data.store import Store
from seqwise.errors import ConfigError, did_you_mean, listed
from seqwise.training.config import Config, setting_text

__all__ = ["affix_buckets", "batch_tokens", "check_fit", "max_epochs", "resolve"]


def resolve(config: Config, store: Store, split: Split) -> tuple[Config, dict[str, str]]:
    """The config with every open value decided, and the reasons."""
    inferred: dict[str, str] = {}
    spec = store.spec
    steps = int(store.lengths[split.train].sum())
    train: dict[str, Any] = {}
    if config.train.batch_tokens is None:
        train["batch_tokens"] = batch_tokens(steps)
        inferred["train.batch_tokens"] = f"from {steps:,} steps in the training part"
    if config.train.max_epochs is None:
        train["max_epochs"] = max_epochs(len(split.train))
        inferred["train.max_epochs"] = f"from {len(split.train):,} training sequences"
    given, data = _found_columns(config, spec)
    inferred |= {f"data.{key}": "found" for key in data} | {f"input.{key}": "found" for key in given}
    if config.input.kind == "auto":
        given["kind"] = spec.input.kind
        inferred["input.kind"] = "from the cells"
    if config.input.affix_buckets is None:
        given["affix_buckets"] = affix_buckets(spec)
        inferred["input.affix_buckets"] = "words have parts, other symbols have none"
    if config.input.lower is None:
        given["lower"] = spec.input.lower
        inferred["input.lower"] = "words without tags are lower-cased"
    resolved = config.model_copy(
        update={
            "train": config.train.model_copy(update=train),
            "input": config.input.model_copy(update=given),
            "data": config.data.model_copy(update=data),
        }
    )
    return resolved, inferred


def _found_columns(config: Config, spec: DataSpec) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings of `input` and `data` that name the columns which were found."""
    given: dict[str, Any] = {}
    if config.input.text is None and config.input.tokens is None and not spec.input.is_series:
        given["tokens" if spec.input.kind == "tokens" else "text"] = spec.input.column
    data: dict[str, Any] = {}
    odd = any(mark in column for target in spec.targets for column in target.columns for mark in ",*?[")
    if not odd and not (config.data.label or config.data.tags or config.data.outputs or config.data.multilabel):
        for target in spec.targets:
            data[target.kind] = (*data.get(target.kind, ()), ",".join(target.columns))
    if config.data.id is None:
        data["id"] = spec.id_column or "none"
    return given, data


def batch_tokens(steps: int) -> int:
    """About 200 batches per epoch, between 256 and 1024 steps each."""
    return int(np.clip(2 ** round(np.log2(max(steps, 1) / 200)), 256, 1024))


def max_epochs(sequences: int) -> int:
    """Enough passes to show about 150,000 sequences, between 8 and 100 of them."""
    return int(np.clip(150_000 // max(sequences, 1), 8, 100))


def affix_buckets(spec: DataSpec) -> int:
    """Words have parts; characters, bytes and series have none."""
    return 2048 if spec.input.kind in ("words", "whitespace", "tokens") else 0


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
        _check_pooled(pooling, pooled)
    series = spec.input.is_series
    own_test = (
        "test has a file of its own" if config.data.test else "with a dev file, and none for test, nothing is cut"
    )
    idle = {
        "data.dev_fraction": (bool(config.data.dev), "dev has a file of its own"),
        "data.test_fraction": (bool(config.data.dev or config.data.test), own_test),
        "input.lower": (series, "a series has no letters"),
        "input.min_count": (series, "a series has no symbols"),
        "input.affix_buckets": (series, "a series has no words"),
        "input.symbol_dropout": (series, "a series has no symbols"),
        "model.pooling": (not pooled, "every target has a label per step, and nothing is pooled"),
        "model.attention_size": (not pooled or "attention" not in poolings, "no target is pooled by attention"),
        "train.weight_decay": (
            config.train.optimizer == "adam",
            "only adamw decays weights, and train.optimizer is adam",
        ),
    }
    defaults = Config()
    for key, (is_idle, reason) in idle.items():
        section, name = key.split(".")
        value = getattr(getattr(config, section), name)
        if is_idle and value and value != getattr(getattr(defaults, section), name):
            raise ConfigError(f"{key} is {setting_text(value)}, but {reason}\n  Leave it out; it would change nothing.")


def _check_pooled(pooling: Mapping[str, str], pooled: Sequence[str]) -> None:
    for name in pooling:
        if name not in pooled:
            near = did_you_mean(name, pooled)
            raise ConfigError(
                f"model.pooling names '{name}', which is no pooled target. {near}{' ' if near else ''}"
                f"There are {listed(pooled)}."
            )
    if missing := [name for name in pooled if name not in pooling]:
        raise ConfigError(f"model.pooling has none for {listed(missing)}; name one per target, or one for all")
