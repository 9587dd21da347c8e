"""How a loss was understood, in one line: what it takes, in which layout, and what it gives."""

from __future__ import annotations

from seqwise.doctor.called_loss import CallFailed, Channel, Loss
from seqwise.doctor.facts import scaling, sizes
from seqwise.doctor.frameworks import Array

__all__ = ["described"]

_AXES = {
    "btc": "(batch, time, classes)",
    "bct": "(batch, classes, time)",
    "tbc": "(time, batch, classes)",
    "nc": "(batch, classes)",
    "bt": "(batch, time)",
    "n": "(batch,)",
}
_POSITIONS = {"btc": "(batch, time)", "bct": "(batch, time)", "tbc": "(time, batch)", "nc": "(batch,)"}


def described(loss: Loss) -> str:
    """The line that heads a report."""
    reading = loss.reading
    logits = _AXES[reading.layout]
    forms = {
        "index": f"class indices {_POSITIONS.get(reading.layout, logits)}",
        "one-hot": f"one-hot {logits}",
        "binary": f"yes or no {logits}",
    }
    labels = forms[reading.labels] + (f" counted from {reading.first_label}" if reading.first_label else "")
    labels += ", each that of the step before" if reading.shifts else ""
    parts = [
        f"{loss.parameter('logits')} = {reading.feed} {logits}",
        f"{loss.parameter('labels')} = {labels}",
        *(_channel_text(channel) for channel in loss.channels),
    ]
    return f"{loss.name}, a loss in {loss.framework.name}: takes {', '.join(parts)}; gives {_result(loss)}"


def _channel_text(channel: Channel) -> str:
    if channel.kind == "mask":
        return f"{channel.text} (True {'counts' if channel.true_counts else 'is padding'})"
    return channel.text


def _result(loss: Loss) -> str:
    try:
        result = loss.array(*loss.data(*sizes(loss.classes)[0]))
        rows, steps = scaling(loss)
    except CallFailed:
        return "a number"
    if result.ndim:
        return "one loss for each position" if result.size > sizes(loss.classes)[0][0] else "one loss for each sequence"
    sign = _sign(result)
    if rows and steps:
        return f"the sum{sign}"
    if steps:
        return f"the sum over time, averaged over the batch{sign}"
    return f"the mean over time, summed over the batch{sign}" if rows else f"the mean{sign}"


def _sign(result: Array) -> str:
    return "" if result >= 0 else ", negative (a log-likelihood: negate it before minimising)"
