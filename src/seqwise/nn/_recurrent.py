"""One recurrent layer in compiled C, forward and back through time, over the steps that count and no others.

The same states and gradients as `torch.nn.RNN`, `GRU` and `LSTM` over each sequence alone. `fits` says when it can be
used; everything else takes torch's own layers.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from seqwise._native import function
from seqwise._readable import are_readable
from seqwise.nn._axes import Bool, Float

__all__ = ["fits", "has_bfloat16", "native_states"]

_KINDS = {"RNN_TANH": 0, "GRU": 1, "LSTM": 2}
_GRU = 1
_NUMBERS = (
    *("kind", "directions", "chunks", "halves", "batch", "time", "input", "hidden", "inputs", "states", "steps"),
    *("order", "lengths", "input_values", "weights", "biases", "output", "seen", "gates", "cells"),
    *("output_gradient", "input_gradient", "weight_gradient", "bias_gradient", "failed"),
)


class _Layer(ctypes.Structure):
    """`struct layer` of recurrent.c: sizes, then addresses."""

    _fields_ = [(name, ctypes.c_int64) for name in _NUMBERS]


def fits(layers: Sequence[nn.RNNBase], steps: Tensor) -> bool:
    """Whether the compiled layer can stand in: there is one, and these are plain float32 numbers on a CPU."""
    parameters = [steps, *(parameter for layer in layers for parameter in _parameters(layer))]
    return (
        all(array.dtype == torch.float32 for array in parameters)
        and not torch.is_autocast_enabled("cpu")
        and are_readable(parameters)
        and function("seqwise_recurrent_forward", ctypes.c_void_p) is not None
    )


def has_bfloat16() -> bool:
    """Whether the compiled layer can round factors to bfloat16: this processor multiplies them at twice the speed."""
    there, found = function("seqwise_halves_are_there", ctypes.c_void_p), ctypes.c_int32()
    if there is not None:
        there(ctypes.addressof(found))
    return bool(found.value)


def native_states(
    layers: Sequence[nn.RNNBase],
    steps: Float[Tensor, "batch time features"],
    front: Bool[Tensor, "batch time"],
    *,
    is_rounded: bool = False,
) -> Float[Tensor, "batch time hidden"]:
    """The states of one layer, of each direction side by side; zeros where a step does not count.

    Args:
        layers: the forward direction, and the backward one where there is one; `fits` for each.
        steps: (batch, time, input); what does not count may hold anything, and gets a gradient of zeros.
        front: (batch, time) True at the first steps of each row, those that count.
        is_rounded: the factors of all products are rounded to bfloat16, here and in the gradient; sums, gates and
            states are float32 as ever. For `has_bfloat16` alone.
    """
    parameters = [parameter for layer in layers for parameter in _parameters(layer)]
    states: Tensor = _States.apply(  # type: ignore[no-untyped-call]
        _KINDS[layers[0].mode], is_rounded, steps, front.sum(dim=1), *parameters
    )
    return states


def _parameters(layer: nn.RNNBase) -> list[Tensor]:
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    return [layer.get_parameter(name) for name in names]


class _States(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, kind: int, is_rounded: bool, steps: Tensor, lengths: Tensor, *parameters: Tensor) -> Tensor:
        steps, (batch, time, size) = steps.contiguous(), steps.shape
        hidden = parameters[1].shape[1]
        directions, gates = len(parameters) // 4, (1, 4, 4)[kind]
        inputs, states = -(-size // 16) * 16, -(-hidden // 16) * 16  # widths in whole vectors
        weights = steps.new_zeros(directions, gates, states, inputs + states)
        biases = steps.new_zeros(directions, gates, states)
        for direction in range(directions):
            _put(kind, weights[direction], biases[direction], parameters[4 * direction :][:4], inputs)
        total = int(lengths.sum())
        arrays = {
            "order": lengths.argsort(descending=True, stable=True),
            "lengths": lengths,
            "input_values": steps,
            "weights": weights,
            "biases": biases,
            "seen": steps.new_empty(directions, total, inputs + states),
            "gates": steps.new_empty(directions, total, gates * states),
            "cells": steps.new_empty(directions, total, states) if kind == 2 else steps.new_empty(0),
        }
        chunks = max(1, min(-(-torch.get_num_threads() // directions), batch // 16))
        sizes = {"kind": kind, "directions": directions, "chunks": chunks, "batch": batch, "time": time}
        sizes["halves"] = int(is_rounded)
        sizes |= {"input": size, "hidden": hidden, "inputs": inputs, "states": states, "steps": total}
        output = steps.new_zeros(batch, time, directions * hidden)
        _call("seqwise_recurrent_forward", sizes, {**arrays, "output": output})
        ctx.sizes, ctx.names = sizes, tuple(arrays)
        ctx.save_for_backward(*arrays.values())
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        sizes, arrays = ctx.sizes, dict(zip(ctx.names, ctx.saved_tensors, strict=True))
        steps, weights, biases = arrays["input_values"], arrays["weights"], arrays["biases"]
        directions, chunks = sizes["directions"], sizes["chunks"]
        found = {
            "output_gradient": gradient.contiguous(),
            "input_gradient": steps.new_zeros(directions, *steps.shape),
            "weight_gradient": weights.new_zeros(directions, chunks, *weights.shape[1:]),
            "bias_gradient": biases.new_zeros(directions, chunks, *biases.shape[1:]),
        }
        _call("seqwise_recurrent_backward", sizes, arrays | found)
        of_weights, of_biases = _summed(found["weight_gradient"]), _summed(found["bias_gradient"])
        parameters = [
            part
            for direction in range(directions)
            for part in _taken(sizes, of_weights[direction], of_biases[direction])
        ]
        return None, None, _summed(found["input_gradient"].transpose(0, 1)), None, *parameters


def _summed(parts: Tensor) -> Tensor:
    """The sum over axis 1; where there is one part, that itself."""
    first = parts[:, 0]
    for part in range(1, parts.shape[1]):
        first = first + parts[:, part] if part == 1 else first.add_(parts[:, part])
    return first


def _put(kind: int, weights: Tensor, biases: Tensor, parameters: Sequence[Tensor], inputs: int) -> None:
    """Fills the weights of a direction (gates, states, inputs + states) and its biases from torch's parameters.

    The new state of a GRU has two gates, the last, since its reset gate stands between what comes from the input and
    what comes from the state.
    """
    from_input, from_state, of_input, of_state = parameters
    hidden, size = from_state.shape[1], from_input.shape[1]
    gates, states = len(from_input) // hidden, slice(inputs, inputs + hidden)
    from_state, of_state = from_state.view(gates, hidden, hidden), of_state.view(gates, hidden)
    weights[:gates, :hidden, :size] = from_input.view(gates, hidden, size)
    biases[:gates, :hidden] = of_input.view(gates, hidden)
    both = 2 if kind == _GRU else gates
    weights[:both, :hidden, states] = from_state[:both]
    biases[:both, :hidden] += of_state[:both]
    if kind == _GRU:
        weights[3, :hidden, states] = from_state[2]
        biases[3, :hidden] = of_state[2]


def _taken(sizes: dict[str, int], weights: Tensor, biases: Tensor) -> list[Tensor]:
    """The gradients of torch's parameters of a direction: the way back of `_put`."""
    hidden, size, inputs = sizes["hidden"], sizes["input"], sizes["inputs"]
    of_input, of_state = weights, weights
    bias_of_input, bias_of_state = biases, biases
    if sizes["kind"] == _GRU:
        of_input, of_state = weights[:3], weights[[0, 1, 3]]
        bias_of_input, bias_of_state = biases[:3], biases[[0, 1, 3]]
    return [
        of_input[:, :hidden, :size].reshape(-1, size),
        of_state[:, :hidden, inputs : inputs + hidden].reshape(-1, hidden),
        bias_of_input[:, :hidden].reshape(-1),
        bias_of_state[:, :hidden].reshape(-1),
    ]


def _call(name: str, sizes: dict[str, int], arrays: dict[str, Tensor]) -> None:
    call = function(name, ctypes.c_void_p)
    assert call is not None
    failed = torch.zeros(1)
    addresses = {key: array.data_ptr() for key, array in arrays.items()}
    layer = _Layer(**sizes, **addresses, failed=failed.data_ptr())
    call(ctypes.addressof(layer))
    if failed.item():
        raise MemoryError("a recurrent layer found no memory; use smaller batches")
