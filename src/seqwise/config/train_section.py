"""The section `train`: how the loss is minimised."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from seqwise.config.section import TRAINING, Flag, Section, Steps, doubled, scaled
from seqwise.errors import ConfigError

__all__ = ["Effort", "TrainConfig", "seconds_of"]

Effort = Literal["seconds", "minutes", "best"]


class TrainConfig(Section):
    """How it is minimised."""

    optimizer: Literal["adam", "adamw"] = Field("adamw", description="adam or adamw")
    effort: Annotated[Effort, Flag("--effort", "Time against quality: seconds, minutes or best.", 36, TRAINING)] = (
        Field("minutes", description="time against quality: decides the settings that you leave open")
    )
    learning_rate: Annotated[
        float, Steps(-4, 2, scaled(2**0.5), rank=1), Flag("--learning-rate", "Peak learning rate.", 37, TRAINING)
    ] = Field(4e-3, gt=0, description="peak learning rate, reached after warm-up")
    head_learning_rate: Annotated[float | None, Steps(-4, 2, scaled(2**0.5), rank=3)] = Field(
        None, gt=0, description="peak learning rate of all but a pretrained encoder, which uses train.learning_rate"
    )
    weight_decay: Annotated[float, Steps(-2, 2, scaled(10**0.5), rank=9)] = Field(
        1e-2, ge=0, description="weight decay of matrices (adamw)"
    )
    warmup: float = Field(0.05, ge=0, lt=1, description="fraction of the training in which the learning rate rises")
    decay: Literal["linear", "cosine", "none"] = Field(
        "cosine", description="schedule by which the learning rate falls to zero"
    )
    clip: float = Field(1.0, gt=0, description="maximum norm of the gradient")
    max_epochs: Annotated[int | None, Flag("--max-epochs", "Maximum number of epochs.", 40, TRAINING)] = Field(
        None, ge=1, description="maximum number of epochs; by default from the amount of data"
    )
    patience: Annotated[
        int, Flag("--patience", "Epochs without a better dev figure before stopping.", 41, TRAINING)
    ] = Field(5, ge=1, description="stop after this many epochs without a better dev figure")
    metric: Annotated[
        str | None, Flag("--metric", "The dev figure that picks the best epoch, such as macro_f1.", 42, TRAINING)
    ] = Field(None, description="dev figure that picks the best epoch, such as accuracy or intent.macro_f1")
    thresholds: bool = Field(
        True, description="multilabel: choose the probability threshold of each label on dev; false: 0.5"
    )
    budget: Annotated[str | None, Flag("--budget", "Time to train for: 90s, 10m, 1h.", 43, TRAINING)] = Field(
        None, description="time to train for, such as 90s, 10m or 1h"
    )
    batch_tokens: Annotated[
        int | None,
        Steps(-1, 1, doubled, rank=11),
        Flag("--batch-tokens", "Tokens or time steps per batch, padding included.", 38, TRAINING),
    ] = Field(None, ge=1, description="tokens or time steps per batch, padding included")
    accumulate: Annotated[int, Flag("--accumulate", "Batches per optimizer step.", 39, TRAINING)] = Field(
        1, ge=1, description="batches per optimizer step, averaged exactly"
    )
    ensemble: Annotated[int, Flag("--ensemble", "Number of models (consecutive seeds), averaged.", 44, TRAINING)] = (
        Field(
            1,
            ge=1,
            description="number of models (consecutive seeds), whose predictions are averaged; by default 3 for small "
            "data",
        )
    )
    distill: Annotated[bool, Flag("--distill", "Distil the ensemble into one model.", 45, TRAINING)] = Field(
        False, description="distil the ensemble into one model, and keep only that"
    )
    seed: Annotated[int, Flag("--seed", "Random seed; the same seed gives the same numbers.", 46, TRAINING)] = Field(
        1, ge=0, lt=2**63, description="random seed of the split, the weights, the order and the dropout"
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="of the products in gradients of recurrent layers; auto: bfloat16 where the processor has it",
    )
    baselines: Literal["auto", "majority"] = Field(
        "auto", description="baselines to fit and report: all that suit the data, or the majority class alone"
    )
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], Flag("--device", "auto, cpu, cuda or mps.", 47, TRAINING)
    ] = Field("auto", description="where to compute")
    checkpoint_seconds: float = Field(30.0, gt=0, description="maximum seconds between checkpoints")

    @field_validator("budget", mode="before")
    @classmethod
    def _readable_budget(cls, budget: Any) -> str | None:
        if budget is not None:
            seconds_of(str(budget))
        return None if budget is None else str(budget)


def seconds_of(duration: str) -> float:
    """The seconds of a duration such as 90s, 10m or 1.5h; a bare number is in seconds.

    Examples:
        >>> seconds_of("1.5h")
        5400.0

    Raises:
        ConfigError: anything else.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", duration.strip())
    if match is None or float(match[1]) == 0:
        raise ConfigError(f"a budget looks like 90s, 10m or 1h; got '{duration}'")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]
