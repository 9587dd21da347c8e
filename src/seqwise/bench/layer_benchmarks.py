"""Cases of the recurrent layers: states forward, gradients backward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqwise.bench.case import Case, Results, Way
from seqwise.nn import GRUEncoder, LSTMEncoder, RecurrentEncoder, RNNEncoder

__all__ = ["layer_case"]

_LAYERS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
_ENCODERS: dict[str, type[RecurrentEncoder]] = {"rnn": RNNEncoder, "gru": GRUEncoder, "lstm": LSTMEncoder}
_GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def layer_case(encoder: str, batch: int, time: int, hidden: int, *, shortest: int | None = None) -> Case:
    """One recurrent layer in both directions over a padded batch, input as wide as the state, forward and backward.

    Beside torch's layer over packed sequences, which gives the same, and over the padding too, which does not: its
    backward direction begins in the padding. The limits are the matrix products of the steps that count: one per weight
    for the whole batch where the recursion does not stand in the way, else one per step; and the same arithmetic with
    those of the recursion in one product too, as if no step waited for the one before.

    Args:
        encoder: rnn, gru or lstm.
        batch: sequences.
        time: steps of the longest sequence.
        hidden: features of the input and of each direction's state.
        shortest: steps of the shortest one, the others evenly between; all have `time` steps when not given.
    """
    lengths = f", lengths {shortest} to {time}" if shortest else ""
    shape = f"({batch}, {time}, {hidden}), two directions{lengths}"
    return Case(f"{encoder} layer", shape, partial(_ways, encoder, batch, time, hidden, shortest or time))


def _ways(kind: str, batch: int, time: int, hidden: int, shortest: int) -> Sequence[Way]:
    generator = torch.Generator().manual_seed(0)
    lengths = torch.linspace(time, shortest, batch).round().long()
    counts = (torch.arange(time) < lengths[:, None])[..., None]
    inputs = torch.randn(batch, time, hidden, generator=generator).mul(counts).requires_grad_()
    wanted = torch.randn(batch, time, 2 * hidden, generator=generator).mul(counts)  # the gradient of the states
    encoder = _ENCODERS[kind](hidden, hidden)
    layer = _same_layer(kind, encoder)

    def packed() -> Tensor:
        states, _ = layer(pack_padded_sequence(inputs, lengths, batch_first=True))
        return pad_packed_sequence(states, batch_first=True)[0]

    def forward_backward(states: Callable[[], Tensor], weights: dict[str, Tensor]) -> Callable[[], Results]:
        leaves = {"inputs": inputs, **weights}

        def run() -> Results:
            found = states()
            return dict(zip(leaves, torch.autograd.grad(found, list(leaves.values()), wanted), strict=True))

        return run

    return [
        Way("seqwise", forward_backward(lambda: encoder(inputs, lengths=lengths), _weights(encoder)), "ours"),
        Way("torch, packed", forward_backward(packed, dict(layer.named_parameters())), tolerance=1e-3),
        Way("torch, padded", forward_backward(lambda: layer(inputs)[0], dict(layer.named_parameters())), "other"),
        Way("products alone", _products(_GATES[kind], lengths, hidden), "limit"),
        Way("products at once", _products_at_once(_GATES[kind], lengths, hidden), "limit"),
    ]


def _weights(encoder: RecurrentEncoder) -> dict[str, Tensor]:
    """The encoder's weights by the names that torch gives those of a layer with two directions."""
    forward, backward = encoder.forward_layers[0], encoder.backward_layers[0]
    return {
        **dict(forward.named_parameters()),
        **{f"{name}_reverse": weight for name, weight in backward.named_parameters()},
    }


def _same_layer(kind: str, encoder: RecurrentEncoder) -> Any:
    """The layer of torch itself, with the weights of the encoder."""
    layer = _LAYERS[kind](encoder.input_size, encoder.hidden, batch_first=True, bidirectional=True)
    layer.load_state_dict({name: weight.detach() for name, weight in _weights(encoder).items()})
    return layer


def _products(gates: int, lengths: Tensor, hidden: int) -> Callable[[], None]:
    """The products of one layer and two directions over the steps that count, and nothing else."""
    steps, width = int(lengths.sum()), gates * hidden
    running = [int((lengths > step).sum()) for step in range(int(lengths.max()))]
    inputs, of_inputs = torch.ones(steps, hidden), torch.empty(steps, hidden)
    gate_values, states, of_weight = torch.ones(steps, width), torch.ones(steps, hidden), torch.empty(width, hidden)
    weight = torch.ones(width, hidden)
    pieces = [
        (states[:rows], gate_values[:rows], torch.empty(rows, width), torch.empty(rows, hidden)) for rows in running
    ]

    def run() -> None:
        for _ in range(2):
            torch.mm(inputs, weight.T, out=gate_values)
            for state, _, gate, _ in pieces:
                torch.mm(state, weight.T, out=gate)
            for _, gate, _, state in pieces:
                torch.mm(gate, weight, out=state)
            torch.mm(gate_values, weight, out=of_inputs)
            torch.mm(gate_values.T, inputs, out=of_weight)
            torch.mm(gate_values.T, states, out=of_weight)

    return run


def _products_at_once(gates: int, lengths: Tensor, hidden: int) -> Callable[[], None]:
    """As many multiply-adds as `_products`, all steps in each product."""
    steps, width = int(lengths.sum()), gates * hidden
    states, gate_values, weight = torch.ones(steps, hidden), torch.ones(steps, width), torch.ones(width, hidden)
    of_states, of_weight = torch.empty(steps, hidden), torch.empty(width, hidden)

    def run() -> None:
        for _ in range(2 * 2):  # directions, and the weights of input and state
            torch.mm(states, weight.T, out=gate_values)
            torch.mm(gate_values, weight, out=of_states)
            torch.mm(gate_values.T, states, out=of_weight)

    return run
