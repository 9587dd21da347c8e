"""Laws about padding: it reaches neither the loss nor the gradient, whatever stands in it and however much there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from seqwise.doctor.called_loss import CallFailed, Channel, Loss
from seqwise.doctor.facts import TOLERANCE, lengths_mask, scaling, shares, sizes
from seqwise.doctor.frameworks import Array
from seqwise.doctor.laws._law import Comparison, Law, Size, compared
from seqwise.doctor.trace import torch_calls

__all__ = ["PADDING_LAWS", "padding_bug", "ragged"]


def ragged(rows: int, steps: int) -> Array:
    """A mask (B, T) with sequences of different lengths, from the left."""
    lengths = [max(1, steps - 1)] if rows == 1 else [max(1, steps - row) for row in range(rows)]
    return lengths_mask(lengths, steps)


def _no_channel(loss: Loss) -> str | None:
    if loss.channels:
        return None
    return "it takes no mask, lengths or ignored label, so it cannot be told what is padding"


def _cases(loss: Loss, size: Size) -> Iterator[tuple[Channel, dict[str, Any], Array, Array, Array]]:
    """Each channel, without and with label smoothing: the options, logits, labels and what counts."""
    variants: list[dict[str, Any]] = [{}]
    if loss.option("label_smoothing"):
        variants.append({"label_smoothing": 0.2})
    logits, labels = loss.data(*size)
    for channel in loss.channels:
        for options in variants:
            yield channel, options, logits, _zeroed(labels, ragged(*size), loss), ragged(*size)


def _zeroed(labels: Array, counts: Array, loss: Loss) -> Array:
    """Labels with the first class in the padding, as batches have it."""
    fill = 0 if loss.reading.labels == "binary" else loss.allowed_labels()[0]
    spread = counts if labels.ndim == 2 else counts[..., None]
    return np.where(spread, labels, fill)


def _content(loss: Loss, size: Size) -> Iterator[Comparison]:
    other, other_labels = loss.data(*size, seed=1)
    for channel, options, logits, labels, counts in _cases(loss, size):
        if counts.all():
            continue
        changed = np.where(counts[..., None], logits, other)
        spread = counts if labels.ndim == 2 else counts[..., None]
        relabelled = np.where(spread, labels, other_labels)
        first = loss.value(logits, labels, counts, channel, **options)
        second = loss.value(changed, relabelled, counts, channel, **options)
        arrays = loss.arrays(logits, labels, counts, channel, **options)
        yield compared(
            loss, arrays, ("the loss", first), ("with other numbers in the padding", second), channel=channel
        )


def _amount(loss: Loss, size: Size) -> Iterator[Comparison]:
    for channel, options, logits, labels, counts in _cases(loss, size):
        if size[1] == 1:
            counts = np.ones_like(counts)
        more = np.concatenate([logits, loss.data(size[0], 2, seed=2)[0]], 1)
        relabelled = np.concatenate([labels, np.full_like(labels[:, :1].repeat(2, 1), _filler(loss))], 1)
        longer = np.concatenate([counts, np.zeros((size[0], 2), dtype=bool)], 1)
        arrays = loss.arrays(more, relabelled, longer, channel, **options)
        yield compared(
            loss,
            arrays,
            ("the loss", loss.value(more, relabelled, longer, channel, **options)),
            ("without the last two steps, which are padding", loss.value(logits, labels, counts, channel, **options)),
            channel=channel,
        )


def _filler(loss: Loss) -> int:
    return 0 if loss.reading.labels == "binary" else loss.allowed_labels()[0]


def _gradient(loss: Loss, size: Size) -> Iterator[Comparison]:
    for channel, options, logits, labels, counts in _cases(loss, size):
        if counts.all():
            continue
        slope = loss.gradient(logits, labels, counts, channel, **options)
        if slope is None:
            continue
        worst = float(np.abs(slope[~counts]).max())
        arrays = loss.arrays(logits, labels, counts, channel, **options)
        yield compared(loss, arrays, ("largest gradient in the padding", worst), ("it should be", 0.0), channel=channel)


def _nan(loss: Loss, size: Size) -> Iterator[Comparison]:
    for channel, options, logits, labels, counts in _cases(loss, size):
        if counts.all() or loss.reading.feed != "logits" or channel.kind == "weight":
            continue  # a weight multiplies by its nature
        spoiled = np.where(counts[..., None], logits, np.nan)
        first = loss.value(logits, labels, counts, channel, **options)
        second = loss.value(spoiled, labels, counts, channel, **options)
        arrays = loss.arrays(spoiled, labels, counts, channel, **options)
        yield compared(loss, arrays, ("the loss", second), ("with numbers in place of NaN", first), channel=channel)
        if np.isfinite(second):
            _note_nan_gradient(loss, spoiled, labels, counts, channel)


def _note_nan_gradient(loss: Loss, logits: Array, labels: Array, counts: Array, channel: Channel) -> None:
    """Selecting after the softmax keeps NaN out of the loss, but not out of the gradient."""
    slope = None if loss.framework.name == "numpy" else loss.gradient(logits, labels, counts, channel)
    if slope is not None and not np.isfinite(slope).all():
        loss.note(
            "NaN in padding leaves the loss alone but gives a NaN gradient there: select before the softmax too, as in "
            "logits = where(mask, logits, 0)"
        )


def _empty(loss: Loss, size: Size) -> Iterator[Comparison]:
    for channel, options, logits, labels, counts in _cases(loss, size):
        nothing = np.zeros_like(counts)
        one_row = counts.copy()
        one_row[-1] = False
        owner = None
        for kept in [nothing, one_row] if size[0] > 1 else [nothing]:
            arrays = loss.arrays(logits, labels, kept, channel, **options)
            value = _divided(loss, logits, labels, kept, channel, options)
            expected = 0.0 if not kept.any() else value if np.isfinite(value) else 1.0
            told = "it should be" if not kept.any() else "it should be a number"
            if np.isfinite(value) and not kept.any():
                expected = value  # a constant beside the average, such as a penalty, is no fault
            if not kept.any() and not np.isfinite(value) and channel.kind == "ignore":
                owner = _who_divides(loss, arrays)
            by = None if kept.any() else owner
            yield compared(loss, arrays, ("the loss", value), (told, expected), channel=channel, owner=by)
        yield from _empty_gradient(loss, logits, labels, nothing, channel, owner)


_MEANS = ("cross_entropy", "nll_loss")
"""Losses of torch whose mean over no label that counts is documented to be NaN."""


def _who_divides(loss: Loss, arrays: dict[str, Any]) -> str | None:
    """torch, when its own loss gives the NaN of a batch whose labels are all ignored.

    A mask or lengths are the user's own, who must not turn them into that.
    """
    calls = torch_calls(loss.framework, lambda: loss.value_of(arrays))
    found = [one for one in calls if one.name in _MEANS and one.result.dim() == 0]
    return "torch" if any(not bool(one.result.isfinite()) for one in found) else None


def _divided(
    loss: Loss, logits: Array, labels: Array, counts: Array, channel: Channel, options: dict[str, Any]
) -> float:
    """The loss; NaN where Python itself refuses to divide by 0."""
    try:
        return loss.value(logits, labels, counts, channel, **options)
    except CallFailed as failure:
        if isinstance(failure.cause, ArithmeticError):
            return np.nan
        raise


def _empty_gradient(
    loss: Loss, logits: Array, labels: Array, counts: Array, channel: Channel, owner: str | None
) -> Iterator[Comparison]:
    if loss.framework.name == "numpy":
        return
    slope = loss.gradient(logits, labels, counts, channel)
    what = "gradient (the loss is cut from the graph)" if slope is None else "largest gradient"
    worst = np.nan if slope is None else float(np.abs(slope).max())
    arrays = loss.arrays(logits, labels, counts, channel)
    expected = worst if np.isfinite(worst) else 0.0  # one that is not 0 breaks the law about gradients
    yield compared(loss, arrays, (what, worst), ("it should be", expected), channel=channel, owner=owner)


def padding_bug(loss: Loss, comparison: Comparison) -> str:
    """Which of the ways to be wrong about padding it is, from how much each position weighs."""
    if not _padding_weighs(loss, comparison.context["channel"]):
        return "mask-as-weight"
    return "padding-in-gradient" if all(scaling(loss)) else "padding-in-average"


def _gradient_bug(loss: Loss, comparison: Comparison) -> str:
    is_weighed = _padding_weighs(loss, comparison.context["channel"])
    return padding_bug(loss, comparison) if is_weighed else "padding-in-gradient"


def _padding_weighs(loss: Loss, channel: Channel) -> bool:
    """Whether padding has a share of the loss; so too where no position has a share that could be measured."""
    counts = ragged(*max(sizes(loss.classes)))
    try:
        return bool(np.abs(shares(loss, counts, channel)[~counts]).max() > TOLERANCE)
    except CallFailed:
        return True


def _always(bug: str) -> Any:
    return lambda _loss, _comparison: bug


PADDING_LAWS = (
    Law("what stands in padding does not change the loss", _no_channel, _content, padding_bug),
    Law("more padding does not change the loss", _no_channel, _amount, padding_bug),
    Law("padding gets no gradient", _no_channel, _gradient, _gradient_bug),
    Law("NaN in padding does not reach the loss", _no_channel, _nan, _always("nan-through-mask")),
    Law("a batch in which nothing counts gives a number", _no_channel, _empty, _always("empty-mask")),
)
