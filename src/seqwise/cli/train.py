"""`seqwise train`: from a file of labelled sequences to a run folder with a model and a report."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

if TYPE_CHECKING:
    from seqwise.training.config import Config
    from seqwise.training.run import Plan

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
    "id_column": "data.id",
    "group": "data.group",
    "data_format": "data.format",
    "encoding": "data.encoding",
    "delimiter": "data.delimiter",
    "quote": "data.quote",
    "header": "data.header",
    "columns": "data.columns",
    "series_id": "data.series_id",
    "time": "data.time",
    "channels": "data.channels",
    "kind": "input.kind",
    "encoder": "model.encoder",
    "pooling": "model.pooling",
    "hidden": "model.hidden",
    "layers": "model.layers",
    "dropout": "model.dropout",
    "class_weight": "loss.class_weight",
    "label_smoothing": "loss.label_smoothing",
    "learning_rate": "train.learning_rate",
    "batch_tokens": "train.batch_tokens",
    "accumulate": "train.accumulate",
    "max_epochs": "train.max_epochs",
    "patience": "train.patience",
    "metric": "train.metric",
    "budget": "train.budget",
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
    data: Annotated[_Texts, typer.Argument(help="Files of labelled sequences.", show_default=False)] = None,
    dev: Annotated[_Texts, _flag("--dev", "A file that decides when to stop.", _TARGETS)] = None,
    test: Annotated[_Texts, _flag("--test", "A file judged once, at the end.", _TARGETS)] = None,
    text: Annotated[_Text, _flag("--text", "The column of running text.", _TARGETS)] = None,
    tokens: Annotated[_Text, _flag("--tokens", "The column of token lists.", _TARGETS)] = None,
    label: Annotated[_Texts, _flag("--label", "A column with one label per sequence.", _TARGETS)] = None,
    tags: Annotated[_Texts, _flag("--tags", "A column with one label per step.", _TARGETS)] = None,
    outputs: Annotated[
        _Texts,
        _flag("--outputs", "Columns such as 'vote_*', each with one label or an empty cell.", _TARGETS),
    ] = None,
    multilabel: Annotated[
        _Texts, _flag("--multilabel", "A column of label lists, or 0/1 columns such as 'is_*'.", _TARGETS)
    ] = None,
    id_column: Annotated[_Text, _flag("--id", "The column that names rows.", _TARGETS)] = None,
    group: Annotated[_Text, _flag("--group", "The column whose rows the split keeps together.", _TARGETS)] = None,
    data_format: Annotated[_Text, _flag("--format", "csv, tsv, jsonl, parquet, conll, conllu or ts.", _FILES)] = None,
    encoding: Annotated[_Text, _flag("--encoding", "Text encoding, utf-8 by default.", _FILES)] = None,
    delimiter: Annotated[_Text, _flag("--delimiter", "What separates fields.", _FILES)] = None,
    quote: Annotated[_Flag, _flag("--quote/--no-quote", "Whether fields may stand in quotes.", _FILES)] = None,
    header: Annotated[_Flag, _flag("--header/--no-header", "Whether the first line names columns.", _FILES)] = None,
    columns: Annotated[_Text, _flag("--columns", "Names of the columns, a,b,c.", _FILES)] = None,
    series_id: Annotated[_Text, _flag("--series-id", "The column that tells series apart.", _FILES)] = None,
    time: Annotated[_Text, _flag("--time", "The column that orders the steps of a series.", _FILES)] = None,
    channels: Annotated[_Text, _flag("--channels", "The numeric columns of a series, a,b,c.", _FILES)] = None,
    kind: Annotated[_Text, _flag("--kind", "words, whitespace, characters or bytes.", _MODEL)] = None,
    encoder: Annotated[_Text, _flag("--encoder", "lstm, gru or rnn.", _MODEL)] = None,
    pooling: Annotated[_Text, _flag("--pooling", "last, first, mean, max or attention.", _MODEL)] = None,
    hidden: Annotated[_Number, _flag("--hidden", "Size of the recurrent state.", _MODEL)] = None,
    layers: Annotated[_Number, _flag("--layers", "Recurrent layers.", _MODEL)] = None,
    dropout: Annotated[_Real, _flag("--dropout", "Share of features dropped in training.", _MODEL)] = None,
    class_weight: Annotated[
        _Text, _flag("--class-weight", "balanced, or weights by label: '{yes: 2, no: 1}'.", _MODEL)
    ] = None,
    label_smoothing: Annotated[
        _Real, _flag("--label-smoothing", "Share of a label spread over all classes.", _MODEL)
    ] = None,
    learning_rate: Annotated[_Real, _flag("--learning-rate", "The highest step size.", _TRAINING)] = None,
    batch_tokens: Annotated[_Number, _flag("--batch-tokens", "Steps per batch.", _TRAINING)] = None,
    accumulate: Annotated[_Number, _flag("--accumulate", "Batches per optimiser step.", _TRAINING)] = None,
    max_epochs: Annotated[_Number, _flag("--max-epochs", "Passes over the data at most.", _TRAINING)] = None,
    patience: Annotated[
        _Number, _flag("--patience", "Stop after so many epochs without a better dev figure.", _TRAINING)
    ] = None,
    metric: Annotated[_Text, _flag("--metric", "The dev figure that decides, such as macro_f1.", _TRAINING)] = None,
    budget: Annotated[_Text, _flag("--budget", "Time to train for: 90s, 10m, 1h.", _TRAINING)] = None,
    seed: Annotated[_Number, _flag("--seed", "Same seed, same machine: same numbers.", _TRAINING)] = None,
    device: Annotated[_Text, _flag("--device", "auto, cpu, cuda or mps.", _TRAINING)] = None,
    run: Annotated[Optional[Path], typer.Option(help="The run folder; runs/NAME-1 by default.")] = None,  # noqa: UP045
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in the folder, or start it.")] = False,
    config: Annotated[Optional[Path], typer.Option(help="A YAML file of settings.")] = None,  # noqa: UP045
    settings: Annotated[_Texts, typer.Option("--set", help="Any setting: --set model.hidden=64.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print metrics.json on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")] = False,
) -> None:
    """Train a classifier on files of labelled sequences.

    Columns, kinds of target, split and tokens are found and said aloud; each can be set by a flag.
    """
    from seqwise.cli.watch import Watch
    from seqwise.errors import ConfigError
    from seqwise.training.folder import RunFolder, next_run_folder
    from seqwise.training.loop import Interrupted
    from seqwise.training.run import plan_run
    from seqwise.training.run import train as train_run

    if resume and run is None:
        raise ConfigError("--resume needs the run folder: seqwise train --run DIR --resume")
    resolved = _config(context, data or [], settings or [], config, run if resume else None)
    folder = RunFolder(run or next_run_folder(_stem(resolved.data.train)))
    watch = Watch(quiet)
    if resume and folder.is_finished:
        watch.say(f"the run {folder.path} is finished already")
        _show_result(folder.path, folder.read_json("metrics.json"), as_json, watch)
        return
    if resume:
        folder.check_resumable()
    elif not dry_run:
        folder.check_free()
    plan = plan_run(resolved)
    _say_plan(plan, folder.path, watch)
    if dry_run:
        return
    try:
        with watch:
            trained = train_run(plan, folder, resume=resume, progress=watch, command=_command())
    except Interrupted:
        watch.say(
            f"stopped; everything is saved. Go on with: seqwise train --run {shlex.quote(str(folder.path))} --resume"
        )
        raise typer.Exit(130) from None
    watch.say(f"stopped: {trained.state.stopped}; the weights of epoch {trained.state.best_epoch + 1} are kept")
    _show_result(folder.path, trained.metrics, as_json, watch)


def _command() -> str:
    return shlex.join(["seqwise", *sys.argv[1:]])


def _stem(files: tuple[str, ...]) -> str:
    """What a run is called after: its first file, or the folder of a file that is merely called train."""
    if not files:
        return "run"
    path = Path(files[0])
    stem = path.name.split(".")[0]
    parent = path.parent.name
    return parent if stem.lower() in ("train", "training", "data") and parent else stem


def _config(
    context: typer.Context, data: list[str], settings: list[str], config: Path | None, resumed: Path | None
) -> Config:
    """The config of the flags, over that of the file; a resumed run keeps its own."""
    from seqwise.errors import ConfigError
    from seqwise.training.config import load_config, override, parse_config

    saved = resumed / "config.yaml" if resumed is not None else None
    resuming = saved is not None and saved.exists()
    if resuming and config is not None:
        raise ConfigError("a resumed run keeps its settings; leave --config out, or start a new run without --resume")
    plain = load_config(saved) if resuming and saved is not None else load_config(config) if config else {}
    before = parse_config(plain)
    for name, key in _KEYS.items():
        value = context.params.get(name)
        if value is not None and value not in ([], ()):
            _set(plain, key, value)
    if data:
        _set(plain, "data.train", data)
    parsed = parse_config(override(plain, settings))
    if resuming and parsed != before:
        changed = [
            f"{name}.{key} is {new!r}, was {getattr(old, key)!r}"
            for (name, section), (_, old) in zip(parsed, before, strict=True)
            for key, new in section
            if new != getattr(old, key)
        ]
        raise ConfigError(
            f"a resumed run keeps its settings, but {'; '.join(changed)}\n"
            f"  Leave these flags out, or start a new run without --resume."
        )
    return parsed


def _set(plain: dict[str, Any], key: str, value: Any) -> None:
    section, name = key.split(".")
    if name in ("columns", "channels") and isinstance(value, str):
        value = value.split(",")
    if name in ("class_weight", "pooling") and value.lstrip().startswith("{"):
        from seqwise.training.config import read_setting

        value = read_setting(value, f"--{name.replace('_', '-')} {value}")
    plain.setdefault(section, {})[name] = value


def _say_plan(plan: Plan, folder: Path, watch: Any) -> None:
    task = plan.task
    for note in task.notes:
        watch.say(note)
    sizes = ", ".join(f"{part} {len(task.split.rows(part)):,}" for part in ("train", "dev", "test"))
    model, train_config = task.config.model, task.config.train
    directions = "two directions" if model.bidirectional else "one direction"
    pooled = [target.name for target in task.targets if not target.per_step]
    pooling = f", pooling {model.pooling}" if pooled else ""
    from seqwise.nn import parameter_count

    watch.say(f"sequences: {sizes}")
    watch.say(
        f"model: {model.encoder} of {model.hidden}, {directions}{pooling}; {parameter_count(plan.model):,} parameters "
        f"on {plan.device}"
    )
    deciding = " and ".join(f"{name} {figure}" for name, figure in plan.deciding)
    watch.say(
        f"training: at most {train_config.max_epochs} epochs, {train_config.batch_tokens} steps per batch, "
        f"best epoch by {deciding} on dev"
    )
    watch.say(f"run folder: {folder}")


def _show_result(folder: Path, metrics: dict[str, Any], as_json: bool, watch: Any) -> None:
    from seqwise.cli.watch import show_metrics

    if as_json:
        typer.echo(json.dumps(metrics, ensure_ascii=False))
        return
    show_metrics(metrics)
    watch.say(f"report: {folder / 'report.html'}")
