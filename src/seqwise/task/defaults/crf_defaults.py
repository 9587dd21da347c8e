"""Whether tags are trained as a chain, where that was left open."""

from __future__ import annotations

from collections.abc import Sequence

from seqwise.config import LossConfig
from seqwise.errors import ConfigError
from seqwise.targets import Target
from seqwise.task.crf_states import crf_states
from seqwise.task.defaults.data_statistics import Choice, Choices, DataStatistics

_MOST_CLASSES = 300  # a chain takes the square of them per step: with these half of what a usual layer takes

__all__ = ["check_scheme", "crf_choices"]


def crf_choices(loss: LossConfig, facts: DataStatistics) -> Choices:
    """`loss.crf` and `loss.scheme` for the targets of kind `tags`; one value of `loss.crf` when all are alike."""
    found = {
        target.name: target.scheme is not None and target.class_count <= _MOST_CLASSES
        for target in facts.targets
        if target.kind == "tags"
    }
    if not found:
        return {}
    scheme = Choice("own", "IOBES helps on some data and hurts on other")
    if loss.class_weight or loss.label_smoothing:
        return {"loss.crf": Choice(False, "a CRF takes no class weights and no label smoothing"), "loss.scheme": scheme}
    value = found if len(set(found.values())) > 1 else next(iter(found.values()))
    return {"loss.crf": Choice(value, "tags that mark spans are trained with a CRF"), "loss.scheme": scheme}


def check_scheme(loss: LossConfig, targets: Sequence[Target]) -> None:
    """Refuses another scheme where no target is trained in one.

    Args:
        loss: resolved.
        targets: with the schemes of their tags.

    Raises:
        ConfigError: `loss.scheme` would change nothing.
    """
    if loss.scheme == "iobes" and not any(crf_states(target, loss).tags is not None for target in targets):
        raise ConfigError(
            "loss.scheme is 'iobes', but no tags of IOB2, of which some are I, are trained with a CRF\n"
            "  Leave it out; it would change nothing."
        )
