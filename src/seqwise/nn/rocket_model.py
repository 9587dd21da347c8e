"""ROCKET model of series: fixed kernels, proportions of positive values, and a linear head fitted in closed form."""

from __future__ import annotations

from collections.abc import Sequence

from seqwise.errors import ConfigError, listed
from seqwise.nn.encoders.rocket import RocketEncoder
from seqwise.nn.inputs import ChannelValues
from seqwise.nn.poolings import Pooling
from seqwise.nn.ppv import PPVPooling
from seqwise.nn.sequence_model import SequenceModel, new_head
from seqwise.nn.summary_statistics import PPVAndSummaries
from seqwise.nn.target_module import TargetModule
from seqwise.targets import Target

__all__ = ["ROCKET", "build_rocket"]

ROCKET = "rocket"
"""The name of this model in `model.encoder`."""


def build_rocket(
    targets: Sequence[Target],
    *,
    channels: int,
    hidden: int = 168,
    layers: int = 1,
    per_doubling: int = 1,
    thresholds: int = 4,
    summary_statistics: bool = False,
) -> SequenceModel:
    """Return the model of `model.encoder=rocket`: values -> `RocketEncoder` -> `PPVPooling` -> a head per target.

    Only its heads have trained weights; `PPVPooling.fill` sets the thresholds.

    Args:
        targets: the targets, each predicted once per sequence.
        channels: values per step.
        hidden: kernels per layer.
        layers: layers of the encoder.
        per_doubling: layers per doubling of the dilation.
        thresholds: number of thresholds per kernel.
        summary_statistics: whether the head also reads summary statistics of each channel (`PPVAndSummaries`).

    Raises:
        ConfigError: a target with labels per step, a size below 1, no targets.

    Examples:
        >>> import torch
        >>> speaker = Target("speaker", "label", (("1", "2", "3"),))
        >>> build_rocket([speaker], channels=12)(torch.zeros(2, 20, 12))["speaker"].shape
        torch.Size([2, 3])
    """
    if per_step := [target.name for target in targets if target.per_step]:
        raise ConfigError(
            f"the encoder 'rocket' classifies whole series only, and {listed(per_step)} has labels per step; "
            "choose another encoder, such as conv"
        )
    encoder = RocketEncoder(channels, hidden, layers=layers, per_doubling=per_doubling, with_values=summary_statistics)
    modules = {}
    for target in targets:
        pooling: Pooling = (
            PPVAndSummaries(hidden * layers, channels, thresholds=thresholds)
            if summary_statistics
            else PPVPooling(encoder.output_size, thresholds=thresholds)
        )
        modules[target.name] = TargetModule(new_head(target, pooling.output_size, 0.0), pooling)
    return SequenceModel(ChannelValues(channels), encoder, modules)
