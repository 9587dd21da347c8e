"""Identity encoder: the vectors of the input layer are the states; for inputs that are contextual already."""

from __future__ import annotations

from torch import Tensor

from seqwise.nn._arguments import require_axes
from seqwise.nn._axes import Bool, Float, Integer
from seqwise.nn._masking import counted_positions, selected
from seqwise.nn.encoders.encoder import Encoder

__all__ = ["IdentityEncoder"]


class IdentityEncoder(Encoder):
    """Returns the input vectors as states.

    Args:
        input_size: features per step, of the input and of the output.

    Examples:
        >>> import torch
        >>> IdentityEncoder(2)(torch.ones(1, 2, 2), lengths=torch.tensor([1])).tolist()
        [[[1.0, 1.0], [0.0, 0.0]]]
    """

    def __init__(self, input_size: int) -> None:
        super().__init__()
        self.input_size = self.output_size = input_size

    def forward(
        self,
        inputs: Float[Tensor, "batch time features"],
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
    ) -> Float[Tensor, "batch time hidden"]:
        """Return the state of every step; see `Encoder.forward`."""
        require_axes("IdentityEncoder", "inputs", inputs, ("batch", "time", "features"), self.input_size)
        return selected(inputs, counted_positions("IdentityEncoder", inputs, lengths=lengths, mask=mask))
