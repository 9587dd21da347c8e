"""Ensemble of models: the mean of their logits."""

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
    """The mean of the logits of several models, trained alike from different seeds.

    The softmax of a mean of logits is the normalised product of the models' probabilities, each to the power 1 / N: a
    product of experts (Hinton, 2002, "Training Products of Experts by Minimizing Contrastive
    Divergence"), also called geometric or logarithmic pooling. A model that finds a label all but impossible can
    veto it, where a mean of probabilities would outvote it. The logits have the shapes of one model, so that losses,
    thresholds and everything else that takes logits take those of an ensemble.

    Args:
        models: one or more models with the same targets.

    Raises:
        ConfigError: no models, or models with different targets.

    Examples:
        >>> from seqwise.nn import build_model
        >>> from seqwise.targets import Target
        >>> intent = Target("intent", "label", (("book", "play", "rate"),))
        >>> ensemble = Ensemble([build_model([intent], input="tokens", vocabulary_size=9) for _ in range(3)])
        >>> ensemble(torch.ones(4, 7, dtype=torch.long))["intent"].shape
        torch.Size([4, 3])
    """

    def __init__(self, models: Sequence[SequenceModel]) -> None:
        super().__init__()
        if not models:
            raise ConfigError("Ensemble: models is empty, expected one model or more")
        if len({model.names for model in models}) > 1:
            raise ConfigError("Ensemble: the models have different targets")
        self.names = models[0].names
        self.members = nn.ModuleList(models)  # Weights of run folders have this name.

    @property
    def single(self) -> SequenceModel:
        """The first model; all have the same architecture."""
        return _single(self.members[0])

    def crf_scores(self) -> dict[str, CRFScores]:
        """Return the CRF scores of each target that has a CRF, averaged over the models like the logits.

        Emissions are averaged too, so the score of a tag sequence is the mean of the models' scores.
        """
        by_model = [_single(model).crf_scores() for model in self.members]
        return {name: _mean_crf([scores[name] for scores in by_model]) for name in by_model[0]}

    def forward(
        self,
        inputs: Num[Tensor, "batch time *channels"],
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
        ngrams: Integer[Tensor, "batch ngrams"] | None = None,
    ) -> dict[str, Tensor]:
        """Return the mean logits of every target; see `SequenceModel.forward`."""
        logits = [model(inputs, lengths=lengths, mask=mask, ngrams=ngrams) for model in self.members]
        return {name: torch.stack([each[name] for each in logits]).mean(dim=0) for name in self.names}


def _single(model: nn.Module) -> SequenceModel:
    assert isinstance(model, SequenceModel)
    return model


def _mean_crf(crfs: Sequence[CRFScores]) -> CRFScores:
    """Average the trained scores; the allowed transitions are the same for all models."""

    def mean(scores: Sequence[Tensor]) -> Tensor:
        return torch.stack(list(scores)).mean(dim=0)

    return crfs[0]._replace(
        transitions=mean([crf.transitions for crf in crfs]),
        start=mean([crf.start for crf in crfs]),
        end=mean([crf.end for crf in crfs]),
    )
