"""A small transformer over a padded batch: every step attends to every step of its own sequence.

Layers are pre-norm: they normalise their input and add their output to it. Positions are rotary: queries and keys are
rotated by an angle proportional to the position, so that their product depends on the distance. So there is no table of
positions and no maximum length. Only the steps that count are numbered; holes of a mask are cut out.

Sources: Vaswani et al. (2017), Attention Is All You Need; Xiong et al. (2020), On Layer Normalization in the
Transformer Architecture (pre-norm); Su et al. (2021), RoFormer (rotary positions).
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from seqwise.nn._arguments import require_axes, require_dropout, require_sizes
from seqwise.nn._axes import Bool, Float, Integer
from seqwise.nn._dropout import FeatureDropout
from seqwise.nn._linear import Linear
from seqwise.nn._masking import counted_positions, selected
from seqwise.nn.encoders.encoder import Encoder

__all__ = ["TransformerEncoder"]

_HEAD_SIZE = 32
_WIDENING = 4
_LONGEST_WAVE = 10_000.0


class TransformerEncoder(Encoder):
    """Self-attention layers; for relations between distant steps, given enough data to learn them.

    Cost grows with the square of the length. There are no directions: each state has seen the whole sequence.

    Args:
        input_size: features per step of the input.
        hidden: features of a state, split into heads of 32 features, or the next smaller size that divides it.
        layers: attention layers, each followed by a feed-forward layer of 4 x `hidden` units.
        dropout: fraction of the features that each layer adds dropped in training, the same ones at every step of a
            sequence.

    Attributes:
        output_size: features per step of the output: `hidden`.
        heads: number of attention heads.

    Raises:
        ConfigError: a size below 1, or dropout outside [0, 1).

    Examples:
        >>> encoder = TransformerEncoder(input_size=3, hidden=64, layers=2)
        >>> encoder(torch.randn(2, 5, 3), lengths=torch.tensor([5, 2])).shape, encoder.heads
        (torch.Size([2, 5, 64]), 2)
    """

    name: ClassVar[str] = "transformer"

    def __init__(self, input_size: int, hidden: int, *, layers: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        require_sizes("TransformerEncoder", input_size=input_size, hidden=hidden, layers=layers)
        require_dropout("TransformerEncoder", dropout)
        self.input_size = input_size
        self.hidden = hidden
        self.layers = layers
        self.output_size = hidden
        self.heads = next(heads for heads in range(-(-hidden // _HEAD_SIZE), hidden + 1) if hidden % heads == 0)
        self.projection = Linear(input_size, hidden)
        self.blocks = nn.ModuleList(_Block(hidden, self.heads, layers, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(hidden)

    def forward(
        self,
        inputs: Float[Tensor, "batch time features"],
        *,
        lengths: Integer[Tensor, " batch"] | None = None,
        mask: Bool[Tensor, "batch time"] | None = None,
    ) -> Float[Tensor, "batch time hidden"]:
        """Return the state of every step; see `Encoder.forward`."""
        require_axes("TransformerEncoder", "inputs", inputs, ("batch", "time", "features"), self.input_size)
        counted = counted_positions("TransformerEncoder", inputs, lengths=lengths, mask=mask)
        if inputs.shape[1] == 0:
            return inputs.new_zeros(inputs.shape[0], 0, self.output_size)
        # A softmax over nothing is NaN: where no step counts, all are attended to and the result is discarded.
        seen = (counted | ~counted.any(dim=1, keepdim=True))[:, None, None, :]
        rotations = _rotations(counted, self.hidden // self.heads // 2, inputs.dtype)
        states = self.projection(selected(inputs, counted))
        for block in self.blocks:
            states = block(states, seen, rotations)
        return selected(self.norm(states), counted)


class _Block(nn.Module):
    """Attention, then a feed-forward layer; each reads normalised states and adds to them."""

    def __init__(self, hidden: int, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(hidden)
        self.queries_keys_values = Linear(hidden, 3 * hidden)
        self.attended = Linear(hidden, hidden)
        self.inner_norm = nn.LayerNorm(hidden)
        self.inner = Linear(hidden, _WIDENING * hidden)
        self.outer = Linear(_WIDENING * hidden, hidden)
        self.dropout = FeatureDropout(dropout)
        for linear in (self.queries_keys_values, self.attended, self.inner, self.outer):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)
        with torch.no_grad():  # initially the 2 x layers sublayers together add no more than one would
            for linear in (self.attended, self.outer):
                linear.weight.mul_((2 * layers) ** -0.5)

    def forward(
        self,
        states: Float[Tensor, "batch time hidden"],
        seen: Bool[Tensor, "batch 1 1 time"],
        rotations: tuple[Tensor, Tensor],
    ) -> Float[Tensor, "batch time hidden"]:
        batch, time, hidden = states.shape
        parts = self.queries_keys_values(self.attention_norm(states)).view(batch, time, 3, self.heads, -1)
        queries, keys, values = parts.permute(2, 0, 3, 1, 4).unbind(0)  # each (batch, heads, time, head)
        found = nn.functional.scaled_dot_product_attention(
            _rotated(queries, rotations), _rotated(keys, rotations), values, attn_mask=seen
        )
        states = states + self.dropout(self.attended(found.transpose(1, 2).reshape(batch, time, hidden)))
        added: Tensor = self.dropout(self.outer(nn.functional.gelu(self.inner(self.inner_norm(states)))))
        return states + added


def _rotations(counted: Bool[Tensor, "batch time"], pairs: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return cosines and sines (batch, 1, time, pairs) of each step's angles: position / 10,000^(pair / pairs)."""
    positions = counted.cumsum(dim=1).to(torch.promote_types(dtype, torch.float32))
    pair = torch.arange(pairs, device=counted.device, dtype=positions.dtype)
    angles = positions[:, None, :, None] * _LONGEST_WAVE ** (-pair / max(pairs, 1))
    return angles.cos().to(dtype), angles.sin().to(dtype)


def _rotated(vectors: Tensor, rotations: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate features (batch, heads, time, head) in pairs; an odd last feature stays as it is."""
    cosines, sines = rotations
    pairs = cosines.shape[-1]
    first, second, rest = vectors[..., :pairs], vectors[..., pairs : 2 * pairs], vectors[..., 2 * pairs :]
    return torch.cat([first * cosines - second * sines, first * sines + second * cosines, rest], dim=-1)
