"""A command that refuses a flag given twice where only one value would count: the others would be dropped unseen."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

__all__ = ["StrictCommand"]


class StrictCommand(TyperCommand):
    """A command whose flags stand once each, unless they collect several values."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As click does, after a look at what is repeated.

        Raises:
            ConfigError: a flag that takes one value stands twice.
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
                raise ConfigError(f"{flag} stands twice on the command line, but only one value can count: say it once")
            seen.add(name)
        _refuse_two_values(options.get("settings") or [])
        return super().parse_args(ctx, args)


def _refuse_two_values(settings: list[str]) -> None:
    """Raises where `--set` gives one key two values, of which only the last would count."""
    from seqwise.errors import ConfigError

    said: dict[str, str] = {}
    for setting in settings:
        key, _, value = (part.strip() for part in setting.partition("="))
        if said.setdefault(key, value) != value:
            raise ConfigError(f"--set gives {key} two values, {said[key]} and {value}; say it once")
