"""Scores of a linear-chain CRF over tags, trained or only constrained."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from seqwise.nn._arguments import require_sizes

__all__ = ["CRFScores", "TagCRF"]


class CRFScores(NamedTuple):
    """The scores of a linear-chain CRF over C states, as `seqwise.losses` takes them with emissions (B, T, C).

    Attributes:
        transitions: (C, C), from and to.
        start: (C,), scores of starting with a state.
        end: (C,), scores of ending with a state.
        allowed_transitions: (C, C) booleans, True where state i may precede state j; None for no constraint.
        allowed_start: (C,) booleans.
        allowed_end: (C,) booleans.
        tags: (C,) integers, the target's class of each state; None where states are classes.
        is_learned: whether the logits of the target were trained together with these scores. Otherwise they were
            trained with a cross-entropy per step, the scores are 0, and only the constraints matter, in decoding.
    """

    transitions: Tensor
    start: Tensor
    end: Tensor
    allowed_transitions: Tensor | None = None
    allowed_start: Tensor | None = None
    allowed_end: Tensor | None = None
    tags: Tensor | None = None
    is_learned: bool = True


class TagCRF(nn.Module):
    """The scores of a linear-chain CRF; a head computes its emissions.

    The scores start at 0: all paths are then scored by their emissions alone. The constraints move with the module but
    are not saved, since they follow from the names of the classes.

    Args:
        classes: number of states: the classes of the target, or finer ones.
        is_learned: whether the scores are parameters; otherwise they stay 0 and are not saved.
        allowed_transitions: (classes, classes) booleans, from and to; None for no constraint.
        allowed_start: (classes,) booleans.
        allowed_end: (classes,) booleans.
        tags: (classes,) integers, the target's class of each state; None where states are classes.

    Attributes:
        classes: number of states, which is the number of logits of the head.

    Raises:
        ConfigError: classes below 1.

    Examples:
        >>> TagCRF(3)().transitions.shape
        torch.Size([3, 3])
    """

    def __init__(
        self,
        classes: int,
        *,
        is_learned: bool = True,
        allowed_transitions: Any = None,
        allowed_start: Any = None,
        allowed_end: Any = None,
        tags: Any = None,
    ) -> None:
        super().__init__()
        require_sizes("TagCRF", classes=classes)
        self.classes = classes
        self.is_learned = is_learned
        self.register_buffer("tags", None if tags is None else torch.as_tensor(tags), persistent=False)
        for name, shape in (("transitions", (classes, classes)), ("start", (classes,)), ("end", (classes,))):
            scores = torch.zeros(shape)
            if is_learned:
                self.register_parameter(name, nn.Parameter(scores))
            else:
                self.register_buffer(name, scores, persistent=False)
        allowed = {"transitions": allowed_transitions, "start": allowed_start, "end": allowed_end}
        for name, booleans in allowed.items():
            buffer = None if booleans is None else torch.as_tensor(booleans, dtype=torch.bool)
            self.register_buffer(f"allowed_{name}", buffer, persistent=False)

    def forward(self) -> CRFScores:
        """Return the current scores, attached to the graph."""
        parts: dict[str, Any] = {name: getattr(self, name) for name in CRFScores._fields}
        return CRFScores(**parts)
