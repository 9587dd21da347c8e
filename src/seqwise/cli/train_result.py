"""Ends `seqwise train`: reports why training stopped, and fails if the model is unusable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from seqwise.training.run import Trained

__all__ = ["end_if_diverged", "ending"]


def ending(trained: Trained) -> str:
    """A message on why training stopped and which weights are kept."""
    members = trained.metrics.get("members", [])
    if members and "ensemble" not in trained.metrics:
        epochs = [str(member["best_epoch"]) for member in members]
        return f"stopped: {trained.state.stopped}; the weights of epochs {', '.join(epochs)} are kept"
    return f"stopped: {trained.state.stopped}; the weights of epoch {trained.state.best_epoch + 1} are kept"


def end_if_diverged(metrics: dict[str, Any]) -> None:
    """Exits with an error if training diverged for a target, so that the model is unusable."""
    from seqwise.errors import listed

    if diverged := metrics["training"].get("diverged"):
        typer.echo(f"error: training diverged for {listed(diverged)}; the saved model is unusable", err=True)
        raise typer.Exit(2)
