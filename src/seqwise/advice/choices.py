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
        loss: the function of the loss.
        pooling: the summary that the head reads, where there is one.
        bidirectional: whether the second half of the features reads backwards.
        from_logits: False when the loss gets probabilities.
    """

    loss: str
    pooling: str = "last"
    bidirectional: bool = False
    from_logits: bool = True

    @property
    def is_chain(self) -> bool:
        """Whether the loss is that of a CRF, which has names, options and a prediction of its own."""
        return self.loss == "crf_nll"


@dataclass(frozen=True)
class Wish:
    """The user's choices, by name.

    Attributes:
        problem: which problem it is, where facts leave several; None decides by them.
        loss: another loss than the usual one.
        pooling: last, mean, max or attention.
        bidirectional: whether the second half of the features of the states reads backwards.
        framework: torch, keras, jax or numpy, for code of one only.

    Raises:
        ConfigError: a name that is not known.
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
        """The frameworks whose code is wanted."""
        return tuple(DIALECTS) if self.framework is None else (self.framework,)

    def choices(self, usual_loss: str, *, from_logits: bool = True) -> Choices:
        """The choices for a problem with this usual loss."""
        return Choices(self.loss or usual_loss, self.pooling, self.bidirectional, from_logits)


def _require_known(option: str, name: str | None, known: Iterable[str]) -> None:
    if name is not None and name not in known:
        hint = did_you_mean(name, known)
        raise ConfigError(f"advise: there is no {option} '{name}'\n  expected: one of {listed(known)}. {hint}".rstrip())
