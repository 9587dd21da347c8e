"""A training that is ready to start: everything decided, nothing trained or written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from seqwise.config import Config
from seqwise.errors import ConfigError
from seqwise.models.deciding_figures import decisive_figures
from seqwise.models.device import choose_device
from seqwise.models.network import networks_for
from seqwise.nn import Ensemble, SequenceModel, TfidfMargins
from seqwise.nn._recurrent import has_bfloat16
from seqwise.task.prepare import Task, prepare
from seqwise.training.convex.convex_fit import HeadFit, TfidfFit
from seqwise.training.convex.convex_heads import is_convex
from seqwise.training.ensemble.ensemble_fit import DistilledFit, EnsembleFit
from seqwise.training.fitter import Fitter
from seqwise.training.objective import Objective
from seqwise.training.sgd.loop import GradientDescent

__all__ = ["Plan", "plan_run", "plan_task"]


@dataclass(frozen=True)
class Plan:
    """A training that is ready to start: what `--dry-run` prints.

    Attributes:
        task: data, classes, vocabulary and resolved config.
        model: with fresh weights, on the device: what the run folder will hold, but for a regression beside it.
        fitter: what finds the weights.
        objective: what is minimised.
        device: where to compute.
        deciding: the (target, figure) pairs that decide which epoch is best.
    """

    task: Task
    model: SequenceModel | Ensemble
    fitter: Fitter
    objective: Objective
    device: torch.device
    deciding: list[tuple[str, str]]

    @property
    def single(self) -> SequenceModel:
        """The model, or the first member of an ensemble, which are all alike."""
        return self.model.single if isinstance(self.model, Ensemble) else self.model

    @property
    def deciding_names(self) -> list[str]:
        """The deciding figures as `TARGET.FIGURE`."""
        return [f"{name}.{figure}" for name, figure in self.deciding]

    @property
    def teacher(self) -> Ensemble | None:
        """The ensemble that the model learns from; None where it learns from labels alone."""
        return self.fitter.teacher if isinstance(self.fitter, DistilledFit) else None

    @property
    def ensemble(self) -> Ensemble | None:
        """The models that are fitted from several seeds: the model itself or its teacher; None where it is one."""
        return self.model if isinstance(self.model, Ensemble) else self.teacher

    @property
    def ensemble_fit(self) -> EnsembleFit | None:
        """What fits them."""
        fitter = self.fitter.teacher_fit if isinstance(self.fitter, DistilledFit) else self.fitter
        return fitter if isinstance(fitter, EnsembleFit) else None


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
    deciding = decisive_figures(config.train.metric, task.targets)
    if config.train.distill and config.train.ensemble == 1:
        raise ConfigError("train.distill is true, but one model has no ensemble to learn from\n  Add --ensemble 3.")
    model, teacher = networks_for(task, device)
    if teacher is not None and is_convex(teacher.single):
        raise ConfigError(
            f"train.distill is true, but the heads of the encoder '{config.model.encoder}' are solved for\n"
            "  Leave it out, or choose another --encoder."
        )
    return Plan(task, model, _fitter(task, model, teacher, objective, device, deciding), objective, device, deciding)


def _fitter(
    task: Task,
    model: SequenceModel | Ensemble,
    teacher: Ensemble | None,
    objective: Objective,
    device: torch.device,
    deciding: list[tuple[str, str]],
) -> Fitter:
    """What fits a model: the place where the kinds of fit are told apart."""
    seed = task.config.train.seed

    def ensemble_fit(ensemble: Ensemble) -> EnsembleFit:
        members = (
            _fitter_of_one(member, objective, device, deciding, seed + number)
            for number, member in enumerate(ensemble.members)
        )
        return EnsembleFit(tuple(members), device)

    if isinstance(model, Ensemble):
        return ensemble_fit(model)
    if teacher is None:
        return _fitter_of_one(model, objective, device, deciding, seed)
    student_fit = GradientDescent(objective, device, deciding, seed + len(teacher.members))
    return DistilledFit(teacher, ensemble_fit(teacher), student_fit, objective)


def _fitter_of_one(
    model: nn.Module, objective: Objective, device: torch.device, deciding: list[tuple[str, str]], seed: int
) -> Fitter:
    assert isinstance(model, SequenceModel)
    if isinstance(model.bag, TfidfMargins):
        return TfidfFit(objective, device, deciding)
    if is_convex(model):
        return HeadFit(objective, device, deciding, seed)
    return GradientDescent(objective, device, deciding, seed)
