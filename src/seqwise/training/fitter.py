"""The one protocol of fitting: what finds the weights of a model, and what it gives back.

Gradient descent (`sgd`), fits that are solved at once (`convex`) and ensembles of either (`ensemble`) implement it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

from seqwise.runs.run_folder import RunFolder
from seqwise.task.prepare import Task
from seqwise.training.callbacks import TrainingCallback
from seqwise.training.checkpoint import State

__all__ = ["FitResult", "Fitter"]


@dataclass(frozen=True)
class FitResult:
    """How a fit went; the model holds the weights.

    Attributes:
        state: the course that the run folder tells of.
        seconds: from the first step to the last, those of an ensemble that one model learned from included.
        members: the course of each model of an ensemble; empty without one.
    """

    state: State
    seconds: float
    members: tuple[State, ...] = ()

    @classmethod
    def of(cls, state: State) -> FitResult:
        """That of one model."""
        return cls(state, state.seconds)


class Fitter(Protocol):
    """Finds the weights of a model."""

    def fit(
        self,
        task: Task,
        model: Any,
        folder: RunFolder,
        *,
        callback: TrainingCallback,
        resume: bool = False,
        budget: float = math.inf,
    ) -> FitResult:
        """Fits the model in place; a fit that was broken off goes on from its checkpoint to the same weights.

        Args:
            task: data and config.
            model: on the device of the fitter; at the end it holds the weights that did best on dev.
            folder: gets the checkpoints and metrics.jsonl.
            callback: hears of each step and epoch.
            resume: go on from the checkpoint of the folder, if there is one.
            budget: seconds to train for; a fit that is solved at once takes what it needs.

        Raises:
            Interrupted: Ctrl-C or SIGTERM, after a checkpoint.
            DivergenceError: the loss or a weight is not finite.
            SaveError: the disk refused a checkpoint; the one before stands.
        """
