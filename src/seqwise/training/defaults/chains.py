"""Whether tags are trained as a chain, where that was left open."""

from __future__ import annotations

from seqwise.training.config import LossConfig
from seqwise.training.defaults.facts import Choice, Choices, Facts

__all__ = ["chain_choices"]


def chain_choices(loss: LossConfig, facts: Facts) -> Choices:
    """`loss.crf` for the targets of kind `tags`: tags that mark spans are a chain; one value when all are alike."""
    found = {target.name: target.scheme is not None for target in facts.targets if target.kind == "tags"}
    if not found:
        return {}
    if loss.class_weight or loss.label_smoothing:
        return {"loss.crf": Choice(False, "a chain has no class weights and no label smoothing")}
    value = found if len(set(found.values())) > 1 else next(iter(found.values()))
    return {"loss.crf": Choice(value, "tags that mark spans are trained as a chain")}
