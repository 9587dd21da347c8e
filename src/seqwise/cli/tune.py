"""`seqwise tune`: searches for the settings that suit a file of labelled sequences, within a time budget."""

from __future__ import annotations

import json
import shlex
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from seqwise.cli.given_config import given_config
from seqwise.cli.setting_options import given_flags, with_setting_flags
from seqwise.cli.train import _command, _stem, _stopping

if TYPE_CHECKING:
    from seqwise.cli.watch import Watch
    from seqwise.config import Config
    from seqwise.tuning import Tuned
    from seqwise.tuning.tune_folder import TuneFolder

__all__ = ["tune"]

_Texts = Optional[list[str]]  # noqa: UP045 - typer reads the annotation


@with_setting_flags(without=["train.budget"])
def tune(
    context: typer.Context,
    data: Annotated[
        _Texts,
        typer.Argument(
            help="Files of labelled sequences, folders with a folder of texts per label, or parallel files: "
            "NAME=FILE,NAME=FILE.",
            show_default=False,
        ),
    ] = None,
    time_budget: Annotated[str, typer.Option("--budget", help="Time for the whole search: 90s, 10m, 1h.")] = "10m",
    trials: Annotated[Optional[int], typer.Option(help="Maximum number of trials, within the budget.", min=1)] = None,  # noqa: UP045
    folder: Annotated[Optional[Path], typer.Option(help="The folder of the search; tunes/NAME-1 by default.")] = None,  # noqa: UP045
    resume: Annotated[bool, typer.Option("--resume", help="Resume the search in the folder.")] = False,
    config: Annotated[Optional[Path], typer.Option(help="A YAML file of settings.")] = None,  # noqa: UP045
    settings: Annotated[_Texts, typer.Option("--set", help="Any setting: --set model.hidden=64.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print tune.json on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors, and what --json asks for.")] = False,
    **_: Any,
) -> None:
    """Search for the settings that suit your data, within a time budget; only dev figures count.

    What you set, by a flag, --set or --config, stays as it is. The result is a config for `seqwise train --config`.
    """
    with _stopping("stopped", quiet):
        from seqwise.cli.watch import Watch
        from seqwise.config import check_units, seconds_of
        from seqwise.errors import ConfigError
        from seqwise.runs.run_folder import next_run_folder
        from seqwise.tuning.journal import require_optuna
        from seqwise.tuning.tune_folder import TuneFolder

        check_units({"train": {"budget": time_budget}})
        watch, budget = Watch(quiet), seconds_of(time_budget)
        require_optuna()
        if not resume:
            given, start = given_config(context, data or [], settings or [], config, None, watch.say)
            place = TuneFolder(folder or next_run_folder(_stem(given.data.train), Path("tunes")))
            place.check_free()
        elif folder is None:
            raise ConfigError("--resume needs the folder of the search: seqwise tune --folder DIR --resume")
        elif data or settings or config or given_flags(context, []):
            raise ConfigError("a resumed search keeps its settings; leave out all flags except --budget and --trials")
        else:
            place = TuneFolder(folder.resolve())
            given, start = place.given()
        with chdir(start):
            tuned = _searched(given, place, budget, trials, watch)
        _show(tuned, as_json, watch)


def _searched(given: Config, place: TuneFolder, budget: float, trials: int | None, watch: Watch) -> Tuned:
    from seqwise.training.interrupts import Interrupted
    from seqwise.tuning import tune as search

    go_on = f"stopped; resume with: {place.resume_command}"
    try:
        with _stopping(go_on, watch.quiet), watch:
            watch.say(f"folder of the search: {place.path}")
            return search(given, place, budget=budget, watch=watch, trials=trials, command=_command())
    except Interrupted:
        watch.say(go_on)
        raise typer.Exit(130) from None


def _show(tuned: Tuned, as_json: bool, watch: Watch) -> None:
    from seqwise.cli.watch import show_table
    from seqwise.tuning.tune_text import closing_lines, figure_rows

    default, best = tuned.default, tuned.best
    if as_json:
        typer.echo(json.dumps(tuned.to_json(), ensure_ascii=False))
    elif not watch.quiet:
        named = [("defaults", default)] + ([(f"trial {best.number}", best)] if best.number != default.number else [])
        show_table(*figure_rows(tuned.deciding, named, list(tuned.metrics.values())[: len(named)]))
    for line in closing_lines(tuned.deciding, default, best, tuned.trials, tuned.metrics["default"]):
        watch.say(line)
    watch.say(f"train with it: seqwise train --config {shlex.quote(str(tuned.folder.best))}")
    watch.say(f"or use the trained model: {tuned.folder.trial(best.number).path}")
