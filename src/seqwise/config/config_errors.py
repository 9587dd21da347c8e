"""Checks plain values against the settings, and says in a person's words what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from seqwise.config.model_sections import OpenConfig
from seqwise.config.renamed_keys import with_current_keys
from seqwise.config.sections import Config
from seqwise.config.setting_text import setting_text
from seqwise.errors import ConfigError, did_you_mean, listed

__all__ = ["parse_config"]


def parse_config(plain: Mapping[str, Any]) -> Config:
    """The checked config of plain nested values.

    Raises:
        ConfigError: an unknown key (did you mean), or a value of the wrong kind or out of range.
    """
    try:
        return Config.model_validate(with_current_keys(plain))
    except ValidationError as error:
        by_setting: dict[tuple[Any, ...], list[Any]] = {}
        for problem in error.errors():
            problem["loc"] = _without_encoder(problem["loc"])
            by_setting.setdefault(problem["loc"][:2], []).append(problem)
        raise ConfigError("\n".join(_sentence(problems) for problems in by_setting.values())) from None


def _without_encoder(loc: tuple[Any, ...]) -> tuple[Any, ...]:
    """Where a problem is, without the branch of the union that `model` is."""
    return (loc[0], *loc[2:]) if loc[:1] == ("model",) else loc


def _sentence(problems: Sequence[Any]) -> str:
    """What is wrong with one setting. Of the forms that it may have, those count that the value comes nearest to."""
    deepest = max(len(problem["loc"]) for problem in problems)
    problems = [problem for problem in problems if len(problem["loc"]) == deepest]
    sentences: dict[str, str] = {}
    for problem in problems:
        key = ".".join(_person_path(problem["loc"]))
        if problem["type"] == "extra_forbidden":
            return _unknown_setting(key)
        if problem["type"] == "of_another_encoder":
            return str(problem["msg"])
        if problem["type"] == "value_error":
            return f"{key}: {problem['ctx']['error']}"
        expected = _EXPECTED.sub(lambda found: _WORDS[found[0].split()[0]], problem["msg"])
        before = sentences.get(key)
        sentences[key] = (
            f"{key} is {setting_text(problem['input'])}: {expected[0].lower()}{expected[1:]}"
            if before is None
            else f"{before}, or {expected.removeprefix('Input should be ')}"
        )
    return "\n".join(sentences.values())


_WORDS = {"tuple": "list", "dictionary": "mapping"}
_EXPECTED = re.compile(r"\btuple\b|\bdictionary( or instance of \w+)?")


def _person_path(loc: Sequence[Any]) -> list[str]:
    """The key as a person names it: pydantic also names the branch of a union."""
    path = [str(part) for part in loc]
    return path[:2] + [part for part in path[2:] if not re.fullmatch(r"(literal|dict)\[.*\]|str|tuple", part)]


def _unknown_setting(key: str) -> str:
    prefix, _, name = key.rpartition(".")
    section: Any = Config
    for part in prefix.split(".") if prefix else []:
        section = OpenConfig if part == "model" else section.model_fields[part].annotation
    known = list(section.model_fields)
    hint = did_you_mean(name, known) or f"{prefix or 'A config'} has {listed(known, 30)}."
    return f"there is no setting '{key}'. {hint}"
