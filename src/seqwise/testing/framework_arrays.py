"""Nested lists as arrays of a framework, and back; each framework is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from seqwise.errors import ConfigError, did_you_mean, listed
from seqwise.losses.numpy import Allowed
from seqwise.testing.written_cases import kind_of

__all__ = ["FRAMEWORKS", "array_maker", "arrays_of", "as_list"]

FRAMEWORKS = ("numpy", "torch", "jax", "keras", "tensorflow")

_KINDS = {
    "logits": "float",
    "emissions": "float",
    "tags": "int",
    "transitions": "float",
    "start": "float",
    "end": "float",
    "allowed": "bool",
    "mask": "bool",
    "lengths": "int",
    "class_weight": "float",
    "pos_weight": "float",
    "sample_weight": "float",
}
_TYPES = {"float": np.float64, "int": np.int64, "bool": np.bool_}


def array_maker(framework: str) -> Callable[[Any], Any]:
    """The function that turns a NumPy array into an array of a framework, in the same type of number.

    JAX keeps 64 bits only when it is told to: `jax.config.update("jax_enable_x64", True)`.

    Raises:
        ConfigError: there is no such framework.
    """
    if framework not in FRAMEWORKS:
        hint = did_you_mean(framework, FRAMEWORKS)
        expected = f"\n  expected: one of {listed(FRAMEWORKS)}" + (f"\n  hint: {hint}" if hint else "")
        raise ConfigError(f"there is no framework '{framework}'{expected}")
    if framework == "numpy":
        return np.asarray
    if framework == "jax":
        return import_module("jax.numpy").asarray  # type: ignore[no-any-return]
    if framework == "torch":
        return import_module("torch").as_tensor  # type: ignore[no-any-return]
    module = import_module("keras.ops" if framework == "keras" else "tensorflow")
    return module.convert_to_tensor  # type: ignore[no-any-return]


def arrays_of(values: dict[str, Any], make: Callable[[Any], Any]) -> dict[str, Any]:
    """The arrays among the arguments of a loss made from nested lists; what is no array stays as it is."""
    arrays = {}
    for name, value in values.items():
        kind = kind_of(value) if name == "labels" else _KINDS.get(name)
        if isinstance(value, tuple) and name == "allowed":
            arrays[name] = Allowed(*(None if part is None else make(np.array(part, dtype=bool)) for part in value))
        else:
            arrays[name] = value if kind is None or value is None else make(np.array(value, dtype=_TYPES[kind]))
    return arrays


def as_list(array: Any) -> Any:
    """An array of any framework as a nested list or a number."""
    if hasattr(array, "detach"):
        array = array.detach()
    return np.asarray(array).tolist()
