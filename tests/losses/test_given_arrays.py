"""What is no tensor: NumPy arrays and lists of every memory layout, numbers, and what cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from seqwise.errors import ConfigError, DtypeError, ShapeError
from seqwise.losses import torch as losses

RNG = np.random.default_rng(0)
LOGITS = torch.from_numpy(RNG.normal(size=(4, 6, 3)))
LABELS = RNG.integers(0, 3, (4, 6))
MASK = RNG.random((4, 6)) < 0.7
LENGTHS = np.array([6, 3, 0, 5])
WEIGHT = RNG.uniform(0.5, 2, (4, 6))

FORMS: dict[str, Callable[[np.ndarray[Any, Any]], Any]] = {
    "array": lambda a: a,
    "list": lambda a: a.tolist(),
    "list of tensors": lambda a: [torch.from_numpy(row) for row in a] if a.ndim > 1 else torch.from_numpy(a),
    "small integers": lambda a: a.astype(np.int16) if a.dtype.kind == "i" else a,
    "unsigned": lambda a: a.astype(np.uint16) if a.dtype.kind == "i" else a,
    "Fortran order": np.asfortranarray,
    "every second": lambda a: np.repeat(a, 2, axis=0)[::2],
    "backwards": lambda a: a[::-1].copy()[::-1],
    "transposed": lambda a: a.T.copy().T,
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "read-only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "a field of records": lambda a: np.rec.fromarrays([np.zeros(a.shape, "u1"), a], names="pad,value")["value"],
}

CALLS: dict[str, Callable[..., torch.Tensor]] = {
    "cross_entropy": lambda form: losses.cross_entropy(
        LOGITS, form(LABELS), mask=form(MASK), lengths=form(LENGTHS), sample_weight=form(WEIGHT)
    ),
    "focal_loss": lambda form: losses.focal_loss(LOGITS, form(LABELS), mask=form(MASK)),
    "ordinal_loss": lambda form: losses.ordinal_loss(LOGITS, form(LABELS), sample_weight=form(WEIGHT)),
    "linear_cross_entropy": lambda form: losses.linear_cross_entropy(
        LOGITS, torch.eye(3, dtype=LOGITS.dtype), form(LABELS), lengths=form(LENGTHS)
    ),
    "binary_cross_entropy": lambda form: losses.binary_cross_entropy(LOGITS[..., 0], form(LABELS % 2), mask=form(MASK)),
    "crf_nll": lambda form: losses.crf_nll(
        LOGITS, form(LABELS), torch.zeros(3, 3), mask=form(MASK), lengths=form(LENGTHS)
    ),
    "soft labels": lambda form: losses.cross_entropy(LOGITS, form(np.full((4, 6, 3), 1 / 3)), lengths=form(LENGTHS)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_arrays_and_lists_give_what_tensors_give(
    call: str, form: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.LOGITS", LOGITS.to(dtype))
    torch.testing.assert_close(CALLS[call](FORMS[form]), CALLS[call](torch.from_numpy))


def test_modules_take_them_too() -> None:
    expected = losses.cross_entropy(LOGITS, torch.from_numpy(LABELS))
    assert losses.CrossEntropyLoss()(LOGITS, LABELS) == expected
    assert losses.CRFLoss(3)(LOGITS, LABELS.tolist()).item() == pytest.approx(expected.item())


UNREADABLE = [
    ("rows of two lengths", [[0, 1], [2]], ShapeError, r"(?s)labels has rows of different lengths.*pass lengths="),
    ("names", [["a"] * 6] * 4, DtypeError, r"(?s)labels holds <U1, not numbers.*class indices"),
    ("None", [[None] * 6] * 4, DtypeError, r"(?s)labels holds object.*mask="),
]


@pytest.mark.parametrize(("labels", "kind", "words"), [u[1:] for u in UNREADABLE], ids=[u[0] for u in UNREADABLE])
def test_what_holds_no_numbers_is_refused(labels: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        losses.cross_entropy(LOGITS, labels)


@pytest.mark.parametrize("name", ["cross_entropy", "focal_loss", "ordinal_loss", "binary_cross_entropy", "crf_nll"])
def test_logits_that_are_no_tensor_are_refused(name: str) -> None:
    arrays = (LOGITS.numpy(), LABELS, np.zeros((3, 3)))[: 3 if name == "crf_nll" else 2]
    with pytest.raises(DtypeError, match=rf"(?s){name}: (logits|emissions) is a numpy.ndarray.*losses.numpy.{name}"):
        getattr(losses, name)(*arrays)


def test_a_head_that_is_no_tensor_is_refused() -> None:
    with pytest.raises(DtypeError, match="weight is a numpy.ndarray"):
        losses.linear_cross_entropy(LOGITS, np.eye(3), LABELS)


def test_unsigned_integers_never_turn_negative() -> None:
    labels = np.full((4, 6), np.iinfo(np.uint64).max)
    with pytest.raises(
        DtypeError, match="labels holds 18446744073709551615, which does not fit a 64-bit signed integer"
    ):
        losses.cross_entropy(LOGITS, labels, ignore_index=-1)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.int8])
def test_tensors_of_any_integer_type_are_labels_and_lengths(dtype: torch.dtype) -> None:
    labels, lengths = torch.from_numpy(LABELS), torch.from_numpy(LENGTHS)
    expected = losses.cross_entropy(LOGITS, labels, lengths=lengths)
    assert losses.cross_entropy(LOGITS, labels.to(dtype), lengths=lengths.to(dtype)) == expected
    assert losses.cross_entropy(LOGITS.float(), labels.to(dtype), lengths=lengths.to(dtype)).item() == pytest.approx(
        expected.item()
    )


@pytest.mark.parametrize("classes", [0, -1, 2.0, True, "3"])
def test_a_crf_has_one_class_or_more(classes: Any) -> None:
    with pytest.raises(ConfigError, match="CRFLoss: classes is"):
        losses.CRFLoss(classes)


@pytest.mark.parametrize("option", ["gamma", "label_smoothing"])
def test_a_number_that_wants_a_gradient_is_refused(option: str) -> None:
    value = torch.nn.Parameter(torch.tensor(0.5))
    with pytest.raises(ConfigError, match=f"{option} requires a gradient, and this loss gives it none"):
        losses.focal_loss(LOGITS, LABELS, **{option: value})


@pytest.mark.parametrize("value", ["2", None, [1.0, 2.0]])
def test_gamma_is_a_number(value: Any) -> None:
    with pytest.raises(ConfigError, match="gamma is"):
        losses.focal_loss(LOGITS, LABELS, gamma=value)


@pytest.mark.parametrize("denominator", [[2.0, 4.0, 8.0], np.array([2.0, 4.0, 8.0]), torch.tensor([2.0, 4.0, 8.0])])
def test_a_denominator_may_be_an_array(denominator: Any) -> None:
    sums = losses.binary_cross_entropy(LOGITS[:, 0], LABELS[:, :3] % 2, reduction="none").sum(0)
    found = losses.binary_cross_entropy(
        LOGITS[:, 0], LABELS[:, :3] % 2, reduction="per_output", denominator=denominator
    )
    torch.testing.assert_close(found, sums / torch.tensor([2.0, 4.0, 8.0], dtype=sums.dtype))
