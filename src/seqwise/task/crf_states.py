"""Which targets are trained as a linear-chain CRF, and the states of its chain."""

from __future__ import annotations

from collections.abc import Sequence

from seqwise.config import LossConfig
from seqwise.targets import Target
from seqwise.task.tag_schemes import States, states_of

__all__ = ["crf_messages", "crf_states", "uses_crf"]


def uses_crf(target: Target, crf: bool | dict[str, bool] | None) -> bool:
    """Whether `loss.crf` of a resolved config trains the tags of a target as a chain."""
    if target.kind != "tags" or crf is None:
        return False
    return crf.get(target.name, False) if isinstance(crf, dict) else crf


def crf_states(target: Target, config: LossConfig) -> States:
    """The states of a target's chain under a resolved config."""
    return states_of(target, is_finer=config.scheme == "iobes" and uses_crf(target, config.crf))


def crf_messages(config: LossConfig, targets: Sequence[Target]) -> list[str]:
    """What is said of targets of kind `tags`: which are trained as a chain, which are only decoded as one."""
    sentences = []
    for target in targets:
        if uses_crf(target, config.crf):
            within = "" if crf_states(target, config).tags is None else ", as IOBES within"
            said = f"in place of cross-entropy, a CRF trains and decodes the tags of a sequence together{within}"
        elif target.scheme is not None:
            said = "of the tags that the scheme allows, those with the largest sum of logits are predicted"
        else:
            continue
        sentences.append(f"target '{target.name}': {said}")
    return sentences
