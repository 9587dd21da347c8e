"""The config of a command: flags and `--set` override a config file, or the settings of a resumed run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from seqwise.cli.setting_options import SETTINGS, given_flags

if TYPE_CHECKING:
    from seqwise.config import Config
    from seqwise.runs.run_folder import RunFolder

__all__ = ["given_config"]


def given_config(
    context: typer.Context,
    data: list[str],
    settings: list[str],
    config: Path | None,
    resumed: RunFolder | None,
    say: Callable[[str], None],
) -> tuple[Config, Path]:
    """The config of the flags, on top of the config file, and the folder that its paths are relative to.

    A resumed run keeps its settings.

    Args:
        context: context of the command, with its flags.
        data: training files.
        settings: values of `--set`.
        config: a config file.
        resumed: the run to resume.
        say: called with a warning for each key of an earlier version.

    Raises:
        ConfigError: a setting that is invalid, is given twice, or differs from that of the resumed run.
    """
    from seqwise.config import check_units, load_config, override, parse_config
    from seqwise.errors import ConfigError
    from seqwise.runs.resume import saved_settings, start_folder

    flags = given_flags(context, data)
    _check_given_once(flags, settings)
    if resumed is None or not (resumed.path / "config.yaml").exists():
        plain = load_config(config, say) if config else {}
        merged = override(_with_flags(plain, flags), settings, say)
        check_units(merged)
        return parse_config(merged), Path.cwd()
    if config is not None:
        raise ConfigError("a resumed run keeps its settings; leave --config out, or start a new run without --resume")
    plain = saved_settings(resumed)
    before = parse_config(plain)
    start = start_folder(resumed, before)
    for part in ("train", "dev", "test"):
        if names := flags.get(f"data.{part}"):
            flags[f"data.{part}"] = _as_saved(names, getattr(before.data, part), start)
    parsed = parse_config(override(_with_flags(plain, flags), settings, say))
    _check_unchanged(before, parsed)
    return parsed, start


def _with_flags(plain: dict[str, Any], flags: dict[str, Any]) -> dict[str, Any]:
    for key, value in flags.items():
        section, name = key.split(".")
        plain[section] = {**(plain.get(section) or {}), name: value}
    return plain


def _check_given_once(flags: dict[str, Any], settings: list[str]) -> None:
    """Raises if a flag and --set give one setting two values."""
    from seqwise.config import override, setting_text
    from seqwise.errors import ConfigError

    sections = override({}, settings)
    names = {setting.key: setting.flag for setting in SETTINGS} | {"data.train": "DATA"}
    for key, value in flags.items():
        section, name = key.split(".")
        given = sections.get(section)
        if not isinstance(given, dict) or name not in given:
            continue
        other = given[name]
        listed = isinstance(value, list | tuple) and isinstance(other, str)
        if list(value) != [other] if listed else value != other:
            raise ConfigError(
                f"{key} is {setting_text(value)} by {names[key]}, but {setting_text(other)} by --set; give it once"
            )


def _as_saved(names: Sequence[str], saved: Sequence[str], start: Path) -> list[str]:
    """The file names as the run has them, where other names refer to the same files."""
    known = {(start / name).resolve(): name for name in saved}
    return [known.get(Path(name).resolve(), name) for name in names]


def _check_unchanged(before: Config, parsed: Config) -> None:
    from seqwise.config import setting_text
    from seqwise.errors import ConfigError

    changed = [
        f"{name}.{key} is {setting_text(new)}, was {setting_text(getattr(old, key, None))}"
        for (name, section), (_, old) in zip(parsed, before, strict=True)
        for key, new in section
        if new != getattr(old, key, None)
    ]
    if changed:
        raise ConfigError(
            f"a resumed run keeps its settings, but {'; '.join(changed)}\n"
            f"  Leave these flags out, or start a new run without --resume."
        )
