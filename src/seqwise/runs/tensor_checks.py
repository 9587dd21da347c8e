"""Checks the tensors of a file: names, types, shapes, finite values and checksums."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import torch
from torch import Tensor

from seqwise.runs.run_folder import Form

__all__ = ["changed", "misfit", "not_finite", "sums_of"]


def misfit(forms: Mapping[str, Form], expected: Mapping[str, Form]) -> str | None:
    """A description of the first tensor that differs from what is expected; None if none does."""
    for name, form in expected.items():
        if name not in forms:
            return f"it has no tensor '{name}'"
        if forms[name] != form:
            return f"the tensor '{name}' is {forms[name]}, expected {form}"
    unknown = next((name for name in forms if name not in expected), None)
    return None if unknown is None else f"it has a tensor '{unknown}', which the model does not have"


def not_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """A description of the first tensor with a NaN or infinite value; None if there is none."""
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            return f"the tensor '{name}' has a value that is not finite"
    return None


def sums_of(tensors: Mapping[str, Tensor]) -> str:
    """The SHA-256 checksum of each tensor's values by name, as JSON."""
    return json.dumps({name: _sum(tensor) for name, tensor in tensors.items()})


def changed(tensors: Mapping[str, Tensor], sums: str) -> str | None:
    """A description of the first tensor that differs from its checksum by `sums_of`; None if none does."""
    try:
        before = json.loads(sums)
    except (ValueError, RecursionError):
        return "its checksums are damaged"
    if not isinstance(before, dict):
        return "its checksums are damaged"
    for name in before:
        if name not in tensors:
            return f"it has no tensor '{name}'"
    for name, tensor in tensors.items():
        if before.get(name) != _sum(tensor):
            return f"the tensor '{name}' is not the one that was saved"
    return None


def _sum(tensor: Tensor) -> str:
    numbers = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    return hashlib.sha256(numbers.data).hexdigest()
