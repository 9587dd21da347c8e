"""Looks at the layers of a model of torch or Keras, and changes the recurrent weights of a direction for a moment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "Direction",
    "directions",
    "feature_sizes",
    "fixed_steps",
    "has_sequences",
    "is_keras",
    "is_recurrent",
    "layers_of",
    "nudged",
]


def is_keras(thing: Any) -> bool:
    """Whether an object or a class is a layer or model of Keras; under Keras on torch it is a module of torch too."""
    kinds = (thing if isinstance(thing, type) else type(thing)).__mro__
    return any(kind.__module__.partition(".")[0] == "keras" and kind.__name__ == "Layer" for kind in kinds)


def layers_of(model: Any) -> list[Any]:
    """Every layer of a model, those inside of others too, the model first."""
    if not is_keras(model):
        return list(model.modules())
    return [model, *(inner for layer in getattr(model, "layers", []) for inner in layers_of(layer))]


def has_sequences(model: Any) -> bool:
    """Whether a model reads sequences: it looks symbols up, or is recurrent."""
    return is_recurrent(model) or any(type(layer).__name__ == "Embedding" for layer in layers_of(model))


def is_recurrent(model: Any) -> bool:
    """Whether a layer of a model reads one step after the other: of torch or Keras, whole layers or cells."""
    kinds = {kind.__name__ for layer in layers_of(model) for kind in type(layer).__mro__}
    return bool(kinds & {"RNNBase", "RNNCellBase", "RNN", "Bidirectional"})


_BACKWARD = re.compile(r"reverse|backward|bwd|bw_|_bw")


@dataclass(frozen=True)
class Direction:
    """One direction of a recurrent layer.

    Attributes:
        name: where it stands, "lstm.weight_hh_l0_reverse" or "backward_lstm".
        weights: what has an effect when it is read as it should be, parameters of torch or variables of Keras: of the
            backward direction the recurrent weights, since at the last step it has read one step only; of the
            forward direction those of the input too, since the first step may be all that is wanted of it.
    """

    name: str
    weights: tuple[Any, ...]


def directions(model: Any) -> list[Direction]:
    """Every direction of the last layer of each recurrent part of a model."""
    if is_keras(model):
        return [one for layer in layers_of(model) for one in _of_keras(layer)]
    return [one for name, module in model.named_modules() for one in _of_torch(name, module)]


def _of_torch(name: str, module: Any) -> list[Direction]:
    if not any(kind.__name__ == "RNNBase" for kind in type(module).__mro__):
        return []
    found = []
    for end in ("", "_reverse"):
        recurrent, of_input = (f"weight_{kind}_l{module.num_layers - 1}{end}" for kind in ("hh", "ih"))
        if hasattr(module, recurrent):
            place = f"{name}.{recurrent}".lstrip(".")
            words = [recurrent] if _BACKWARD.search(place) else [recurrent, of_input]
            found.append(Direction(place, tuple(getattr(module, word) for word in words)))
    return found


def _of_keras(layer: Any) -> list[Direction]:
    if type(layer).__name__ != "Bidirectional":
        return []
    found = [(layer.forward_layer, ("recurrent_kernel", "kernel")), (layer.backward_layer, ("recurrent_kernel",))]
    return [
        Direction(one.name, tuple(getattr(one.cell, word) for word in words))
        for one, words in found
        if hasattr(one.cell, "recurrent_kernel")
    ]


@contextmanager
def nudged(direction: Direction) -> Iterator[None]:
    """The weights of a direction are others inside, and as they were afterwards."""
    with ExitStack() as stack:
        for weights in direction.weights:
            stack.enter_context(_changed(weights))
        yield


@contextmanager
def _changed(weights: Any) -> Iterator[None]:
    if hasattr(weights, "assign"):
        before = np.array(weights)
        weights.assign(before + _noise(before.shape))
        try:
            yield
        finally:
            weights.assign(before)
        return
    import torch

    with torch.no_grad():
        kept = weights.detach().clone()
        weights.add_(torch.from_numpy(_noise(tuple(kept.shape))).to(kept))
        try:
            yield
        finally:
            weights.copy_(kept)


def _noise(shape: tuple[int, ...]) -> Any:
    return np.random.default_rng(5).normal(0.0, 0.5, shape).astype(np.float32)


def fixed_steps(thing: Any, channels: int) -> list[int]:
    """Numbers of steps that a model may be made for: attributes that say so, and what a flattened layer expects."""
    named = [
        value
        for layer in layers_of(thing)
        for name, value in vars(layer).items()
        if isinstance(value, int) and re.search(r"len|window|steps|time|seq|block|context|horizon", name)
    ]
    layers = layers_of(thing)
    wide = next((value for one in layers if isinstance(value := getattr(one, "in_features", None), int)), 0)
    deep = channels or next((int(one.embedding_dim) for one in layers if hasattr(one, "embedding_dim")), 1)
    flat = [wide // deep] if deep and wide % deep == 0 else []
    return [one for one in dict.fromkeys([*named, *flat]) if 3 < one <= 2048]


def feature_sizes(thing: Any) -> list[int]:
    """Numbers per step: as the first layer that knows says, then a few guesses."""
    spoken = [
        value
        for layer in layers_of(thing)
        for name in ("input_size", "in_features", "in_channels", "embed_dim")
        if isinstance(value := getattr(layer, name, None), int)
    ]
    shapes = getattr(thing, "inputs", None) or []
    spoken = [int(one.shape[-1]) for one in shapes if len(one.shape) == 3 and one.shape[-1]] + spoken[:1]
    return list(dict.fromkeys([*spoken, 3, 4, 1, 8, 16]))
