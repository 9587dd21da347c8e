"""Prints a summary of a run before it starts, and its results when it has ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from seqwise.errors import counted

if TYPE_CHECKING:
    from seqwise.cli.watch import Watch
    from seqwise.config import TrainConfig
    from seqwise.training.training_plan import Plan

__all__ = ["say_plan", "show_plan", "show_result"]


def say_plan(plan: Plan, watch: Watch) -> None:
    """Prints the number of sequences, the model and the length of training."""
    from seqwise.nn import ROCKET, TFIDF, RecurrentEncoder, parameter_count

    task = plan.task
    model, train_config = task.config.model, task.config.train
    size = f" of {model.get('hidden')}" if model.get("hidden") else ""
    directions = ""
    if isinstance(plan.single.encoder, RecurrentEncoder):
        directions = ", two directions" if model.get("bidirectional") else ", one direction"
    pooled = [target.name for target in task.targets if not target.per_step]
    pooling = f", pooling {model.get('pooling')}" if pooled and model.get("pooling") else ""
    watch.say(f"sequences: {_sizes(plan)}")
    bag = f"{model.get('bag')} from n-grams" if plan.single.bag is not None else ""
    if model.encoder == TFIDF:
        bag = "TF-IDF of n-grams + logistic regression"
    states = f"{model.encoder}{size}{directions}{pooling}" if plan.single.encoder is not None else ""
    around = "a linear head over a context window (convex fit)" if plan.single.context_window is not None else ""
    network = " + ".join(part for part in (states, bag, around) if part)
    network += ", and a regression on n-grams" if model.get("regression") else ""
    watch.say(f"model: {network}; {parameter_count(plan.model):,} parameters on {plan.device}")
    if model.is_convex:
        decay = ", weight decay by cross-validation on the training split" if model.encoder == ROCKET else ""
        watch.say(f"training: convex fit{decay}")
        return
    deciding = " and ".join(f"{name} {figure}" for name, figure in plan.deciding)
    if train_config.ensemble > 1:
        after = ", distilled into one" if train_config.distill else ", predictions are averaged"
        after += "; --ensemble 1 trains only one" if "train.ensemble" in plan.task.inferred else ""
        watch.say(f"ensemble: {train_config.ensemble} models with seeds {_seeds(train_config)}{after}")
    unit = "time steps" if task.store.spec.input.is_series else "tokens"
    watch.say(
        f"training: at most {counted(train_config.max_epochs or 0, 'epoch')}"
        f"{f' or {train_config.budget}' if train_config.budget else ''}, {train_config.batch_tokens} {unit} per batch, "
        f"best epoch by {deciding} on dev"
    )


def _sizes(plan: Plan) -> str:
    """The number of sequences per split; without a dev split, the source of the dev figures."""
    from seqwise.training.convex.convex_heads import is_convex

    split = plan.task.split
    sizes = {part: f"{len(split.rows(part)):,}" for part in ("train", "dev", "test")}
    if not len(split.dev) and is_convex(plan.single):
        sizes["dev"] = "figures by cross-validation on train"
    return ", ".join(f"{part} {size}" for part, size in sizes.items())


def _seeds(config: TrainConfig) -> str:
    return f"{config.seed} to {config.seed + config.ensemble - 1}"


def show_plan(plan: Plan, folder: Path, as_json: bool, watch: Watch) -> None:
    """Prints the run folder; with `as_json`, the plan goes to standard output."""
    from seqwise.training.run_start import plan_json

    watch.say(f"run folder: {folder}")
    if as_json:
        typer.echo(json.dumps(plan_json(plan, folder), ensure_ascii=False))


def show_result(folder: Path, metrics: dict[str, Any], as_json: bool, watch: Watch) -> None:
    """Prints the figures, or with `as_json` their JSON on standard output, and the path of the report."""
    from seqwise.cli.watch import show_metrics

    if as_json:
        typer.echo(json.dumps(metrics, ensure_ascii=False))
    elif not watch.quiet:
        show_metrics(metrics)
    for sentence in metrics["training"].get("warnings", ()):
        watch.say(f"warning: {sentence}")
    watch.say(f"report: {folder / 'report.html'}")
