"""Builds command flags for settings from the table in `setting_flags`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Annotated, Any, NamedTuple, TypeVar

import typer

from seqwise.cli.setting_flags import SETTING_FLAGS

__all__ = ["SETTINGS", "SettingFlag", "given_flags", "with_setting_flags"]

_Command = TypeVar("_Command", bound=Callable[..., None])
_TYPES: dict[str, Any] = {"bool": bool, "int": int, "float": float, "list": list[str], "one or more": list[str]}
"""The typer type of each form of `seqwise.config.flag_form`; text for other forms."""


class SettingFlag(NamedTuple):
    """A flag that sets a config key.

    Attributes:
        key: the config key.
        words: its declaration for typer, such as `--quote/--no-quote`.
        form: see `seqwise.config.flag_form`.
        help: help text, one sentence.
        panel: heading of its panel in `--help`.
    """

    key: str
    words: str
    form: str
    help: str
    panel: str

    @property
    def flag(self) -> str:
        """The flag as written on the command line."""
        return self.words.partition("/")[0]

    @property
    def name(self) -> str:
        """The name of the command's parameter."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def parameter(self) -> inspect.Parameter:
        """The parameter of a command, for typer."""
        option = typer.Option(self.words, help=self.help, rich_help_panel=self.panel, show_default=False)
        kind: Any = _TYPES.get(self.form, str)
        annotation: Any = Annotated[kind | None, option]
        return inspect.Parameter(
            self.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=annotation
        )

    def read(self, value: Any) -> Any:
        """The value of the setting for a given flag value."""
        if self.form == "commas":
            return value.split(",")
        if self.form == "one or more":
            return value[0] if len(value) == 1 else value
        if self.form == "mapping" and value.lstrip().startswith("{"):
            from seqwise.config import read_setting

            return read_setting(value, f"{self.flag} {value}")
        return value


SETTINGS = tuple(SettingFlag(*row) for row in SETTING_FLAGS)
"""The flags of `seqwise train` that set config keys, in the order of its `--help`."""


def with_setting_flags(without: Iterable[str] = ()) -> Callable[[_Command], _Command]:
    """Adds these flags to a command, after its first two parameters.

    Args:
        without: keys whose flags are left out.
    """
    left_out = set(without)

    def decorated(command: _Command) -> _Command:
        own = inspect.signature(command, eval_str=True).parameters.values()
        first, second, *rest = (one for one in own if one.kind != inspect.Parameter.VAR_KEYWORD)
        shared = [setting.parameter for setting in SETTINGS if setting.key not in left_out]
        parameters = [first, second, *shared, *rest]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {one.name: one.annotation for one in parameters}
        return command

    return decorated


def given_flags(context: typer.Context, data: list[str]) -> dict[str, Any]:
    """The values of the given flags, by config key."""
    given = {setting.key: (setting, context.params.get(setting.name)) for setting in SETTINGS}
    found = {key: setting.read(value) for key, (setting, value) in given.items() if value not in (None, [], ())}
    return found | ({"data.train": data} if data else {})
