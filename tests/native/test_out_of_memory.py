"""Where C finds no memory there is a MemoryError, or the result of the plain path, whichever allocation fails."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest
import torch
from torch import Tensor, nn

from levels import without_caches
from seqwise import _native, _products
from seqwise._native import _compile
from seqwise._products import multiply
from seqwise.losses.torch import crf_decode, crf_marginals, crf_nll, cross_entropy
from seqwise.nn._embedding_rows import summed_rows
from seqwise.nn._recurrent import native_states
from seqwise.training.sgd.optimizer import clipped_norm

HEADER = Path(__file__).with_name("failing_malloc.h")


@pytest.fixture(scope="module")
def scarce(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ctypes.c_int64]:
    """How many more allocations of C succeed, in a library that counts them."""
    command = _compile.compiler()
    if command is None:
        pytest.skip("no C compiler here")
    folder, sources = tmp_path_factory.mktemp("scarce"), Path(_native.__file__).parent
    made = _compile._compiled(command, sources, folder, "baseline", ["-O0", "-include", str(HEADER)])
    assert made is not None
    found = ctypes.CDLL(str(made))
    with mock.patch.object(_native, "library", return_value=found), without_caches():
        product = _native.function("seqwise_product", ctypes.c_void_p)
        with mock.patch.object(_products, "_compiled", return_value=product):
            yield ctypes.c_int64.in_dll(found, "allocations_left")


def random(*sizes: int, seed: int = 0) -> Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed))


def gradients(loss: Callable[..., Tensor], *inputs: Tensor) -> list[Tensor]:
    at = [tensor.clone().requires_grad_() for tensor in inputs]
    found = loss(*at)
    slopes = torch.autograd.grad(found.sum(), at)
    return [found.detach(), *(slope.to_dense() if slope.is_sparse else slope for slope in slopes)]


def layer() -> nn.GRU:
    found = nn.GRU(3, 5, batch_first=True)
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
    "cross_entropy": lambda: gradients(
        lambda z: cross_entropy(z.movedim(-1, 1), LABELS[:, :4].repeat(1, 1), class_axis=1), random(3, 4, 40)
    ),
    "cross_entropy of many": lambda: gradients(
        lambda z: cross_entropy(z, torch.zeros(4000, dtype=torch.long), reduction="none"), random(4000, 40)
    ),
    "crf_nll": lambda: gradients(
        lambda e, t: crf_nll(e, LABELS, t, mask=MASK, reduction="none"), random(3, 20, 5), random(5, 5)
    ),
    "crf_marginals": lambda: [crf_marginals(random(3, 20, 5), random(5, 5))],
    "crf_decode": lambda: list(crf_decode(random(3, 20, 5), random(5, 5), mask=MASK)),
    "recurrent": lambda: gradients(lambda steps: native_states([layer()], steps, FRONT), random(2, 4, 3)),
    "rows": lambda: gradients(lambda table: summed_rows(table, TABLE, 0), random(5, 3)),
    "norm": lambda: [norm_of(random(30000))],
    "product": lambda: [multiply(random(30, 20), random(20, 10), torch.empty(30, 10))],
}


@pytest.mark.parametrize("name", CALLS)
def test_each_allocation_may_fail(name: str, scarce: ctypes.c_int64) -> None:
    call = CALLS[name]
    wanted, refused, allocations = call(), 0, 0
    for allocations in range(200):
        scarce.value = allocations
        try:
            found = call()
        except MemoryError as error:
            refused += "found no memory" in str(error)
        else:
            torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
        finally:
            is_enough, scarce.value = scarce.value > 0, -1
        if is_enough:
            break
    assert 0 < allocations < 199, "C allocates something in each call, and not without end"
    assert refused or name.startswith("cross_entropy")


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


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is limited by what /proc tells")
def test_a_crf_of_3000_classes_in_little_memory_is_an_error() -> None:
    found = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert "memory" in found.stdout
