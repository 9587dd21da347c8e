"""A benchmark case: one computation of a given size, and the implementations to compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

__all__ = ["Case", "Kind", "Results", "Way", "gradients"]

Results = Mapping[str, Tensor]
"""The results of an implementation, by name: values and gradients."""

Kind = Literal["ours", "peer", "limit", "other"]


def _as_they_are(results: Any) -> Results:
    tensors: Results = results
    return tensors


@dataclass(frozen=True)
class Way:
    """One way to do a computation, its inputs made already.

    Attributes:
        name: how it is called in results.
        run: does it once.
        kind: `ours`; `peer`: gives the same results, which is checked; `limit`: the part of the work that cannot be
            left out; `other`: something else that is set beside, such as the same in another type.
        results: what `run` returned as named tensors, for the check; not timed.
        tolerance: how far its results may be from ours, as a share of the largest of each tensor.
    """

    name: str
    run: Callable[[], Any]
    kind: Kind = "peer"
    results: Callable[[Any], Results] = _as_they_are
    tolerance: float = 1e-4


@dataclass(frozen=True)
class Case:
    """A computation of a certain size.

    Attributes:
        name: what is computed.
        shape: of which size, in words that tell it apart from others of the name.
        ways: makes the inputs and returns the ways, ours first. It can be pickled: memory is measured in a process of
            its own.
        measures_memory: whether its memory is of interest too.
    """

    name: str
    shape: str
    ways: Callable[[], Sequence[Way]]
    measures_memory: bool = False

    @property
    def title(self) -> str:
        """Name and shape."""
        return f"{self.name}, {self.shape}"


def gradients(loss: Callable[[], Tensor], inputs: Mapping[str, Tensor]) -> Callable[[], Results]:
    """A computation forward and backward: returns the loss and the gradient of each input.

    Args:
        loss: computes the loss from the inputs, a scalar.
        inputs: leaves that require gradients, by name.

    Examples:
        >>> x = torch.tensor(3.0, requires_grad=True)
        >>> gradients(lambda: x * x, {"x": x})()
        {'loss': tensor(9.), 'x': tensor(6.)}
    """

    def run() -> Results:
        value = loss()
        found = torch.autograd.grad(value, list(inputs.values()))
        return {"loss": value.detach(), **dict(zip(inputs, found, strict=True))}

    return run
