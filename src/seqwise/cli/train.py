"""`seqwise train`: from a file of labelled sequences to a run folder with a model and a report."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from seqwise.cli.train_result import end_if_diverged, ending

if TYPE_CHECKING:
    from seqwise.cli.watch import Watch
    from seqwise.config import Config
    from seqwise.runs.run_folder import RunFolder
    from seqwise.training.run import Trained
    from seqwise.training.training_plan import Plan

__all__ = ["train"]

_KEYS = {
    "dev": "data.dev",
    "test": "data.test",
    "text": "input.text",
    "tokens": "input.tokens",
    "label": "data.label",
    "tags": "data.tags",
    "outputs": "data.outputs",
    "multilabel": "data.multilabel",
    "missing": "data.missing",
    "unseen": "data.unseen_labels",
    "label_separator": "data.label_separator",
    "id_column": "data.id",
    "group": "data.group",
    "data_format": "data.format",
    "encoding": "data.encoding",
    "delimiter": "data.delimiter",
    "quote": "data.quote",
    "header": "data.header",
    "columns": "data.columns",
    "series_id": "data.series_id",
    "sequence_id": "data.sequence_id",
    "steps": "data.steps",
    "time": "data.time",
    "channels": "data.channels",
    "on_empty": "data.on_empty",
    "kind": "input.kind",
    "vectors": "input.vectors",
    "encoder": "model.encoder",
    "pooling": "model.pooling",
    "hidden": "model.hidden",
    "layers": "model.layers",
    "dropout": "model.dropout",
    "class_weight": "loss.class_weight",
    "label_smoothing": "loss.label_smoothing",
    "effort": "train.effort",
    "learning_rate": "train.learning_rate",
    "batch_tokens": "train.batch_tokens",
    "accumulate": "train.accumulate",
    "max_epochs": "train.max_epochs",
    "patience": "train.patience",
    "metric": "train.metric",
    "budget": "train.budget",
    "ensemble": "train.ensemble",
    "distill": "train.distill",
    "seed": "train.seed",
    "device": "train.device",
}
"""Every flag that is a setting, and its key in the config."""

_TARGETS, _FILES, _MODEL, _TRAINING = "What is predicted", "How files are read", "Model and loss", "Training"
_Text = Optional[str]  # noqa: UP045 - typer reads the annotation
_Texts = Optional[list[str]]  # noqa: UP045
_Number = Optional[int]  # noqa: UP045
_Real = Optional[float]  # noqa: UP045
_Flag = Optional[bool]  # noqa: UP045


def _flag(name: str, text: str, panel: str) -> Any:
    return typer.Option(name, help=text, rich_help_panel=panel, show_default=False)


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
    dev: Annotated[_Texts, _flag("--dev", "A dev file: decides when to stop.", _TARGETS)] = None,
    test: Annotated[_Texts, _flag("--test", "A test file: evaluated once, at the end.", _TARGETS)] = None,
    text: Annotated[_Texts, _flag("--text", "The text column; give it twice to join two columns.", _TARGETS)] = None,
    tokens: Annotated[_Text, _flag("--tokens", "The column of token lists.", _TARGETS)] = None,
    label: Annotated[_Texts, _flag("--label", "A column with one label per sequence.", _TARGETS)] = None,
    tags: Annotated[_Texts, _flag("--tags", "A column with one label per token or time step.", _TARGETS)] = None,
    outputs: Annotated[
        _Texts,
        _flag("--outputs", "Columns such as 'vote_*', each with one label or an empty cell.", _TARGETS),
    ] = None,
    multilabel: Annotated[
        _Texts, _flag("--multilabel", "A column of label lists, or 0/1 columns such as 'is_*'.", _TARGETS)
    ] = None,
    missing: Annotated[_Texts, _flag("--missing", "A word that marks a missing label, such as NA.", _TARGETS)] = None,
    unseen: Annotated[
        _Text, _flag("--unseen", "Dev and test labels that training never saw: wrong, error or add.", _TARGETS)
    ] = None,
    label_separator: Annotated[
        _Text,
        _flag("--label-separator", "Separator of labels in a cell: characters, blank, tab, newline or none.", _TARGETS),
    ] = None,
    id_column: Annotated[_Text, _flag("--id", "The column of row ids.", _TARGETS)] = None,
    group: Annotated[_Text, _flag("--group", "Rows with the same value here stay in the same split.", _TARGETS)] = None,
    data_format: Annotated[
        _Text,
        _flag(
            "--format",
            "csv, tsv, jsonl, parquet, conll, conllu, ts, ucr, fasttext, folder, parallel; detected by default.",
            _FILES,
        ),
    ] = None,
    encoding: Annotated[_Text, _flag("--encoding", "Text encoding, utf-8 by default.", _FILES)] = None,
    delimiter: Annotated[_Text, _flag("--delimiter", "Field delimiter.", _FILES)] = None,
    quote: Annotated[_Flag, _flag("--quote/--no-quote", "Whether fields may be quoted.", _FILES)] = None,
    header: Annotated[_Flag, _flag("--header/--no-header", "Whether the first line is a header.", _FILES)] = None,
    columns: Annotated[_Text, _flag("--columns", "Column names, a,b,c.", _FILES)] = None,
    series_id: Annotated[_Text, _flag("--series-id", "The id column of long-form series.", _FILES)] = None,
    steps: Annotated[
        _Text, _flag("--steps", "One row per series: its columns in order, a,b,c or '*-16'.", _FILES)
    ] = None,
    sequence_id: Annotated[
        _Texts,
        _flag("--sequence-id", "One row per token: the column of sequence ids; twice for document, sentence.", _FILES),
    ] = None,
    time: Annotated[_Text, _flag("--time", "The time column of long-form series.", _FILES)] = None,
    channels: Annotated[_Text, _flag("--channels", "The channels of a series, a,b,c.", _FILES)] = None,
    on_empty: Annotated[
        _Text, _flag("--on-empty", "Rows without text, tokens or steps: skip or error.", _FILES)
    ] = None,
    kind: Annotated[_Text, _flag("--kind", "words, whitespace, characters or bytes.", _MODEL)] = None,
    vectors: Annotated[_Text, _flag("--vectors", "A file of pretrained word vectors.", _MODEL)] = None,
    encoder: Annotated[
        _Text, _flag("--encoder", "lstm, gru, rnn, transformer, conv, bag, tfidf, rocket, or a model folder.", _MODEL)
    ] = None,
    pooling: Annotated[_Text, _flag("--pooling", "last, first, mean, max or attention.", _MODEL)] = None,
    hidden: Annotated[_Number, _flag("--hidden", "Hidden size, per direction.", _MODEL)] = None,
    layers: Annotated[_Number, _flag("--layers", "Number of encoder layers.", _MODEL)] = None,
    dropout: Annotated[_Real, _flag("--dropout", "Dropout rate.", _MODEL)] = None,
    class_weight: Annotated[
        _Text, _flag("--class-weight", "balanced, or weights by label: '{yes: 2, no: 1}'.", _MODEL)
    ] = None,
    label_smoothing: Annotated[
        _Real, _flag("--label-smoothing", "Probability mass spread over all classes.", _MODEL)
    ] = None,
    effort: Annotated[_Text, _flag("--effort", "Time against quality: seconds, minutes or best.", _TRAINING)] = None,
    learning_rate: Annotated[_Real, _flag("--learning-rate", "Peak learning rate.", _TRAINING)] = None,
    batch_tokens: Annotated[
        _Number, _flag("--batch-tokens", "Tokens or time steps per batch, padding included.", _TRAINING)
    ] = None,
    accumulate: Annotated[_Number, _flag("--accumulate", "Batches per optimizer step.", _TRAINING)] = None,
    max_epochs: Annotated[_Number, _flag("--max-epochs", "Maximum number of epochs.", _TRAINING)] = None,
    patience: Annotated[
        _Number, _flag("--patience", "Epochs without a better dev figure before stopping.", _TRAINING)
    ] = None,
    metric: Annotated[
        _Text, _flag("--metric", "The dev figure that picks the best epoch, such as macro_f1.", _TRAINING)
    ] = None,
    budget: Annotated[_Text, _flag("--budget", "Time to train for: 90s, 10m, 1h.", _TRAINING)] = None,
    ensemble: Annotated[
        _Number, _flag("--ensemble", "Number of models (consecutive seeds), averaged.", _TRAINING)
    ] = None,
    distill: Annotated[_Flag, _flag("--distill", "Distil the ensemble into one model.", _TRAINING)] = None,
    seed: Annotated[_Number, _flag("--seed", "Random seed; the same seed gives the same numbers.", _TRAINING)] = None,
    device: Annotated[_Text, _flag("--device", "auto, cpu, cuda or mps.", _TRAINING)] = None,
    run: Annotated[Optional[Path], typer.Option(help="The run folder; runs/NAME-1 by default.")] = None,  # noqa: UP045
    resume: Annotated[bool, typer.Option("--resume", help="Resume the run in the folder, or start it.")] = False,
    config: Annotated[Optional[Path], typer.Option(help="A YAML file of settings.")] = None,  # noqa: UP045
    settings: Annotated[_Texts, typer.Option("--set", help="Any setting: --set model.hidden=64.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report what would be done, and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print metrics.json, or the plan, on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors, and what --json asks for.")] = False,
) -> None:
    """Train a classifier on files of labelled sequences.

    Columns, targets, split and tokens are detected and reported; a flag sets each.
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
        resolved, start = _config(context, data or [], settings or [], config, folder if resume else None)
        if folder is not None and start != Path.cwd():
            folder = RunFolder(folder.path.resolve())
            watch.say(f"files are named from {start}, where the run was started")
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
    """Within it Ctrl-C ends the command with these words and the exit status that shells expect."""
    try:
        yield
    except KeyboardInterrupt:
        if not quiet:
            typer.echo(text, err=True)
        raise typer.Exit(130) from None


def _shows_finished(folder: RunFolder | None, as_json: bool, watch: Watch) -> bool:
    """Whether the run to go on with is finished, in which case its figures are shown; raises where it cannot go on."""
    from seqwise.cli.plan_lines import show_result
    from seqwise.errors import ConfigError
    from seqwise.runs.resume import finished_metrics

    if folder is None:
        raise ConfigError("--resume needs the run folder: seqwise train --run DIR --resume")
    if folder.is_finished:
        metrics = finished_metrics(folder)
        watch.say(f"the run {folder.path} is finished already")
        show_result(folder.path, metrics, as_json, watch)
        end_if_diverged(metrics)
        return True
    folder.check_resumable()
    folder.check_idle()
    return False


def _trained(plan: Plan, folder: RunFolder, resume: bool, watch: Watch) -> Trained:
    from seqwise.training.interrupts import Interrupted
    from seqwise.training.run import train as train_run

    at_once = f"stopped at once. Go on from the last checkpoint with: {folder.resume_command}"
    try:
        with _stopping(at_once, watch.quiet), watch:
            watch.say(f"run folder: {folder.path}")
            return train_run(plan, folder, resume=resume, progress=watch, command=_command())
    except Interrupted:
        watch.say(f"stopped; everything is saved. Go on with: {folder.resume_command}")
        raise typer.Exit(130) from None


def _command() -> str:
    return shlex.join(["seqwise", *sys.argv[1:]])


def _stem(files: tuple[str, ...]) -> str:
    """What a run is called after: its first file, or the folder of a file that is merely called train."""
    from seqwise.data.readers import paths_named

    if not files:
        return "run"
    path = Path(paths_named(files[0])[0])
    stem = path.name.split(".")[0]
    parent = path.parent.name
    return parent if stem.lower() in ("train", "training", "data") and parent else stem


def _config(
    context: typer.Context, data: list[str], settings: list[str], config: Path | None, resumed: RunFolder | None
) -> tuple[Config, Path]:
    """The config of the flags, over that of the file, and the folder from which it names files.

    A resumed run keeps its settings.
    """
    from seqwise.config import check_units, load_config, override, parse_config
    from seqwise.errors import ConfigError
    from seqwise.runs.resume import saved_settings, start_folder

    flags = _flags(context, data)
    _check_said_once(context, flags, settings)
    if resumed is None or not (resumed.path / "config.yaml").exists():
        plain = load_config(config) if config else {}
        merged = override(_with_flags(plain, flags), settings)
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
    parsed = parse_config(override(_with_flags(plain, flags), settings))
    _check_unchanged(before, parsed)
    return parsed, start


def _flags(context: typer.Context, data: list[str]) -> dict[str, Any]:
    """What the flags that were given say, by the key of their setting."""
    given = {key: context.params.get(name) for name, key in _KEYS.items()} | {"data.train": data}
    return {key: _read(key, value) for key, value in given.items() if value is not None and value not in ([], ())}


def _read(key: str, value: Any) -> Any:
    if key in ("data.columns", "data.channels", "data.steps"):
        return value.split(",")
    if key in ("input.text", "data.sequence_id"):
        return value[0] if len(value) == 1 else value
    if key in ("loss.class_weight", "model.pooling") and value.lstrip().startswith("{"):
        from seqwise.config import read_setting

        return read_setting(value, f"--{key.partition('.')[2].replace('_', '-')} {value}")
    return value


def _with_flags(plain: dict[str, Any], flags: dict[str, Any]) -> dict[str, Any]:
    for key, value in flags.items():
        section, name = key.split(".")
        plain[section] = {**(plain.get(section) or {}), name: value}
    return plain


def _check_said_once(context: typer.Context, flags: dict[str, Any], settings: list[str]) -> None:
    """Raises where a flag and --set give one setting two values."""
    from seqwise.config import override, setting_text
    from seqwise.errors import ConfigError

    sections = override({}, settings)
    words = {option.name: option.opts[0] for option in context.command.params}
    names = {key: words[name] for name, key in _KEYS.items() if name in words} | {"data.train": "DATA"}
    for key, value in flags.items():
        section, name = key.split(".")
        given = sections.get(section)
        if not isinstance(given, dict) or name not in given:
            continue
        other = given[name]
        listed = isinstance(value, list | tuple) and isinstance(other, str)
        if list(value) != [other] if listed else value != other:
            raise ConfigError(
                f"{key} is {setting_text(value)} by {names[key]}, but {setting_text(other)} by --set; say it once"
            )


def _as_saved(names: Sequence[str], saved: Sequence[str], start: Path) -> list[str]:
    """The names as the run has them, where they are other names of its files."""
    known = {(start / name).resolve(): name for name in saved}
    return [known.get(Path(name).resolve(), name) for name in names]


def _check_unchanged(before: Config, parsed: Config) -> None:
    from seqwise.config import setting_text
    from seqwise.errors import ConfigError

    changed = [
        f"{name}.{key} is {setting_text(new)}, was {setting_text(getattr(old, key))}"
        for (name, section), (_, old) in zip(parsed, before, strict=True)
        for key, new in section
        if new != getattr(old, key)
    ]
    if changed:
        raise ConfigError(
            f"a resumed run keeps its settings, but {'; '.join(changed)}\n"
            f"  Leave these flags out, or start a new run without --resume."
        )
