"""One trial under way: what dev says of it after every epoch, and whether it is worth its time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from seqwise.training.callbacks import TrainingCallback

__all__ = ["BrokenOff", "OutOfTime", "TrialCallback", "is_hopeless"]

_PATIENT_EPOCHS = 2


class BrokenOff(Exception):  # noqa: N818 - nothing went wrong
    """A trial was stopped because others are better; its text says why."""


class OutOfTime(Exception):  # noqa: N818
    """The budget ended within a trial; it goes on from its checkpoint when the search does."""


def is_hopeless(curve: Sequence[float], rival: Sequence[float]) -> bool:
    """Whether a trial has, after n epochs, not reached what the best trial had after half as many.

    Settings that learn slowly and end well are common (more dropout, smaller steps): equal speed is not asked for.

    Args:
        curve: the best dev figure so far after each epoch of the trial; higher is better.
        rival: that of the best finished trial.

    Examples:
        >>> is_hopeless([0.1, 0.2, 0.4, 0.5], rival=[0.3, 0.6, 0.7]), is_hopeless([0.1, 0.2, 0.4, 0.7], [0.3, 0.6])
        (True, False)
    """
    epochs = len(curve)
    return epochs > _PATIENT_EPOCHS and bool(rival) and curve[-1] < rival[min(epochs // 2, len(rival)) - 1]


@dataclass
class TrialCallback:
    """A callback that keeps the curve of a training, and breaks it off where that is due.

    Args:
        shown: who else watches steps and epochs.
        rival: the curve of the best finished trial; empty when there is none.
        deadline: when the budget ends, in seconds of `time.monotonic`.
        reported: called with the epoch (from 1) and the best dev figure so far.

    Attributes:
        curve: the best dev figure so far, after each epoch.
    """

    shown: TrainingCallback
    rival: Sequence[float]
    deadline: float
    reported: Callable[[int, float], object]
    curve: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.began = time.monotonic()
        self.seen = 0

    def epoch_begins(self, epoch: int, max_epochs: int, steps: int) -> None:
        """Shows it."""
        self.shown.epoch_begins(epoch, max_epochs, steps)

    def step_done(self, step: int, share: float, seconds: float) -> None:
        """Shows it, and stops when the budget is spent."""
        self.shown.step_done(step, share, seconds)
        if time.monotonic() > self.deadline:
            raise OutOfTime

    def epoch_ends(self, entry: dict[str, Any], is_best: bool) -> None:
        """Adds to the curve; the checkpoint of the epoch is written already."""
        figure = entry["dev_figure"] if is_best else self.curve[-1]
        self.curve.append(-math.inf if figure is None else figure)
        self.seen += 1
        self.reported(entry["epoch"], self.curve[-1])
        if is_hopeless(self.curve, self.rival):
            raise BrokenOff(f"behind the best after {len(self.curve)} epochs")
        self._check_time()

    def _check_time(self) -> None:
        """Stops where not even half the epochs of the best trial would end in time."""
        left, pace = self.deadline - time.monotonic(), (time.monotonic() - self.began) / self.seen
        missing = len(self.rival) / 2 - len(self.curve)
        if self.rival and missing > 0 and missing * pace > left:
            raise BrokenOff(f"{pace:.1f} s per epoch are too slow for the time left")
