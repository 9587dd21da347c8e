"""Computes the loss of each position on the plain path: plan, check of values, mask, formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from seqwise.losses import _array_formulas as _formulas
from seqwise.losses._array_terms import Terms
from seqwise.losses._loss_options import BinaryOptions, ClassOptions
from seqwise.losses._plan import (
    Plan,
    plan_binary_cross_entropy,
    plan_cross_entropy,
)
from seqwise.losses._values import check_values
from seqwise.losses.torch._arrays import as_tensor, check_tensor, tensor_of
from seqwise.losses.torch._torch_namespace import TorchNamespace
from seqwise.shapes import array_spec

__all__ = [
    "beside",
    "binary_terms",
    "caster",
    "class_terms",
    "class_terms_of",
    "counting",
    "look",
    "numbers",
]


def class_terms(call: str, logits: Tensor, labels: Tensor, options: ClassOptions) -> Terms:
    """The terms of a loss over classes."""
    check_tensor(call, "logits", logits)
    labels = tensor_of(call, "labels", labels, logits)
    options = options.with_arrays(beside(call, logits))
    plan = plan_cross_entropy(
        array_spec("logits", logits), array_spec("labels", labels), options.with_arrays(array_spec), call=call
    )
    assert plan.class_axis is not None
    classes_last = labels.long() if plan.labels == "index" else labels.movedim(plan.class_axis, -1)
    counts = counting(plan, classes_last, options)
    look(plan, options, logits=logits, labels=labels, counts=counts)
    return class_terms_of(plan, logits, classes_last, counts, options)


def class_terms_of(plan: Plan, logits: Tensor, labels: Tensor, counts: Tensor | None, options: ClassOptions) -> Terms:
    """The terms of logits, whose classes are where the plan says, and of labels with classes last."""
    xp = TorchNamespace(logits.device)
    return Terms(
        plan, *_formulas.class_terms(plan, logits, labels, counts, options, xp=xp, cast=caster(logits)), counts
    )


def binary_terms(call: str, logits: Tensor, labels: Tensor, options: BinaryOptions) -> Terms:
    """The terms of a loss over yes-or-no labels."""
    check_tensor(call, "logits", logits)
    labels = tensor_of(call, "labels", labels, logits)
    options = options.with_arrays(beside(call, logits))
    plan = plan_binary_cross_entropy(
        array_spec("logits", logits), array_spec("labels", labels), options.with_arrays(array_spec), call=call
    )
    labels = labels if labels.is_floating_point() else labels.long()
    counts = counting(plan, labels, options)
    look(plan, options, logits=logits, labels=labels, counts=counts)
    xp = TorchNamespace(logits.device)
    losses, weights = _formulas.binary_terms(plan, logits, labels, counts, options, xp=xp, cast=caster(logits))
    return Terms(plan, losses, weights, counts)


def caster(logits: Tensor) -> Callable[[Tensor], Tensor]:
    """A function that casts a tensor to the type that losses of these logits are computed in."""
    dtype = torch.promote_types(logits.dtype, torch.float32)
    return lambda tensor: tensor.to(dtype)


def look(plan: Plan, options: ClassOptions | BinaryOptions, **tensors: Tensor | None) -> None:
    """Checks the values of a call, where they can be looked at."""
    arrays = numbers(**options._replace(mask=None).arrays(), **tensors)
    if arrays is not None:
        check_values(plan, arrays, arrays.get("counts"))


def beside(call: str, logits: Tensor) -> Callable[[str, Any], Tensor]:
    """A function that moves an option to the device of the logits: lengths are often on the CPU, weights in a list."""
    here = logits.device

    def brought(name: str, option: Any) -> Tensor:
        if isinstance(option, Tensor) and (option.is_cpu if logits.is_cpu else option.device == here):
            return option
        return as_tensor(call, name, option, here)

    return brought


def numbers(**tensors: Tensor | None) -> dict[str, NDArray[Any]] | None:
    """The tensors as NumPy arrays; None where reading would synchronise a GPU, or a trace hides them."""
    given = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    if torch.compiler.is_compiling() or any(tensor.device.type != "cpu" for tensor in given.values()):
        return None
    try:
        return {name: _as_numpy(tensor.detach()) for name, tensor in given.items()}
    except RuntimeError:  # inside vmap and other transforms a tensor has no numbers of its own
        return None


def _as_numpy(tensor: Tensor) -> NDArray[Any]:
    array: NDArray[Any] = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
    return array


def counting(plan: Plan, labels: Tensor, options: ClassOptions | BinaryOptions) -> Tensor | None:
    """Which positions count by mask, lengths and ignore_index together; None when none of them is given."""
    if options.lengths is not None:  # torch compares no unsigned integers of more than 8 bits with others
        options = options._replace(lengths=options.lengths.long())
    counts: Tensor | None = _formulas.counting(plan, labels, options, xp=TorchNamespace(labels.device))
    return counts
