"""What `model.encoder=rocket` needs of the settings and the data: its head is solved for, not trained by steps."""

from __future__ import annotations

import itertools

from seqwise.data.spec import DataSpec
from seqwise.errors import ConfigError
from seqwise.nn.encoders.rocket import reaches
from seqwise.task.defaults.data_statistics import Choice, Choices, DataStatistics

__all__ = ["check_rocket", "rocket_choices"]

_KERNELS, _THRESHOLDS = 168, 4
_LEAST_OF_LAYER = _KERNELS * _THRESHOLDS
_FEATURES, _FEATURES_OF_SEVERAL, _MOST_FEATURES = 5000, 10_000, 16_000


def check_rocket(spec: DataSpec) -> None:
    """Refuses data that `rocket` cannot read.

    Raises:
        ConfigError: symbols, or labels per step.
    """
    if not spec.input.is_series or any(target.per_step for target in spec.targets):
        what = "each step has labels" if spec.input.is_series else "the input is no numeric series"
        raise ConfigError(f"model.encoder is rocket, which reads whole numeric series, but {what}; choose another")


def rocket_choices(facts: DataStatistics) -> Choices:
    """Layers until kernels are as wide as the longest series: three for each doubling of the width, if not too many.

    As many kernels as give about 5,000 features in all, or what the layers have at least. Of several channels each
    kernel sees a few, drawn at random: twice as many draws hang less on chance.
    """
    per_doubling = next((n for n in (3, 2) if _layers(facts, n) * _LEAST_OF_LAYER <= _MOST_FEATURES), 1)
    layers = _layers(facts, per_doubling)
    features = _FEATURES if facts.channels == 1 else _FEATURES_OF_SEVERAL
    copies = max(1, round(features / (layers * _LEAST_OF_LAYER)))
    widest = 8 * reaches(layers, per_doubling)[-1] + 1
    return {
        "model.layers": Choice(
            layers, f"kernels span up to {widest} time steps; the longest series has {facts.longest}"
        ),
        "model.per_doubling": Choice(per_doubling, "dilations in between find more"),
        "model.hidden": Choice(_KERNELS * copies, f"for {_LEAST_OF_LAYER * copies * layers:,} features"),
        "model.summary_statistics": Choice(True, "cross-validation sets their weight"),
        "data.dev_fraction": Choice(0.0, "rocket needs no dev part: all sequences are used for training"),
    }


def _layers(facts: DataStatistics, per_doubling: int) -> int:
    """How many layers have kernels that are not wider than the longest series; one at least."""
    most = max(1.0, (facts.longest - 1) / 8)
    return next(n for n in itertools.count(1) if reaches(n + 1, per_doubling)[-1] > most)
