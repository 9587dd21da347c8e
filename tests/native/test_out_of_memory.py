"""Where C finds no memory there is a MemoryError, or the result of the plain path, whichever allocation fails."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import pytest
import torch
from torch import Tensor, nn

from levels import without_caches
from seqwise import _native, _products
from seqwise._native import _compile
from seqwise._products import multiply
from seqwise.losses.torch import crf_decode, crf_marginals, crf_nll, cross_entropy, linear_cross_entropy
from seqwise.nn._embedding_rows import summed_rows
from seqwise.nn._recurrent import native_states
from seqwise.training.sgd.optimizer import clipped_norm

HEADER, SOURCES = Path(__file__).with_name("failing_malloc.h"), Path(_native.__file__).parent
ALLOCATES = re.compile(r"\b(malloc|calloc|realloc|aligned_alloc|posix_memalign|strdup|mmap)\(")
IS_SANITIZED = "SEQWISE_LIBRARIES" in os.environ

Place = tuple[str, int]
"""A file and a line of the C sources."""


class Scarce(NamedTuple):
    """What a library knows of its memory: `failing_malloc.h`."""

    left: ctypes.c_int64
    file: ctypes.c_char_p
    line: ctypes.c_int64


class Refusals(NamedTuple):
    """What came of a call whose allocations were refused one after the other."""

    places: set[Place]
    errors: list[str]
    results: int


@pytest.fixture(scope="module")
def scarce(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scarce]:
    """A library whose memory runs out when a test says so."""
    command = _compile.compiler()
    if command is None:
        pytest.skip("no C compiler here")
    folder, options = tmp_path_factory.mktemp("scarce"), _compile.SANITIZED if IS_SANITIZED else ["-O0"]
    made, said = _compile._compiled(command, SOURCES, folder, "baseline", [*options, "-include", str(HEADER)])
    assert made is not None, said
    found = ctypes.CDLL(str(made))
    with mock.patch.object(_native, "library", return_value=found), without_caches():
        product = _native.function("seqwise_product", ctypes.c_void_p)
        with (
            mock.patch.object(_products, "_compiled", return_value=product),
            mock.patch("seqwise.losses.torch._linear_cross_entropy.WHOLE_BYTES", -1),
        ):
            yield Scarce(
                ctypes.c_int64.in_dll(found, "allocations_left"),
                ctypes.c_char_p.in_dll(found, "refused_file"),
                ctypes.c_int64.in_dll(found, "refused_line"),
            )


def random(*sizes: int, seed: int = 0) -> Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed))


def gradients(loss: Callable[..., Tensor], *inputs: Tensor) -> list[Tensor]:
    at = [tensor.clone().requires_grad_() for tensor in inputs]
    found = loss(*at)
    slopes = torch.autograd.grad(found.sum(), at)
    return [found.detach(), *(slope.to_dense() if slope.is_sparse else slope for slope in slopes)]


def layer(kind: type[nn.GRU | nn.LSTM] = nn.GRU) -> nn.RNNBase:
    found = kind(3, 5, batch_first=True)
    for number, parameter in enumerate(found.parameters()):
        parameter.data = random(*parameter.shape, seed=number)
    return found


def norm_of(gradient: Tensor) -> Tensor:
    parameter = nn.Parameter(torch.zeros_like(gradient))
    parameter.grad = gradient.clone()
    return torch.tensor([clipped_norm([parameter], 1e9)])


LABELS = torch.arange(60).view(3, 20) % 5
MASK = (torch.arange(20) < 15).expand(3, 20)
TABLE = torch.tensor([[1, 2], [3, 0]])
FRONT = torch.arange(4) < torch.tensor([[4], [2]])
CALLS: dict[str, Callable[[], list[Tensor]]] = {
    "cross_entropy": lambda: gradients(lambda z: cross_entropy(z, LABELS[:, :4], class_axis=1), random(3, 40, 4)),
    "cross_entropy of many": lambda: gradients(
        lambda z: cross_entropy(z, torch.zeros(4000, dtype=torch.long), reduction="none"), random(4000, 40)
    ),
    "crf_nll": lambda: gradients(
        lambda e, t: crf_nll(e, LABELS, t, mask=MASK, reduction="none"), random(3, 20, 5), random(5, 5)
    ),
    "linear_cross_entropy": lambda: gradients(
        lambda h, w: linear_cross_entropy(h, w, LABELS[0], reduction="none"), random(20, 6), random(33, 6)
    ),
    "crf_nll in double": lambda: gradients(
        lambda e: crf_nll(e, LABELS, torch.zeros(5, 5).double(), reduction="none"), random(3, 20, 5).double()
    ),
    "crf_marginals": lambda: [crf_marginals(random(3, 20, 5), random(5, 5))],
    "crf_decode": lambda: list(crf_decode(random(3, 20, 5), random(5, 5), mask=MASK)),
    "crf_decode in double": lambda: list(crf_decode(random(3, 20, 5).double(), random(5, 5).double())),
    "two directions": lambda: gradients(
        lambda steps: native_states([layer(nn.LSTM), layer(nn.LSTM)], steps, FRONT), random(2, 4, 3)
    ),
    "recurrent": lambda: gradients(lambda steps: native_states([layer()], steps, FRONT), random(2, 4, 3)),
    "rows": lambda: gradients(lambda table: summed_rows(table, TABLE, 0), random(5, 3)),
    "norm": lambda: [norm_of(random(30000))],
    "product": lambda: [multiply(random(30, 20), random(20, 10), torch.empty(30, 10))],
}


def refusals(name: str, scarce: Scarce) -> Refusals:
    """Makes a call again and again, each time with one more allocation before memory runs out."""
    call, places, texts = CALLS[name], set[Place](), list[str]()
    wanted = call()
    for allocations in range(200):
        scarce.left.value, scarce.file.value = allocations, None
        try:
            found = call()
        except MemoryError as error:
            texts.append(str(error))
        else:
            torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
        finally:
            scarce.left.value = -1
        if scarce.file.value is None:
            return Refusals(places, texts, allocations - len(texts))
        places.add((Path(scarce.file.value.decode()).name, scarce.line.value))
    raise AssertionError("C allocates without end")


@pytest.fixture(scope="module")
def refused(scarce: Scarce) -> dict[str, Refusals]:
    """Of each call."""
    return {name: refusals(name, scarce) for name in CALLS}


@pytest.mark.parametrize("name", CALLS)
def test_each_allocation_may_fail(name: str, refused: dict[str, Refusals]) -> None:
    found = refused[name]
    assert found.places, "C allocates something in each call"
    assert all("out of memory" in text for text in found.errors)
    assert found.errors or (name.startswith("cross_entropy") and found.results)


def test_no_allocation_of_the_sources_is_left_out(refused: dict[str, Refusals]) -> None:
    there = {
        (path.name, number)
        for path in SOURCES.glob("*.[ch]")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if ALLOCATES.search(line)
    }
    assert there == set().union(*(found.places for found in refused.values()))


LIMITED = """
import resource, torch
from seqwise.losses.torch import crf_nll
emissions, transitions = torch.zeros(1, 2, 3000, requires_grad=True), torch.zeros(3000, 3000, requires_grad=True)
tags = torch.zeros(1, 2, dtype=torch.long)
crf_nll(emissions[..., :3], tags, transitions[:3, :3])
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + (100 << 20), -1))
try:
    crf_nll(emissions, tags, transitions).backward()
except (MemoryError, RuntimeError) as error:
    print(type(error).__name__, error)
"""


@pytest.mark.skipif(IS_SANITIZED, reason="the sanitizer reserves more addresses than there are")
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is limited by what /proc tells")
def test_a_crf_of_3000_classes_in_little_memory_is_an_error() -> None:
    found = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert "memory" in found.stdout
