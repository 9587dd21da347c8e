"""The tags of a sequence decided together: the chain of a target, its loss, its probabilities, its best tags."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqwise.losses.torch import Allowed, LossSum, crf_decode, crf_marginals, crf_nll, loss_sum
from seqwise.nn import Chain, TagChain
from seqwise.targets import Target
from seqwise.training.config import LossConfig
from seqwise.training.schemes import States, states_of

__all__ = [
    "chain_loss",
    "chain_sentences",
    "chain_states",
    "decoded_tags",
    "is_chained",
    "tag_chain",
    "tag_emissions",
    "tag_log_probabilities",
]

_LEAST_PROBABILITY = 1e-9


def is_chained(target: Target, crf: bool | dict[str, bool] | None) -> bool:
    """Whether `loss.crf` of a resolved config trains the tags of a target as a chain."""
    if target.kind != "tags" or crf is None:
        return False
    return crf.get(target.name, False) if isinstance(crf, dict) else crf


def chain_states(target: Target, config: LossConfig) -> States:
    """The states of a target's chain under a resolved config."""
    return states_of(target, is_finer=config.scheme == "iobes" and is_chained(target, config.crf))


def chain_sentences(config: LossConfig, targets: Sequence[Target]) -> list[str]:
    """What is said of targets of kind `tags`: which are trained as a chain, which are only decoded as one."""
    sentences = []
    for target in targets:
        if is_chained(target, config.crf):
            within = "" if chain_states(target, config).tags is None else ", as IOBES within"
            said = f"in place of cross-entropy, a CRF trains and decodes the tags of a sequence together{within}"
        elif target.scheme is not None:
            said = "of the tags that the scheme allows, those with the largest sum of logits are predicted"
        else:
            continue
        sentences.append(f"target '{target.name}': {said}")
    return sentences


def tag_chain(target: Target, config: LossConfig) -> TagChain | None:
    """The chain of a target: learned where `loss.crf` says so, else only what the scheme of its tags allows, if any."""
    is_learned = is_chained(target, config.crf)
    if target.kind != "tags" or (target.scheme is None and not is_learned):
        return None
    states = chain_states(target, config)
    allowed = Allowed(None) if states.allowed is None else states.allowed
    return TagChain(
        len(states.names),
        is_learned=is_learned,
        allowed_transitions=allowed.transitions,
        allowed_start=allowed.start,
        allowed_end=allowed.end,
        tags=states.tags,
    )


def chain_loss(states: States, chain: Chain, emissions: Tensor, labels: NDArray[np.int64], mask: Tensor) -> LossSum:
    """The negative log-likelihood of the tags of a batch, and the number of tags.

    Args:
        states: of the chain.
        chain: learned together with the emissions.
        emissions: (batch, time, states).
        labels: (batch, time) class indices.
        mask: (batch, time), True where a tag counts; the tags beside one that does not are neighbours.
    """
    gold = torch.from_numpy(states.of(labels, mask.cpu().numpy())).to(emissions.device)
    scores = {"start": chain.start, "end": chain.end, "allowed": _constraints(chain)}
    return loss_sum(crf_nll, emissions, gold, chain.transitions, mask=mask, **scores)


def tag_emissions(target: Target, chain: Chain, emissions: Tensor) -> Tensor:
    """How much each step speaks for each class: where states are finer, the log of the sum over those of a class."""
    if chain.tags is None:
        return emissions
    largest = emissions.detach().amax(-1, keepdim=True)
    by_tag = emissions.new_zeros(*emissions.shape[:-1], target.class_count)
    summed = by_tag.index_add(-1, chain.tags, (emissions - largest).exp())
    return summed.clamp_min(torch.finfo(summed.dtype).tiny).log() + largest


def tag_log_probabilities(target: Target, chain: Chain, emissions: Tensor, lengths: Tensor) -> Tensor:
    """The logarithm of the probability of each class at each step, over all tags of the sequence (marginals).

    They serve as logits: softmax over the classes gives the probabilities back. None is below 1e-9, so that the loss of
    a label which the chain does not allow is finite. A chain that was not learned leaves the logits as they are.
    """
    if not chain.is_learned:
        return emissions
    probabilities = crf_marginals(
        emissions, chain.transitions, start=chain.start, end=chain.end, lengths=lengths, allowed=_constraints(chain)
    )
    if chain.tags is not None:
        by_tag = probabilities.new_zeros(*probabilities.shape[:-1], target.class_count)
        probabilities = by_tag.index_add(-1, chain.tags, probabilities)
    return probabilities.clamp_min(_LEAST_PROBABILITY).log()


def decoded_tags(chain: Chain, emissions: Tensor, lengths: Tensor) -> Tensor:
    """The tags (batch, time) that score highest together; the largest emission where no tags are allowed at all."""
    found = crf_decode(
        emissions, chain.transitions, start=chain.start, end=chain.end, lengths=lengths, allowed=_constraints(chain)
    )
    states = torch.where(found.tags < 0, emissions.argmax(-1), found.tags)
    return states if chain.tags is None else chain.tags[states]


def _constraints(chain: Chain) -> Allowed | None:
    if chain.allowed_transitions is None:
        return None
    return Allowed(chain.allowed_transitions, chain.allowed_start, chain.allowed_end)
