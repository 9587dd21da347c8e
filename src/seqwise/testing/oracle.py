"""The definitions of the losses as plain Python loops: what every framework's file is compared with.

Nothing here comes from the rest of seqwise or from NumPy. Arrays are nested lists with classes last; sums are
`math.fsum`.
A loss is first a dictionary {position: (loss, weight)} of the positions that count.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

__all__ = [
    "FLOOR",
    "Position",
    "Terms",
    "at",
    "binary_gradient",
    "binary_terms",
    "class_gradient",
    "class_logs",
    "class_shares",
    "class_slopes",
    "class_terms",
    "class_weights",
    "exactly",
    "focal_factor",
    "in_time",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "log_sum_exp",
    "mean",
    "ordinal_logs",
    "positions",
    "reduced",
    "rests",
    "shape",
    "shares_of",
    "times",
]

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


def log_sum_exp(numbers: list[float]) -> float:
    """Logarithm of the sum of exp; -inf for no number."""
    highest = max(numbers, default=-math.inf)
    if highest == -math.inf:
        return highest
    return highest + math.log(math.fsum(math.exp(z - highest) for z in numbers))


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


def class_logs(row: list[float], loss: str, *, from_logits: bool, gamma: float) -> list[float]:
    """The negated loss of each class as the label: log p for cross-entropy, and its counterpart for other losses."""
    if loss == "ordinal_loss":
        return ordinal_logs(row, from_logits=from_logits)
    logs = log_softmax(row) if from_logits else [math.log(max(p, FLOOR)) for p in row]
    if loss == "cross_entropy":
        return logs
    return [others**gamma * log if log else 0.0 for others, log in zip(rests(row, from_logits), logs, strict=True)]


def rests(row: list[float], from_logits: bool) -> list[float]:
    """1 - p of each class, for logits from the other classes."""
    if not from_logits:
        return [max(1 - p, FLOOR) for p in row]
    total = log_sum_exp(row)
    return [math.exp(log_sum_exp(row[:c] + row[c + 1 :]) - total) for c in range(len(row))]


def ordinal_logs(row: list[float], *, from_logits: bool) -> list[float]:
    """With F[k] = P(label <= k): sum of log(1 - F[k]) over k < c, and of log F[k] over k >= c."""
    questions = range(len(row) - 1)
    if from_logits:
        row = [z - max(row) for z in row]
        log_yes = [log_sum_exp(row[: k + 1]) - log_sum_exp(row) for k in questions]
        log_no = [log_sum_exp(row[k + 1 :]) - log_sum_exp(row) for k in questions]
    else:
        log_yes = [math.log(max(math.fsum(row[: k + 1]), FLOOR)) for k in questions]
        log_no = [math.log(max(math.fsum(row[k + 1 :]), FLOOR)) for k in questions]
    return [math.fsum(log_no[:c] + log_yes[c:]) for c in range(len(row))]


def class_terms(
    logits: Any,
    labels: Any,
    *,
    loss: str = "cross_entropy",
    gamma: float = 2.0,
    mask: Any = None,
    lengths: Any = None,
    ignore_index: int | None = None,
    label_values: Any = None,
    class_weight: Any = None,
    sample_weight: Any = None,
    label_smoothing: float = 0.0,
    from_logits: bool = True,
) -> Terms:
    """A loss over classes of each position that counts, and the weight it adds to the divisor of a mean."""
    *sizes, classes = shape(logits)
    terms = {}
    for position in positions(tuple(sizes)):
        if not in_time(position, mask, lengths):
            continue
        shares = class_shares(exactly(labels, position), classes, label_values, ignore_index)
        if shares is None:
            continue
        row = exactly(logits, position)
        logs = class_logs(row, loss, from_logits=from_logits, gamma=gamma)
        weights = class_weights(class_weight, position, classes)
        smooth = [(1 - label_smoothing) * q + label_smoothing / classes for q in shares]
        cost = -math.fsum(times(w * q, log) for w, q, log in zip(weights, smooth, logs, strict=True))
        weight = math.fsum(w * q for w, q in zip(weights, shares, strict=True))
        factor = 1.0 if sample_weight is None else at(sample_weight, position)
        terms[position] = (times(factor, cost), factor * weight)
    return terms


def class_weights(class_weight: Any, position: Position, classes: int) -> list[float]:
    """The weight of each class at a position."""
    if class_weight is None:
        return [1.0] * classes
    of_output: list[float] = class_weight[position[-1]] if isinstance(class_weight[0], list) else class_weight
    return of_output


def exactly(nested: Any, position: Position) -> Any:
    """The exact value at a position."""
    for axis in position:
        nested = nested[axis]
    return nested


def linear(hidden: Any, weight: Any, bias: Any = None) -> Any:
    """Hidden x weight + bias; with one weight for each output, one row of logits for each."""
    if isinstance(hidden[0], list):
        return [linear(row, weight, bias) for row in hidden]
    if isinstance(weight[0][0], list):
        biases = [None] * len(weight) if bias is None else bias
        return [linear(hidden, own, own_bias) for own, own_bias in zip(weight, biases, strict=True)]
    logits = [math.fsum(h * w for h, w in zip(hidden, row, strict=True)) for row in weight]
    return logits if bias is None else [z + b for z, b in zip(logits, bias, strict=True)]


def class_gradient(
    logits: Any, labels: Any, *, loss: str = "cross_entropy", gamma: float = 2.0, **options: Any
) -> dict[Position, list[float]]:
    """The derivative of the summed loss by the logits of each position.

    With v[c] = s * w[c] * q'[c] the loss is -sum_c v[c] logs[c], so d/dz[j] = -sum_c v[c] d logs[c] / dz[j].
    """
    *sizes, classes = shape(logits)
    smoothing = options.get("label_smoothing", 0.0)
    gradient = {position: [0.0] * classes for position in positions(tuple(sizes))}
    for position in class_terms(logits, labels, loss=loss, gamma=gamma, **options):
        values = options.get("label_values")
        shares = class_shares(exactly(labels, position), classes, values, None)
        assert shares is not None
        sample_weight = options.get("sample_weight")
        factor = 1.0 if sample_weight is None else at(sample_weight, position)
        weights = class_weights(options.get("class_weight"), position, classes)
        v = [factor * w * ((1 - smoothing) * q + smoothing / classes) for w, q in zip(weights, shares, strict=True)]
        slopes = class_slopes(exactly(logits, position), loss, gamma)
        gradient[position] = [-math.fsum(v[c] * slopes[c][j] for c in range(classes)) for j in range(classes)]
    return gradient


def class_slopes(row: list[float], loss: str, gamma: float) -> list[list[float]]:
    """The derivative of `class_logs` of each class (first index) by each logit (second index).

    d log p[c] / dz[j] = [c = j] - p[j]; focal loss multiplies it by d((1 - p)^gamma log p) / d log p; and
    d log F[k] / dz[j] = [j <= k] p[j] / F[k] - p[j], likewise for 1 - F[k].
    """
    classes = range(len(row))
    p = [math.exp(log) for log in log_softmax(row)]
    if loss == "ordinal_loss":
        yes = [[share - p[j] for j, share in enumerate(shares_of(row, range(k + 1)))] for k in classes[:-1]]
        no = [[share - p[j] for j, share in enumerate(shares_of(row, range(k + 1, len(row))))] for k in classes[:-1]]
        return [[math.fsum(answer[j] for answer in no[:c] + yes[c:]) for j in classes] for c in classes]
    factors = [1.0] * len(row)
    if loss == "focal_loss":
        factors = [focal_factor(share, rest, gamma) for share, rest in zip(p, rests(row, True), strict=True)]
    return [[factors[c] * ((c == j) - p[j]) for j in classes] for c in classes]


def focal_factor(p: float, rest: float, gamma: float) -> float:
    """The derivative of rest^gamma log p by log p, where rest = 1 - p."""
    if p == 0 or rest == 0:
        return math.pow(rest, gamma)
    return math.pow(rest, gamma) - gamma * math.pow(rest, gamma - 1) * p * math.log(p)


def shares_of(row: list[float], part: range) -> list[float]:
    """Softmax over a part of the classes; 0 for the others."""
    total = log_sum_exp([row[j] for j in part])
    return [math.exp(z - total) if j in part and z > -math.inf else 0.0 for j, z in enumerate(row)]


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


def binary_gradient(logits: Any, labels: Any, **options: Any) -> dict[Position, float]:
    """The derivative of the summed loss by each logit: 1 - sigmoid(z) for a yes, -sigmoid(z) for a no, weighted."""
    smoothing, pos_weight = options.get("label_smoothing", 0.0), options.get("pos_weight")
    gradient = dict.fromkeys(positions(shape(logits)), 0.0)
    for position, (_, factor) in binary_terms(logits, labels, **options).items():
        z, label = exactly(logits, position), exactly(labels, position)
        share = (1 - smoothing) * label + smoothing / 2
        positive = 1.0 if pos_weight is None else pos_weight[position[-1]]
        yes, no = math.exp(log_sigmoid(z)), math.exp(log_sigmoid(-z))
        gradient[position] = -factor * (positive * share * no - (1 - share) * yes)
    return gradient


def mean(terms: list[tuple[float, float]]) -> float:
    """The sum of losses divided by the sum of weights; 0 when there is nothing to divide by."""
    count = math.fsum(weight for _, weight in terms)
    return math.fsum(loss for loss, _ in terms) / count if count else 0.0


def reduced(terms: Terms, sizes: Position, reduction: str = "mean", denominator: Any = None) -> Any:
    """Reduces the terms to a number, or a list for `none` (flat) and `per_output`."""
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
