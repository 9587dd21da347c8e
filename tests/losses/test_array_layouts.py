"""NumPy arrays as files and slices hold them give what contiguous copies give, in every framework."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import seqwise.losses.jax
import seqwise.losses.keras
import seqwise.losses.numpy
import seqwise.losses.torch
from seqwise.errors import ShapeError

Array = NDArray[Any]
FRAMEWORKS = {"numpy": seqwise.losses.numpy, "jax": seqwise.losses.jax, "keras": seqwise.losses.keras}
FRAMEWORKS["torch"] = seqwise.losses.torch
DIFFERENT = 99


def every_other(array: Array) -> Array:
    space = np.full([2 * size + 1 for size in array.shape], DIFFERENT).astype(array.dtype)
    part = space[tuple(slice(1, 1 + 2 * size, 2) for size in array.shape)]
    part[...] = array
    return part


def backwards(array: Array) -> Array:
    turned = tuple(slice(None, None, -1) for _ in array.shape)
    return np.array(array[turned])[turned]


def read_only(array: Array) -> Array:
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def in_a_record(array: Array) -> Array:
    records = np.zeros(array.shape, dtype=[("byte", "u1"), ("numbers", array.dtype)])
    records["numbers"] = array
    assert not array.ndim or not records["numbers"].flags.aligned or array.dtype.itemsize == 1
    found: Array = records["numbers"]
    return found


FORMS: dict[str, Callable[[Array], Array]] = {
    "every other": every_other,
    "negative strides": backwards,
    "Fortran order": np.asfortranarray,
    "read-only": read_only,
    "bytes swapped": lambda array: array.astype(array.dtype.newbyteorder("S")),
    "in a record": in_a_record,
}
DRAW = np.random.default_rng(0)
CLASSES = {
    "logits": DRAW.normal(size=(3, 4, 5)).astype(np.float32),
    "labels": DRAW.integers(0, 5, (3, 4)),
    "mask": DRAW.random((3, 4)) > 0.3,
    "lengths": np.array([4, 2, 3]),
    "class_weight": DRAW.random(5).astype(np.float32) + 0.5,
    "sample_weight": DRAW.random((3, 4)).astype(np.float32) + 0.5,
}
CHAIN = {
    "emissions": CLASSES["logits"],
    "tags": CLASSES["labels"],
    "transitions": DRAW.normal(size=(5, 5)).astype(np.float32),
    "start": DRAW.normal(size=5).astype(np.float32),
    "end": DRAW.normal(size=5).astype(np.float32),
    "mask": CLASSES["mask"],
    "lengths": CLASSES["lengths"],
}
FLOATS = {"logits", "emissions", "transitions", "start", "end"}
CASES = [("cross_entropy", CLASSES), ("crf_nll", CHAIN)]


def value_and_gradient(framework: str, loss: str, arrays: dict[str, Any]) -> list[Array]:
    """A loss and its gradient by the first of its arrays, where the framework has gradients of arrays."""
    call, given = getattr(FRAMEWORKS[framework], loss), dict(arrays)
    first = next(iter(given))
    if framework == "torch":  # tensors to train are torch's own
        given |= {name: tensor(array) for name, array in given.items() if name in FLOATS}
        at = given[first].requires_grad_()
        found = call(*split(given), **rest(given))
        return [found.detach().numpy(), torch.autograd.grad(found, at)[0].numpy()]
    value = np.array(float(call(*split(given), **rest(given))))
    if framework != "jax":
        return [value]
    z = jax.numpy.asarray(given[first].astype(np.float32))
    slope = jax.grad(lambda at: call(*split({**given, first: at}), **rest(given)))(z)
    return [value, np.asarray(slope)]


def tensor(array: Array) -> torch.Tensor:
    return torch.from_numpy(np.array(array, dtype=np.float32))


def split(given: dict[str, Any]) -> Iterator[Any]:
    """The arrays that stand first in a call."""
    return (given[name] for name in ("logits", "labels", "emissions", "tags", "transitions") if name in given)


def rest(given: dict[str, Any]) -> dict[str, Any]:
    first = ("logits", "labels", "emissions", "tags", "transitions")
    return {name: array for name, array in given.items() if name not in first}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("loss", "arrays"), CASES, ids=[loss for loss, _ in CASES])
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_an_array_in_any_form_gives_what_a_copy_gives(
    framework: str, loss: str, arrays: dict[str, Array], form: str
) -> None:
    wanted = value_and_gradient(framework, loss, dict(arrays))
    for name, array in arrays.items():
        found = value_and_gradient(framework, loss, {**arrays, name: FORMS[form](array)})
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("shape", [(0, 4, 5), (3, 0, 5)], ids=str)
@pytest.mark.parametrize("framework", ["numpy", "jax", "keras"])
def test_of_nothing_the_loss_is_0(framework: str, shape: tuple[int, ...]) -> None:
    call = FRAMEWORKS[framework]
    logits, labels = np.zeros(shape, np.float32), np.zeros(shape[:-1], np.int64)
    assert float(call.cross_entropy(logits, labels)) == 0
    assert float(call.crf_nll(logits, labels, np.zeros((5, 5), np.float32))) == 0


@pytest.mark.parametrize("framework", ["numpy", "jax", "keras"])
def test_a_single_number_takes_the_place_of_no_array(framework: str) -> None:
    with pytest.raises(ShapeError, match="logits"):
        FRAMEWORKS[framework].cross_entropy(np.float32(1), np.array(0))
