"""The definitions of the losses as plain Python loops: what every framework's file is compared with.

Nothing here comes from seqwise or from NumPy. Arrays are nested lists with classes last; sums are `math.fsum`.
A loss is first a dictionary {position: (loss, weight)} of the positions that count.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

Position = tuple[int, ...]
Terms = dict[Position, tuple[float, float]]

FLOOR = 2.0**-126


def shape(nested: Any) -> Position:
    """The sizes of a nested list's axes."""
    sizes = []
    while isinstance(nested, list):
        sizes.append(len(nested))
        nested = nested[0] if nested else None
    return tuple(sizes)


def positions(sizes: Position) -> Iterator[Position]:
    """Every index into an array of this shape."""
    return product(*(range(size) for size in sizes))


def at(nested: Any, position: Position) -> Any:
    """The value at a position; missing last axes and axes of size 1 serve the whole axis."""
    for axis in position:
        if not isinstance(nested, list):
            break
        nested = nested[axis] if len(nested) > 1 else nested[0]
    return nested


def log_softmax(logits: list[float]) -> list[float]:
    """Logarithm of softmax over one list."""
    highest = max(logits)
    total = math.log(math.fsum(math.exp(z - highest) for z in logits))
    return [z - highest - total for z in logits]


def log_sigmoid(z: float) -> float:
    """Logarithm of 1 / (1 + exp(-z))."""
    return -math.log1p(math.exp(-z)) if z >= 0 else z - math.log1p(math.exp(z))


def times(factor: float, number: float) -> float:
    """The product, where 0 times infinity is 0."""
    return 0.0 if factor == 0 else factor * number


def in_time(position: Position, mask: Any, lengths: Any) -> bool:
    """Whether mask and lengths let a position count."""
    if lengths is not None and position[1] >= lengths[position[0]]:
        return False
    return mask is None or bool(at(mask, position))


def class_shares(label: Any, classes: int, label_values: Any, ignore_index: int | None) -> list[float] | None:
    """A label as shares of the classes; None when it is ignored."""
    names = list(range(classes)) if label_values is None else list(label_values)
    if isinstance(label, list):
        ignored = None if ignore_index is None else [float(name == ignore_index) for name in names]
        return None if label == ignored else label
    return None if label == ignore_index else [float(name == label) for name in names]


def class_terms(
    logits: Any,
    labels: Any,
    *,
    mask: Any = None,
    lengths: Any = None,
    ignore_index: int | None = None,
    label_values: Any = None,
    class_weight: Any = None,
    sample_weight: Any = None,
    label_smoothing: float = 0.0,
    from_logits: bool = True,
) -> Terms:
    """Cross-entropy of each position that counts, and the weight it adds to the divisor of a mean."""
    *sizes, classes = shape(logits)
    terms = {}
    for position in positions(tuple(sizes)):
        if not in_time(position, mask, lengths):
            continue
        shares = class_shares(exactly(labels, position), classes, label_values, ignore_index)
        if shares is None:
            continue
        row = exactly(logits, position)
        logs = log_softmax(row) if from_logits else [math.log(max(p, FLOOR)) for p in row]
        weights = class_weights(class_weight, position, classes)
        smooth = [(1 - label_smoothing) * q + label_smoothing / classes for q in shares]
        loss = -math.fsum(times(w * q, log) for w, q, log in zip(weights, smooth, logs, strict=True))
        weight = math.fsum(w * q for w, q in zip(weights, shares, strict=True))
        factor = 1.0 if sample_weight is None else at(sample_weight, position)
        terms[position] = (times(factor, loss), factor * weight)
    return terms


def class_weights(class_weight: Any, position: Position, classes: int) -> list[float]:
    """The weight of each class at a position."""
    if class_weight is None:
        return [1.0] * classes
    return class_weight[position[-1]] if isinstance(class_weight[0], list) else class_weight


def exactly(nested: Any, position: Position) -> Any:
    """What stands at a position exactly."""
    for axis in position:
        nested = nested[axis]
    return nested


def class_gradient(logits: Any, labels: Any, **options: Any) -> dict[Position, list[float]]:
    """The derivative of the summed loss by the logits of each position: softmax minus the label, weighted.

    With v[c] = s * w[c] * q'[c] the loss is -sum_c v[c] log softmax(z)[c], so d/dz[c] = softmax(z)[c] sum(v) - v[c].
    """
    *sizes, classes = shape(logits)
    smoothing = options.get("label_smoothing", 0.0)
    gradient = {position: [0.0] * classes for position in positions(tuple(sizes))}
    for position in class_terms(logits, labels, **options):
        values = options.get("label_values")
        shares = class_shares(exactly(labels, position), classes, values, None)
        assert shares is not None
        sample_weight = options.get("sample_weight")
        factor = 1.0 if sample_weight is None else at(sample_weight, position)
        weights = class_weights(options.get("class_weight"), position, classes)
        v = [factor * w * ((1 - smoothing) * q + smoothing / classes) for w, q in zip(weights, shares, strict=True)]
        softmax = [math.exp(log) for log in log_softmax(exactly(logits, position))]
        gradient[position] = [p * math.fsum(v) - value for p, value in zip(softmax, v, strict=True)]
    return gradient


def binary_terms(
    logits: Any,
    labels: Any,
    *,
    mask: Any = None,
    lengths: Any = None,
    ignore_index: int | None = None,
    pos_weight: Any = None,
    sample_weight: Any = None,
    label_smoothing: float = 0.0,
    from_logits: bool = True,
) -> Terms:
    """Binary cross-entropy of each position that counts, and the weight it adds to the divisor of a mean."""
    terms = {}
    for position in positions(shape(logits)):
        z, label = exactly(logits, position), exactly(labels, position)
        if not in_time(position, mask, lengths) or (ignore_index is not None and label == ignore_index):
            continue
        if from_logits:
            log_yes, log_no = log_sigmoid(z), log_sigmoid(-z)
        else:
            log_yes, log_no = math.log(max(z, FLOOR)), math.log(max(1 - z, FLOOR))
        share = (1 - label_smoothing) * label + label_smoothing / 2
        positive = 1.0 if pos_weight is None else pos_weight[position[-1]]
        factor = 1.0 if sample_weight is None else at(sample_weight, position)
        loss = -times(positive * share, log_yes) - times(1 - share, log_no)
        terms[position] = (times(factor, loss), factor)
    return terms


def mean(terms: list[tuple[float, float]]) -> float:
    """The sum of losses divided by the sum of weights; 0 when there is nothing to divide by."""
    count = math.fsum(weight for _, weight in terms)
    return math.fsum(loss for loss, _ in terms) / count if count else 0.0


def reduced(terms: Terms, sizes: Position, reduction: str = "mean", denominator: Any = None) -> Any:
    """What a reduction makes of the terms: a number, or a list for `none` (flat) and `per_output`."""
    total = math.fsum(loss for loss, _ in terms.values())
    rows = [[term for where, term in terms.items() if where[0] == row] for row in range(sizes[0])]
    rows = [row for row in rows if row]
    if reduction == "none":
        return [terms.get(position, (0.0, 0.0))[0] for position in positions(sizes)]
    if reduction == "sum":
        return total
    if reduction == "per_output":
        outputs = [[term for where, term in terms.items() if where[-1] == k] for k in range(sizes[-1])]
        if denominator is None:
            return [mean(output) for output in outputs]
        return [math.fsum(loss for loss, _ in output) / denominator for output in outputs]
    if reduction == "sequence_mean":
        total = math.fsum(mean(row) for row in rows)
    divisors = {"sequence_mean": len(rows), "batch_mean": len(rows)}
    divisor = divisors.get(reduction, math.fsum(weight for _, weight in terms.values()))
    divisor = divisor if denominator is None else denominator
    return total / divisor if divisor else 0.0
