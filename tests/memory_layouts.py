"""Every way in which the numbers of a tensor can stand in memory, with wrong numbers wherever none belong."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from hypothesis import strategies as st
from torch import Tensor

CASES = int(os.environ.get("SEQWISE_CASES", "500"))
"""How much is generated; more than the usual number also makes the exhaustive tests take all of `CUTS`."""
CUTS = ("all", "later", "earlier", "every other")
"""How much of an axis of a larger tensor is looked at: all, a slice that begins later or ends earlier, or a step."""
FEW_CUTS = CUTS if CASES > 500 else ("all", "every other")

Arrays = Mapping[str, Tensor]


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
            2 * n if cut == "every other" else n + (cut != "all") for n, cut in zip(once.shape, self.cuts, strict=True)
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


def memory_layouts(axes: int, cuts: Sequence[str] = CUTS) -> Iterator[MemoryLayout]:
    """All layouts of tensors with so many axes; with repeated axes, those of all subsets in the order of the axes."""
    ways = itertools.product(itertools.permutations(range(axes)), itertools.product(cuts, repeat=axes))
    yield from (MemoryLayout(*way) for way in ways)
    some = [s for count in range(1, axes + 1) for s in itertools.combinations(range(axes), count)]
    for cut, repeated in itertools.product(("all", "every other"), some):
        yield MemoryLayout(tuple(range(axes)), (cut,) * axes, repeated)


@st.composite
def any_layouts(draw: st.DrawFn, axes: int) -> MemoryLayout:
    """Generated layouts, of which most repeat nothing."""
    order = draw(st.permutations(range(axes)))
    cuts = draw(st.tuples(*[st.sampled_from(CUTS)] * axes))
    repeated = draw(st.just(()) | st.sets(st.sampled_from(range(axes))).map(tuple)) if axes else ()
    return MemoryLayout(tuple(order), cuts, tuple(sorted(repeated)))


Call = Callable[[Arrays], Sequence[Tensor]]


def require_same(call: Call, placed: Arrays, what: object = "") -> None:
    """That a call gives for arrays as they stand what it gives for contiguous copies of them."""
    copies = {name: array.clone(memory_format=torch.contiguous_format) for name, array in placed.items()}
    with memory_filled():
        found, wanted = call(placed), call(copies)
    for one, other in zip(found, wanted, strict=True):
        if (
            one.dtype != other.dtype
            or one.shape != other.shape
            or not torch.allclose(one.double(), other.double(), *TOLERANCES[one.dtype], equal_nan=True)
        ):
            layouts = {name: (tuple(array.shape), array.stride()) for name, array in placed.items()}
            raise AssertionError(f"{what} {layouts}:\n{one}\nis not\n{other}")


TOLERANCES = {torch.float32: (1e-5, 1e-6), torch.bfloat16: (2**-7, 1e-5), torch.float64: (1e-12, 1e-14)}
TOLERANCES |= dict.fromkeys((torch.int64, torch.int32), (0.0, 0.0))


def require_same_in_every_layout(call: Call, arrays: Arrays, cuts: Sequence[str] = FEW_CUTS) -> int:
    """The same for each array in each layout, the others being contiguous; how many calls that were."""
    calls = 0
    for name, values in arrays.items():
        for layout in memory_layouts(values.dim(), cuts):
            require_same(call, {**arrays, name: layout.of(values)}, (name, layout))
            calls += 1
    return calls


def with_gradients(found: Tensor, upstream: Tensor, inputs: Sequence[Tensor]) -> list[Tensor]:
    """A result and the gradients of inputs, for this gradient by the result as it stands."""
    return [found.detach(), *torch.autograd.grad(found, inputs, upstream.expand(found.shape))]


def leaves(arrays: Arrays, *names: str) -> list[Tensor]:
    """Arrays as they stand, of which gradients are asked for."""
    return [arrays[name].detach().requires_grad_() for name in names]


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
