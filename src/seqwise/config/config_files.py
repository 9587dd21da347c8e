"""Reads settings from YAML and from KEY=VALUE, and writes config.yaml."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from seqwise.config.config_errors import parse_config
from seqwise.config.renamed_keys import current_key, with_current_keys
from seqwise.config.sections import Config
from seqwise.errors import ConfigError

__all__ = ["check_units", "dump_config", "load_config", "override", "read_setting"]


_MOST_BYTES = 1 << 24
_MOST_VALUES = 100_000


class _Loader(yaml.SafeLoader):
    """YAML whose keys are the text that stands there: a label `yes` or `1` stays what it is."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                key.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep)


def load_config(path: str | Path, say: Callable[[str], None] | None = None) -> dict[str, Any]:
    """The plain nested values of a YAML file, under the keys of today.

    Args:
        path: of the file.
        say: is given a message for each key of an earlier version.

    Raises:
        ConfigError: no such file, not YAML with sections, or a setting that cannot be.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the config {path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(content) > _MOST_BYTES:
        raise ConfigError(f"the config {path} is larger than {_MOST_BYTES >> 20} MiB: is it another file?")
    plain = read_setting(text, f"the config {path}")
    if not isinstance(plain, dict):
        raise ConfigError(f"the config {path} must hold sections such as 'model:' with settings below them")
    plain = {name: {} if section is None else section for name, section in plain.items()}  # empty, or all comments
    try:
        plain = with_current_keys(plain, say)
        parse_config(plain)
    except ConfigError as error:
        raise ConfigError(f"the config {path}: {error}") from None
    return plain


def override(
    plain: dict[str, Any], assignments: Sequence[str], say: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """The plain values with `a.b=c` assignments applied; values are read as YAML.

    Args:
        plain: nested values under the keys of today.
        assignments: what is set.
        say: is given a message for each key of an earlier version.

    Examples:
        >>> override({}, ["model.hidden=64"])
        {'model': {'hidden': 64}}

    Raises:
        ConfigError: an assignment without `=`, or a section set like a value.
    """
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise ConfigError(f"--set takes KEY=VALUE, such as model.hidden=64; got '{assignment}'")
        section = plain
        *parents, name = current_key(key.strip(), say).split(".")
        for parent in parents:
            section = section.setdefault(parent, {})
            if not isinstance(section, dict):
                raise ConfigError(f"--set {assignment}: '{parent}' holds a value, not settings")
        section[name] = read_setting(text, f"--set {assignment}")
    return plain


def read_setting(text: str, place: str) -> Any:
    """The value that a text means as YAML; keys stay text.

    Examples:
        >>> read_setting("{yes: 2, 1: 3}", "--class-weight")
        {'yes': 2, '1': 3}

    Raises:
        ConfigError: text that is no YAML.
    """
    try:
        value = yaml.load(text, _Loader)
    except RecursionError:
        raise ConfigError(f"{place}: lists or sections are nested too deeply") from None
    except (yaml.YAMLError, ValueError, TypeError, OverflowError) as error:  # a date or number that there is not
        problem = getattr(error, "problem", None) or str(error)
        raise ConfigError(f"{place}: the value cannot be read as YAML: {problem[:200]}") from None
    _check_size(value, place)
    return value


def _check_size(value: Any, place: str) -> None:
    """Refuses values that are few lines of YAML and billions of items, or contain themselves, by aliases."""
    waiting, seen = [value], 0
    while waiting:
        seen += 1
        one = waiting.pop()
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list | tuple) else ()
        if seen + len(waiting) > _MOST_VALUES:
            raise ConfigError(f"{place}: there are more than {_MOST_VALUES:,} values, aliases counted as they stand")


def dump_config(config: Config, inferred: Mapping[str, str]) -> str:
    """The config as YAML; `inferred` maps keys such as `train.max_epochs` to why they have their value."""
    lines: list[str] = []
    for name, section in config:
        lines.append(f"{name}:")
        for key, value in section:
            text = yaml.safe_dump(_plain(value), default_flow_style=True, allow_unicode=True, width=10**6)
            text = text.removesuffix("...\n").strip()
            reason = inferred.get(f"{name}.{key}")
            lines.append(f"  {key}: {text}" + (f"  # {reason}" if reason else ""))
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def check_units(plain: dict[str, Any]) -> None:
    """Refuses a budget that a person wrote without a unit: `5` is read as seconds, and hardly meant so.

    Raises:
        ConfigError: with the three ways to write it.
    """
    section = plain.get("train")
    budget = str(section.get("budget")).strip() if isinstance(section, dict) else ""
    if re.fullmatch(r"\d+(\.\d+)?", budget):
        raise ConfigError(
            f"train.budget is {budget}, without a unit\n"
            f"  Write {budget}s, {budget}m or {budget}h: seconds, minutes or hours."
        )
