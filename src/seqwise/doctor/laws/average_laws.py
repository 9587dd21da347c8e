"""Laws about sums and averages: every position counts, all alike, and rows do not influence each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqwise.doctor.called_loss import Channel, Loss
from seqwise.doctor.facts import (
    TOLERANCE,
    Place,
    grain,
    interaction,
    is_right_for_one_step,
    is_unmoved,
    lengths_mask,
    offset,
    shares,
    sizes,
)
from seqwise.doctor.facts import rows_interact as any_rows_interact
from seqwise.doctor.facts import steps_interact as any_steps_interact
from seqwise.doctor.frameworks import Array
from seqwise.doctor.laws._law import Comparison, Law, Size, compared, never
from seqwise.doctor.laws.padding_laws import ragged

__all__ = ["AVERAGE_LAWS", "mixed_axis"]

_UNEVEN = [5, 3, 4, 1, 2, 1]
"""Lengths whose sums differ between halves, thirds and pairs of the batch."""


def mixed_axis(loss: Loss) -> str | None:
    """The bug, when positions that have nothing to do with each other are mixed: class-axis, batch-mates or None.

    Softmax does not notice a constant along its own axis; that tells which axis it was taken over. Steps that are bound
    together although softmax runs over the classes are no bug: a CRF binds them.
    """
    is_softmax = loss.reading.labels != "binary" and loss.reading.feed == "logits"
    over_classes = is_unmoved(loss, "classes") if is_softmax else True
    right_for_one = not over_classes and loss.reading.has_time and is_right_for_one_step(loss)
    if any_rows_interact(loss):
        return "class-axis" if right_for_one else "batch-mates"
    if over_classes or not any_steps_interact(loss):
        return None
    return "class-axis" if right_for_one or is_unmoved(loss, "time") else None


# Rows do not influence each other ------------------------------------------------------------------------------------


def _alone(loss: Loss, size: Size) -> Iterator[Comparison]:
    if size[0] == 1:
        return
    last: Place = (size[0] - 1, size[1] - 1)
    for other in ((1, 0), last):
        as_is, changed = interaction(loss, size, (0, 0), other)
        logits, labels = loss.data(*size)
        yield compared(
            loss,
            loss.arrays(logits, labels),
            ("what a change of row 1 does to the loss", as_is),
            (f"the same with row {other[0] + 1} changed before", changed),
            tolerance=TOLERANCE,
        )


def _mixed(loss: Loss, _: Comparison) -> str | None:
    """Rows that are mixed, unless the numbers are too coarse to tell."""
    return "half-precision" if grain(loss) > 1e-4 else mixed_axis(loss) or "batch-mates"


# Every position counts -----------------------------------------------------------------------------------------------


def _told(loss: Loss) -> list[Channel | None]:
    return [None, *loss.channels]


def _every(loss: Loss, size: Size) -> Iterator[Comparison]:
    for channel in _told(loss):
        counts = np.ones(size, dtype=bool) if channel is None else ragged(*size)
        found = np.where(counts, np.abs(shares(loss, counts, channel)), np.inf)
        least, most = _place(found, found.min()), _place(found, found[counts].max())
        logits, labels = loss.data(*size)
        yield compared(
            loss,
            loss.arrays(logits, labels, None if channel is None else counts, channel),
            (f"share of the loss of step {least[1] + 1} of row {least[0] + 1} is above 0", float(found[least] > 1e-5)),
            (f"that of step {most[1] + 1} of row {most[0] + 1} is", float(found[most] > 1e-5)),
            channel=channel,
        )


def _place(values: Array, wanted: float) -> Place:
    row, step = np.argwhere(values == wanted)[0]
    return int(row), int(step)


def _lost_bug(loss: Loss, comparison: Comparison) -> str:
    """A lost row by itself, or one that a shift or a slice of the wrong axis lost."""
    mixed = mixed_axis(loss)
    if mixed:
        return mixed
    bound = offset(loss)
    if bound == "next row" and loss.reading.has_time:
        return "batch-axis-slice"
    if bound in ("next step", "next position", "next row"):
        return "shifted-labels"
    return "batch-axis-slice" if _lost_rows(loss, comparison.context["channel"]) > 1 else "lost-row"


def _lost_rows(loss: Loss, channel: Channel | None) -> int:
    """How many whole rows never count in a batch with many more rows than steps."""
    counts = np.ones((7, 2), dtype=bool)
    found = np.abs(shares(loss, counts, channel))
    return int((found < 1e-5).all(1).sum())


def _every_sizes(loss: Loss) -> list[Size]:
    return [(7, 2), *sizes(loss.classes)]


# All that counts weighs the same -------------------------------------------------------------------------------------


def _bound_steps(loss: Loss) -> str | None:
    return "the steps of a sequence are bound together, as in a CRF" if any_steps_interact(loss) else None


def _alike(loss: Loss, size: Size) -> Iterator[Comparison]:
    for channel in _told(loss):
        rows = min(size[0], len(_UNEVEN))
        counts = np.ones(size, dtype=bool) if channel is None else lengths_mask(_UNEVEN[:rows])
        found = np.abs(shares(loss, counts, channel))
        counting = counts & (found > 1e-5)
        if not counting.any():
            continue
        if channel is not None and _is_mean_of_sequences(found, counts):
            loss.note(
                "it averages each sequence by itself and then over the sequences; `mean` would weigh every step alike"
            )
            continue
        least = _place(np.where(counting, found, np.inf), found[counting].min())
        most = _place(np.where(counting, found, -np.inf), found[counting].max())
        if found[least] < found[most] * (1 - TOLERANCE) and not _weighs(loss, counts, channel, least, most):
            continue
        logits, labels = loss.data(*counts.shape)
        yield compared(
            loss,
            loss.arrays(logits, labels, None if channel is None else counts, channel),
            (f"share of the loss of step {least[1] + 1} of row {least[0] + 1}", float(found[least])),
            (f"of step {most[1] + 1} of row {most[0] + 1}", float(found[most])),
            tolerance=TOLERANCE,
        )


def _weighs(loss: Loss, counts: Array, channel: Channel | None, least: Place, most: Place) -> bool:
    """Whether other logits show the same order of two shares.

    A score that only some steps have, as that of a first tag in a CRF, adds to their logits and weighs nothing.
    """
    ratios = [found[least] / found[most] for found in (shares(loss, counts, channel, seed) for seed in (3, 4, 5))]
    return bool(np.ptp(ratios) < 0.02 * abs(np.mean(ratios)))


def _is_mean_of_sequences(found: Array, counts: Array) -> bool:
    """Whether each share is one over the length of its sequence, up to a factor."""
    weighed = (found * counts.sum(1, keepdims=True))[counts]
    return len(counts) > 1 and bool(np.ptp(weighed) < TOLERANCE) and bool(np.ptp(found[counts]) > TOLERANCE)


def _mean_of_means(loss: Loss, _: Comparison) -> str:
    return mixed_axis(loss) or "mean-of-means"


# Micro-batches add up ------------------------------------------------------------------------------------------------


def _no_denominator(loss: Loss) -> str | None:
    return None if loss.option("denominator") else "it takes no denominator, which micro-batches could share"


def _micro_batches(loss: Loss, size: Size) -> Iterator[Comparison]:
    if size[0] < 2:
        return
    logits, labels = loss.data(*size)
    whole = float(size[0] * size[1])
    parts = [slice(0, 1), slice(1, None)]
    added = sum(loss.value(logits[part], labels[part], denominator=whole) for part in parts)
    yield compared(
        loss,
        loss.arrays(logits, labels, denominator=whole),
        ("row 1 and the other rows as two micro-batches, added", added),
        ("the loss of the whole batch", loss.value(logits, labels, denominator=whole)),
    )


AVERAGE_LAWS = (
    Law("rows of a batch do not influence each other", never, _alone, _mixed),
    Law("every row and every step counts", never, _every, _lost_bug, _every_sizes),
    Law(
        "all that counts weighs the same",
        _bound_steps,
        _alike,
        _mean_of_means,
        lambda _: [(6, 5), (5, 3)],
        ((2, 5), (3, 5), (4, 5)),
    ),
    Law("micro-batches with one denominator add up to the batch", _no_denominator, _micro_batches, _mean_of_means),
)
