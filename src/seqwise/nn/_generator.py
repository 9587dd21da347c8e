"""Random numbers for a model from a generator of its own, so that the one which a whole process shares stays untouched.

torch draws from one generator per process and device unless it is given another. Whoever seeds that one, or draws from
it in another thread, changes what everybody draws.
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
    """Within it, what this thread draws comes from the generator: the numbers of a process that is seeded like it.

    It costs microseconds per operation, so it is for making a model, not for training it.

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
    """The form of an operation that takes a generator; None for one that draws nothing."""
    if any(argument.name == "generator" for argument in func._schema.arguments):
        return func
    name = "generator" if func._overloadname == "default" else f"{func._overloadname}_generator"
    return getattr(func.overloadpacket, name) if name in func.overloadpacket.overloads() else None


def draws_elsewhere(model: nn.Module) -> bool:
    """Whether dropout of another library, which takes no generator, is a part of a model."""
    return any(isinstance(module, SubwordEncoder) for module in model.modules())


@contextmanager
def drawing_from(model: nn.Module, generator: torch.Generator) -> Iterator[None]:
    """Within it, the dropout of a model draws from the generator."""
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
    """Within it, the generator of the process is seeded and belongs to this thread; afterwards it is as it was.

    For networks of other libraries, whose dropout takes no generator. Other trainings that need it wait.
    """
    devices = [device] if device.type not in ("cpu", "mps") else []
    with _PROCESS, torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
