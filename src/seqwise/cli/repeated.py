"""A command that rejects a flag given twice if it takes one value, so that no value is silently dropped."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

__all__ = ["StrictCommand"]


class StrictCommand(TyperCommand):
    """A command whose flags may be given only once, unless they collect several values."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parses arguments as click does, after a check for repeated flags.

        Raises:
            ConfigError: a flag that takes one value is given twice.
        """
        from seqwise.errors import ConfigError

        options, _, order = self.make_parser(ctx).parse_args(args=list(args))
        seen: set[str] = set()
        for parameter in order:
            if parameter.param_type_name != "option" or parameter.multiple:
                continue
            name = str(parameter.name)
            if name in seen:
                flag = "/".join((*parameter.opts, *parameter.secondary_opts))
                raise ConfigError(f"{flag} is given twice on the command line, but takes only one value: give it once")
            seen.add(name)
        _refuse_two_values(options.get("settings") or [])
        return super().parse_args(ctx, args)


def _refuse_two_values(settings: list[str]) -> None:
    """Raises if `--set` gives one key two values, since only the last would count."""
    from seqwise.errors import ConfigError

    given: dict[str, str] = {}
    for setting in settings:
        key, _, value = (part.strip() for part in setting.partition("="))
        if given.setdefault(key, value) != value:
            raise ConfigError(f"--set gives {key} two values, {given[key]} and {value}; give it once")
