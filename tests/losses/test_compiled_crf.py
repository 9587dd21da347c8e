"""The compiled CRF of torch equals the plain one: every size of block, level of processors, number of threads."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from torch.autograd import forward_ad

from seqwise import _native
from seqwise.losses.torch import Allowed, crf_decode, crf_marginals, crf_nll
from seqwise.losses.torch import _crf_plain as plain

pytestmark = pytest.mark.skipif(_native.library() is None, reason="nothing was compiled here")

NATIVE = Path(_native.__file__).parent
LEVELS = sorted(path.stem for path in NATIVE.glob("*.so"))
LEARNED = ("emissions", "transitions", "start", "end")

# Batches beside the 8, 4, 2 and 1 sequences that go together, classes beside the vectors, times beside the chunks.
SIZES = [(1, 1, 1), (2, 3, 2), (3, 5, 7), (5, 16, 8), (9, 17, 9), (17, 33, 16), (19, 15, 25), (8, 9, 33), (16, 40, 72)]
SIZES += [(300, 3, 4), (33, 2, 130)]

Arrays = dict[str, Any]
Results = dict[str, torch.Tensor]


@pytest.fixture(params=LEVELS)
def level(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each library that this processor can run, in turn."""
    found = _native.library()
    assert found is not None
    if {"baseline": 0, "v3": 3, "v4": 4}[request.param] > found.seqwise_level():
        pytest.skip("not for this processor")
    library = ctypes.CDLL(str(NATIVE / f"{request.param}.so"))
    with mock.patch.object(_native, "library", return_value=library):
        yield


def batch(sizes: tuple[int, int, int], dtype: torch.dtype, kind: str) -> Arrays:
    """A call of `crf_nll`: whole, with lengths, with a mask of anything, or with part of everything allowed."""
    batch, time, classes = sizes
    rng = np.random.default_rng(classes)
    tags = rng.integers(0, classes, (batch, time))
    arrays: Arrays = {"emissions": rng.normal(size=sizes), "transitions": rng.normal(size=(classes, classes))}
    arrays |= {"start": rng.normal(size=classes), "end": rng.normal(size=classes)}
    arrays = {name: torch.tensor(array, dtype=dtype) for name, array in arrays.items()}
    if kind == "lengths":
        arrays["lengths"] = torch.tensor(rng.integers(0, time + 1, batch))
    if kind in ("mask", "allowed"):
        arrays["mask"] = torch.tensor(rng.random((batch, time)) < 0.7)
    if kind == "allowed":
        tags = np.sort(tags, axis=1)  # no way back to a lower class
        between, ends = np.triu(np.ones((classes, classes), dtype=bool)), np.arange(classes) % 3 != 1
        ends[tags] = True
        arrays["allowed"] = Allowed(torch.tensor(between), torch.tensor(ends), torch.tensor(ends))
        arrays["emissions"] = torch.where(torch.rand(sizes) < 0.1, -math.inf, arrays["emissions"])
        index = torch.tensor(tags).unsqueeze(-1)
        arrays["emissions"] = arrays["emissions"].scatter(2, index, 0.5)
    return {**arrays, "tags": torch.tensor(tags)}


def results(arrays: Arrays) -> Results:
    """Losses, gradients of a sum with weights, marginals, best paths and their scores."""
    given = {name: arrays[name].detach().clone().requires_grad_() for name in LEARNED}
    rest = {name: array for name, array in arrays.items() if name not in LEARNED}
    losses = crf_nll(**given, **rest, reduction="none")
    weights = torch.linspace(0.5, 2, len(losses), dtype=losses.dtype)
    by = torch.autograd.grad((losses * weights).sum(), list(given.values()))
    found = {"losses": losses.detach()} | {f"by {name}": array for name, array in zip(LEARNED, by, strict=True)}
    without_tags = {name: array for name, array in arrays.items() if name != "tags"}
    decoded = crf_decode(**without_tags)
    found |= {"marginals": crf_marginals(**without_tags), "tags": decoded.tags, "scores": decoded.scores}
    return found | {"losses alone": crf_nll(**arrays, reduction="none")}


def without_compiled(call: Callable[[], Any]) -> Any:
    with mock.patch.object(_native, "library", return_value=None):
        return call()


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("kind", ["whole", "lengths", "mask", "allowed"])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_compiled_and_plain_are_equal(sizes: tuple[int, int, int], kind: str) -> None:
    arrays = batch(sizes, torch.float64, kind)
    wanted = without_compiled(lambda: results(arrays))
    for name, found in results(arrays).items():
        torch.testing.assert_close(found, wanted[name], rtol=1e-11, atol=1e-12, msg=lambda text, n=name: f"{n}: {text}")


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("kind", ["whole", "mask", "allowed"])
@pytest.mark.parametrize("sizes", [(3, 5, 7), (17, 33, 17), (16, 40, 72)], ids=str)
def test_float32_is_exact_to_its_own_precision(sizes: tuple[int, int, int], kind: str) -> None:
    arrays = batch(sizes, torch.float32, kind)
    exact = {name: array.double() if name in LEARNED else array for name, array in arrays.items()}
    wanted = without_compiled(lambda: results(exact))
    for name, found in results(arrays).items():
        assert found.dtype == (torch.long if name == "tags" else torch.float32)
        torch.testing.assert_close(found.to(wanted[name]), wanted[name], rtol=1e-6, atol=1e-6 if "by" in name else 1e-9)


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_nothing(threads: int) -> None:
    arrays = batch((50, 20, 9), torch.float64, "mask")
    wanted, before = results(arrays), torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = results(arrays)
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


USUAL = [("float32", {}), ("float64", {}), ("float16", {}), ("a mask", {"mask": True}), ("lengths", {"lengths": True})]


@pytest.mark.parametrize(("name", "options"), USUAL, ids=[row[0] for row in USUAL])
def test_the_usual_calls_are_compiled(name: str, options: Arrays, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "nll", None)
    monkeypatch.setattr(plain, "best_paths", None)
    monkeypatch.setattr(plain, "marginals", None)
    arrays = batch((4, 5, 3), getattr(torch, name, torch.float32), next(iter(options), "whole"))
    crf_nll(**{**arrays, "emissions": arrays["emissions"].requires_grad_()}).backward()
    assert arrays["emissions"].grad is not None
    with torch.no_grad():
        crf_marginals(**{name: array for name, array in arrays.items() if name != "tags"})
    crf_decode(**{name: array for name, array in arrays.items() if name != "tags"})


def test_scores_too_far_apart_for_products_are_summed_as_logarithms() -> None:
    for name, scale in (("transitions", 300.0), ("start", 300.0), ("end", 300.0)):
        arrays = batch((3, 6, 4), torch.float64, "whole")
        arrays[name] = arrays[name] * scale
        wanted, found = without_compiled(lambda given=arrays: results(given)), results(arrays)
        for part in wanted:
            torch.testing.assert_close(found[part], wanted[part], rtol=1e-11, atol=1e-12)


def test_what_is_all_but_impossible_may_be_the_only_way_that_is_allowed() -> None:
    emissions = torch.zeros(1, 3, 2, dtype=torch.float64)
    emissions[0, 0, 1] = -2000.0  # beyond what double can hold as a probability
    allowed = torch.tensor([[True, False], [False, True]])
    ends = Allowed(allowed, None, torch.tensor([False, True]))
    given = {"transitions": torch.zeros(2, 2, dtype=torch.float64), "allowed": ends}
    assert crf_nll(emissions, torch.ones(1, 3, dtype=torch.long), reduction="sum", **given) == 0
    assert crf_marginals(emissions, **given).tolist() == [[[0.0, 1.0]] * 3]
    found = crf_decode(emissions, **given)
    assert (found.tags.tolist(), found.scores.tolist()) == ([[1, 1, 1]], [-2000.0])


def test_all_but_impossible_classes_do_no_harm_where_everything_is_allowed() -> None:
    arrays = batch((3, 50, 4), torch.float64, "whole")
    arrays["emissions"] = arrays["emissions"] * 3000
    wanted, found = without_compiled(lambda: results(arrays)), results(arrays)
    for name in wanted:
        torch.testing.assert_close(found[name], wanted[name], rtol=1e-11, atol=1e-12)


def test_scores_of_best_paths_have_a_gradient() -> None:
    arrays = batch((3, 5, 4), torch.float64, "mask")
    del arrays["tags"]
    arrays["emissions"].requires_grad_()
    found = crf_decode(**arrays)
    (slope,) = torch.autograd.grad(found.scores.sum(), arrays["emissions"])
    chosen = found.tags.clamp(min=0).unsqueeze(-1)
    assert torch.equal(slope.gather(2, chosen).squeeze(-1), arrays["mask"].double())
    assert slope.sum() == arrays["mask"].sum()


def test_tensors_of_any_layout_give_the_same() -> None:
    arrays = batch((6, 5, 4), torch.float64, "mask")
    wanted = results(arrays)
    turned = {name: array.clone() for name, array in arrays.items()}
    turned["emissions"] = arrays["emissions"].permute(2, 0, 1).contiguous().permute(1, 2, 0)
    turned["transitions"] = arrays["transitions"].T.contiguous().T
    for name in ("tags", "mask"):
        turned[name] = arrays[name].T.contiguous().T
    found = results(turned)
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_weights_that_are_all_one_number_in_memory_are_read_as_many() -> None:
    arrays = batch((6, 5, 4), torch.float64, "whole")
    arrays["emissions"].requires_grad_()
    losses = crf_nll(**arrays, reduction="none")
    (found,) = torch.autograd.grad(losses, arrays["emissions"], torch.tensor(3.0).double().expand(6), retain_graph=True)
    (wanted,) = torch.autograd.grad(losses.sum() * 3, arrays["emissions"])
    torch.testing.assert_close(found, wanted)


def test_tensors_that_were_changed_after_the_loss_are_found_out() -> None:
    arrays = batch((2, 3, 4), torch.float32, "whole")
    loss = crf_nll(**{**arrays, "emissions": arrays["emissions"].requires_grad_()})
    with torch.no_grad():
        arrays["transitions"].add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # torch's own
def test_a_derivative_in_forward_mode_takes_the_plain_path() -> None:
    arrays = batch((2, 3, 4), torch.float64, "whole")
    tangent = torch.ones_like(arrays["emissions"])
    with forward_ad.dual_level():
        dual = {**arrays, "emissions": forward_ad.make_dual(arrays["emissions"], tangent)}
        derivative = forward_ad.unpack_dual(crf_nll(**dual, reduction="sum")).tangent
    assert derivative is not None
    assert float(derivative) == pytest.approx(0, abs=1e-12)  # to raise all emissions changes nothing


def test_a_trace_sees_the_operations() -> None:
    arrays = batch((2, 3, 4), torch.float64, "whole")
    rest = {name: array for name, array in arrays.items() if name != "emissions"}

    def loss(emissions: torch.Tensor) -> torch.Tensor:
        return crf_nll(emissions, **rest)

    traced = torch.fx.experimental.proxy_tensor.make_fx(loss)(arrays["emissions"])
    other = arrays["emissions"].flip(1)
    torch.testing.assert_close(traced(other), loss(other))
