"""The network of a run: one model, or the members of an ensemble."""

from __future__ import annotations

import torch

from seqwise.config import Config
from seqwise.data.encoding import Encoding
from seqwise.models.build import first_model, model_for, regression_for
from seqwise.nn import Ensemble, Network, SequenceModel, Stacked
from seqwise.targets import Target
from seqwise.task.prepare import Task

__all__ = ["network_for", "networks_for"]


def network_for(config: Config, targets: tuple[Target, ...], encoding: Encoding) -> Network:
    """The untrained network that a run folder holds: an ensemble, unless it was distilled into one model.

    Either stands beside a regression where the config says so.
    """
    if config.train.ensemble == 1 or config.train.distill:
        network: SequenceModel | Ensemble = model_for(config, targets, encoding)
    else:
        network = Ensemble([model_for(config, targets, encoding) for _ in range(config.train.ensemble)])
    regression = regression_for(config, targets, len(encoding.ngrams))
    return network if regression is None else Stacked(network, regression)


def networks_for(task: Task, device: torch.device) -> tuple[SequenceModel | Ensemble, Ensemble | None]:
    """The untrained network of a task, without a regression.

    Returns:
        The model that the run folder will hold, and the ensemble that it learns from where it is distilled, else None.
        Member i starts from the seed + i, the model into which N members are distilled from the seed + N.
    """
    config = task.config.train
    models = [first_model(task, config.seed + i).to(device) for i in range(config.ensemble + config.distill)]
    if config.ensemble == 1:
        return models[0], None
    ensemble = Ensemble(models[: config.ensemble])
    return (models[-1], ensemble) if config.distill else (ensemble, None)
