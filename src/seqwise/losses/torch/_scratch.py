"""Memory for the logits of a chunk, kept from one call to the next: new memory is slow, page by page.

The allocator takes blocks of this size from the system and gives them back each time, and the system fills each page of
4 kB with zeros when it is first written to. What is kept is one block of at most `MOST` bytes in a process. A call
takes it away while it computes, so that calls at the same time, or one inside another, make their own.
"""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import torch
from torch import Tensor

from seqwise._addresses import known_address
from seqwise._readable import is_plain_cpu_tensor

__all__ = ["MOST", "forget", "scratch", "with_large_pages"]

MOST = 1 << 26
"""Bytes that are kept, at most."""
_LEAST = 1 << 22
"""Smaller blocks the allocator of the system keeps by itself."""
_LARGE_PAGE = 1 << 21
_MADV_HUGEPAGE = 14

_kept: list[Tensor] = []  # one or none; pop and append are atomic


@contextmanager
def scratch(shape: Sequence[int], like: Tensor) -> Iterator[Tensor]:
    """A tensor on the device and of the type of another, with anything in it, for use inside of `with` alone."""
    size = math.prod(shape) * like.itemsize
    if not (like.is_cpu and is_plain_cpu_tensor(like) and _LEAST <= size <= MOST):
        yield like.new_empty(shape)
        return
    block: Tensor | None = None
    with suppress(IndexError):  # another call has it
        block = _kept.pop()
    if block is None or block.numel() < size:
        with torch.inference_mode(mode=False):  # which later calls could not write to
            block = with_large_pages(torch.empty(size, dtype=torch.uint8, device="cpu"))
    try:
        yield block[:size].view(like.dtype).view(shape)
    finally:
        if not _kept:
            _kept.append(block)


def forget() -> None:
    """Gives back what is kept."""
    _kept.clear()


def with_large_pages(tensor: Tensor) -> Tensor:
    """The tensor, just made, whose memory the system may hand out in pages of 2 MB rather than of 4 kB."""
    advise, size = _advise(), tensor.numel() * tensor.itemsize
    if advise is not None and size >= 2 * _LARGE_PAGE and is_plain_cpu_tensor(tensor):
        place = known_address(tensor)
        begin, end = -(-place // _LARGE_PAGE) * _LARGE_PAGE, (place + size) // _LARGE_PAGE * _LARGE_PAGE
        advise(begin, end - begin, _MADV_HUGEPAGE)  # advice: where it is not taken, nothing is lost
    return tensor


@functools.cache
def _advise() -> Callable[[int, int, int], int] | None:
    """`madvise` of Linux; None elsewhere."""
    try:
        found = ctypes.CDLL(None).madvise
    except (AttributeError, OSError, TypeError):
        return None
    found.argtypes, found.restype = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int), ctypes.c_int
    return found
