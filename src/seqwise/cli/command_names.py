"""Resolves command names; `help` shows the help, and the error for an unknown name suggests the right one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

__all__ = ["CommandNames"]


class CommandNames(TyperGroup):
    """The group of all commands, by name."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command; Ctrl-C ends it with a message, which click omits."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("stopped", err=True)
            ctx.exit(130)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """The command that the first argument names, and the remaining arguments."""
        if args == ["help"]:
            typer.echo(ctx.get_help())
            ctx.exit()
        if args[0] == "help":
            args = [args[1], "--help"]
        if args[0] not in self.commands and not args[0].startswith("-"):
            ctx.fail(f"No such command '{args[0]}'. {self._advice(args[0])}")
        found: tuple[Any, Any, list[str]] = super().resolve_command(ctx, args)
        return found

    def _advice(self, word: str) -> str:
        from seqwise.errors import did_you_mean

        if Path(word).is_file():
            return f"It is a file; the command comes before it: seqwise train {word}."
        if Path(word).is_dir():
            return f"It is a folder; the command comes before it, such as seqwise evaluate {word} FILE."
        return did_you_mean(word.lower(), self.commands) or f"The commands are {', '.join(self.commands)}."
