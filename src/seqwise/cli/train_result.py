"""How `seqwise train` ends: why training stopped, and an error where the model is of no use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from seqwise.training.run import Trained

__all__ = ["end_if_diverged", "ending"]


def ending(trained: Trained) -> str:
    """Why training stopped, and which weights are kept."""
    members = trained.metrics.get("members", [])
    if members and "ensemble" not in trained.metrics:
        epochs = [str(member["best_epoch"]) for member in members]
        return f"stopped: {trained.state.stopped}; the weights of epochs {', '.join(epochs)} are kept"
    return f"stopped: {trained.state.stopped}; the weights of epoch {trained.state.best_epoch + 1} are kept"


def end_if_diverged(metrics: dict[str, Any]) -> None:
    """Ends the command as an error does where the finished model is of no use for a target."""
    from seqwise.errors import listed

    if diverged := metrics["training"].get("diverged"):
        typer.echo(f"error: training diverged for {listed(diverged)}; the saved model is unusable", err=True)
        raise typer.Exit(2)
