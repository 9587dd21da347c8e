"""Laws about numbers: the formula at one position, its gradient far out, and what half precision makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from seqwise.doctor.called_loss import CallFailed, Loss
from seqwise.doctor.facts import copies, core_of, grain, log_softmax, scaling, smooth_curve, some_label, steps_interact
from seqwise.doctor.frameworks import Array
from seqwise.doctor.laws._law import Comparison, Law, Size, compared
from seqwise.doctor.trace import torch_calls

__all__ = ["NUMBER_LAWS"]


# The formula ---------------------------------------------------------------------------------------------------------


def _no_formula(loss: Loss) -> str | None:
    return None if core_of(loss) is not None else "its formula is none that the doctor knows"


def _formula(loss: Loss, size: Size) -> Iterator[Comparison]:
    """A confident and right prediction costs what the cross-entropy says."""
    core = core_of(loss)
    assert core is not None
    label = some_label(loss)
    right = np.eye(loss.classes)[label] if np.ndim(label) == 0 else 2.0 * np.asarray(label) - 1.0
    logits = np.tile(4.0 * right, (*size, 1))
    labels = np.broadcast_to(np.asarray(label), (*size, *np.shape(label))).copy()
    given = loss.arrays(logits, labels)
    expected = _expected(loss, 4.0 * right)
    if _is_misnamed(loss):
        # Given what the name of the parameter asks for.
        fed = "probabilities" if _names_probabilities(loss) else "logits"
        given = loss.read_as(replace(loss.reading, feed=fed)).arrays(logits, labels)
    value = loss.value_of(given) / _positions(loss, size)
    if loss.reading.feed == "log-probabilities" and not _is_misnamed(loss):
        loss.note(
            f"it takes log-probabilities, the output of a log_softmax: given logits as {loss.parameter('logits')}, it "
            f"has no lowest value"
        )
    if core.kind in ("softmax twice", "no logarithm") or _is_misnamed(loss):
        yield compared(loss, given, ("the loss", value), ("the cross-entropy of this prediction", expected))
    else:
        yield compared(loss, given, ("the loss", value), ("by the formula that fits it", value))


def _expected(loss: Loss, logits: Array) -> float:
    if loss.reading.labels == "binary":
        return float(np.logaddexp(0.0, -np.abs(logits)).sum())
    return float(-log_softmax(logits).max())


def _positions(loss: Loss, size: Size) -> float:
    """By how much more than one position the loss of a batch of this size weighs."""
    sums_rows, sums_steps = scaling(loss)
    return (size[0] if sums_rows else 1) * (size[1] if sums_steps else 1)


def _names_probabilities(loss: Loss) -> bool:
    return loss.signature.named("probabilities") is not None


def _is_misnamed(loss: Loss) -> bool:
    """Whether a parameter that is called probabilities is read as logits, or the other way round."""
    if _names_probabilities(loss):
        return loss.reading.feed == "logits"
    return "logit" in loss.parameter("logits").lower() and loss.reading.feed != "logits"


def _formula_bug(loss: Loss, _: Comparison) -> str:
    core = core_of(loss)
    if loss.reading.feed == "log-probabilities":
        return "missing-softmax"
    is_twice = core is not None and core.kind == "softmax twice"
    return "double-softmax" if is_twice and not _is_misnamed(loss) else "probabilities-as-logits"


# Far from right ------------------------------------------------------------------------------------------------------


def _no_logits(loss: Loss) -> str | None:
    if loss.reading.feed != "logits":
        return f"it takes {loss.reading.feed}"
    return _no_formula(loss)


_FAR = (60.0, 200.0)
"""Where usual clips are passed, and where a probability of float32 is 0."""


def _far(loss: Loss, size: Size) -> Iterator[Comparison]:
    """One more nat in the wrong direction costs one nat more, 60 and 200 nats out as it does 8 nats out."""
    label = some_label(loss)
    wrong = -np.eye(loss.classes)[label] if np.ndim(label) == 0 else 1.0 - 2.0 * np.asarray(label)
    near, *fars = (
        copies(loss, (out + 1.0) * wrong, label, *size) - copies(loss, out * wrong, label, *size)
        for out in (8.0, *_FAR)
    )
    labels = np.broadcast_to(np.asarray(label), (*size, *np.shape(label))).copy()
    for out, far in zip(_FAR, fars, strict=True):
        yield compared(
            loss,
            loss.arrays(np.tile(out * wrong, (*size, 1)), labels),
            ("what the loss grows by when the prediction gets worse by 1", far),
            ("what it grows by 8 nats out", near),
            tolerance=0.1,
        )


# Zero probabilities --------------------------------------------------------------------------------------------------


def _no_probabilities(loss: Loss) -> str | None:
    return _no_formula(loss) if loss.reading.feed == "probabilities" else f"it takes {loss.reading.feed}"


def _certain(loss: Loss, size: Size) -> Iterator[Comparison]:
    """A prediction that is certain and right gives the other classes 0, whose logarithm must not reach the loss."""
    label = some_label(loss)
    right = np.eye(loss.classes)[label] if np.ndim(label) == 0 else np.asarray(label)
    logits = np.tile(np.where(right > 0, 1e3, -1e3), (*size, 1))
    labels = np.broadcast_to(np.asarray(label), (*size, *np.shape(label))).copy()
    value = loss.value(logits, labels)
    expected = value if np.isfinite(value) else 0.0
    yield compared(loss, loss.arrays(logits, labels), ("the loss", value), ("it should be a number", expected))


# Half precision ------------------------------------------------------------------------------------------------------


def _no_half(loss: Loss) -> str | None:
    if steps_interact(loss):
        return "the steps of a sequence are bound together, as in a CRF"
    return "logits of a known formula only" if _no_logits(loss) else None


def _fine(loss: Loss, size: Size) -> Iterator[Comparison]:
    """For float32 logits that change a little, the loss changes a little, in no steps."""
    if size[0] * size[1] > 100:
        return
    if grain(loss) < 1e-5:
        yield Comparison({}, (("steps between losses of logits close by", 0.0), ("there should be", 0.0)))
        return
    logits, labels = loss.data(*size)
    amounts, values, curve = smooth_curve(loss, logits, labels)
    worst = int(np.abs(curve - values).argmax())
    logits = logits + np.round(amounts[worst], 2) * np.eye(loss.classes)[0]
    named = {loss.parameter(role): value for role, value in loss.arrays(logits, labels).items()}
    numbers = (
        ("the loss", float(values[worst])),
        ("on a smooth curve through those of logits close by", float(curve[worst])),
    )
    yield Comparison(named, numbers, 2e-5)


def _many(loss: Loss, size: Size) -> Iterator[Comparison]:
    """Many positions that are alike cost on average what a few of them cost, in float32 and in half precision."""
    if size[0] * size[1] <= 100:
        return
    label = some_label(loss)
    costs_log_two = np.log(max(loss.classes - 1.0, 1.0)) * np.eye(loss.classes)[label] if np.ndim(label) == 0 else None
    logits = np.zeros(loss.classes) if costs_log_two is None else costs_log_two
    for half in (False, True):
        if half and not _half_is_usual(loss, logits, label):
            continue
        dtype = "half precision" if half else "float32"
        arrays = {
            "logits": f"{size[0] * size[1]} times {np.round(logits, 2).tolist()} in {dtype}",
            "labels": str(label),
        }
        average = _average(loss, logits, label, size, half)
        if half and np.isinf(average):
            loss.note(
                f"for float16 logits, its sum overflows at {size[0] * size[1]} positions; give it logits in float32"
            )
            continue
        few = _average(loss, logits, label, (2, size[1]), half)
        numbers = ("the loss per position", average), (f"of {2 * size[1]} such positions", few)
        yield compared(loss, arrays, *numbers, tolerance=0.02 if half else 1e-3)


def _half_is_usual(loss: Loss, logits: Array, label: int | Array) -> bool:
    """Whether float16 logits may be expected to work: not in NumPy, not for a sum, which overflows by itself.

    Nor in Keras, which casts to float32 what it gives to a loss.
    """
    is_mean = _positions(loss, (2, 2)) == 1
    expected = loss.framework.name != "numpy" and not loss.framework.name.startswith("keras")
    return expected and is_mean and not _is_torch_mean(loss, logits, label)


def _average(loss: Loss, logits: Array, label: int | Array, size: Size, half: bool) -> float:
    labels = np.broadcast_to(np.asarray(label), (*size, *np.shape(label))).copy()
    counts = np.ones(size, dtype=bool) if loss.channels else None
    return loss.value(np.tile(logits, (*size, 1)), labels, counts, None, half=half) / _positions(loss, size)


def _is_torch_mean(loss: Loss, logits: Array, label: int | Array) -> bool:
    """Whether it is torch's own mean that adds up half-precision losses, which on a CPU it does in half precision."""
    calls = torch_calls(loss.framework, lambda: _average(loss, logits, label, (2, 2), True))
    found = any(
        call.name in ("cross_entropy", "nll_loss")
        and str(call.arguments[0].dtype) == "torch.float16"
        and call.options.get("reduction", "mean") == "mean"
        for call in calls
    )
    if found:
        loss.note(
            "for float16 logits on a CPU, the mean of torch's cross_entropy overflows beyond 65,504 positions; give it "
            "logits.float()"
        )
    return found


def _half(loss: Loss, size: Size) -> Iterator[Comparison]:
    yield from _fine(loss, size)
    try:
        yield from _many(loss, size)
    except CallFailed:
        return  # it refuses float16, which is no fault


NUMBER_LAWS = (
    Law("the loss is the cross-entropy of what it is given", _no_formula, _formula, _formula_bug, lambda _: [(3, 4)]),
    Law("the worse a prediction, the higher the loss", _no_logits, _far, lambda *_: "clipped-log", lambda _: [(3, 4)]),
    Law(
        "a prediction that is certain and right costs a number",
        _no_probabilities,
        _certain,
        lambda *_: "nan-through-mask",
        lambda _: [(3, 4)],
    ),
    Law(
        "half precision changes nothing",
        _no_half,
        _half,
        lambda *_: "half-precision",
        lambda _: [(6, 5), (700, 100)],
        ((1, 1), (2, 2), (40, 100), (100, 100)),
    ),
)
