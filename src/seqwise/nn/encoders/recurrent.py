"""Recurrent encoders: one state per step of a padded batch, unaffected by padding.

Each layer and direction is a unidirectional torch layer. Positions that count are left-aligned, the backward direction
runs over them in reverse order, and both results are put back in place. So each sequence sees exactly what it would see
alone, with the holes of a mask cut out. There are no packed sequences: they need the lengths on the host and cannot be
exported. For float32 on a CPU a compiled layer (`_recurrent`) replaces torch's; it computes the steps that count only.

Weights are initialised per gate: Glorot-uniform from the input (Glorot and Bengio 2010) and orthogonal from the state
(Saxe et al. 2014). Biases start at zero, that of an LSTM's forget gate at 1 (Gers et al. 2000; Jozefowicz et al. 2015).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import ClassVar

import torch
from torch import Tensor, nn

from seqwise.nn._arguments import require_dropout, require_sizes
from seqwise.nn._axes import Bool, Float
from seqwise.nn._dropout import FeatureDropout
from seqwise.nn._masking import reversal, selected, taken
from seqwise.nn._recurrent import fits, has_bfloat16, native_states
from seqwise.nn.encoders.encoder import LeftAlignedEncoder

__all__ = ["GRUEncoder", "LSTMEncoder", "RNNEncoder", "RecurrentEncoder"]


class RecurrentEncoder(LeftAlignedEncoder):
    """Base class of recurrent encoders; use `RNNEncoder`, `GRUEncoder` or `LSTMEncoder`.

    Args:
        input_size: features per step of the input.
        hidden: features of one direction's state.
        layers: number of layers; each reads both directions of the one below.
        bidirectional: whether a second direction reads each sequence from its last step to its first.
        dropout: fraction of features dropped between layers in training, the same ones at every step of a
            sequence.

    Attributes:
        output_size: features per step of the output: `hidden`, or 2 x `hidden` with two directions.
        rounds_gradients: whether gradients are computed from factors rounded to bfloat16, where the compiled layer is
            used and the processor supports it; False by default. States are exact.

    Raises:
        ConfigError: a size below 1, or dropout outside [0, 1).
    """

    has_directions: ClassVar[bool] = True

    def __init__(
        self,
        input_size: int,
        hidden: int,
        *,
        layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        require_sizes(type(self).__name__, input_size=input_size, hidden=hidden, layers=layers)
        require_dropout(type(self).__name__, dropout)
        self.input_size = input_size
        self.hidden = hidden
        self.layers = layers
        self.bidirectional = bidirectional
        self.output_size = 2 * hidden if bidirectional else hidden
        self.rounds_gradients = False
        self.forward_layers = nn.ModuleList(map(self._new_layer, self._input_sizes()))
        self.backward_layers = nn.ModuleList(map(self._new_layer, self._input_sizes() if bidirectional else ()))
        self.dropout = FeatureDropout(dropout)

    def _input_sizes(self) -> Iterator[int]:
        """Return the input size of each layer; lazily, since a run folder may ask for any number of layers."""
        return chain([self.input_size], repeat(self.output_size, self.layers - 1))

    def _states(
        self, steps: Float[Tensor, "batch time features"], left_aligned: Bool[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time hidden"]:
        """Return the forward state of each step, followed by the backward state."""
        sides = (self.forward_layers, self.backward_layers) if self.bidirectional else (self.forward_layers,)
        for number, layers in enumerate(zip(*sides, strict=True)):
            if number > 0:
                steps = self.dropout(steps)
            if fits(layers, steps):
                rounds = self.rounds_gradients and has_bfloat16()
                steps = native_states(layers, steps, left_aligned, rounds_gradient=rounds)
            else:
                steps = _states(layers, steps, left_aligned)
        return steps

    @abstractmethod
    def _new_layer(self, input_size: int) -> nn.RNNBase:
        """Return one layer of one direction, `batch_first`, with initial weights."""


class RNNEncoder(RecurrentEncoder):
    """Simple recurrent layers: h_t = tanh(W x_t + b + U h_(t-1) + c). See `RecurrentEncoder` for the arguments.

    For short sequences, and as a baseline for the other encoders.

    References:
        Elman (1990), Finding Structure in Time.

    Examples:
        >>> encoder = RNNEncoder(input_size=3, hidden=4, bidirectional=False)
        >>> encoder(torch.randn(2, 5, 3), lengths=torch.tensor([5, 2])).shape
        torch.Size([2, 5, 4])
    """

    name: ClassVar[str] = "rnn"

    def _new_layer(self, input_size: int) -> nn.RNNBase:
        return _with_first_weights(nn.RNN(input_size, self.hidden, batch_first=True))


class GRUEncoder(RecurrentEncoder):
    """Gated recurrent layers; three quarters of the weights of an LSTM. See `RecurrentEncoder` for the arguments.

    The reset gate acts after the product with the state, as cuDNN and torch define it.

    References:
        Cho et al. (2014), Learning Phrase Representations using RNN Encoder-Decoder.

    Examples:
        >>> encoder = GRUEncoder(input_size=3, hidden=4)
        >>> encoder(torch.randn(2, 5, 3), lengths=torch.tensor([5, 2])).shape
        torch.Size([2, 5, 8])
    """

    name: ClassVar[str] = "gru"

    def _new_layer(self, input_size: int) -> nn.RNNBase:
        return _with_first_weights(nn.GRU(input_size, self.hidden, batch_first=True))


class LSTMEncoder(RecurrentEncoder):
    """Long short-term memory layers; the first choice for most data. See `RecurrentEncoder` for the arguments.

    References:
        Hochreiter and Schmidhuber (1997), Long Short-Term Memory; Gers et al. (2000) for the forget gate.

    Examples:
        >>> encoder = LSTMEncoder(input_size=3, hidden=4, layers=2)
        >>> encoder(torch.randn(2, 5, 3), lengths=torch.tensor([5, 2])).shape
        torch.Size([2, 5, 8])
    """

    name: ClassVar[str] = "lstm"

    def _new_layer(self, input_size: int) -> nn.RNNBase:
        layer = _with_first_weights(nn.LSTM(input_size, self.hidden, batch_first=True))
        input_biases = layer.get_parameter("bias_ih_l0").detach()
        nn.init.ones_(input_biases[self.hidden : 2 * self.hidden])  # the order of the gates is i, f, g, o
        return layer


def _states(
    layers: Sequence[nn.RNNBase], steps: Float[Tensor, "batch time features"], left_aligned: Bool[Tensor, "batch time"]
) -> Float[Tensor, "batch time hidden"]:
    """Return the states of one layer from torch's own layers, its directions concatenated."""
    steps = selected(steps, left_aligned)
    directions = [layers[0](steps)[0]]
    if len(layers) > 1:
        turned = reversal(left_aligned)
        directions.append(taken(layers[1](taken(steps, turned))[0], turned))
    return selected(torch.cat(directions, dim=2), left_aligned)


def _with_first_weights(layer: nn.RNNBase) -> nn.RNNBase:
    """Initialise a layer, gate by gate, with zero biases, and return it."""
    for name, parameter in layer.named_parameters():
        for gate in parameter.detach().view(-1, layer.hidden_size, *parameter.shape[1:]):
            if name.startswith("weight_ih"):
                nn.init.xavier_uniform_(gate)
            elif name.startswith("weight_hh"):
                nn.init.orthogonal_(gate)
            else:
                nn.init.zeros_(gate)
    return layer
