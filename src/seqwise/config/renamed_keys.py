"""Keys of settings as earlier versions called them, and the keys that they have now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from seqwise.config.setting_text import setting_text
from seqwise.errors import ConfigError

__all__ = ["RENAMED", "current_key", "with_current_keys"]

RENAMED: Mapping[str, str] = MappingProxyType(
    {
        "input.parts": "input.affixes",
        "input.sign_ngrams": "input.character_ngrams",
        "model.surroundings": "model.context_window",
        "model.summaries": "model.summary_statistics",
    }
)
"""Former key -> key."""


def current_key(key: str, say: Callable[[str], None] | None = None) -> str:
    """What a key is called today.

    Examples:
        >>> current_key("input.parts"), current_key("input.affixes")
        ('input.affixes', 'input.affixes')
    """
    if key in RENAMED and say is not None:
        say(f"warning: the setting {key} is now called {RENAMED[key]}; write that")
    return RENAMED.get(key, key)


def with_current_keys(plain: Mapping[str, Any], say: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Plain nested values of one source under the keys of today.

    Args:
        plain: sections and their settings; what is no section stays as it is.
        say: is given a message for each former key.

    Examples:
        >>> with_current_keys({"input": {"parts": 9}}, print)
        warning: the setting input.parts is now called input.affixes; write that
        {'input': {'affixes': 9}}

    Raises:
        ConfigError: a former key and the one of today have two values.
    """
    current = {name: dict(section) if isinstance(section, Mapping) else section for name, section in plain.items()}
    _replace_buckets(current.get("input"))
    for former, key in RENAMED.items():
        name, _, before = former.partition(".")
        section, now = current.get(name), key.partition(".")[2]
        if not isinstance(section, dict) or before not in section:
            continue
        value = section.pop(before)
        if section.setdefault(now, value) != value:
            raise ConfigError(
                f"{former} is the former name of {key}, and they have two values: {setting_text(value)} and "
                f"{setting_text(section[now])}\n  Give {key} alone."
            )
        current_key(former, say)
    return current


def _replace_buckets(section: Any) -> None:
    """Takes `affix_buckets` out, once the size of a table of affixes; 0 for none."""
    if isinstance(section, dict) and "affix_buckets" in section and not section.pop("affix_buckets"):
        section.setdefault("affixes", 0)
