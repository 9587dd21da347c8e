"""What the model sections of encoders share: the settings of each family, and the refusal of those of another one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from seqwise.config.section import MODEL, Flag, Search, Section, Steps, doubled
from seqwise.errors import did_you_mean, listed

__all__ = [
    "ConvexConfig",
    "DropoutConfig",
    "ModelConfig",
    "NetworkConfig",
    "NgramConfig",
    "PooledConfig",
    "SizedConfig",
    "require_known",
]


def require_known(what: str, name: str, known: Iterable[str]) -> None:
    """Refuses a name that is none of these.

    Raises:
        ValueError: did you mean, and all there are.
    """
    if name not in known:
        near = did_you_mean(name, known)
        raise ValueError(f"there is no {what} '{name}'. {near}{' ' if near else ''}There are {listed(known)}.")


def _known_poolings(pooling: str | dict[str, str]) -> str | dict[str, str]:
    for name in [pooling] if isinstance(pooling, str) else pooling.values():
        require_known("pooling", name, _poolings())
    return pooling


def _poolings() -> tuple[str, ...]:
    from seqwise.nn import POOLINGS

    return tuple(POOLINGS)


def _tenths(value: float, step: int) -> float:
    return min(max(round(value + 0.1 * step, 4), 0.0), 0.8)


class ModelConfig(Section):
    """The network.

    A class of its own for each encoder: a setting that an encoder does not have is refused.

    Attributes:
        searched: whether `seqwise tune` tries the encoder.
        is_convex: whether its weights are found at once, not by gradient descent.
        is_folder: whether the encoder is a model folder of the transformers package.
    """

    searched: ClassVar[bool] = True
    is_convex: ClassVar[bool] = False
    is_folder: ClassVar[bool] = False

    encoder: str

    @property
    def idle(self) -> Mapping[str, str]:
        """The settings of other sections that have no effect with this encoder, and why."""
        return {
            "train.precision": f"only recurrent layers round, and the encoder is '{self.encoder}'",
            "train.head_learning_rate": "only a pretrained encoder has another learning rate than the heads",
        }

    @property
    def not_asked_for(self) -> tuple[str, ...]:
        """Settings that it has; who sets one has another encoder in mind, and this one is not chosen by itself."""
        return ()

    def get(self, name: str) -> Any:
        """The value of a setting that not every encoder has; None where this one has not."""
        return getattr(self, name, None)


class NgramConfig(ModelConfig):
    """What reads n-grams beside an encoder."""

    bag: int | None = Field(None, ge=0, description="embedding size of the bag of n-grams; 0 for none")
    ngram_dropout: Annotated[float, Steps(-2, 2, _tenths, rank=8)] = Field(
        0.3, ge=0, lt=1, description="fraction of the n-grams that is hidden in training"
    )
    regression: bool | None = Field(
        None, description="stack a TF-IDF regression on the network, for targets with one label per sequence"
    )


class DropoutConfig(ModelConfig):
    """What hides features in training."""

    dropout: Annotated[float, Steps(-2, 3, _tenths, rank=2), Flag("--dropout", "Dropout rate.", 33, MODEL)] = Field(
        0.3, ge=0, lt=1, description="dropout on embeddings, between layers and before the heads"
    )


class SizedConfig(ModelConfig):
    """Layers of one size."""

    hidden: Annotated[
        int, Steps(-1, 1, doubled, rank=4), Flag("--hidden", "Hidden size, per direction.", 31, MODEL)
    ] = Field(128, ge=1, description="hidden size, per direction")
    layers: Annotated[
        int,
        Steps(0, 1, lambda value, step: value + step, rank=5),
        Flag("--layers", "Number of encoder layers.", 32, MODEL),
    ] = Field(1, ge=1, description="number of encoder layers")


class PooledConfig(DropoutConfig):
    """What makes one vector of the states of a sequence."""

    pooling: Annotated[
        str | dict[str, str],
        AfterValidator(_known_poolings),
        Search(_poolings, rank=2),
        Flag("--pooling", "last, first, mean, max or attention.", 30, MODEL),
    ] = Field("max", description="last, first, mean, max or attention; or one per target")
    attention_size: int | None = Field(None, ge=1, description="hidden size of attention pooling")


class NetworkConfig(NgramConfig, PooledConfig, SizedConfig):
    """An encoder of `seqwise.nn.ENCODERS`. What a class of an encoder adds to this is an argument of its layer."""

    embedding: Annotated[int, Steps(-1, 1, doubled, rank=6)] = Field(
        100, ge=1, description="embedding size of a symbol, or size of the projected channels"
    )
    context_window: bool | None = Field(
        None,
        description="series with a label per time step: add a linear head over a context window, fitted at once",
    )

    @property
    def layer_options(self) -> dict[str, Any]:
        """The arguments of the encoder's layer beside its input size and its dropout."""
        shared = set(NetworkConfig.model_fields) - set(SizedConfig.model_fields) | {"encoder"}
        return {name: getattr(self, name) for name in type(self).model_fields if name not in shared}


class ConvexConfig(ModelConfig):
    """An encoder whose weights are found at once: what steers gradient descent has no effect."""

    is_convex: ClassVar[bool] = True
    reason: ClassVar[str]

    @property
    def idle(self) -> Mapping[str, str]:
        """All that steers gradient descent. Of an ordinal loss the minimum is not the only one."""
        return {
            **super().idle,
            **dict.fromkeys(_OF_GRADIENT_DESCENT, f"model.encoder is {self.encoder}, {self.reason}"),
        }


_OF_GRADIENT_DESCENT = (
    *("train.optimizer", "train.learning_rate", "train.weight_decay", "train.warmup", "train.decay", "train.clip"),
    *("train.max_epochs", "train.patience", "train.budget", "train.batch_tokens", "train.accumulate"),
    *("train.checkpoint_seconds", "train.precision", "loss.ordinal"),
)
