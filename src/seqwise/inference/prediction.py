"""The prediction of a model for one sequence, in the user's label values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seqwise.data.records import Record
from seqwise.evaluation.decoding import decode, decode_probabilities
from seqwise.models.decisions import Answer
from seqwise.targets import Target

__all__ = ["Prediction"]


@dataclass(frozen=True)
class Prediction:
    """A model's output for one sequence.

    Attributes:
        record: the input row.
        steps: length of its sequence.
        answers: logits and decisions per target, without the batch axis; none for an empty sequence.
        targets: the predicted targets.
    """

    record: Record
    steps: int
    answers: Mapping[str, Answer]
    targets: tuple[Target, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the sequence is empty, so that nothing is predicted."""
        return not self.answers

    def labels(self) -> dict[str, Any]:
        """The prediction per target, in the user's label values; see `evaluation.decoding.decode`.

        For an empty sequence this is None, or an empty list for a target with labels per step.
        """
        return self._by_target(lambda target, answer: decode(target, answer.predictions, self.steps))

    def probabilities(self) -> dict[str, Any]:
        """The probabilities by label per target; see `evaluation.decoding.decode_probabilities`.

        For an empty sequence this is None, or an empty list for a target with labels per step.
        """
        return self._by_target(lambda target, answer: decode_probabilities(target, answer.logits, self.steps))

    def _by_target(self, value: Callable[[Target, Answer], Any]) -> dict[str, Any]:
        if self.is_empty:
            return {target.name: [] if target.per_step else None for target in self.targets}
        return {target.name: value(target, self.answers[target.name]) for target in self.targets}
