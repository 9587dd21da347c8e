"""What a training tells while it runs, and who listens."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["NoCallback", "TrainingCallback"]


class TrainingCallback(Protocol):
    """Who watches a training."""

    def epoch_begins(self, epoch: int, max_epochs: int, steps: int) -> None:
        """An epoch (from 0) of so many optimizer steps begins."""

    def step_done(self, step: int, share: float, seconds: float) -> None:
        """So many steps of the epoch are done; of the whole training this share, in so many seconds."""

    def epoch_ends(self, entry: dict[str, Any], is_best: bool) -> None:
        """The epoch's line of metrics.jsonl, and whether it is the best so far."""


class NoCallback:
    """Nobody watches."""

    def epoch_begins(self, epoch: int, max_epochs: int, steps: int) -> None:
        """Says nothing."""

    def step_done(self, step: int, share: float, seconds: float) -> None:
        """Says nothing."""

    def epoch_ends(self, entry: dict[str, Any], is_best: bool) -> None:
        """Says nothing."""
