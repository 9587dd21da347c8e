"""A value of a setting as messages show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["setting_text"]


def setting_text(value: Any) -> str:
    """A value as messages show it.

    Examples:
        >>> setting_text(("a.csv", "b.csv")), setting_text(0.5), setting_text("x"), setting_text(None), setting_text(())
        ("'a.csv', 'b.csv'", '0.5', "'x'", 'not set', 'empty')
    """
    if isinstance(value, list | tuple):
        return ", ".join(map(setting_text, value)) or "empty"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {setting_text(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "not set" if value is None else f"'{value}'" if isinstance(value, str) else str(value)
