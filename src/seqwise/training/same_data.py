"""The command that trains another model on the data of a task: the same rows, split and targets."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from seqwise.config import Config, read_setting
from seqwise.errors import ConfigError
from seqwise.task.prepare import Task

__all__ = ["FLAGS", "command_with"]

FLAGS: Mapping[str, str] = MappingProxyType(
    {
        "data.dev": "--dev",
        "data.test": "--test",
        "data.format": "--format",
        "data.label": "--label",
        "data.outputs": "--outputs",
        "data.multilabel": "--multilabel",
        "data.missing": "--missing",
        "data.id": "--id",
        "data.group": "--group",
        "input.text": "--text",
        "input.tokens": "--tokens",
        "input.kind": "--kind",
        "train.device": "--device",
        "train.effort": "--effort",
        "train.metric": "--metric",
        "train.seed": "--seed",
    }
)
"""Settings that a flag of `seqwise train` takes as they are, one value each time it is given."""
_OF_INPUT = ("text", "tokens", "kind", "lower")
_OF_TRAINING = ("effort", "metric", "seed", "thresholds", "device")
_NOT_OF_DATA = ("train", "cache", "cache_folder")


def command_with(task: Task, encoder: str) -> str:
    """A `seqwise train` command with this encoder, for the data of a task as its person described them.

    Settings that were found are left out: they will be found again. So are those of a model that another encoder has
    no use for.
    """
    words = ["seqwise", "train", *(f"./{name}" if name.startswith("-") else name for name in task.config.data.train)]
    for key, value in _given(task):
        words += _words(key, value)
    return shlex.join([*words, "--encoder", encoder])


def _given(task: Task) -> Iterator[tuple[str, Any]]:
    """By key, the settings of the data that somebody chose."""
    defaults = Config()
    kept = {
        "data": [name for name in type(defaults.data).model_fields if name not in _NOT_OF_DATA],
        "input": _OF_INPUT,
        "train": _OF_TRAINING,
    }
    for section, names in kept.items():
        for name in names:
            key, value = f"{section}.{name}", getattr(getattr(task.config, section), name)
            if key not in task.inferred and value != getattr(getattr(defaults, section), name):
                yield key, value


def _words(key: str, value: Any) -> list[str]:
    values = value if isinstance(value, tuple) else (value,)
    if key in FLAGS and all(isinstance(each, str | int) and each != "" for each in values):
        return [word for each in values for word in (FLAGS[key], str(each))]
    plain = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and _is_read_back(value):
        plain = value
    return ["--set", f"{key}={plain}"]


def _is_read_back(text: str) -> bool:
    """Whether a text is read as itself where settings are read."""
    try:
        return bool(read_setting(text, text) == text)
    except ConfigError:
        return False
