"""Settings left open of what is minimised for labels of whole texts: smoothing, or weights of classes."""

from __future__ import annotations

from seqwise.config import Config
from seqwise.task.defaults.data_statistics import Choice, Choices, DataStatistics

__all__ = ["weight_choices"]


def weight_choices(config: Config, facts: DataStatistics) -> Choices:
    """Balanced classes where all of them shall count alike, that is where macro F1 decides; else smoothed labels.

    Never both: what smoothing gives to the other labels is weighed by their weights, so that rare ones get most of it.
    """
    is_text = not facts.input.is_series and not facts.is_per_step
    if not is_text or any(target.kind not in ("label", "outputs") for target in facts.targets):
        return {}
    if config.loss.class_weight is not None or config.loss.ordinal:
        return {}
    if (config.train.metric or "").endswith("macro_f1") and not config.loss.label_smoothing:
        return {"loss.class_weight": Choice("balanced", "train.metric is macro_f1, which weights all classes equally")}
    return {"loss.label_smoothing": Choice(0.1, "labels of whole texts are less certain than the model becomes")}
