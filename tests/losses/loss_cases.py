"""The frameworks under test behind one face, beside the public table of cases that all of them have to get right."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest import mock

import jax
import keras
import numpy as np
import torch

import seqwise.losses.jax
import seqwise.losses.keras
import seqwise.losses.numpy
import seqwise.losses.torch
from seqwise import _native
from seqwise.testing.written_cases import (
    BINARY_CASES,
    CLASS_CASES,
    CLASS_LOSSES,
    REDUCTIONS,
    Case,
    coins,
    flat,
    integers,
    kind_of,
    mapped,
    numbers,
    one_hot,
    probabilities,
)

__all__ = [
    "BACKENDS",
    "BINARY_CASES",
    "Backend",
    "CLASS_CASES",
    "CLASS_LOSSES",
    "Case",
    "DIFFERENTIABLE",
    "JAX",
    "KERAS",
    "NUMPY",
    "REDUCTIONS",
    "TORCH",
    "TORCH_PLAIN",
    "as_list",
    "coins",
    "flat",
    "integers",
    "kind_of",
    "mapped",
    "numbers",
    "one_hot",
    "probabilities",
]

KINDS = {
    "logits": "float",
    "hidden": "float",
    "weight": "float",
    "bias": "float",
    "mask": "bool",
    "lengths": "int",
    "class_weight": "float",
    "pos_weight": "float",
    "sample_weight": "float",
}
"""The kind of number of each array of a call; labels are what their values are."""


@dataclass(frozen=True)
class Backend:
    """One framework: nested lists go in, nested lists come out. A further framework is one more of these."""

    name: str
    losses: Any
    make: Callable[..., Any]
    types: dict[str, Any]
    slope: Callable[..., Any] | None = None  # the derivative of a function at an array

    def array(self, nested: Any, kind: str) -> Any:
        return self.make(nested, dtype=self.types[kind])

    def arrays(self, options: dict[str, Any]) -> dict[str, Any]:
        return {name: self._option(name, value) for name, value in options.items()}

    def _option(self, name: str, value: Any) -> Any:
        if name == "labels":
            return self.array(value, kind_of(value))
        return self.array(value, KINDS[name]) if name in KINDS and value is not None else value

    def call(self, loss: str, logits: Any, labels: Any, **options: Any) -> Any:
        """The loss of nested lists as a nested list or a number."""
        return self.run(loss, logits=logits, labels=labels, **options)

    def run(self, loss: str, **given: Any) -> Any:
        """The loss of nested lists that are all named."""
        return as_list(getattr(self.losses, loss)(**self.arrays(given)))

    def gradient(self, loss: str, *arrays: Any, by: str = "logits", **options: Any) -> Any:
        """The derivative of the loss by one of its arrays, as a nested list."""
        given = self.arrays(dict(zip(("logits", "labels"), arrays, strict=False)) | options)
        function, at = getattr(self.losses, loss), given.pop(by)
        assert self.slope is not None
        return as_list(self.slope(lambda array: function(**{by: array}, **given), at))


def as_list(array: Any) -> Any:
    """An array of any framework as a nested list or a number."""
    return array.tolist() if hasattr(array, "tolist") else array.numpy().tolist()  # TensorFlow's has no tolist


def slope_in_torch(function: Callable[..., torch.Tensor], at: torch.Tensor) -> torch.Tensor:
    """The derivative by autograd; zeros that nothing reaches are an error."""
    (slope,) = torch.autograd.grad(function(at.requires_grad_()), at)
    return slope


def slope_in_keras(function: Callable[..., Any], at: Any) -> Any:
    """The derivative, as the framework that Keras computes with takes it."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(at)
            loss = function(at)
        return tape.gradient(loss, at)
    return jax.jit(jax.grad(function))(at) if keras.backend.backend() == "jax" else slope_in_torch(function, at)


class NotCompiled:
    """The losses of torch where no C was compiled."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(seqwise.losses.torch, name)
        if isinstance(found, type):
            return found

        @functools.wraps(found)
        def without(*arrays: Any, **options: Any) -> Any:
            arrays = tuple(getattr(array, "compiled", array) for array in arrays)  # for loss_sum, which takes a loss
            with mock.patch.object(_native, "library", return_value=None):
                return found(*arrays, **options)

        without.compiled = found  # type: ignore[attr-defined]
        return without


jax.config.update("jax_enable_x64", True)  # for the whole process: losses are compared in float64
jax.config.update("jax_disable_most_optimizations", True)  # they take longer than what they speed up here

NUMPY_TYPES = {"float": np.float64, "int": np.int64, "bool": np.bool_}
TORCH_TYPES = {"float": torch.float64, "int": torch.int64, "bool": torch.bool}
NUMPY = Backend("numpy", seqwise.losses.numpy, np.array, NUMPY_TYPES)
TORCH = Backend("torch", seqwise.losses.torch, torch.tensor, TORCH_TYPES, slope_in_torch)
TORCH_PLAIN = Backend("torch, not compiled", NotCompiled(), torch.tensor, TORCH_TYPES, slope_in_torch)
JAX = Backend("jax", seqwise.losses.jax, jax.numpy.array, NUMPY_TYPES, lambda f, at: jax.jit(jax.grad(f))(at))
KERAS = Backend(
    "keras",  # under the backend that KERAS_BACKEND names: one process has one
    seqwise.losses.keras,
    lambda nested, dtype: keras.ops.convert_to_tensor(np.array(nested, dtype=dtype)),
    NUMPY_TYPES,
    slope_in_keras,
)
BACKENDS = (NUMPY, TORCH, JAX, KERAS, TORCH_PLAIN)
DIFFERENTIABLE = tuple(backend for backend in BACKENDS if backend.slope is not None)
