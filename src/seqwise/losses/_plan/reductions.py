"""The reductions, and the axes they average over."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

from seqwise.errors import ConfigError, ShapeError, did_you_mean, listed
from seqwise.shapes import Call, Shape

__all__ = ["REDUCTIONS", "SUM_AND_COUNT", "Positions", "Reduction"]

Reduction = Literal["none", "sum", "mean", "sequence_mean", "batch_mean", "per_output"]
REDUCTIONS: tuple[str, ...] = get_args(Reduction)

SUM_AND_COUNT: Any = object()
"""How `loss_sum` asks a loss for the pair that `mean` divides; no name, since callers have `loss_sum` for it."""

_LEAST_AXES = {"sequence_mean": 1, "batch_mean": 1, "per_output": 2}


@dataclass(frozen=True)
class Positions:
    """The positions that have a loss: the part of a plan that reductions need.

    Attributes:
        call: the function and everything that arrived, for messages.
        positions: the shape of the losses; batch first.
    """

    call: Call
    positions: Shape

    @property
    def within_sequence(self) -> tuple[int, ...]:
        """The axes of the positions inside one sequence: all but the batch."""
        return tuple(range(1, len(self.positions)))

    @property
    def within_output(self) -> tuple[int, ...]:
        """The axes of the positions that one output is averaged over: all but the last."""
        return tuple(range(len(self.positions) - 1))

    def check_reduction(self, reduction: str, denominator: object) -> None:
        """Refuses a reduction that does not exist, or that these shapes or this denominator cannot have."""
        error = self.call.error
        if reduction not in REDUCTIONS:
            hint = did_you_mean(reduction, REDUCTIONS)
            problem = f"there is no reduction '{reduction}'"
            raise error(ConfigError, problem, expected=f"one of {listed(REDUCTIONS)}", hint=hint or None)
        if denominator is not None and reduction in ("none", "sum"):
            problem = f"reduction='{reduction}' divides by nothing, so denominator has nothing to replace"
            raise error(ConfigError, problem, expected="a reduction that divides", hint="use reduction='mean'")
        if isinstance(denominator, int | float) and not 0 <= denominator < math.inf:
            raise error(ConfigError, f"denominator is {denominator}", expected="a finite number, 0 or more")
        least = _LEAST_AXES.get(reduction, 0)
        if len(self.positions) < least:
            problem = f"reduction='{reduction}' needs labels with {least} axes or more"
            axes = "(batch, ..., outputs)" if least == 2 else "(batch, ...)"
            raise error(ShapeError, problem, expected=f"one label for each of {axes}")
