"""The linear-chain CRF of a target: its loss, its probabilities and its best tag sequence."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqwise.config import LossConfig
from seqwise.losses.torch import Allowed, LossSum, crf_decode, crf_marginals, crf_nll, loss_sum
from seqwise.nn import CRFScores, TagCRF
from seqwise.targets import Target
from seqwise.task.crf_states import crf_states, uses_crf
from seqwise.task.tag_schemes import States

__all__ = ["crf_loss", "decoded_tags", "tag_crf_of", "tag_emissions", "tag_log_probabilities"]

_LEAST_PROBABILITY = 1e-9


def tag_crf_of(target: Target, config: LossConfig) -> TagCRF | None:
    """The linear-chain CRF of a target: learned if `loss.crf` is set, else the constraints of its tag scheme."""
    is_learned = uses_crf(target, config.crf)
    if target.kind != "tags" or (target.scheme is None and not is_learned):
        return None
    states = crf_states(target, config)
    allowed = Allowed(None) if states.allowed is None else states.allowed
    return TagCRF(
        len(states.names),
        is_learned=is_learned,
        allowed_transitions=allowed.transitions,
        allowed_start=allowed.start,
        allowed_end=allowed.end,
        tags=states.tags,
    )


def crf_loss(states: States, chain: CRFScores, emissions: Tensor, labels: NDArray[np.int64], mask: Tensor) -> LossSum:
    """The negative log-likelihood of the tags of a batch, and the number of tags.

    Args:
        states: of the CRF.
        chain: learned together with the emissions.
        emissions: (batch, time, states).
        labels: (batch, time) class indices.
        mask: (batch, time), True where a tag counts; the tags beside one that does not are neighbours.
    """
    gold = torch.from_numpy(states.of(labels, mask.cpu().numpy())).to(emissions.device)
    scores = {"start": chain.start, "end": chain.end, "allowed": _constraints(chain)}
    return loss_sum(crf_nll, emissions, gold, chain.transitions, mask=mask, **scores)


def tag_emissions(target: Target, chain: CRFScores, emissions: Tensor) -> Tensor:
    """How much each step speaks for each class: where states are finer, the log of the sum over those of a class."""
    if chain.tags is None:
        return emissions
    largest = emissions.detach().amax(-1, keepdim=True)
    by_tag = emissions.new_zeros(*emissions.shape[:-1], target.class_count)
    summed = by_tag.index_add(-1, chain.tags, (emissions - largest).exp())
    return summed.clamp_min(torch.finfo(summed.dtype).tiny).log() + largest


def tag_log_probabilities(target: Target, chain: CRFScores, emissions: Tensor, lengths: Tensor) -> Tensor:
    """The logarithm of the probability of each class at each step, over all tags of the sequence (marginals).

    They serve as logits: softmax over the classes gives the probabilities back. None is below 1e-9, so that the loss of
    a label that the CRF does not allow is finite. A CRF that was not learned leaves the logits as they are.
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


def decoded_tags(chain: CRFScores, emissions: Tensor, lengths: Tensor) -> Tensor:
    """The tags (batch, time) that score highest together; the largest emission where no tags are allowed at all."""
    found = crf_decode(
        emissions, chain.transitions, start=chain.start, end=chain.end, lengths=lengths, allowed=_constraints(chain)
    )
    states = torch.where(found.tags < 0, emissions.argmax(-1), found.tags)
    return states if chain.tags is None else chain.tags[states]


def _constraints(chain: CRFScores) -> Allowed | None:
    if chain.allowed_transitions is None:
        return None
    return Allowed(chain.allowed_transitions, chain.allowed_start, chain.allowed_end)
