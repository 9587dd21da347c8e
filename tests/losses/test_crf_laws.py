"""The laws of the CRF: what a batch, padding, order and layout may never change, and what paths are to each other."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from crf_cases import ARRAYS, KINDS, call
from hypothesis import given, settings
from hypothesis import strategies as st
from loss_cases import BACKENDS, JAX, NUMPY, TORCH, Backend

from seqwise.losses.numpy import Allowed, Decoded, allowed_transitions

MEANS = ("sum", "mean", "sequence_mean", "batch_mean")
ONE_SIZE = {"batch": 3, "time": 4, "classes": 3}  # JAX compiles for each size
SCHEMES = (
    ["O", "B-x", "I-x"],
    ["O", "B-x", "I-x", "B-y", "I-y"],
    ["O", "B-x", "I-x", "E-x", "S-x"],
)
EVERY_BACKEND = st.sampled_from(BACKENDS)
laws = settings(max_examples=30, deadline=None)

Arrays = dict[str, Any]


@st.composite
def batches(draw: st.DrawFn, backend: Backend | None = None) -> tuple[Backend, Arrays]:
    """A framework, and NumPy arrays of a batch with start, end and a mask of anything."""
    backend = draw(EVERY_BACKEND) if backend is None else backend
    size = st.integers(1, 4)
    sizes = dict(ONE_SIZE) if backend is JAX else {"batch": draw(size), "time": draw(size), "classes": draw(size)}
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from([0.1, 1.0, 10.0]))
    batch, time, classes = sizes.values()
    return backend, {
        "emissions": rng.normal(scale=scale, size=(batch, time, classes)),
        "tags": rng.integers(0, classes, (batch, time)),
        "transitions": rng.normal(scale=scale, size=(classes, classes)),
        "start": rng.normal(size=classes),
        "end": rng.normal(size=classes),
        "mask": rng.random((batch, time)) < draw(st.sampled_from([0.3, 0.7, 1.0])),
    }


def of(backend: Backend, function: str, arrays: Arrays, **options: Any) -> Any:
    """What a function gives for NumPy arrays, as a NumPy array or a number."""
    wanted = set(KINDS) - ({"tags"} if function != "crf_nll" else set())
    lists = {name: value.tolist() for name, value in arrays.items() if name in wanted}
    found = call(backend, function, **lists, **options)
    return Decoded(*map(np.array, found)) if isinstance(found, Decoded) else np.array(found)


def nll(backend: Backend, arrays: Arrays, **options: Any) -> Any:
    return of(backend, "crf_nll", arrays, **options)


def close(wanted: Any) -> Any:
    return pytest.approx(wanted, rel=1e-9, abs=1e-10)


@laws
@given(EVERY_BACKEND, st.integers(0, 2**32 - 1), st.booleans())
def test_the_probabilities_of_all_paths_sum_to_1(backend: Backend, seed: int, constrained: bool) -> None:
    rng = np.random.default_rng(seed)
    paths = np.array(list(itertools.product(range(3), repeat=3)))
    allowed = allowed_transitions(SCHEMES[0])
    if constrained:
        first, between, last = allowed.start, allowed.transitions, allowed.end
        may = first[paths[:, 0]] & between[paths[:, :-1], paths[:, 1:]].all(1) & last[paths[:, -1]]
        paths = paths[may]
    arrays = {
        "emissions": np.repeat(rng.normal(size=(1, 3, 3)), len(paths), 0),
        "tags": paths,
        "transitions": rng.normal(size=(3, 3)),
        "start": rng.normal(size=3),
        "end": rng.normal(size=3),
    }
    options = {"allowed": _lists(allowed)} if constrained else {}
    assert math.fsum(np.exp(-nll(backend, arrays, reduction="none", **options))) == pytest.approx(1, rel=1e-12)


def _lists(allowed: Allowed) -> Any:
    return tuple(part.tolist() for part in allowed)


@laws
@given(batches(), st.sampled_from(MEANS))
def test_without_transitions_it_is_cross_entropy(drawn: tuple[Backend, Arrays], reduction: str) -> None:
    backend, arrays = drawn
    for name in ("transitions", "start", "end"):
        arrays[name] = np.zeros_like(arrays[name])
    logits, labels, mask = (arrays[name].tolist() for name in ("emissions", "tags", "mask"))
    wanted = backend.call("cross_entropy", logits, labels, mask=mask, reduction="none")
    steps = arrays["mask"].sum(1)
    rows = np.sum(wanted, axis=1)
    found = nll(backend, arrays, reduction="none")
    assert found == close(rows)
    counted = {"mean": steps.sum(), "batch_mean": (steps > 0).sum(), "sum": 1}
    total = rows.sum() / max(counted[reduction], 1) if reduction in counted else _mean_of_means(rows, steps)
    assert nll(backend, arrays, reduction=reduction) == close(total)


def _mean_of_means(rows: Any, steps: Any) -> float:
    return float(np.mean(rows[steps > 0] / steps[steps > 0])) if steps.any() else 0.0


@laws
@given(batches(), st.floats(-100, 100))
def test_raising_all_classes_of_a_step_changes_nothing(drawn: tuple[Backend, Arrays], shift: float) -> None:
    backend, arrays = drawn
    raised = {**arrays, "emissions": arrays["emissions"] + shift}
    assert nll(backend, raised, reduction="none") == close(nll(backend, arrays, reduction="none"))
    assert of(backend, "crf_marginals", raised) == close(of(backend, "crf_marginals", arrays))


@laws
@given(batches())
def test_steps_that_do_not_count_are_not_there(drawn: tuple[Backend, Arrays]) -> None:
    backend, arrays = drawn
    losses, decoded = nll(backend, arrays, reduction="none"), of(backend, "crf_decode", arrays)
    probabilities = of(backend, "crf_marginals", arrays)
    for row, mask in enumerate(arrays["mask"]):
        alone = {
            **arrays,
            "emissions": arrays["emissions"][row : row + 1, mask],
            "tags": arrays["tags"][row : row + 1, mask],
        }
        del alone["mask"]
        if not mask.any():
            assert losses[row] == 0
            continue
        assert losses[row] == close(float(nll(NUMPY, alone, reduction="sum")))
        wanted = of(NUMPY, "crf_decode", alone)
        assert decoded.tags[row, mask].tolist() == wanted.tags[0].tolist()
        assert decoded.scores[row] == close(wanted.scores[0])
        assert probabilities[row, mask] == close(of(NUMPY, "crf_marginals", alone)[0])


@laws
@given(batches(TORCH) | batches(NUMPY), st.integers(1, 3), st.sampled_from(MEANS))
def test_more_padding_changes_nothing(drawn: tuple[Backend, Arrays], steps: int, reduction: str) -> None:
    backend, arrays = drawn
    padded = dict(arrays)
    padded["emissions"] = np.pad(arrays["emissions"], ((0, 0), (0, steps), (0, 0)), constant_values=np.nan)
    padded["tags"] = np.pad(arrays["tags"], ((0, 0), (0, steps)), constant_values=-77)
    padded["mask"] = np.pad(arrays["mask"], ((0, 0), (0, steps)))
    assert nll(backend, padded, reduction=reduction) == close(nll(backend, arrays, reduction=reduction))
    found, wanted = of(backend, "crf_decode", padded), of(backend, "crf_decode", arrays)
    assert found.tags[:, :-steps].tolist() == wanted.tags.tolist()
    assert (found.tags[:, -steps:] == -1).all()
    assert found.scores == close(wanted.scores)


@laws
@given(batches(TORCH) | batches(NUMPY), st.sampled_from(MEANS))
def test_a_sequence_of_padding_changes_nothing(drawn: tuple[Backend, Arrays], reduction: str) -> None:
    backend, arrays = drawn
    more = {name: np.concatenate([arrays[name], arrays[name][:1]]) for name in ("emissions", "tags", "mask")}
    more["mask"][-1] = False
    assert nll(backend, arrays | more, reduction=reduction) == close(nll(backend, arrays, reduction=reduction))


@laws
@given(batches(), st.randoms(use_true_random=False))
def test_the_order_of_the_batch_changes_nothing(drawn: tuple[Backend, Arrays], rng: Any) -> None:
    backend, arrays = drawn
    order = list(range(len(arrays["tags"])))
    rng.shuffle(order)
    shuffled = arrays | {name: arrays[name][order] for name in ("emissions", "tags", "mask")}
    assert nll(backend, shuffled, reduction="none") == close(nll(backend, arrays, reduction="none")[order])


@laws
@given(batches(TORCH) | batches(NUMPY))
def test_micro_batches_add_up_to_the_batch(drawn: tuple[Backend, Arrays]) -> None:
    backend, arrays = drawn

    def part(row: int) -> Any:
        one = arrays | {name: arrays[name][row : row + 1] for name in ("emissions", "tags", "mask")}
        given = {name: backend.array(value.tolist(), KINDS[name]) for name, value in one.items()}
        positional = [given.pop(name) for name in ARRAYS]
        return backend.losses.loss_sum(backend.losses.crf_nll, *positional, **given)

    parts = [part(row) for row in range(len(arrays["tags"]))]
    assert float(sum(parts).mean()) == close(float(nll(backend, arrays)))


@laws
@given(batches())
def test_lengths_are_a_mask(drawn: tuple[Backend, Arrays]) -> None:
    backend, arrays = drawn
    lengths = arrays.pop("mask").sum(1)
    masked = {**arrays, "mask": np.arange(arrays["tags"].shape[1]) < lengths[:, None]}
    arrays["lengths"] = lengths
    assert nll(backend, arrays, reduction="none") == close(nll(backend, masked, reduction="none"))
    assert of(backend, "crf_marginals", arrays) == close(of(backend, "crf_marginals", masked))
    assert of(backend, "crf_decode", arrays).tags.tolist() == of(backend, "crf_decode", masked).tags.tolist()


@laws
@given(batches())
def test_backwards_in_time_it_is_the_same(drawn: tuple[Backend, Arrays]) -> None:
    backend, arrays = drawn
    turned = {name: arrays[name][:, ::-1] for name in ("emissions", "tags", "mask")}
    turned |= {"transitions": arrays["transitions"].T, "start": arrays["end"], "end": arrays["start"]}
    assert nll(backend, turned, reduction="none") == close(nll(backend, arrays, reduction="none"))
    assert of(backend, "crf_marginals", turned) == close(of(backend, "crf_marginals", arrays)[:, ::-1])
    assert of(backend, "crf_decode", turned).scores == close(of(backend, "crf_decode", arrays).scores)


@laws
@given(batches(), st.randoms(use_true_random=False))
def test_the_order_of_the_classes_changes_nothing(drawn: tuple[Backend, Arrays], rng: Any) -> None:
    backend, arrays = drawn
    order = list(range(len(arrays["start"])))
    rng.shuffle(order)
    named = {name: arrays[name][..., order] for name in ("emissions", "start", "end")}
    named["transitions"] = arrays["transitions"][order][:, order]
    named["tags"] = np.argsort(order)[arrays["tags"]]
    assert nll(backend, arrays | named, reduction="none") == close(nll(backend, arrays, reduction="none"))


@laws
@given(batches())
def test_no_path_is_likelier_than_certain(drawn: tuple[Backend, Arrays]) -> None:
    backend, arrays = drawn
    assert (nll(backend, arrays, reduction="none") >= 0).all()


@laws
@given(batches())
def test_marginals_sum_to_1_where_a_step_counts(drawn: tuple[Backend, Arrays]) -> None:
    backend, arrays = drawn
    probabilities = of(backend, "crf_marginals", arrays)
    assert probabilities.sum(-1) == pytest.approx(arrays["mask"].astype(float), rel=1e-12)
    assert (probabilities >= 0).all()


@laws
@given(batches())
def test_no_path_scores_more_than_the_best(drawn: tuple[Backend, Arrays]) -> None:
    backend, arrays = drawn
    decoded = of(backend, "crf_decode", arrays)
    best = arrays | {"tags": np.where(arrays["mask"], decoded.tags, 0)}
    ahead = nll(backend, arrays, reduction="none") - nll(backend, best, reduction="none")
    assert (ahead >= -1e-9).all()
    for row, mask in enumerate(arrays["mask"]):
        given_score = _score(arrays, row, arrays["tags"][row, mask])
        assert decoded.scores[row] == close(_score(arrays, row, decoded.tags[row, mask]))
        assert decoded.scores[row] - given_score == pytest.approx(ahead[row], rel=1e-9, abs=1e-8)


def _score(arrays: Arrays, row: int, path: Any) -> float:
    if not len(path):
        return 0.0
    scores = arrays["emissions"][row, arrays["mask"][row]]
    between = arrays["transitions"][path[:-1], path[1:]]
    ends = [arrays["start"][path[0]], arrays["end"][path[-1]]]
    return math.fsum([*scores[np.arange(len(path)), path], *between, *ends])


@laws
@given(EVERY_BACKEND, st.sampled_from(SCHEMES), st.integers(0, 2**32 - 1))
def test_what_is_decoded_is_allowed(backend: Backend, labels: list[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    allowed = allowed_transitions(labels)
    classes = len(labels)
    arrays = {
        "emissions": rng.normal(scale=5, size=(3, 6, classes)),
        "transitions": rng.normal(size=(classes, classes)),
        "mask": rng.random((3, 6)) < 0.8,
    }
    decoded = of(backend, "crf_decode", arrays, allowed=_lists(allowed))
    probabilities = of(backend, "crf_marginals", arrays, allowed=_lists(allowed))
    for row, mask in enumerate(arrays["mask"]):
        path = decoded.tags[row, mask]
        assert allowed.transitions[path[:-1], path[1:]].all()
        assert allowed.start[path[:1]].all()
        assert allowed.end[path[-1:]].all()
        assert (probabilities[row, mask][:1, ~allowed.start] == 0).all()
        assert (probabilities[row, mask][-1:, ~allowed.end] == 0).all()


@laws
@given(batches(JAX), st.sampled_from(MEANS))
def test_frameworks_agree(drawn: tuple[Backend, Arrays], reduction: str) -> None:
    _, arrays = drawn
    for function, options in (("crf_nll", {"reduction": reduction}), ("crf_marginals", {})):
        reference = of(NUMPY, function, arrays, **options)
        for backend in BACKENDS:
            np.testing.assert_allclose(of(backend, function, arrays, **options), reference, rtol=1e-11, atol=1e-12)
    tags = [of(backend, "crf_decode", arrays).tags.tolist() for backend in BACKENDS]
    assert all(path == tags[0] for path in tags)
