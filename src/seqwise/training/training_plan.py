"""A training that is ready to start: everything decided, nothing trained or written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from seqwise.config import Config
from seqwise.errors import ConfigError
from seqwise.models.device import choose_device
from seqwise.models.network import networks_for
from seqwise.nn import Ensemble, SequenceModel
from seqwise.nn._recurrent import has_bfloat16
from seqwise.task.prepare import Task, prepare
from seqwise.training.convex.convex_heads import is_convex
from seqwise.training.objective import Objective
from seqwise.training.sgd.loop import decisive_figures

__all__ = ["Plan", "plan_run", "plan_task"]


@dataclass(frozen=True)
class Plan:
    """A training that is ready to start: what `--dry-run` prints.

    Attributes:
        task: data, classes, vocabulary and resolved config.
        model: with fresh weights, on the device: what the run folder will hold, but for a regression beside it.
        ensemble: what is trained first when it is distilled into the model, or the model itself; None without one.
        objective: what is minimised.
        device: where to compute.
        deciding: the (target, figure) pairs that decide which epoch is best.
    """

    task: Task
    model: SequenceModel | Ensemble
    ensemble: Ensemble | None
    objective: Objective
    device: torch.device
    deciding: list[tuple[str, str]]

    @property
    def single(self) -> SequenceModel:
        """The model, or the first member of an ensemble, which are all alike."""
        return self.model.single if isinstance(self.model, Ensemble) else self.model


def plan_run(config: Config, say: Callable[[str], object] = lambda _: None) -> Plan:
    """Everything decided, nothing trained or written.

    Args:
        config: the settings.
        say: gets each sentence on what was found, as soon as it was.

    Raises:
        UsageError: see `prepare`, `Objective.from_config`, `choose_device`, `build_model`.
    """
    device = choose_device(config.train.device)
    if config.train.precision == "bfloat16" and (device.type != "cpu" or not has_bfloat16()):
        raise ConfigError(
            "train.precision is bfloat16, which needs a processor with AVX512-BF16, compiled code and device cpu\n"
            "  Leave it out: float32 works everywhere."
        )
    return plan_task(prepare(config, say), device)


def plan_task(task: Task, device: torch.device) -> Plan:
    """The plan of a task that is prepared already.

    Raises:
        ConfigError: settings that contradict each other or the targets.
    """
    config = task.config
    objective = Objective.from_config(config.loss, task.targets, task.counts)
    deciding = decisive_figures(config.train.metric, task)
    if config.train.distill and config.train.ensemble == 1:
        raise ConfigError("train.distill is true, but one model has no ensemble to learn from\n  Add --ensemble 3.")
    network, ensemble = networks_for(task, device)
    if ensemble is not None and config.train.distill and is_convex(ensemble.single):
        raise ConfigError(
            f"train.distill is true, but the heads of the encoder '{config.model.encoder}' are solved for\n"
            "  Leave it out, or choose another --encoder."
        )
    return Plan(task, network, ensemble, objective, device, deciding)
