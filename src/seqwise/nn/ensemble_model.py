"""Several models as one: the mean of their logits."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seqwise.errors import ConfigError
from seqwise.nn._axes import Bool, Integer, Num
from seqwise.nn.sequence_model import SequenceModel
from seqwise.nn.tag_crf import CRFScores

__all__ = ["Ensemble"]


class Ensemble(nn.Module):
    """The mean of the logits of some models that were trained alike, from different seeds.

    The softmax of a mean of logits is the product of the members' probabilities, each to the power 1 / N, divided so
    that they add to 1: a product of experts (Hinton, 2002, "Training Products of Experts by Minimizing Contrastive
    Divergence"), also called geometric or logarithmic pooling. A member that finds a label all but impossible can
    veto it, where a mean of probabilities would outvote it. The logits have the shapes of one model, so that losses,
    thresholds and everything else that takes logits take those of an ensemble.

    Args:
        members: models with the same targets, one or more.

    Raises:
        ConfigError: no members, or members with different targets.

    Examples:
        >>> from seqwise.nn import build_model
        >>> from seqwise.targets import Target
        >>> intent = Target("intent", "label", (("book", "play", "rate"),))
        >>> ensemble = Ensemble([build_model([intent], input="tokens", vocabulary_size=9) for _ in range(3)])
        >>> ensemble(torch.ones(4, 7, dtype=torch.long))["intent"].shape
        torch.Size([4, 3])
    """

    def __init__(self, members: Sequence[SequenceModel]) -> None:
        super().__init__()
        if not members:
            raise ConfigError("Ensemble: members is empty, expected one model or more")
        if len({member.names for member in members}) > 1:
            raise ConfigError("Ensemble: the members have different targets")
        self.names = members[0].names
        self.members = nn.ModuleList(members)

    @property
    def single(self) -> SequenceModel:
        """The first member; all are built alike."""
        return _single(self.members[0])

    def chains(self) -> dict[str, CRFScores]:
        """The CRF scores of each target that has a CRF: the means of the members' scores, as for the logits.

        With emissions that are means too, the score of a whole sequence of tags is the mean of the members' scores.
        """
        of_members = [_single(member).chains() for member in self.members]
        return {name: _mean_crf([chains[name] for chains in of_members]) for name in of_members[0]}

    def forward(
        self,
        inputs: Num[Tensor, "batch time *channels"],
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
        ngrams: Integer[Tensor, "batch ngrams"] | None = None,
    ) -> dict[str, Tensor]:
        """The mean logits of every target; arguments, result and errors as for `SequenceModel`."""
        logits = [member(inputs, lengths=lengths, mask=mask, ngrams=ngrams) for member in self.members]
        return {name: torch.stack([each[name] for each in logits]).mean(dim=0) for name in self.names}


def _single(member: nn.Module) -> SequenceModel:
    assert isinstance(member, SequenceModel)
    return member


def _mean_crf(chains: Sequence[CRFScores]) -> CRFScores:
    """The allowed transitions are the same for all members; the trained scores are averaged."""

    def mean(scores: Sequence[Tensor]) -> Tensor:
        return torch.stack(list(scores)).mean(dim=0)

    return chains[0]._replace(
        transitions=mean([chain.transitions for chain in chains]),
        start=mean([chain.start for chain in chains]),
        end=mean([chain.end for chain in chains]),
    )
