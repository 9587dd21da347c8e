"""The output of a model for a batch: logits that give probabilities, and the predictions made from them.

Everything that evaluates, writes or predicts takes its decisions from here: the largest logit, the tags that a CRF
decodes together, or the labels above their thresholds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqwise.data.batching import Batch
from seqwise.evaluation.decoding import decisions
from seqwise.models.crf_targets import decoded_tags, tag_log_probabilities
from seqwise.nn import Network
from seqwise.targets import Target

__all__ = ["Answer", "Thresholds", "answers_of", "decided", "model_logits"]

Thresholds = Mapping[str, tuple[float, ...]]
"""By multilabel target, the probability above which each label is predicted; 0.5 for a target that is not there."""


@dataclass(frozen=True)
class Answer:
    """The output of a model for one target.

    Attributes:
        logits: softmax (sigmoid for multilabel) of them gives the probabilities; the axes are those of `Target`. For
            tags of a linear-chain CRF they are the logarithms of the marginal probabilities.
        predictions: class indices, 0 and 1 for multilabel, of the shape of the labels.
    """

    logits: NDArray[np.float32]
    predictions: NDArray[np.int64]

    def of_row(self, row: int) -> Answer:
        """The answer for one sequence of a batch, padding included."""
        return Answer(self.logits[row], self.predictions[row])


def model_logits(model: Network, batch: Batch, device: torch.device) -> dict[str, Tensor]:
    """The logits of a batch, by target, in the mode that the model is in; for a linear-chain CRF, the emissions."""
    logits: dict[str, Tensor] = model(
        torch.from_numpy(batch.inputs).to(device),
        lengths=torch.from_numpy(batch.lengths).to(device),
        ngrams=None if batch.ngrams is None else torch.from_numpy(batch.ngrams).to(device),
    )
    return logits


def answers_of(
    model: Network,
    batch: Batch,
    targets: Sequence[Target],
    device: torch.device,
    thresholds: Thresholds | None = None,
) -> dict[str, Answer]:
    """The answers to a batch, by target; no gradient, no dropout.

    Args:
        model: in evaluation mode.
        batch: the inputs.
        targets: what is predicted.
        device: where the model is.
        thresholds: of multilabel targets.
    """
    with torch.inference_mode():
        lengths = torch.from_numpy(batch.lengths).to(device)
        logits, chains = model_logits(model, batch, device), model.crf_scores()
        found = {}
        for target in targets:
            own, chain = logits[target.name].float(), chains.get(target.name)
            if chain is None:
                array = own.cpu().numpy()
                found[target.name] = Answer(array, decisions(target, array, (thresholds or {}).get(target.name)))
            else:
                tags = decoded_tags(chain, own, lengths)
                array = tag_log_probabilities(target, chain, own, lengths).float().cpu().numpy()
                found[target.name] = Answer(array, tags.cpu().numpy())
    return found


def decided(answers: Mapping[str, Answer], targets: Sequence[Target], thresholds: Thresholds) -> dict[str, Answer]:
    """The same answers, with the decisions of targets that have thresholds taken by these."""
    found = dict(answers)
    for target in targets:
        if target.name in thresholds:
            logits = answers[target.name].logits
            found[target.name] = Answer(logits, decisions(target, logits, thresholds[target.name]))
    return found
