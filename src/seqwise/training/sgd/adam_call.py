"""One compiled call that makes Adam's step on many parameters: it gets where they, gradients and means stand."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any

import torch
from torch import Tensor, nn

from seqwise._addresses import Places, UnreadableError, address, all_addresses
from seqwise._native import function
from seqwise.errors import ShapeError

__all__ = ["AdamCall", "compiled_adam", "require_shapes", "with_each_row_once"]

_MEANS = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
_state = itemgetter("step", *_MEANS[:2])
_is_sparse, _shape = attrgetter("is_sparse"), attrgetter("shape")

State = Mapping[Any, Mapping[str, Tensor]]
"""What an optimizer knows of each parameter."""


class _Stepped(ctypes.Structure):
    """`struct stepped` of adam.c: where a parameter, its gradient and Adam's means stand."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("values", "gradient", "means", "squares", "steps", "rows")),
        *((name, ctypes.c_int64) for name in ("count", "size")),
        ("decay", ctypes.c_double),
        *((name, ctypes.c_int64) for name in ("table", "first")),
    ]


class AdamCall:
    """The call for some parameters, step after step.

    Finding out where everything stands takes as long as the step itself. Gradients are new at each step; the rest is
    only compared with what it was, and `is_still_for` says when another call has to be made.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], state: State) -> None:
        """Finds parameters and their state.

        Raises:
            UnreadableError: compiled code does not take one of them.
            ShapeError: means are of another shape than their parameter.
        """
        self._parameters = list(parameters)
        self._arrays = (_Stepped * len(parameters))()
        self._each = list(self._arrays)
        for array, parameter in zip(self._each, parameters, strict=True):
            require_shapes(state[parameter], parameter)
            step, means, squares = _state(state[parameter])
            array.values, array.steps = address(parameter, torch.float32), address(step, torch.float32, ())
            array.means = address(means, torch.float32, parameter.shape)
            array.squares = address(squares, torch.float32, parameter.shape)
            array.table = len(parameter) if parameter.dim() else 0
        self._places = Places(_all(self._parameters, state), torch.float32)
        self._shapes = [parameter.shape for parameter in parameters]
        self._kinds: tuple[list[bool], float] | None = None
        self._gradients = (ctypes.c_int64 * len(parameters))()
        self._wrong = ctypes.c_int64()
        self._pointers = tuple(ctypes.addressof(each) for each in (self._arrays, self._gradients, self._wrong))

    def is_still_for(self, parameters: Sequence[nn.Parameter], state: State) -> bool:
        """Whether these are the parameters, and they and their state stand where they were found."""
        try:
            return (
                self._places.are_those_of(_all(parameters, state))
                and list(map(_shape, parameters)) == self._shapes
                and not any(map(Tensor.is_neg, parameters))
            )
        except KeyError:  # there is no state yet, or no longer
            return False

    def step(
        self,
        adam: Callable[..., Any],
        gradients: Sequence[Tensor],
        rate: float,
        betas: tuple[float, float],
        epsilon: float,
        decay: float,
    ) -> None:
        """Steps all parameters.

        Args:
            adam: `compiled_adam`.
            gradients: of each parameter.
            rate: the learning rate.
            betas: of the means and the squares.
            epsilon: beside the root of the squares.
            decay: of the weights, per step and learning rate; those of sparse gradients do not decay.

        Raises:
            UnreadableError: compiled code does not take a gradient; nothing is done.
            IndexError: a gradient has a row that its parameter does not have; nothing is done.
        """
        values, are_sparse, kept = list(gradients), list(map(_is_sparse, gradients)), []
        sparse = [place for place, is_sparse in enumerate(are_sparse) if is_sparse] if True in are_sparse else ()
        for place in sparse:
            values[place] = with_each_row_once(values[place])
            are_sparse[place] = values[place].is_sparse
        if self._kinds != (are_sparse, decay):
            self._set_kinds(are_sparse, decay)
        for place in sparse:
            if are_sparse[place]:
                values[place], rows = self._point_at_rows(place, values[place])
                kept.append(rows)
        self._gradients[:] = self._addresses(gradients, values)
        arrays, addresses, wrong = self._pointers
        adam(arrays, addresses, len(values), rate, *betas, epsilon, wrong)
        if self._wrong.value >= 0:
            raise _outside(gradients[self._wrong.value])
        del kept  # which were read until here

    def _set_kinds(self, are_sparse: list[bool], decay: float) -> None:
        for array, shape, is_sparse in zip(self._each, self._shapes, are_sparse, strict=True):
            array.rows, array.decay = None, 0.0 if is_sparse else decay
            array.count, array.size = 1, (shape[1:] if is_sparse else shape).numel()
        self._kinds = are_sparse, decay

    def _point_at_rows(self, place: int, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Says which rows a sparse gradient has; gives their numbers, and the rows, which are read where they stand."""
        values, rows, array = gradient._values(), gradient._indices().contiguous(), self._each[place]
        array.count = count = rows.numel()
        array.rows = address(rows, torch.int64, is_ordinary=True)
        if values.numel() != count * array.size:
            raise UnreadableError(f"expected {array.size} numbers in each of {count} rows, got {tuple(values.shape)}")
        return values, rows

    def _addresses(self, gradients: Sequence[Tensor], values: Sequence[Tensor]) -> list[Any]:
        """Where the numbers of the gradients stand, which are of the shapes of the parameters."""
        found = all_addresses(values, torch.float32) if list(map(_shape, gradients)) == self._shapes else None
        if found is not None:
            return found
        for gradient, shape in zip(gradients, self._shapes, strict=True):
            if gradient.shape != shape:
                raise UnreadableError(f"a gradient {tuple(gradient.shape)} of a parameter {tuple(shape)}")
        return [address(each, torch.float32) or 0 for each in values]


def _all(parameters: Sequence[nn.Parameter], state: State) -> list[Tensor]:
    """The parameters, then step, means and squares of each."""
    return [*parameters, *chain.from_iterable(map(_state, map(state.__getitem__, parameters)))]


def compiled_adam() -> Callable[..., Any] | None:
    """The compiled step; None where nothing was compiled."""
    return function("seqwise_adam", *(ctypes.c_void_p,) * 2, ctypes.c_int64, *(ctypes.c_double,) * 4, ctypes.c_void_p)


def require_shapes(state: Mapping[str, Tensor], parameter: nn.Parameter) -> None:
    """Refuses means that are not of the shape of their parameter.

    Raises:
        ShapeError: they are not.
    """
    for name in _MEANS:
        if name in state and state[name].shape != parameter.shape:
            raise ShapeError(
                f"the optimizer's {name} is {tuple(state[name].shape)} for a parameter {tuple(parameter.shape)}: "
                "this state is that of another model, or damaged"
            )


def with_each_row_once(gradient: Tensor) -> Tensor:
    """A gradient as it is, but a sparse one with each row once; one of single numbers, not rows, as a dense one."""
    if not gradient.is_sparse or (gradient.is_coalesced() and gradient.sparse_dim() == 1):
        return gradient
    with torch.no_grad():
        if gradient.sparse_dim() > 1:
            return gradient.to_dense()
        rows = gradient._indices()[0]
        if bool((rows[1:] > rows[:-1]).all()):  # that of one batch: torch forgets on the way that it is
            return gradient._coalesced_(True)
        return gradient.coalesce()


def _outside(gradient: Tensor) -> IndexError:
    first, last = map(int, gradient._indices().aminmax())
    return IndexError(f"a sparse gradient has rows {first} to {last} of a table with {len(gradient)} rows")
