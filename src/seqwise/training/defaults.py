"""Decides every setting that was left open, from the amount and the kind of the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.data.spec import DataSpec
from seqwise.data.split import Split
from seqwise.data.store import Store
from seqwise.training.config import Config

__all__ = ["affix_buckets", "batch_tokens", "max_epochs", "resolve"]


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
