"""Writes settings.md from the config and the flags of `seqwise train`; a test compares the two.

python docs/make_settings.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from seqwise.config import Config, Flag, encoders_with, metadata_of

__all__ = ["settings_page"]

_PAGE = Path(__file__).with_name("settings.md")

_HEAD = """# Settings

Every setting of `seqwise train`. A key stands in a YAML file (`--config FILE`) under its section, on the command line
as `--set section.name=value`, and as a flag where the table names one. Flags and `--set` win over the file; a flag and
`--set` that give one setting two values are refused, and so is a setting that would change nothing on the data at hand.
Each encoder has settings of its own, and refuses those that only other encoders have. Keys that had another name in an
earlier version are accepted, with a warning that says the new one.
Where no default is named, the value is decided from the data or there is none; the run's `config.yaml` holds every
value, and the reason where one was decided.

This page is made by `python docs/make_settings.py`.
"""

_TYPES = {"array": "list", "object": "mapping", "string": "text", "boolean": "`true`, `false`"}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def settings_page() -> str:
    """The page: a table for each section of the config."""
    lines = [_HEAD]
    for section, described in Config():
        kind: Any = type(described)
        schema, is_model = kind.model_json_schema(), section == "model"
        heading = ["key", "flag", "default", "values", *(["encoders"] if is_model else []), "meaning"]
        lines += [f"## {section}", "", schema["description"], ""]
        lines += ["| " + " | ".join(heading) + " |", "|---" * len(heading) + "|"]
        for name, field in schema["properties"].items():
            cells = [f"`{section}.{name}`", _flag(kind, name), _default(field["default"]), _values(kind, name, field)]
            cells += [_encoders(name)] if is_model else []
            lines.append("| " + " | ".join([*cells, field["description"]]) + " |")
        lines.append("")
    return "\n".join(lines)


def _flag(section: Any, name: str) -> str:
    """The flags that set it."""
    if name == "train":
        return "`DATA`"
    flag = metadata_of(section, name, Flag)
    return "" if flag is None else " ".join(f"`{word}`" for word in flag.words.split("/"))


def _encoders(name: str) -> str:
    """The encoders that have a setting of the model."""
    return "all" if name == "encoder" else ", ".join(encoders_with(name))


def _default(value: Any) -> str:
    """The default as YAML; nothing where it is decided later."""
    if value is None:
        return ""
    text = yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n").strip()
    return f"`{text}`"


def _values(section: Any, name: str, field: dict[str, Any]) -> str:
    """What a setting may be; `field` is JSON Schema."""
    if section.model_fields[name].annotation is type(None):  # the encoder, which is no choice while it is left open
        return "text"
    choices = [choice for choice in field.get("anyOf", [field]) if choice.get("type") != "null"]
    return " or ".join(map(_choice, choices))


def _choice(schema: dict[str, Any]) -> str:
    if words := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return ", ".join(f"`{word}`" for word in words)
    limits = ", ".join(f"{sign} {schema[name]}" for name, sign in _BOUNDS.items() if name in schema)
    return f"{_TYPES.get(schema['type'], schema['type'])} {limits}".strip()


if __name__ == "__main__":
    _PAGE.write_text(settings_page(), encoding="utf-8")
