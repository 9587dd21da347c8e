"""The user's choices: loss, pooling and frameworks; checked by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from seqwise.advice.dialects import DIALECTS
from seqwise.advice.problems import LOSSES, POOLINGS, PROBLEMS
from seqwise.errors import ConfigError, did_you_mean, listed

__all__ = ["Choices", "Wish"]


@dataclass(frozen=True)
class Choices:
    """The choices that an advice is based on.

    Attributes:
        loss: the name of the loss function.
        pooling: the pooling before the head, if there is one.
        bidirectional: whether the second half of the features reads backwards.
        from_logits: False when the loss receives probabilities.
    """

    loss: str
    pooling: str = "last"
    bidirectional: bool = False
    from_logits: bool = True

    @property
    def is_crf(self) -> bool:
        """Whether the loss is that of a CRF, which has its own names, options and prediction."""
        return self.loss == "crf_nll"


@dataclass(frozen=True)
class Wish:
    """The user's choices, by name.

    Attributes:
        problem: the name of the problem, where the statistics fit several; None for the likeliest.
        loss: a loss in place of the usual one.
        pooling: last, mean, max or attention.
        bidirectional: whether the second half of the features of the states reads backwards.
        framework: torch, keras, jax or numpy, for code of that one only.

    Raises:
        ConfigError: an unknown name.
    """

    problem: str | None = None
    loss: str | None = None
    pooling: str = "last"
    bidirectional: bool = False
    framework: str | None = None

    def __post_init__(self) -> None:
        _require_known("problem", self.problem, PROBLEMS)
        _require_known("loss", self.loss, LOSSES)
        _require_known("pooling", self.pooling, POOLINGS)
        _require_known("framework", self.framework, DIALECTS)

    @property
    def frameworks(self) -> tuple[str, ...]:
        """The frameworks to write code for."""
        return tuple(DIALECTS) if self.framework is None else (self.framework,)

    def choices(self, usual_loss: str, *, from_logits: bool = True) -> Choices:
        """Return the choices for a problem with this usual loss."""
        return Choices(self.loss or usual_loss, self.pooling, self.bidirectional, from_logits)


def _require_known(option: str, name: str | None, known: Iterable[str]) -> None:
    if name is not None and name not in known:
        hint = did_you_mean(name, known)
        raise ConfigError(f"advise: there is no {option} '{name}'\n  expected: one of {listed(known)}. {hint}".rstrip())
