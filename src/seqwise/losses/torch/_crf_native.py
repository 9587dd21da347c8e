"""The linear-chain CRF in compiled code; a function returns None where `_crf_plain` has to compute the result.

That is so where nothing was compiled, for tensors that it may not read, for scores that are very far apart, and for
wrong values, which the caller then reports.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from seqwise import _native
from seqwise._addresses import address, known_address
from seqwise._readable import are_plain_cpu_tensors
from seqwise.losses.torch import _crf_plain

__all__ = ["best_paths", "losses_and_counts", "marginals"]

_EXPECTED = (  # names, types (None: that of the emissions), and axes: batch, time, classes
    ("emissions", None, "btc"),
    ("transitions", None, "cc"),
    ("start", None, "c"),
    ("end", None, "c"),
    ("tags", torch.int64, "bt"),
    ("mask", torch.bool, "bt"),
    ("lengths", torch.int64, "b"),
    ("allowed.transitions", torch.bool, "cc"),
    ("allowed.start", torch.bool, "c"),
    ("allowed.end", torch.bool, "c"),
)
_ALLOWED = ("allowed.transitions", "allowed.start", "allowed.end")
_SIZES = ("batch", "time", "classes", "is_double")
_NO_MEMORY = 3  # in crf.h
_LEARNED = ("emissions", "transitions", "start", "end")

Arrays = Mapping[str, Tensor]


class _Chain(ctypes.Structure):
    """`struct chain` of `crf.h`."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name, *_ in _EXPECTED),
        *((name, ctypes.c_int64) for name in _SIZES),
    ]


def losses_and_counts(arrays: Arrays) -> tuple[Tensor, Tensor] | None:
    """The negative log-likelihood of each sequence's tags, and how many steps count in it, both (batch,)."""
    made = _made(arrays)
    if made is None:
        return None
    emissions = made["emissions"]
    counts = emissions.new_empty(len(emissions))
    if not _need_gradient(made):
        losses = _losses(made, counts, None)
    else:
        losses = _Losses.apply(counts, tuple(made), *made.values())  # type: ignore[no-untyped-call]
    return None if losses is None else (losses, counts)


def marginals(arrays: Arrays) -> Tensor | None:
    """The probability of each class at each step, (batch, time, classes); None where it needs a gradient, too."""
    made = _made(arrays)
    if made is None or _need_gradient(made):
        return None
    found = torch.empty_like(made["emissions"])
    return found if _is_done("seqwise_crf_marginals", made, found) else None


def best_paths(arrays: Arrays, fill: int) -> tuple[Tensor, Tensor] | None:
    """The best path of each sequence (batch, time), `fill` where nothing counts, and its score (batch,)."""
    made = _made(arrays)
    if made is None:
        return None
    emissions = made["emissions"]
    tags, scores = emissions.new_empty(emissions.shape[:2], dtype=torch.long), emissions.new_empty(len(emissions))
    name = "seqwise_crf_decode_double" if emissions.dtype == torch.float64 else "seqwise_crf_decode_float"
    if not _is_done(name, made, ctypes.c_int64(fill), tags, scores):
        return None
    return tags, _attached(made, tags, scores) if _need_gradient(made) else scores


class _Losses(torch.autograd.Function):
    """The losses, whose gradients are those of the marginals; their own gradients are left to the plain path."""

    @staticmethod
    def forward(ctx: Any, counts: Tensor, names: Sequence[str], *tensors: Tensor) -> Tensor | None:
        made = dict(zip(names, tensors, strict=True))
        batch, time, classes = made["emissions"].shape
        ahead = made["emissions"].new_empty((batch + 7) * time * (classes + 7), dtype=torch.float64)
        losses = _losses(made, counts, ahead)
        if losses is not None:
            ctx.names = names
            ctx.save_for_backward(losses, ahead, *tensors)
        return losses

    @staticmethod
    def backward(ctx: Any, *weights: Tensor) -> tuple[Tensor | None, ...]:
        losses, ahead, *tensors = ctx.saved_tensors
        made = dict(zip(ctx.names, tensors, strict=True))
        if torch.is_grad_enabled():
            found = _differentiable_gradients(made, weights[0])
        else:
            found = _gradients(made, losses, ahead, weights[0])
        return None, None, *(found.get(name) for name in ctx.names)


def _losses(made: Arrays, counts: Tensor, ahead: Tensor | None) -> Tensor | None:
    losses = torch.empty_like(counts)
    return losses if _is_done("seqwise_crf_losses", made, losses, counts, ahead) else None


def _gradients(made: Arrays, losses: Tensor, ahead: Tensor, weights: Tensor) -> dict[str, Tensor]:
    """The gradients of the sum of weights * losses."""
    emissions = made["emissions"]
    classes = emissions.shape[-1]
    weights = weights.resolve_neg().contiguous()
    by = [torch.empty_like(emissions), emissions.new_empty(classes, classes)]
    by += [emissions.new_empty(classes) for _ in range(2)]
    if not _is_done("seqwise_crf_gradients", made, losses, ahead, weights, *by):
        raise RuntimeError("tags or scores of a CRF have changed since the loss was computed; take the gradient first")
    return dict(zip(_LEARNED, by, strict=True))


def _differentiable_gradients(made: Arrays, weights: Tensor) -> dict[str, Tensor]:
    """The same with a graph of their own, for gradients of gradients."""
    wanted = {name: made[name] for name in _LEARNED if name in made and made[name].requires_grad}
    losses = _crf_plain.nll(_plain_chain(made), made["tags"])
    found = torch.autograd.grad(losses, list(wanted.values()), weights, create_graph=True, allow_unused=True)
    return dict(zip(wanted, found, strict=True))


def _attached(made: Arrays, tags: Tensor, scores: Tensor) -> Tensor:
    """The scores of paths with a graph; as they are where there is no path."""
    is_path = scores > -math.inf  # not so for NaN
    tags = torch.where(is_path.unsqueeze(1), tags, 0)
    return torch.where(is_path, _crf_plain.path_scores(_plain_chain(made), tags), scores)


def _plain_chain(made: Arrays) -> _crf_plain.CrfInputs:
    return _crf_plain.crf_inputs(made, _crf_plain.steps_that_count(made, mask_missing=0))


def _need_gradient(made: Arrays) -> bool:
    return torch.is_grad_enabled() and any(array.requires_grad for array in made.values())


def _made(arrays: Arrays) -> dict[str, Tensor] | None:
    """The arrays as compiled code takes them; None where it is not there or may not read them."""
    emissions = arrays["emissions"]
    if not are_plain_cpu_tensors(arrays.values()) or not emissions.numel() or _native.library() is None:
        return None
    dtype = torch.promote_types(emissions.dtype, torch.float32)
    made = dict(arrays)
    for name in _LEARNED:
        if name in made:
            made[name] = made[name].to(dtype).contiguous()
    for name in ("tags", "lengths"):
        if name in made:
            made[name] = made[name].long().contiguous()
    if "mask" in made:
        mask = made["mask"]
        made["mask"] = mask.reshape(mask.shape + (1,) * (2 - mask.ndim)).expand(emissions.shape[:2]).contiguous()
    for name in _ALLOWED:
        if name in made:
            made[name] = made[name].contiguous()
    return made


def _chain(made: Arrays) -> _Chain:
    batch, time, classes = made["emissions"].shape
    dtype = made["emissions"].dtype
    shapes = {
        "btc": (batch, time, classes),
        "cc": (classes, classes),
        "bt": (batch, time),
        "b": (batch,),
        "c": (classes,),
    }
    places = [
        address(made[name], kind or dtype, shapes[axes], name=name, is_ordinary=True) if name in made else None
        for name, kind, axes in _EXPECTED
    ]
    return _Chain(*places, batch, time, classes, dtype == torch.float64)


def _is_done(name: str, made: Arrays, *rest: Tensor | ctypes.c_int64 | None) -> bool:
    """Whether a compiled function did what it is for, with the rest of its arguments; of tensors, those made here.

    Raises:
        MemoryError: the compiled code ran out of memory.
    """
    function = _native.function(name)
    assert function is not None
    status = ctypes.c_int64()
    function(ctypes.byref(_chain(made)), *map(_argument, rest), ctypes.byref(status))
    if status.value == _NO_MEMORY:
        raise MemoryError(f"out of memory for the CRF of {_sizes(made)}; use smaller batches")
    return status.value == 0


def _argument(value: Tensor | ctypes.c_int64 | None) -> ctypes.c_int64 | ctypes.c_void_p:
    if isinstance(value, ctypes.c_int64):
        return value
    return ctypes.c_void_p(None if value is None else known_address(value))


def _sizes(made: Arrays) -> str:
    return " x ".join(map(str, made["emissions"].shape)) + " emissions"
