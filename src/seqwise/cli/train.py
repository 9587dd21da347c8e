"""`seqwise train`: trains on files of labelled sequences and writes a run folder with a model and a report."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from seqwise.cli.given_config import given_config
from seqwise.cli.setting_options import with_setting_flags
from seqwise.cli.train_result import end_if_diverged, ending

if TYPE_CHECKING:
    from seqwise.cli.watch import Watch
    from seqwise.runs.run_folder import RunFolder
    from seqwise.training.run import Trained
    from seqwise.training.training_plan import Plan

__all__ = ["train"]

_Texts = Optional[list[str]]  # noqa: UP045 - typer reads the annotation


@with_setting_flags()
def train(
    context: typer.Context,
    data: Annotated[
        _Texts,
        typer.Argument(
            help="Files of labelled sequences, folders with a folder of texts per label, or parallel files: "
            "NAME=FILE,NAME=FILE.",
            show_default=False,
        ),
    ] = None,
    run: Annotated[Optional[Path], typer.Option(help="The run folder; runs/NAME-1 by default.")] = None,  # noqa: UP045
    resume: Annotated[bool, typer.Option("--resume", help="Resume the run in the folder, or start it.")] = False,
    config: Annotated[Optional[Path], typer.Option(help="A YAML file of settings.")] = None,  # noqa: UP045
    settings: Annotated[_Texts, typer.Option("--set", help="Any setting: --set model.hidden=64.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report what would be done without doing it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print metrics.json, or the plan, on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors, and what --json asks for.")] = False,
    **_: Any,
) -> None:
    """Train a classifier on files of labelled sequences.

    Columns, targets, split and tokens are detected and reported; flags override them.
    """
    with _stopping("stopped; nothing was trained or written", quiet):
        from seqwise.cli.plan_lines import say_plan, show_plan, show_result
        from seqwise.cli.watch import Watch
        from seqwise.runs.run_folder import RunFolder, new_run_folder, next_run_folder
        from seqwise.training.training_plan import plan_run

        watch = Watch(quiet)
        folder = None if run is None else RunFolder(run)
        if resume and _shows_finished(folder, as_json, watch):
            return
        if folder is not None and not resume and not dry_run:
            folder.check_free()
        resumed = folder if resume else None
        resolved, start = given_config(context, data or [], settings or [], config, resumed, watch.say)
        if folder is not None and start != Path.cwd():
            folder = RunFolder(folder.path.resolve())
            watch.say(f"file paths are relative to {start}, where the run was started")
        with chdir(start):
            plan = plan_run(resolved, watch.say)
        say_plan(plan, watch)
        stem = _stem(resolved.data.train)
        if dry_run:
            show_plan(plan, next_run_folder(stem) if folder is None else folder.path, as_json, watch)
            return
        folder = folder or new_run_folder(stem)
    with chdir(start):
        trained = _trained(plan, folder, resume, watch)
    with _stopping("stopped; the run is finished", quiet):
        watch.say(ending(trained))
        show_result(folder.path, trained.metrics, as_json, watch)
        end_if_diverged(trained.metrics)


@contextmanager
def _stopping(text: str, quiet: bool) -> Iterator[None]:
    """Makes Ctrl-C end the command with this message and the exit status that shells expect."""
    try:
        yield
    except KeyboardInterrupt:
        if not quiet:
            typer.echo(text, err=True)
        raise typer.Exit(130) from None


def _shows_finished(folder: RunFolder | None, as_json: bool, watch: Watch) -> bool:
    """Whether the run to resume is finished, in which case its figures are shown; raises if it cannot be resumed."""
    from seqwise.cli.plan_lines import show_result
    from seqwise.errors import ConfigError
    from seqwise.runs.resume import finished_metrics

    if folder is None:
        raise ConfigError("--resume needs the run folder: seqwise train --run DIR --resume")
    if folder.is_finished:
        metrics = finished_metrics(folder)
        watch.say(f"the run {folder.path} is already finished")
        show_result(folder.path, metrics, as_json, watch)
        end_if_diverged(metrics)
        return True
    folder.check_resumable()
    folder.check_idle()
    return False


def _trained(plan: Plan, folder: RunFolder, resume: bool, watch: Watch) -> Trained:
    from seqwise.training.interrupts import Interrupted
    from seqwise.training.run import train as train_run

    at_once = f"stopped immediately. Resume from the last checkpoint with: {folder.resume_command}"
    try:
        with _stopping(at_once, watch.quiet), watch:
            watch.say(f"run folder: {folder.path}")
            return train_run(plan, folder, resume=resume, progress=watch, command=_command())
    except Interrupted:
        watch.say(f"stopped; everything is saved. Resume with: {folder.resume_command}")
        raise typer.Exit(130) from None


def _command() -> str:
    return shlex.join(["seqwise", *sys.argv[1:]])


def _stem(files: tuple[str, ...]) -> str:
    """The stem of a run's name: its first file, or the folder of a file that is merely called train."""
    from seqwise.data.readers import paths_named

    if not files:
        return "run"
    path = Path(paths_named(files[0])[0])
    stem = path.name.split(".")[0]
    parent = path.parent.name
    return parent if stem.lower() in ("train", "training", "data") and parent else stem
