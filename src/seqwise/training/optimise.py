"""The optimiser and its step size over the course of the training."""

from __future__ import annotations

import math

import torch
from torch import nn

from seqwise.training.config import TrainConfig

__all__ = ["make_optimizer", "step_size"]


def make_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """Adam, or AdamW that decays weight matrices but neither biases nor vectors of symbols."""
    # One kernel per step instead of ten per tensor; Apple's MPS has it too, other devices may not.
    fused = all(parameter.device.type in ("cpu", "cuda", "mps") for parameter in model.parameters())
    if config.optimizer == "adam":
        return torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=fused)
    embeddings = {
        id(parameter)
        for module in model.modules()
        if isinstance(module, nn.Embedding)
        for parameter in module.parameters()
    }
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for parameter in model.parameters():
        (decayed if parameter.ndim > 1 and id(parameter) not in embeddings else plain).append(parameter)
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=config.learning_rate, fused=fused)


def step_size(config: TrainConfig, progress: float) -> float:
    """The step size when this share of the training is done: a linear rise, then the decay.

    Example:
        >>> config = TrainConfig(learning_rate=1.0, warmup=0.5, decay="linear")
        >>> [step_size(config, progress) for progress in (0.0, 0.25, 0.5, 0.75)]
        [0.02, 0.5, 1.0, 0.5]
    """
    if progress < config.warmup:
        return config.learning_rate * max(progress / config.warmup, 0.02)
    done = min((progress - config.warmup) / (1 - config.warmup), 1.0)
    factors = {"none": 1.0, "linear": 1.0 - done, "cosine": (1 + math.cos(math.pi * done)) / 2}
    return config.learning_rate * factors[config.decay]
