"""One recurrent layer in compiled C, forward and backward through time, over the steps that count only.

It has the states and gradients of `torch.nn.RNN`, `GRU` and `LSTM` run over each sequence alone. `fits` tests whether
it can be used; torch's own layers compute everything else.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from seqwise._addresses import address, addresses, known_address
from seqwise._native import function
from seqwise._readable import are_plain_cpu_tensors
from seqwise.nn._axes import Bool, Float

__all__ = ["fits", "has_bfloat16", "native_states"]

_KINDS = {"RNN_TANH": 0, "GRU": 1, "LSTM": 2}
_LSTM = 2
_GATES = (1, 4, 4)
_NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
_REFUSED = "out of memory for a recurrent layer; use smaller batches"
_NUMBERS = (
    *("kind", "directions", "chunks", "halves", "batch", "time", "input", "hidden", "inputs", "states", "steps"),
    *("order", "lengths", "input_values", "parameters", "output", "seen", "gates", "cells"),
    *("output_gradient", "input_gradient", "input_gradients", "gradients", "failed"),
)


class _Layer(ctypes.Structure):
    """`struct layer` of recurrent.c: sizes, then addresses."""

    _fields_ = [(name, ctypes.c_int64) for name in _NUMBERS]


def fits(layers: Sequence[nn.RNNBase], steps: Tensor) -> bool:
    """Whether the compiled layer can be used: it is there, and the tensors are float32 on a CPU."""
    parameters = [steps, *(parameter for layer in layers for parameter in _parameters(layer))]
    return (
        all(array.dtype == torch.float32 for array in parameters)
        and not torch.is_autocast_enabled("cpu")
        and are_plain_cpu_tensors(parameters)
        and function("seqwise_recurrent_forward", ctypes.c_void_p) is not None
    )


def has_bfloat16() -> bool:
    """Whether the compiled layer can round factors to bfloat16, which this processor multiplies at twice the speed."""
    there, found = function("seqwise_halves_are_there", ctypes.c_void_p), ctypes.c_int32()
    if there is not None:
        there(ctypes.addressof(found))
    return bool(found.value)


def native_states(
    layers: Sequence[nn.RNNBase],
    steps: Float[Tensor, "batch time features"],
    left_aligned: Bool[Tensor, "batch time"],
    *,
    rounds_gradient: bool = False,
) -> Float[Tensor, "batch time hidden"]:
    """Return the states of one layer, its directions concatenated; zeros where a step does not count.

    Args:
        layers: the forward direction, and the backward one if there is one; `fits` holds for each.
        steps: (batch, time, input); steps that do not count may hold anything and get a gradient of zeros.
        left_aligned: (batch, time) True at the first steps of each row, those that count.
        rounds_gradient: whether the gradient is computed from factors rounded to bfloat16, summed in float32. Needs
            `has_bfloat16`.
    """
    parameters = [parameter for layer in layers for parameter in _parameters(layer)]
    states: Tensor = _States.apply(  # type: ignore[no-untyped-call]
        _KINDS[layers[0].mode], rounds_gradient, steps, left_aligned, *parameters
    )
    return states


def _parameters(layer: nn.RNNBase) -> list[Tensor]:
    return [getattr(layer, name) for name in _NAMES]


class _States(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, kind: int, rounds: bool, steps: Tensor, left_aligned: Tensor, *parameters: Tensor) -> Tensor:
        steps, (batch, time, size) = steps.contiguous(), steps.shape
        parameters = tuple(parameter.contiguous() for parameter in parameters)
        rows, total = _rows_of(left_aligned)
        hidden = parameters[1].shape[1]
        directions, gates = len(parameters) // 4, _GATES[kind]
        inputs, states = -(-size // 16) * 16, -(-hidden // 16) * 16  # widths in whole vectors
        seen = steps.new_empty(directions, total, inputs + states)
        gate = steps.new_empty(directions, total, gates * states)
        cells = steps.new_empty(directions, total, states if kind == _LSTM else 0)
        output = steps.new_empty(batch, time, directions * hidden)
        chunks = max(1, min(-(-torch.get_num_threads() // directions), batch // 16))
        sizes = (kind, directions, chunks, rounds, batch, time, size, hidden, inputs, states, total)
        layer, pointers = _layer(sizes, rows, (seen, gate, cells), parameters)
        layer.input_values, layer.output = address(steps, torch.float32), known_address(output)
        _call("seqwise_recurrent_forward", layer)
        del pointers  # in use until here
        ctx.sizes = sizes
        ctx.save_for_backward(rows, seen, gate, cells, *parameters)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        rows, seen, gate, cells, *parameters = ctx.saved_tensors
        layer, pointers = _layer(ctx.sizes, rows, (seen, gate, cells), parameters)
        directions, chunks, size = layer.directions, layer.chunks, (layer.batch, layer.time, layer.input)
        gradient = gradient.resolve_neg().contiguous()
        of_input, of_each = gradient.new_empty(size), gradient.new_empty(directions, *size)
        found = [torch.empty_like(parameters[4 * (i // 4 // chunks) + i % 4]) for i in range(4 * directions * chunks)]
        gradients, shape = addresses(found, torch.float32), (*size[:2], directions * layer.hidden)
        layer.output_gradient, layer.gradients = address(gradient, torch.float32, shape), ctypes.addressof(gradients)
        layer.input_gradient, layer.input_gradients = known_address(of_input), known_address(of_each)
        _call("seqwise_recurrent_backward", layer)
        del pointers, gradients
        return None, None, of_input, None, *_summed(found, chunks)


def _summed(found: Sequence[Tensor], chunks: int) -> list[Tensor]:
    """Sum the gradients of the parameters of all directions over the chunks of each direction."""
    if chunks == 1:
        return list(found)
    of_each = [found[begin : begin + 4 * chunks] for begin in range(0, len(found), 4 * chunks)]
    return [torch.stack([*own[i::4]]).sum(0) for own in of_each for i in range(4)]


def _rows_of(left_aligned: Tensor) -> tuple[Tensor, int]:
    """Return (2, batch), the rows, longest first, and their lengths; and the sum of the lengths."""
    left_aligned, (batch, time) = left_aligned.contiguous(), left_aligned.shape
    rows, total = left_aligned.new_empty(2, batch, dtype=torch.int64), ctypes.c_int64()
    plan = function("seqwise_front", ctypes.c_void_p, *(ctypes.c_int64,) * 2, *(ctypes.c_void_p,) * 3)
    assert plan is not None
    order = known_address(rows)
    plan(address(left_aligned, torch.bool), batch, time, order + 8 * batch, order, ctypes.addressof(total))
    if total.value < 0:
        raise MemoryError(_REFUSED)
    return rows, total.value


def _layer(
    sizes: Sequence[int], rows: Tensor, kept: Sequence[Tensor], parameters: Sequence[Tensor]
) -> tuple[_Layer, ctypes.Array[ctypes.c_void_p]]:
    """Return the argument struct of forward and backward, and the addresses that must outlive it.

    The rows and the saved state are created here and referenced nowhere else.
    """
    layer, pointers = _Layer(*sizes), addresses(parameters, torch.float32)
    layer.order = known_address(rows)
    layer.lengths = layer.order + 8 * layer.batch
    layer.parameters = ctypes.addressof(pointers)
    layer.seen, layer.gates, layer.cells = map(known_address, kept)
    return layer, pointers


def _call(name: str, layer: _Layer) -> None:
    call = function(name, ctypes.c_void_p)
    assert call is not None
    call(ctypes.addressof(layer))
    if layer.failed:
        raise MemoryError(_REFUSED)
