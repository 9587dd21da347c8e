"""Every function of the CRF equals the oracle, which writes down every path; and closed forms by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from crf_cases import CASES, NEVER, REDUCTIONS, Case, arrays, call, decode, marginals, nll
from loss_cases import Backend, as_list

from seqwise.testing import crf_oracle

EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def agree(found: Any, wanted: Any) -> None:
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@EVERY_CASE
def test_the_loss_equals_the_oracle(case: Case, reduction: str, backend: Backend) -> None:
    found = nll(backend, case, reduction=reduction)
    agree(found, crf_oracle.reduced(case.losses, case.steps, reduction))


@EVERY_CASE
def test_marginals_equal_the_oracle(case: Case, backend: Backend) -> None:
    wanted = np.zeros(np.shape(case.emissions))
    for row, (chain, steps) in enumerate(case.chains):
        for probabilities, step in zip(chain.marginals(), steps, strict=True):
            wanted[row, step] = probabilities
    agree(marginals(backend, case), wanted)


@EVERY_CASE
def test_the_best_path_equals_the_oracle(case: Case, backend: Backend) -> None:
    found = decode(backend, case)
    wanted = np.full(np.shape(case.emissions)[:2], -1)
    for row, (chain, steps) in enumerate(case.chains):
        path, score = chain.best()
        wanted[row, steps] = path
        assert found.scores[row] == pytest.approx(score, rel=1e-12, abs=1e-12)
    np.testing.assert_array_equal(found.tags, wanted)


@pytest.mark.parametrize("reduction", ["mean", "sequence_mean", "batch_mean"])
def test_denominator_replaces_the_divisor(reduction: str, backend: Backend) -> None:
    case = next(case for case in CASES if case.name == "mask and lengths")
    found = nll(backend, case, reduction=reduction, denominator=7.5)
    agree(found, crf_oracle.reduced(case.losses, case.steps, reduction, denominator=7.5))


@pytest.mark.parametrize("name", ["IOB with holes", "a length of 0", "nothing counts"])
def test_loss_sum_is_what_the_mean_divides(name: str, backend: Backend) -> None:
    case = next(case for case in CASES if case.name == name)
    given = arrays(
        backend, {"emissions": case.emissions, "tags": case.tags, "transitions": case.transitions, **case.options}
    )
    positional = [given.pop(array) for array in ("emissions", "tags", "transitions")]
    total = backend.losses.loss_sum(backend.losses.crf_nll, *positional, **given)
    agree([float(total.sum), float(total.count)], [math.fsum(case.losses), sum(case.steps)])
    assert float(total.mean()) == float(backend.losses.crf_nll(*positional, **given))
    assert float((total + total).mean()) == pytest.approx(float(total.mean()), rel=1e-14)


# Two steps of two classes, in weights (the exponentials of scores): the paths 00, 01, 10 and 11 weigh
# start * emission * transition * emission * end = 2*1*1*3*1, 2*1*2*1*3, 1*2*1*3*1 and 1*2*4*1*3: 6, 12, 6 and 24 of 48.
BY_HAND = {
    "emissions": np.log([[[1.0, 2.0], [3.0, 1.0]]]).tolist(),
    "transitions": np.log([[1.0, 2.0], [1.0, 4.0]]).tolist(),
    "start": np.log([2.0, 1.0]).tolist(),
    "end": np.log([1.0, 3.0]).tolist(),
}


@pytest.mark.parametrize(("tags", "weight"), [([0, 0], 6), ([0, 1], 12), ([1, 0], 6), ([1, 1], 24)])
def test_a_path_has_its_share_of_the_weight_of_all(tags: list[int], weight: float, backend: Backend) -> None:
    found = call(backend, "crf_nll", **BY_HAND, tags=[tags], reduction="sum")
    agree(found, math.log(48 / weight))


def test_a_class_has_the_weight_of_the_paths_through_it(backend: Backend) -> None:
    agree(call(backend, "crf_marginals", **BY_HAND), [[[18 / 48, 30 / 48], [12 / 48, 36 / 48]]])


def test_the_best_path_is_the_heaviest(backend: Backend) -> None:
    found = call(backend, "crf_decode", **BY_HAND)
    assert found.tags == [[1, 1]]
    agree(found.scores, [math.log(24)])


def test_a_transition_goes_from_the_row_to_the_column(backend: Backend) -> None:
    forward = [[0.0, 9.0], [0.0, 0.0]]
    found = call(backend, "crf_decode", emissions=[[[0.0, 0.0], [0.0, 0.0]]], transitions=forward)
    assert found.tags == [[0, 1]]


@pytest.mark.parametrize("classes", [1, 2, 7])
def test_equal_scores_cost_the_logarithm_of_the_number_of_classes_per_step(classes: int, backend: Backend) -> None:
    zeros = [[0.0] * classes] * 5
    found = call(backend, "crf_nll", emissions=[zeros], tags=[[0] * 5], transitions=[[0.0] * classes] * classes)
    agree(found, math.log(classes))


def test_of_equal_paths_the_lowest_classes_win_from_the_end(backend: Backend) -> None:
    # 0, 1 and 1, 0 score 1, everything else 0: the last class 0 is the lower one
    found = call(backend, "crf_decode", emissions=[[[0.0, 0.0]] * 2], transitions=[[0.0, 1.0], [1.0, 0.0]])
    assert found.tags == [[1, 0]]


@pytest.mark.parametrize("fill", [0, -100])
def test_what_stands_where_nothing_counts_can_be_chosen(fill: int, backend: Backend) -> None:
    given = {"emissions": [[[1.0, 0.0]] * 3], "transitions": [[0.0, 0.0]] * 2}
    assert call(backend, "crf_decode", **given, mask=[[False, True, False]], fill=fill).tags == [[fill, 0, fill]]


# No path can be: one class ends no sequence, and only it starts one and follows itself.
DEAD_END = ([[True, False], [True, True]], [True, False], [False, True])


def test_where_no_path_can_be_nothing_is_decoded(backend: Backend) -> None:
    given = {"emissions": [[[1.0, 0.0]] * 3, [[1.0, 0.0]] * 3], "transitions": [[0.0, 0.0]] * 2, "lengths": [3, 0]}
    found = call(backend, "crf_decode", **given, allowed=DEAD_END)
    assert found.tags == [[-1, -1, -1]] * 2
    assert found.scores == [NEVER, 0.0]
    assert call(backend, "crf_marginals", **given, allowed=DEAD_END) == [[[0.0, 0.0]] * 3] * 2


def test_tags_of_emission_minus_infinity_cost_infinity(backend: Backend) -> None:
    given = {"emissions": [[[NEVER, 0.0]] * 2, [[0.0, 0.0]] * 2], "transitions": [[0.0, 0.0]] * 2}
    found = call(backend, "crf_nll", **given, tags=[[1, 0], [1, 0]], reduction="none")
    assert found == [math.inf, pytest.approx(math.log(4))]


@pytest.mark.parametrize("sizes", [(0, 3), (2, 0), (0, 0)])
def test_an_empty_batch_costs_0_and_decodes_to_nothing(sizes: tuple[int, int], backend: Backend) -> None:
    emissions, tags = np.zeros((*sizes, 3)), np.zeros(sizes, dtype=np.int64)
    kinds = zip((emissions, tags, np.zeros((3, 3))), ("float", "int", "float"), strict=True)
    given = [backend.array(array, kind) for array, kind in kinds]
    for reduction in ("sum", "mean", "sequence_mean", "batch_mean"):
        assert float(backend.losses.crf_nll(*given, reduction=reduction)) == 0
    assert as_list(backend.losses.crf_nll(*given, reduction="none")) == [0.0] * sizes[0]
    decoded = backend.losses.crf_decode(given[0], given[2])
    assert tuple(decoded.tags.shape) == sizes
    assert as_list(decoded.scores) == [0.0] * sizes[0]
    assert tuple(backend.losses.crf_marginals(given[0], given[2]).shape) == (*sizes, 3)
    one = [backend.array(array, "float") for array in ([[[0.0]]], [[0.0]])]
    assert decoded.tags.dtype == backend.losses.crf_decode(*one).tags.dtype


def test_rounding_takes_no_loss_below_0(backend: Backend) -> None:
    rng = np.random.default_rng(0)
    emissions = backend.array(rng.normal(scale=10, size=(20_000, 6, 3)), "float")
    transitions = backend.array(rng.normal(scale=10, size=(3, 3)), "float")
    best = backend.losses.crf_decode(emissions, transitions).tags  # all but certain: losses of about 0
    losses = as_list(backend.losses.crf_nll(emissions, best, transitions, reduction="none"))
    assert 0 <= min(losses) < 1e-10


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_long_sequences_of_large_scores_are_exact(scale: float, backend: Backend) -> None:
    rng = np.random.default_rng(0)
    emissions, transitions = rng.uniform(-scale, scale, (2, 2000, 3)), rng.uniform(-scale, scale, (3, 3))
    tags = rng.integers(0, 3, (2, 2000))
    case = Case("long", emissions.tolist(), tags.tolist(), transitions.tolist(), {"lengths": [2000, 1500]})
    wanted = [chain.nll_by_loop(path) for (chain, _), path in zip(case.chains, case.paths, strict=True)]
    np.testing.assert_allclose(nll(backend, case, reduction="none"), wanted, rtol=1e-10)
    probabilities = np.array(marginals(backend, case))
    agree(probabilities.sum(-1), np.arange(2000) < [[2000], [1500]])
