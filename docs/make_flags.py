"""Writes the table of flags that are settings from the sections of the config; a test compares the two.

A table, so that `--help` need not load the config. python docs/make_flags.py
"""

from __future__ import annotations

from pathlib import Path

from seqwise.config import ENCODER_SECTIONS, Config, Flag, flag_form, metadata_of

__all__ = ["flags_module"]

_HEAD = '''"""Every flag that is a setting: its key, the flag, the form of its values, its help and its panel.

Made by `python docs/make_flags.py` from the sections of `seqwise.config`.
"""

from __future__ import annotations

__all__ = ["SETTING_FLAGS"]

SETTING_FLAGS = (
'''


def flags_module() -> str:
    """The text of `seqwise.cli.setting_flags`."""
    found: list[tuple[int, tuple[str, ...]]] = []
    for name, section in Config():
        kind = type(section)
        for field in kind.model_fields:
            if (flag := metadata_of(kind, field, Flag)) is not None:
                form = flag_form(kind.model_fields[field].annotation, commas=flag.commas)
                text = flag.help.replace("{encoders}", ", ".join(ENCODER_SECTIONS))
                found.append((flag.place, (f"{name}.{field}", flag.words, form, text, flag.panel)))
    return _HEAD + "".join(_row(row) for _, row in sorted(found)) + ")\n"


def _row(row: tuple[str, ...]) -> str:
    """One flag, as ruff would write it."""
    cells = ['"' + cell.replace("\\", "\\\\").replace('"', '\\"') + '"' for cell in row]
    line = f"    ({', '.join(cells)}),\n"
    return line if len(line) <= 121 else "    (\n" + "".join(f"        {cell},\n" for cell in cells) + "    ),\n"


def module_path() -> Path:
    """Where that module is."""
    import seqwise

    return Path(seqwise.__file__).parent / "cli" / "setting_flags.py"


if __name__ == "__main__":
    module_path().write_text(flags_module(), encoding="utf-8")
