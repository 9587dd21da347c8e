"""Every way in which the numbers of a tensor can stand in memory, with wrong numbers wherever none belong."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

CUTS = ("all", "later", "earlier", "every other")
"""How much of an axis of a larger tensor is looked at: all, a slice that begins later or ends earlier, or a step."""


class MemoryLayout(NamedTuple):
    """A place for a tensor.

    Attributes:
        order: the axes from the outermost in memory to the innermost.
        cuts: for each axis, one of `CUTS`.
        repeated: axes along which one number serves all places (stride 0).
    """

    order: tuple[int, ...]
    cuts: tuple[str, ...]
    repeated: tuple[int, ...] = ()

    def of(self, values: Tensor) -> Tensor:
        """These values in this layout; along repeated axes those of the first place."""
        once = values.detach()
        for axis in self.repeated:
            once = once.narrow(axis, 0, min(1, once.shape[axis]))
        sizes = [
            {"every other": 2 * size}.get(cut, size + (cut != "all"))
            for size, cut in zip(once.shape, self.cuts, strict=True)
        ]
        space = torch.full([sizes[axis] for axis in self.order], poison(values.dtype), dtype=values.dtype)
        whole = space.permute([self.order.index(axis) for axis in range(values.dim())])
        for axis, cut in enumerate(self.cuts):
            begin = 0 if cut in ("all", "earlier") else 1
            whole = whole.narrow(axis, begin, once.shape[axis]) if cut != "every other" else _odd(whole, axis)
        return whole.copy_(once).expand(values.shape)


def _odd(whole: Tensor, axis: int) -> Tensor:
    return whole[(slice(None),) * axis + (slice(1, None, 2),)]


def poison(dtype: torch.dtype) -> float | int | bool:
    """What no result may come from: NaN, an index far outside, True."""
    if dtype == torch.bool:
        return True
    return math.nan if dtype.is_floating_point else min(torch.iinfo(dtype).max, 1 << 40)


def memory_layouts(axes: int, cuts: Sequence[str] = CUTS, *, repeats: bool = True) -> Iterator[MemoryLayout]:
    """All layouts of tensors with so many axes; with repeated axes, those of all subsets in the order of the axes."""
    ways = itertools.product(itertools.permutations(range(axes)), itertools.product(cuts, repeat=axes))
    yield from (MemoryLayout(*way) for way in ways)
    some = [s for count in range(1, axes + 1) for s in itertools.combinations(range(axes), count) if repeats]
    for cut, repeated in itertools.product(("all", "every other"), some):
        yield MemoryLayout(tuple(range(axes)), (cut,) * axes, repeated)


@contextmanager
def memory_filled() -> Iterator[None]:
    """Tensors that nobody filled hold NaN, or the largest integer, instead of whatever was there."""
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    filled = torch.utils.deterministic.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = True  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        torch.utils.deterministic.fill_uninitialized_memory = filled
