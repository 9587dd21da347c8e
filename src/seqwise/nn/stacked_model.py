"""Stacking of a network and a linear model of n-grams: a weighted sum of their logits."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqwise.errors import UsageError
from seqwise.nn._axes import Bool, Integer, Num
from seqwise.nn.ensemble_model import Ensemble
from seqwise.nn.ngram_regression import NgramRegression
from seqwise.nn.sequence_model import SequenceModel
from seqwise.nn.tag_crf import CRFScores

__all__ = ["Network", "Stacked"]


class Stacked(nn.Module):
    """The weighted sum of the logits of a network and a regression, for the targets that the regression has.

    Adding log-probabilities makes the result a product of experts, each to a power. The two read different features of
    a text and make different errors. The stacking weights are learned on sequences that neither model was trained on
    (Wolpert, 1992, "Stacked generalization"), which also calibrates the probabilities. The logits have the shapes of
    the network's.

    Args:
        network: the model of all targets.
        regression: a second model of some of the targets.

    Attributes:
        scales: (targets of the regression, 2) stacking weights of the network and of the regression; initially 0.5.

    Examples:
        >>> from seqwise.nn import build_model
        >>> from seqwise.targets import Target
        >>> intent = Target("intent", "label", (("book", "play", "rate"),))
        >>> network = build_model([intent], input="tokens", vocabulary_size=9)
        >>> model = Stacked(network, NgramRegression(100, {"intent": 3}))
        >>> ids, ngrams = torch.ones(4, 7, dtype=torch.long), torch.ones(4, 12, dtype=torch.long)
        >>> model(ids, ngrams=ngrams)["intent"].shape
        torch.Size([4, 3])
    """

    scales: Tensor

    def __init__(self, network: SequenceModel | Ensemble, regression: NgramRegression) -> None:
        super().__init__()
        self.network = network
        self.regression = regression
        self.names = network.names
        self.register_buffer("scales", torch.full((len(regression.names), 2), 0.5))

    def crf_scores(self) -> dict[str, CRFScores]:
        """Return the CRF scores of the network; the regression has no targets with a label per step."""
        return self.network.crf_scores()

    def forward(
        self,
        inputs: Num[Tensor, "batch time *channels"],
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
        ngrams: Integer[Tensor, "batch ngrams"] | None = None,
    ) -> dict[str, Tensor]:
        """Return the logits of every target; see `SequenceModel.forward`. `ngrams` are required."""
        if ngrams is None:
            raise UsageError("Stacked: this model has a regression of n-grams and ngrams is missing; give ngrams=")
        logits: dict[str, Tensor] = self.network(inputs, lengths=lengths, mask=mask, ngrams=ngrams)
        others = self.regression(ngrams)
        for name, scale in zip(self.regression.names, self.scales, strict=True):
            logits[name] = scale[0] * logits[name] + scale[1] * others[name].reshape(logits[name].shape)
        return logits


Network = SequenceModel | Ensemble | Stacked
"""A model that predicts: a single one, an ensemble, or either of them stacked with a regression."""
