"""The model section of each encoder: a class here and a module of `seqwise.nn.encoders` are all that an encoder is.

A new encoder is a subclass of `NetworkConfig` under the name of its layer (`Encoder.name`). Settings that it adds are
arguments of that layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from seqwise.config.model_section import ConvexConfig, DropoutConfig, NetworkConfig, NgramConfig, SizedConfig

__all__ = [
    "BagConfig",
    "ConvConfig",
    "GRUConfig",
    "LSTMConfig",
    "RNNConfig",
    "RecurrentConfig",
    "RocketConfig",
    "TfidfConfig",
    "TransformerConfig",
]


class RecurrentConfig(NetworkConfig):
    """Recurrent layers."""

    bidirectional: bool = Field(True, description="read in both directions with recurrent layers")

    @property
    def idle(self) -> Mapping[str, str]:
        """Without what rounds the gradients of recurrent layers."""
        return {key: reason for key, reason in super().idle.items() if key != "train.precision"}


class LSTMConfig(RecurrentConfig):
    """Long short-term memory."""

    encoder: Literal["lstm"] = "lstm"


class GRUConfig(RecurrentConfig):
    """Gated recurrent units."""

    encoder: Literal["gru"] = "gru"


class RNNConfig(RecurrentConfig):
    """Simple recurrent layers, which are never better than the other two."""

    searched: ClassVar[bool] = False
    encoder: Literal["rnn"] = "rnn"


class TransformerConfig(NetworkConfig):
    """Layers of attention."""

    encoder: Literal["transformer"] = "transformer"


class ConvConfig(NetworkConfig):
    """Dilated convolutions."""

    encoder: Literal["conv"] = "conv"


_OF_STATES = ("input.min_count", "input.affixes", "input.characters", "input.vectors", "input.symbol_dropout")
"""What only an encoder with a state per symbol reads."""


class BagConfig(NgramConfig, DropoutConfig):
    """N-grams alone, in seconds."""

    encoder: Literal["bag"] = "bag"

    @property
    def idle(self) -> Mapping[str, str]:
        """What only an encoder with a state per symbol heeds."""
        reason = f"the encoder is {self.encoder}, which reads n-grams alone"
        return {**super().idle, **dict.fromkeys((*_OF_STATES, "train.precision"), reason)}


class TfidfConfig(ConvexConfig):
    """TF-IDF of n-grams and logistic regression."""

    reason: ClassVar[str] = "whose logistic regressions do not use it"
    encoder: Literal["tfidf"] = "tfidf"

    @property
    def idle(self) -> Mapping[str, str]:
        """What has no meaning for logistic regressions on n-grams, one for each class, output or label."""
        unused = (*_OF_STATES, "loss.label_smoothing", "loss.class_weight", "loss.target_weight")
        alike = "which nothing random decides: all models of an ensemble would be identical"
        encoder = f"model.encoder is {self.encoder}"
        return {
            **super().idle,
            **dict.fromkeys(unused, f"{encoder}, {self.reason}"),
            **dict.fromkeys(("train.ensemble", "train.distill"), f"{encoder}, {alike}"),
        }


class RocketConfig(ConvexConfig, SizedConfig):
    """Random kernels over series, proportions of positive values, and a linear head."""

    reason: ClassVar[str] = "whose head is solved for"
    encoder: Literal["rocket"] = "rocket"
    per_doubling: int = Field(1, ge=1, description="rocket: number of layers after which the dilation doubles")
    summary_statistics: bool | None = Field(
        None,
        description="rocket: add summary statistics of each channel to the PPV features, weighted by cross-validation",
    )

    @property
    def not_asked_for(self) -> tuple[str, ...]:
        """Sizes: who sets one has a model in mind that is trained step by step."""
        return ("hidden", "layers")
