"""Random numbers from a generator of the model's own; torch's global one stays untouched.

By default torch draws from one global generator per process and device. Seeding it, or drawing from it in another
thread, changes the random numbers of everything else in the process.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from seqwise.nn._dropout import FeatureDropout
from seqwise.nn.inputs import SubwordEncoder
from seqwise.nn.ngram_bag import NgramBag

__all__ = ["drawing_from", "drawn_from", "draws_elsewhere", "seeded_process"]

_PROCESS = threading.Lock()


def drawn_from(generator: torch.Generator) -> TorchDispatchMode:
    """Context in which this thread takes its random numbers from the generator, as if the process were seeded like it.

    It costs microseconds per operation: use it to build a model, not to train one.

    Args:
        generator: of the device of the tensors that are filled.

    Examples:
        >>> def made(seed):
        ...     with drawn_from(torch.Generator().manual_seed(seed)):
        ...         return nn.Linear(2, 3)
        >>> torch.equal(made(1).weight, made(1).weight), torch.equal(made(1).weight, made(2).weight)
        (True, False)
    """
    return _DrawnFrom(generator)


class _DrawnFrom(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.generator = generator

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        drawing, named = _drawing(func), kwargs or {}
        return func(*args, **named) if drawing is None else drawing(*args, **{**named, "generator": self.generator})


@lru_cache(maxsize=256)
def _drawing(func: Any) -> Any:
    """Return the overload of an operation that takes a generator; None if it uses no random numbers."""
    if any(argument.name == "generator" for argument in func._schema.arguments):
        return func
    name = "generator" if func._overloadname == "default" else f"{func._overloadname}_generator"
    return getattr(func.overloadpacket, name) if name in func.overloadpacket.overloads() else None


def draws_elsewhere(model: nn.Module) -> bool:
    """Whether a model contains dropout layers of another library, which take no generator."""
    return any(isinstance(module, SubwordEncoder) for module in model.modules())


@contextmanager
def drawing_from(model: nn.Module, generator: torch.Generator) -> Iterator[None]:
    """Context in which the dropout of a model takes its random numbers from the generator."""
    drawing = [module for module in model.modules() if isinstance(module, FeatureDropout | NgramBag)]
    for module in drawing:
        module.generator = generator
    try:
        yield
    finally:
        for module in drawing:
            module.generator = None


@contextmanager
def seeded_process(seed: int, device: torch.device) -> Iterator[None]:
    """Context in which torch's global generator is seeded and reserved for this thread; its state is restored after.

    For networks of other libraries, whose dropout takes no generator. Other trainings that need it wait.
    """
    devices = [device] if device.type not in ("cpu", "mps") else []
    with _PROCESS, torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
