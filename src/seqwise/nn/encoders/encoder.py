"""The base class of encoders: one vector per step -> one state per step, unaffected by padding."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from seqwise.nn._arguments import require_axes
from seqwise.nn._axes import Bool, Float, Integer
from seqwise.nn._masking import compact_positions, counted_positions, inverse, selected, taken

__all__ = ["Encoder", "LeftAlignedEncoder"]


class Encoder(nn.Module, ABC):
    """One state per step of a padded batch.

    Each sequence has the states that it would have alone: padding, its length and the rest of the batch change nothing.

    Arguments of the constructor: (input_size, hidden), `layers=`, `dropout=`, and `bidirectional=` for encoders that
    have directions. The encoder's own settings are further keywords, each with a default.

    Attributes:
        name: the name in `model.encoder` and `build_model`; empty if they do not build it.
        has_directions: whether the encoder takes `bidirectional=`, for states of one direction or two.
        input_size: features per step of the input.
        output_size: features per step of the output.
        bidirectional: whether the second half of a state comes from a direction that reads backwards.
    """

    name: ClassVar[str] = ""
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
        """Return the state of every step.

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


class LeftAlignedEncoder(Encoder):
    """An encoder that reads neighbouring steps: the steps that count are left-aligned first and put back after.

    Holes of a mask are thus cut out, and each sequence sees exactly what it would see alone.
    """

    def forward(
        self,
        inputs: Float[Tensor, "batch time features"],
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
    ) -> Float[Tensor, "batch time hidden"]:
        """Return the state of every step; see `Encoder.forward`."""
        call = type(self).__name__
        require_axes(call, "inputs", inputs, ("batch", "time", "features"), self.input_size)
        counted = counted_positions(call, inputs, lengths=lengths, mask=mask)
        if inputs.shape[1] == 0:  # torch's layers refuse a time axis of size zero
            return inputs.new_zeros(inputs.shape[0], 0, self.output_size)
        if mask is None:
            return self._states(inputs, counted)
        positions = compact_positions(counted)
        order = inverse(positions)
        left_aligned = counted.gather(1, order)
        return taken(self._states(taken(selected(inputs, counted), order), left_aligned), positions)

    @abstractmethod
    def _states(
        self, steps: Float[Tensor, "batch time features"], left_aligned: Bool[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time hidden"]:
        """Return the states of left-aligned steps; `steps` may hold anything where they do not count."""
