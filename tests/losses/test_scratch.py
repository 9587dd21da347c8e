"""Memory that is kept between calls of a large head changes no result, whatever is in it and whoever else computes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from torch import Tensor

from seqwise.losses.torch import _scratch, linear_cross_entropy

ROWS, FEATURES, CLASSES = 200, 8, 24_000  # 19 MB of logits: more than is computed at once


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> Iterator[None]:
    _scratch.forget()
    yield
    _scratch.forget()


def random(*sizes: int, seed: int = 0) -> Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed))


def computed(seed: int = 0, rows: int = ROWS) -> list[Tensor]:
    """Loss and gradients of a large head."""
    hidden, weight = random(rows, FEATURES, seed=seed).requires_grad_(), random(CLASSES, FEATURES, seed=1)
    loss = linear_cross_entropy(hidden, weight.requires_grad_(), torch.arange(rows) * 7)
    return [loss.detach(), *torch.autograd.grad(loss, (hidden, weight))]


def are_equal(found: list[Tensor], wanted: list[Tensor]) -> bool:
    return all(map(torch.equal, found, wanted))


def poison() -> None:
    assert len(_scratch._kept) == 1
    _scratch._kept[0].fill_(255)  # NaN in every type


def test_what_is_in_the_kept_memory_changes_nothing() -> None:
    wanted = computed()
    place = _scratch._kept[0].data_ptr()
    poison()
    assert are_equal(computed(), wanted)
    assert _scratch._kept[0].data_ptr() == place
    poison()
    assert are_equal(computed(rows=190), computed(rows=190))


def test_what_is_kept_in_inference_serves_training_afterwards() -> None:
    wanted = computed()
    _scratch.forget()
    with torch.inference_mode():
        linear_cross_entropy(random(ROWS, FEATURES), random(CLASSES, FEATURES, seed=1), torch.arange(ROWS))
    poison()
    assert are_equal(computed(), wanted)


def test_calls_at_the_same_time_do_not_share_it() -> None:
    wanted = [computed(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(computed, [0, 1, 2, 3] * 3))
    assert all(are_equal(found[number], wanted[number % 4]) for number in range(12))
    assert len(_scratch._kept) == 1


def test_a_call_inside_another_has_memory_of_its_own() -> None:
    like = torch.empty(0)
    with _scratch.scratch((2_000, 1_000), like) as outer, _scratch.scratch((2_000, 1_000), like) as inner:
        assert outer.data_ptr() != inner.data_ptr()
    assert len(_scratch._kept) == 1


def test_an_error_inside_gives_it_back_and_the_gradient_of_a_gradient_does_not_read_it() -> None:
    with pytest.raises(ZeroDivisionError), _scratch.scratch((2_000, 1_000), torch.empty(0)):
        raise ZeroDivisionError
    poison()
    hidden = random(ROWS, FEATURES).double().requires_grad_()
    weight = random(CLASSES, FEATURES, seed=1).double()
    loss = linear_cross_entropy(hidden, weight, torch.arange(ROWS))
    (slope,) = torch.autograd.grad(loss, hidden, create_graph=True)
    (found,) = torch.autograd.grad(slope.square().sum(), hidden)
    plain = torch.nn.functional.cross_entropy(hidden @ weight.T, torch.arange(ROWS))
    (slope,) = torch.autograd.grad(plain, hidden, create_graph=True)
    (wanted,) = torch.autograd.grad(slope.square().sum(), hidden)
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize(("numbers", "is_kept"), [(1 << 10, False), (1 << 22, True), ((1 << 24) + 1, False)])
def test_only_so_much_is_kept(numbers: int, is_kept: bool) -> None:
    with _scratch.scratch((numbers,), torch.empty(0)) as space:
        assert space.shape == (numbers,)
        assert space.dtype == torch.float32
    assert len(_scratch._kept) == is_kept
    assert sum(block.nbytes for block in _scratch._kept) <= _scratch.MOST == 1 << 26


def check_fork() -> None:
    """Fails where a process and its fork disturb each other's numbers."""
    wanted = computed()
    child = os.fork()
    if not child:
        _scratch._kept[0].fill_(255)
        os._exit(not are_equal(computed(), wanted))
    poison()
    assert are_equal(computed(), wanted)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_computes_with_its_own_copy() -> None:
    program = "from test_scratch import check_fork; check_fork()"  # a process of its own: JAX has threads in this one
    subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parent, check=True)
