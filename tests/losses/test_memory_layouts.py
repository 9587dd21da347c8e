"""Where numbers stand in memory changes no loss and no gradient: every layout gives what a contiguous copy gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from levels import LEVELS, MOST_LEVELS, on_level
from memory_layouts import (
    CASES,
    CUTS,
    FEW_CUTS,
    Arrays,
    any_layouts,
    leaves,
    memory_layouts,
    require_same,
    require_same_in_every_layout,
    with_gradients,
)
from seqwise.losses.torch import (
    _linear_cross_entropy,
    binary_cross_entropy,
    crf_decode,
    crf_marginals,
    crf_nll,
    cross_entropy,
    linear_cross_entropy,
    loss_sum,
)

GENERATED = settings(
    max_examples=max(20, CASES // 10), deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.fixture(params=LEVELS, ids=str)
def _level(request: pytest.FixtureRequest) -> Iterator[None]:
    with on_level(request.param):
        yield


@pytest.fixture(params=MOST_LEVELS, ids=str)
def _some_level(request: pytest.FixtureRequest) -> Iterator[None]:
    with on_level(request.param):
        yield


def random(*sizes: int, seed: int = 0) -> Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed))


def indices(below: int, *sizes: int, seed: int = 1) -> Tensor:
    return torch.randint(below, sizes, generator=torch.Generator().manual_seed(seed))


def labels_for(shape: tuple[int, ...], axis: int = -1) -> Tensor:
    positions = list(shape)
    return indices(positions.pop(axis), *positions)


def entropy(**options: Any) -> Callable[[Arrays], list[Tensor]]:
    """Cross-entropy and its gradient by the logits, of arrays by the names of its arguments."""

    def call(arrays: Arrays) -> list[Tensor]:
        given = dict(arrays)
        upstream, (logits,) = given.pop("upstream", torch.tensor(0.75)), leaves(arrays, "logits")
        given.pop("logits")
        found = cross_entropy(logits, given.pop("labels"), **given, **options)
        return with_gradients(found, upstream, [logits])

    return call


@pytest.mark.usefixtures("_level")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5), (1, 4, 3), (3, 1, 18), (2, 9, 17)], ids=str)
def test_logits_in_every_layout(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    for layout in memory_layouts(len(shape), CUTS if shape == (3, 4, 5) else FEW_CUTS):
        logits = layout.of(random(*shape).to(dtype))
        for axis in {-1, 1 - len(shape)}:
            for reduction in ("none", "mean"):
                call = entropy(class_axis=axis, reduction=reduction)
                require_same(call, {"logits": logits, "labels": labels_for(shape, axis)}, layout)


@pytest.mark.usefixtures("_level")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_logits_of_outputs_in_every_layout(dtype: torch.dtype) -> None:
    labels = indices(5, 3, 4, 2)
    for layout in memory_layouts(4, ("all", "earlier")):
        for reduction in ("none", "mean"):
            call = entropy(reduction=reduction)
            require_same(call, {"logits": layout.of(random(3, 4, 2, 5).to(dtype)), "labels": labels}, layout)


OPTIONS: list[tuple[str, dict[str, Tensor], dict[str, Any]]] = [
    ("mask", {"mask": random(3, 4) > 0}, {"reduction": "sum"}),
    ("mask of sequences", {"mask": random(3) > 0}, {"reduction": "none"}),
    ("lengths", {"lengths": torch.tensor([4, 0, 2])}, {"reduction": "sequence_mean"}),
    ("weights", {"class_weight": random(2, 5).exp(), "sample_weight": random(3, 4, 2).exp()}, {"label_smoothing": 0.1}),
    ("weights of steps", {"class_weight": random(5).exp(), "sample_weight": random(3, 4).exp()}, {"reduction": "none"}),
    ("values", {"mask": random(3, 4, 2) > 0}, {"label_values": (4, 3, 2, 1, 0), "ignore_index": 2}),
]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("name", "arrays", "options"), OPTIONS, ids=[name for name, *_ in OPTIONS])
def test_labels_masks_and_weights_in_every_layout(
    name: str, arrays: Mapping[str, Tensor], options: dict[str, Any], dtype: torch.dtype
) -> None:
    floats = {key: array.to(dtype) if array.is_floating_point() else array for key, array in arrays.items()}
    given = {"labels": indices(5, 3, 4, 2), **floats}
    logits = random(3, 4, 2, 5).to(dtype)
    if options.get("reduction") == "none":
        given["upstream"] = random(3, 4, 2, seed=4).to(dtype)
    call = entropy(**options)
    require_same_in_every_layout(lambda some: call({**some, "logits": logits}), given)


def test_labels_of_every_integer_type_in_every_layout() -> None:
    logits = random(3, 4, 5)
    for dtype in (torch.int8, torch.int16, torch.int32, torch.uint8):
        labels = indices(5, 3, 4).to(dtype)
        require_same_in_every_layout(lambda some: entropy()({**some, "logits": logits}), {"labels": labels})


@pytest.mark.usefixtures("_level")
@GENERATED
@given(st.data())
def test_everything_in_some_other_layout_at_once(data: st.DataObject) -> None:
    batch, time, outputs = (data.draw(st.integers(1, size)) for size in (3, 9, 3))
    classes = data.draw(st.sampled_from([2, 3, 5, 16, 17, 40]))
    positions = (batch, time, outputs) if outputs > 1 else (batch, time)
    dtype = data.draw(st.sampled_from([torch.float32, torch.bfloat16]))
    reduction = data.draw(st.sampled_from(["none", "sum", "mean", "sequence_mean"]))
    arrays = {
        "logits": random(*positions, classes).to(dtype),
        "labels": indices(classes, *positions),
        "mask": random(batch, time, seed=2) > -0.5,
        "lengths": indices(time + 1, batch, seed=3),
        "class_weight": random(classes, seed=4).exp(),
        "sample_weight": random(*positions, seed=5).exp(),
        "upstream": random(*{"none": positions, "sequence_mean": ()}.get(reduction, ()), seed=6),
    }
    chosen = {"logits", "labels", "upstream"} | data.draw(st.sets(st.sampled_from(sorted(arrays))))
    placed = {name: data.draw(any_layouts(arrays[name].dim())).of(arrays[name]) for name in sorted(chosen)}
    require_same(entropy(reduction=reduction, label_smoothing=data.draw(st.sampled_from([0.0, 0.1]))), placed)


LINEAR = {
    "hidden": random(3, 4, 6),
    "weight": random(5, 6, seed=1),
    "bias": random(5, seed=2),
    "labels": indices(5, 3, 4),
    "mask": random(3, 4, seed=3) > -0.5,
    "class_weight": random(5, seed=4).exp(),
    "sample_weight": random(3, 4, seed=5).exp(),
}


@pytest.mark.parametrize("bytes_of_whole", [0, 1 << 24], ids=["in chunks", "at once"])
@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_a_head_and_its_loss_in_every_layout(
    reduction: str, bytes_of_whole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_linear_cross_entropy, "WHOLE_BYTES", bytes_of_whole)

    def call(arrays: Arrays) -> list[Tensor]:
        given = dict(arrays)
        upstream, head = given.pop("upstream"), leaves(arrays, "hidden", "weight", "bias")
        options = {name: given[name] for name in ("labels", "mask", "class_weight", "sample_weight")}
        labels = options.pop("labels")
        found = linear_cross_entropy(head[0], head[1], labels, bias=head[2], **options, reduction=reduction)  # type: ignore[arg-type]
        return with_gradients(found, upstream, head)

    require_same_in_every_layout(
        call, {**LINEAR, "upstream": random(3, 4, seed=6) if reduction == "none" else torch.tensor(0.75)}
    )


CRF = {
    "emissions": random(3, 4, 5),
    "tags": indices(5, 3, 4),
    "transitions": random(5, 5, seed=1),
    "start": random(5, seed=2),
    "end": random(5, seed=3),
    "mask": random(3, 4, seed=4) > -0.5,
    "lengths": torch.tensor([4, 0, 3]),
    "allowed": torch.ones(5, 5, dtype=torch.bool),
}
LEARNED = ("emissions", "transitions", "start", "end")


def crf_losses(arrays: Arrays) -> list[Tensor]:
    given = dict(arrays)
    upstream, learned = given.pop("upstream"), leaves(given, *LEARNED)
    found = crf_nll(**{**given, **dict(zip(LEARNED, learned, strict=True))}, reduction="none")
    return with_gradients(found, upstream, learned)


def crf_predictions(arrays: Arrays) -> list[Tensor]:
    given = {name: array for name, array in arrays.items() if name != "tags"}
    decoded = crf_decode(**given)
    learned = leaves(given, *LEARNED)
    scores = crf_decode(**{**given, **dict(zip(LEARNED, learned, strict=True))}).scores
    upstream = torch.linspace(0.5, 1.5, len(scores)).to(scores.dtype)
    return [crf_marginals(**given), *decoded, *torch.autograd.grad(scores, learned, upstream)]


@pytest.mark.usefixtures("_some_level")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_a_crf_in_every_layout(dtype: torch.dtype) -> None:
    arrays = {name: array.to(dtype) if array.is_floating_point() else array for name, array in CRF.items()}
    wide = torch.promote_types(dtype, torch.float32)
    require_same_in_every_layout(crf_losses, {**arrays, "upstream": random(3, seed=5).to(wide)})
    require_same_in_every_layout(crf_predictions, {name: arrays[name] for name in arrays if name != "tags"})


@pytest.mark.usefixtures("_some_level")
@GENERATED
@given(st.data())
def test_a_crf_with_everything_in_some_other_layout_at_once(data: st.DataObject) -> None:
    batch, time, classes = (data.draw(st.integers(1, size)) for size in (9, 5, 17))
    arrays = {
        "emissions": random(batch, time, classes),
        "tags": indices(classes, batch, time),
        "transitions": random(classes, classes, seed=1),
        "start": random(classes, seed=2),
        "end": random(classes, seed=3),
        "mask": random(batch, time, seed=4) > -0.5,
        "lengths": indices(time + 1, batch, seed=5),
        "allowed": torch.ones(classes, classes, dtype=torch.bool),
        "upstream": random(batch, seed=6),
    }
    placed = {name: data.draw(any_layouts(array.dim())).of(array) for name, array in arrays.items()}
    require_same(crf_losses, placed)
    require_same(crf_predictions, {name: array for name, array in placed.items() if name not in ("tags", "upstream")})


def test_the_losses_that_torch_computes_in_every_layout() -> None:
    def call(arrays: Arrays) -> list[Tensor]:
        (logits,) = leaves(arrays, "logits")
        return with_gradients(
            binary_cross_entropy(logits, arrays["labels"], mask=arrays["mask"]), torch.ones(()), [logits]
        )

    require_same_in_every_layout(
        call, {"logits": random(3, 4, 2), "labels": indices(2, 3, 4, 2), "mask": random(3, 4) > -0.5}
    )


@pytest.mark.parametrize("shape", [(0, 4, 5), (3, 0, 5), (0, 0, 5)], ids=str)
def test_of_nothing_the_loss_is_0_and_keeps_its_graph(shape: tuple[int, ...]) -> None:
    for dtype in (torch.float32, torch.float64):
        logits = torch.zeros(shape, dtype=dtype, requires_grad=True)
        for reduction in ("none", "sum", "mean"):
            found = cross_entropy(logits, torch.zeros(shape[:-1], dtype=torch.long), reduction=reduction)  # type: ignore[arg-type]
            assert found.detach().sum() == 0
            assert torch.autograd.grad(found.sum(), logits)[0].shape == logits.shape
        crf = [torch.zeros(shape, dtype=dtype, requires_grad=True), torch.zeros(5, 5, dtype=dtype, requires_grad=True)]
        found = crf_nll(crf[0], torch.zeros(shape[:-1], dtype=torch.long), crf[1], reduction="sum")
        assert found.detach() == 0
        assert torch.autograd.grad(found, crf[0])[0].shape == shape
        assert crf_marginals(*crf).shape == shape
        assert crf_decode(*crf).tags.shape == shape[:-1]
        hidden, weight = torch.zeros(*shape[:-1], 2, requires_grad=True), torch.zeros(5, 2, requires_grad=True)
        found = linear_cross_entropy(hidden, weight, torch.zeros(shape[:-1], dtype=torch.long))
        assert [g.shape for g in torch.autograd.grad(found, (hidden, weight))] == [hidden.shape, weight.shape]
        assert loss_sum(cross_entropy, logits, torch.zeros(shape[:-1], dtype=torch.long)).mean().detach() == 0
