"""Puts the regression of n-grams beside a trained network, and weighs the two by the labels of the dev part."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqwise.data.batching import length_plan
from seqwise.models.decisions import model_logits
from seqwise.models.target_loss import target_loss
from seqwise.nn import Ensemble, Network, NgramRegression, SequenceModel, Stacked
from seqwise.targets import Target
from seqwise.training.convex.ngram_fit import fitted_regression
from seqwise.training.training_plan import Plan

__all__ = ["StackingWeights", "stacked"]

_PRIOR = 5.0
_LEAST = 0.05


@dataclass(frozen=True)
class StackingWeights:
    """What was found for one target.

    Attributes:
        network: the weight of the network's logits.
        regression: the weight of the regression's.
        losses: mean loss per label of the dev part: of the network, of the regression, of both.
        learned_from: training sequences that the regression was fitted on, of how many.
    """

    network: float
    regression: float
    losses: tuple[float, float, float]
    learned_from: tuple[int, int]

    def to_json(self) -> dict[str, Any]:
        """The plain form that metrics.json keeps."""
        return {**asdict(self), "losses": list(self.losses), "learned_from": list(self.learned_from)}


def stacked(plan: Plan, network: SequenceModel | Ensemble) -> tuple[Network, dict[str, StackingWeights]]:
    """A trained network beside the regression that its config asks for, or alone; and what was found, by target.

    The weights are those of the least loss on the dev part, drawn towards one half as if by a few labels more, so that
    a small dev part does not decide alone. That of the network is never 0.
    """
    fitted = fitted_regression(plan.task, plan.objective)
    if fitted is None:
        return network, {}
    regression, taken = fitted
    found: dict[str, StackingWeights] = {}
    model = Stacked(network, regression).to(plan.device)
    of_network, of_regression = _dev_logits(plan, network, regression)
    for place, name in enumerate(regression.names):
        target = next(target for target in plan.task.targets if target.name == name)
        found[name] = _weighed(plan, target, of_network[name], of_regression[name], taken)
        model.scales[place] = torch.tensor([found[name].network, found[name].regression])
    return model, found


def _dev_logits(
    plan: Plan, network: SequenceModel | Ensemble, regression: NgramRegression
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Of each, the logits of the dev part, by target, in the order of its rows."""
    rows, task = plan.task.split.dev, plan.task
    batches = length_plan(task.batcher.sizes, rows, 4 * (task.config.train.batch_tokens or 1024))
    found: tuple[dict[str, list[Tensor]], dict[str, list[Tensor]]] = ({}, {})
    was_training = network.training
    network.eval()
    with torch.inference_mode():
        for batch in task.batcher.batches(batches):
            assert batch.ngrams is not None
            ngrams = torch.from_numpy(batch.ngrams).to(plan.device)
            both = model_logits(network, batch, plan.device), regression(ngrams)
            for kept, logits in zip(found, both, strict=True):
                for name in regression.names:
                    kept.setdefault(name, []).append(logits[name].float().cpu())
    network.train(was_training)
    order = torch.from_numpy(np.argsort(np.concatenate(batches), kind="stable"))
    of_network, of_regression = ({name: torch.cat(parts)[order] for name, parts in kept.items()} for kept in found)
    return of_network, of_regression


def _weighed(plan: Plan, target: Target, of_network: Tensor, of_regression: Tensor, taken: int) -> StackingWeights:
    from scipy.optimize import minimize

    task = plan.task
    rows = np.sort(task.split.dev)
    codec = next(codec for codec in task.codecs if codec.target.name == target.name)
    labels, mask = map(torch.from_numpy, codec.batch(task.store, rows, 1))
    of_regression = of_regression.reshape(of_network.shape)
    of_network = of_network.masked_fill(of_network.isinf(), 0.0)  # classes that an output lacks, which no loss reads

    def total(scales: Tensor) -> tuple[Tensor, float]:
        part = target_loss(target, scales[0] * of_network + scales[1] * of_regression, labels, mask)
        return part.sum, float(part.count)

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scales = torch.tensor(values, dtype=torch.float32, requires_grad=True)
        value = total(scales)[0] + _PRIOR * (scales - 0.5).square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        assert scales.grad is not None
        return float(value.detach()), scales.grad.numpy().astype(np.float64)

    bounds = [(_LEAST, None), (0.0, None)]
    best: Any = minimize(loss, np.array([0.5, 0.5]), jac=True, method="L-BFGS-B", bounds=bounds).x
    network, regression = (round(float(value), 4) for value in best)

    def mean(first: float, second: float) -> float:
        value, count = total(torch.tensor([first, second]))
        return round(float(value) / max(count, 1.0), 6)

    losses = mean(1.0, 0.0), mean(0.0, 1.0), mean(network, regression)
    return StackingWeights(network, regression, losses, (taken, len(task.split.train)))
