"""Writes settings.md from the config and the flags of `seqwise train`; a test compares the two.

python docs/make_settings.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer.main
import yaml

from seqwise.cli.app import app
from seqwise.cli.train import _KEYS
from seqwise.config import Config

__all__ = ["settings_page"]

_PAGE = Path(__file__).with_name("settings.md")

_HEAD = """# Settings

Every setting of `seqwise train`. A key stands in a YAML file (`--config FILE`) under its section, on the command line
as `--set section.name=value`, and as a flag where the table names one. Flags and `--set` win over the file; a flag and
`--set` that give one setting two values are refused, and so is a setting that would change nothing on the data at hand.
Where no default is named, the value is decided from the data or there is none; the run's `config.yaml` holds every
value, and the reason where one was decided.

This page is made by `python docs/make_settings.py`.
"""

_TYPES = {"array": "list", "object": "mapping", "string": "text", "boolean": "`true`, `false`"}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def settings_page() -> str:
    """The page: a table for each section of the config."""
    flags = _flags()
    lines = [_HEAD]
    for section, described in Config():
        schema = type(described).model_json_schema()
        lines += [f"## {section}", "", schema["description"], ""]
        lines += ["| key | flag | default | values | meaning |", "|---|---|---|---|---|"]
        for name, field in schema["properties"].items():
            key = f"{section}.{name}"
            cells = (f"`{key}`", flags.get(key, ""), _default(field["default"]), _values(field), field["description"])
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def _flags() -> dict[str, str]:
    """By key, the flags that set it."""
    command: Any = typer.main.get_command(app)
    options = {option.name: [*option.opts, *option.secondary_opts] for option in command.commands["train"].params}
    flags = {key: " ".join(f"`{word}`" for word in options[name]) for name, key in _KEYS.items()}
    return {"data.train": "`DATA`", **flags}


def _default(value: Any) -> str:
    """The default as YAML; nothing where it is decided later."""
    if value is None:
        return ""
    text = yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n").strip()
    return f"`{text}`"


def _values(field: dict[str, Any]) -> str:
    """What a setting may be; `field` is JSON Schema."""
    choices = [choice for choice in field.get("anyOf", [field]) if choice.get("type") != "null"]
    return " or ".join(map(_choice, choices))


def _choice(schema: dict[str, Any]) -> str:
    if words := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return ", ".join(f"`{word}`" for word in words)
    limits = ", ".join(f"{sign} {schema[name]}" for name, sign in _BOUNDS.items() if name in schema)
    return f"{_TYPES.get(schema['type'], schema['type'])} {limits}".strip()


if __name__ == "__main__":
    _PAGE.write_text(settings_page(), encoding="utf-8")
