"""What every encoder is: a module from one vector per step to one state per step, which padding can never reach."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from seqwise.nn._axes import Bool, Float, Integer

__all__ = ["Encoder"]


class Encoder(nn.Module, ABC):
    """One state per step of a padded batch.

    Each sequence has the states that it would have alone: padding, its length and the rest of the batch change nothing.

    Built with (input_size, hidden), and `layers=`, `dropout=`; those that have directions take `bidirectional=` too.

    Attributes:
        has_directions: whether a state is of one direction or of two, as `bidirectional=` says.
        input_size: features per step of the input.
        output_size: features per step of the output.
        bidirectional: whether the second half of a state is of a direction that reads from the last step to the first.
    """

    has_directions: ClassVar[bool] = False
    input_size: int
    output_size: int
    bidirectional: bool = False

    @abstractmethod
    def forward(
        self,
        inputs: Float[Tensor, "batch time features"],
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
    ) -> Float[Tensor, "batch time hidden"]:
        """The states at every step.

        Args:
            inputs: (batch, time, input_size); positions that do not count may hold anything, NaN too.
            lengths: (batch,) the first `lengths[b]` steps count.
            mask: (batch, time) booleans, True = counts. With neither, every step counts.

        Returns:
            (batch, time, output_size). Exact zeros where a step does not count.

        Raises:
            ShapeError: inputs are not (batch, time, input_size), or lengths or mask do not fit them.
            DtypeError: lengths are not integers, or the mask is not boolean.
            UsageError: lengths and mask were both given.
        """
