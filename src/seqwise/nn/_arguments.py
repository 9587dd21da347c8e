"""Checks of sizes, shapes and dtypes; they read no array values, so they never synchronise a GPU."""

from __future__ import annotations

import torch
from torch import Tensor

from seqwise.errors import ConfigError, DtypeError, ShapeError, UsageError

__all__ = ["is_integer", "require_axes", "require_dropout", "require_ids", "require_positions", "require_sizes"]


def require_sizes(call: str, **sizes: int) -> None:
    """Check that every size is at least 1.

    Raises:
        ConfigError: a size below 1.
    """
    for name, size in sizes.items():
        if size < 1:
            raise ConfigError(f"{call}: {name} is {size}, expected 1 or more")


def require_dropout(call: str, dropout: float) -> None:
    """Check that 0 <= dropout < 1.

    Raises:
        ConfigError: dropout is not in [0, 1).
    """
    if not 0.0 <= dropout < 1.0:
        raise ConfigError(f"{call}: dropout is {dropout}, expected 0 <= dropout < 1, the fraction dropped in training")


def require_axes(call: str, name: str, array: Tensor, axes: tuple[str, ...], size: int | None = None) -> None:
    """Check that an array has these axes, and that the last one has this size (any size when None).

    Raises:
        ShapeError: the number of axes or the size of the last axis differs.
    """
    if array.ndim == len(axes) and size in (None, array.shape[-1]):
        return
    ending = "" if size is None else f" with {axes[-1]} = {size}"
    raise ShapeError(f"{call}: {name} of shape {tuple(array.shape)}, expected ({', '.join(axes)}){ending}")


def require_positions(call: str, shape: tuple[int, int], lengths: Tensor | None, mask: Tensor | None) -> None:
    """Check that lengths or a mask fit positions of (batch, time); both may be None.

    Raises:
        UsageError: both were given.
        DtypeError: lengths are not integers, or the mask is not boolean.
        ShapeError: lengths are not (batch,), or the mask is not (batch, time).
    """
    if lengths is not None and mask is not None:
        raise UsageError(
            f"{call}: got lengths and mask, expected one of the two; a mask covers everything that lengths express"
        )
    if lengths is not None:
        _require_lengths(call, shape, lengths)
    if mask is not None:
        _require_mask(call, shape, mask)


def is_integer(array: Tensor) -> bool:
    """Whether the dtype is an integer type; bool is not."""
    return not (array.is_floating_point() or array.is_complex() or array.dtype == torch.bool)


def require_ids(call: str, ids: Tensor, axes: tuple[str, ...], size: int | None = None) -> None:
    """Check that ids are integers with these axes; see `require_axes`.

    Raises:
        DtypeError: ids are not integers.
        ShapeError: the number of axes or the size of the last axis differs.
    """
    if not is_integer(ids):
        raise DtypeError(f"{call}: ids of {ids.dtype}, expected integers ({', '.join(axes)})")
    require_axes(call, "ids", ids, axes, size)


def _require_lengths(call: str, shape: tuple[int, int], lengths: Tensor) -> None:
    if not is_integer(lengths):
        raise DtypeError(
            f"{call}: lengths of {lengths.dtype}, expected integers (batch,); pass booleans (batch, time) as mask="
        )
    if tuple(lengths.shape) != shape[:1]:
        raise ShapeError(
            f"{call}: lengths of shape {tuple(lengths.shape)}, expected (batch,) = ({shape[0]},), "
            "the number of steps of each sequence"
        )


def _require_mask(call: str, shape: tuple[int, int], mask: Tensor) -> None:
    if mask.dtype != torch.bool:
        raise DtypeError(
            f"{call}: mask of {mask.dtype}, expected torch.bool, True where a step counts; "
            "mask.bool() converts ones and zeros"
        )
    if tuple(mask.shape) != shape:
        raise ShapeError(f"{call}: mask of shape {tuple(mask.shape)}, expected (batch, time) = {shape}")
