"""Heads: a vector of size D, of a sequence or of one of its steps -> logits, by one linear layer.

| head              | vectors              | logits                       |
|-------------------|----------------------|------------------------------|
| `LabelHead`       | (B, D)               | (B, C)                       |
| `TagsHead`        | (B, T, D)            | (B, T, C)                    |
| `MultiOutputHead` | (B, D) or (B, T, D)  | (B, K, C) or (B, T, K, C)    |
| `MultiLabelHead`  | (B, D) or (B, T, D)  | (B, L) or (B, T, L)          |

In training each applies dropout to the features of its vectors, the same ones at every step of a sequence. Steps do not
see each other here, so heads need no mask: logits at steps that do not count are finite and meaningless.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seqwise.errors import ConfigError
from seqwise.nn._arguments import require_axes, require_dropout, require_sizes
from seqwise.nn._axes import Float
from seqwise.nn._dropout import FeatureDropout
from seqwise.nn._linear import Linear

__all__ = ["LabelHead", "MultiLabelHead", "MultiOutputHead", "TagsHead", "class_slots"]


class LabelHead(nn.Module):
    """Returns logits of one label per sequence.

    Args:
        size: features of a vector.
        classes: number of classes.
        dropout: fraction of features dropped in training.

    Raises:
        ConfigError: a size below 1, or dropout outside [0, 1).

    Examples:
        >>> LabelHead(128, 5)(torch.zeros(32, 128)).shape
        torch.Size([32, 5])
    """

    def __init__(self, size: int, classes: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.linear = _linear("LabelHead", size, dropout, classes=classes)
        self.dropout = FeatureDropout(dropout)

    def forward(self, vectors: Float[Tensor, "batch size"]) -> Float[Tensor, "batch classes"]:
        """Return the logits (batch, classes) of (batch, size).

        Raises:
            ShapeError: vectors are not (batch, size).
        """
        require_axes("LabelHead", "vectors", vectors, ("batch", "size"), self.linear.in_features)
        logits: Tensor = self.linear(self.dropout(vectors))
        return logits


class TagsHead(nn.Module):
    """Returns logits of one label per step.

    Args:
        size: features of a vector.
        classes: number of classes.
        dropout: fraction of features dropped in training.

    Raises:
        ConfigError: a size below 1, or dropout outside [0, 1).

    Examples:
        >>> TagsHead(128, 5)(torch.zeros(32, 20, 128)).shape
        torch.Size([32, 20, 5])
    """

    def __init__(self, size: int, classes: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.linear = _linear("TagsHead", size, dropout, classes=classes)
        self.dropout = FeatureDropout(dropout)

    def forward(self, vectors: Float[Tensor, "batch time size"]) -> Float[Tensor, "batch time classes"]:
        """Return the logits (batch, time, classes) of (batch, time, size).

        Raises:
            ShapeError: vectors are not (batch, time, size).
        """
        require_axes("TagsHead", "vectors", vectors, ("batch", "time", "size"), self.linear.in_features)
        logits: Tensor = self.linear(self.dropout(vectors))
        return logits


class MultiOutputHead(nn.Module):
    """Returns logits of K outputs, each with its own classes.

    The class axis has the size of the largest output. The surplus slots of a smaller output are -inf: softmax
    gives them probability 0, argmax never picks them. They are constants without weights, so no gradient flows
    through them, not even NaN.

    Args:
        size: features of a vector.
        classes: number of classes of each of the K outputs.
        dropout: fraction of features dropped in training.

    Raises:
        ConfigError: no outputs, a size below 1, or dropout outside [0, 1).

    Examples:
        >>> head = MultiOutputHead(128, classes=[3] * 47)
        >>> head(torch.zeros(8, 128)).shape
        torch.Size([8, 47, 3])
        >>> MultiOutputHead(4, classes=[3, 2])(torch.zeros(1, 4)).softmax(dim=-1)[0, 1, 2].item()
        0.0
    """

    slots: Tensor

    def __init__(self, size: int, classes: Sequence[int], *, dropout: float = 0.0) -> None:
        super().__init__()
        self.classes = tuple(classes)
        if not self.classes:
            raise ConfigError("MultiOutputHead: classes is empty, expected the number of classes of each output")
        require_sizes("MultiOutputHead", **{f"classes[{k}]": count for k, count in enumerate(self.classes)})
        self.linear = _linear("MultiOutputHead", size, dropout, logits=sum(self.classes))
        self.dropout = FeatureDropout(dropout)
        self.register_buffer("slots", class_slots(self.classes), persistent=False)

    def forward(self, vectors: Float[Tensor, "*batch size"]) -> Float[Tensor, "*batch outputs classes"]:
        """Return the logits (..., K, C) of (..., size), where C is the number of classes of the largest output.

        Raises:
            ShapeError: vectors are not (batch, size) or (batch, time, size).
        """
        _require_vectors("MultiOutputHead", vectors, self.linear.in_features)
        logits: Tensor = self.linear(self.dropout(vectors))  # (..., classes of output 0, of output 1, ...)
        if len(set(self.classes)) > 1:
            padded = nn.functional.pad(logits, (0, 1), value=-torch.inf)
            logits = padded.index_select(-1, self.slots)
        return logits.reshape(*vectors.shape[:-1], len(self.classes), max(self.classes))


class MultiLabelHead(nn.Module):
    """Returns logits of L independent yes-or-no labels.

    Args:
        size: features of a vector.
        labels: number of labels.
        dropout: fraction of features dropped in training.

    Raises:
        ConfigError: a size below 1, or dropout outside [0, 1).

    Examples:
        >>> MultiLabelHead(128, 5)(torch.zeros(32, 128)).shape
        torch.Size([32, 5])
    """

    def __init__(self, size: int, labels: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.linear = _linear("MultiLabelHead", size, dropout, labels=labels)
        self.dropout = FeatureDropout(dropout)

    def forward(self, vectors: Float[Tensor, "*batch size"]) -> Float[Tensor, "*batch labels"]:
        """Return the logits (..., labels) of (..., size).

        Raises:
            ShapeError: vectors are not (batch, size) or (batch, time, size).
        """
        _require_vectors("MultiLabelHead", vectors, self.linear.in_features)
        logits: Tensor = self.linear(self.dropout(vectors))
        return logits


def _linear(call: str, size: int, dropout: float, **outputs: int) -> Linear:
    require_sizes(call, size=size, **outputs)
    require_dropout(call, dropout)
    return Linear(size, sum(outputs.values()))


def _require_vectors(call: str, vectors: Tensor, size: int) -> None:
    axes = ("batch", "time", "size") if vectors.ndim == 3 else ("batch", "size")
    require_axes(call, "vectors", vectors, axes, size)


def class_slots(classes: tuple[int, ...]) -> Tensor:
    """Return (K x C,) the index of each slot among the logits of all outputs; one past the end for a surplus slot."""
    starts = [sum(classes[:k]) for k in range(len(classes))]
    surplus = sum(classes)
    return torch.tensor(
        [
            start + slot if slot < count else surplus
            for start, count in zip(starts, classes, strict=True)
            for slot in range(max(classes))
        ]
    )
