"""Statistics of the given shapes, arrays and values, before any conclusion."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.advice.given_arrays import KINDS, NAMES, Array, array_of
from seqwise.errors import ConfigError, ValuesError, listed
from seqwise.shapes import ArraySpec, Call
from seqwise.targets import label_value

__all__ = ["ArrayStatistics", "Value", "statistics_of"]

Value = int | str
"""A label value; 1.0 is 1."""

_TORCH_IGNORES = -100
_MOST_VALUES = 10_000
_CLOSE = 1e-3


@dataclass(frozen=True)
class ArrayStatistics:
    """Known statistics of the arrays.

    Attributes:
        labels: the labels.
        logits: logits, or probabilities.
        from_logits: False when `logits` are probabilities.
        hidden: the states of the encoder.
        mask: the positions that count.
        lengths: the number of steps that count.
        values: the label values, in class order and without missing ones; None when they are not known.
        complete: whether `values` are all values; those found in an array may be some of them.
        missing: labels of this value do not count.
        has_nan: whether some labels are NaN.
        class_axis: the class axis of the logits, if the user gave it.
    """

    labels: Array
    logits: Array | None = None
    from_logits: bool = True
    hidden: Array | None = None
    mask: Array | None = None
    lengths: Array | None = None
    values: tuple[Value, ...] | None = None
    complete: bool = False
    missing: int | None = None
    has_nan: bool = False
    class_axis: int | None = None

    @property
    def scores(self) -> str:
        """The name of the logits."""
        return "logits" if self.from_logits else "probabilities"

    @property
    def call(self) -> Call:
        """Return the table of the arguments, for messages."""
        named = {
            self.scores: self.logits,
            "hidden": self.hidden,
            "labels": self.labels,
            "mask": self.mask,
            "lengths": self.lengths,
        }
        arrived = [ArraySpec(name, array.kind, array.shape) for name, array in named.items() if array is not None]
        return Call("advise", tuple(arrived))

    @cached_property
    def are_zero_or_one(self) -> bool:
        """Whether labels can be yes or no: 0 and 1, values between them, or not known."""
        if self.labels.kind == "text":
            return False
        if self.labels.data is None or self.complete:
            return self.values is None or set(self.values) <= {0, 1}
        counted = _counted(self.labels, self.mask, self.missing)
        return bool(((counted >= 0) & (counted <= 1)).all())

    @cached_property
    def rows_sum_to_1(self) -> bool | None:
        """Whether the last axis of the labels sums to 1, as one-hot labels do; None when that cannot be seen."""
        if self.labels.data is None:
            return None
        if len(self.labels.shape) < 2 or not self.are_zero_or_one:
            return False
        sums = self.labels.data.sum(axis=-1, dtype=np.float64)
        if self.mask is not None and self.mask.data is not None and self.mask.shape == sums.shape:
            sums = sums[self.mask.data.astype(bool)]
        return bool(np.isclose(sums, 1, atol=_CLOSE).all())

    @cached_property
    def largest_share(self) -> float:
        """The fraction of the most frequent label; 0 without an array of labels."""
        if self.labels.data is None:
            return 0.0
        counted = _counted(self.labels, self.mask, self.missing)
        return float(np.unique(counted, return_counts=True)[1].max() / counted.size) if counted.size else 0.0

    @cached_property
    def softmax_was_applied(self) -> bool:
        """Whether the given logits are between 0 and 1 and sum to 1 over the last axis."""
        data = self.logits.data if self.logits is not None and self.from_logits else None
        if data is None or data.shape[-1] < 2:
            return False
        return bool(((data >= 0) & (data <= 1)).all()) and bool(np.isclose(data.sum(axis=-1), 1, atol=_CLOSE).all())


def statistics_of(
    given: dict[str, Any],
    *,
    values: Iterable[Any] | str | None = None,
    missing: int | None = None,
    label_kind: str | None = None,
    class_axis: int | None = None,
) -> ArrayStatistics:
    """Return the statistics of arrays (by the names of `seqwise.advice.given_arrays.NAMES`) and of values.

    Raises:
        ConfigError: no labels, an argument that is not an array, an invalid kind or value.
        ValuesError: fractional labels that are not soft labels.
        DataError: a file that cannot be read.
    """
    arrays = {name: array_of(name, given[name]) for name in NAMES if given.get(name) is not None}
    if "labels" not in arrays:
        raise ConfigError(
            "advise: there are no labels\n"
            "  expected: the shape of the labels, and of logits or hidden states if you have them\n"
            "  hint: for example --logits 8x47 --labels 8x47 --values=-1,0,1, or a file: seqwise advise data.csv"
        )
    if "logits" in arrays and "probabilities" in arrays:
        raise ConfigError(
            "advise: logits and probabilities were both given\n  expected: the one that the loss receives"
        )
    labels = _of_kind(arrays["labels"], label_kind)
    known, has_nan = _values_seen(labels, arrays.get("mask"), missing)
    if values is not None:
        known, names_nan = _values(values)
        has_nan = has_nan or names_nan
    if known is not None and missing is None and _TORCH_IGNORES in known:
        missing = _TORCH_IGNORES
    if labels.data is None and known is not None and all(isinstance(value, str) for value in known):
        labels = Array("text", labels.shape)
    statistics = ArrayStatistics(
        labels=labels,
        logits=arrays.get("logits") or arrays.get("probabilities"),
        from_logits="probabilities" not in arrays,
        hidden=arrays.get("hidden"),
        mask=arrays.get("mask"),
        lengths=arrays.get("lengths"),
        values=None if known is None else tuple(value for value in known if value != missing),
        complete=values is not None,
        missing=missing,
        has_nan=has_nan,
        class_axis=class_axis,
    )
    _refuse_unnamed(statistics)
    _refuse_measurements(statistics)
    _check_class_axis(statistics)
    return statistics


def _of_kind(labels: Array, kind: str | None) -> Array:
    if kind is None:
        return labels
    if kind not in KINDS:
        raise ConfigError(f"advise: there is no label kind '{kind}'\n  expected: one of {listed(KINDS)}")
    if labels.data is not None and kind != labels.kind:
        raise ConfigError(f"advise: the labels are {labels.kind}, not {kind}\n  hint: leave the label kind out")
    return Array(kind, labels.shape, labels.data)


def _values(given: Iterable[Any] | str) -> tuple[tuple[Value, ...], bool]:
    """Return the values given by the user, in the user's order, and whether NaN is one of them."""
    items = _items(given) if isinstance(given, str) else list(given)
    found = [_plain(item) for item in items]
    values = tuple(value for value in found if value is not None)
    if len(set(values)) < len(values) or len(values) < 2:
        problem = "one of them twice" if len(values) > 1 else f"{len(values)} of them"
        raise ConfigError(f"advise: values {_shown(items)} name {problem}\n  expected: each value of the labels once")
    return values, None in found


def _items(text: str) -> list[Any]:
    """Return the items of `-1,0,1`, `0..4`, `no,yes` or `nan,0,1`."""
    first, dots, last = text.partition("..")
    if dots:
        try:
            return list(range(int(first), int(last) + 1))
        except ValueError:
            raise ConfigError(
                f"advise: values '{text}' are not a range\n  expected: for example 0..4, or -1,0,1"
            ) from None
    return [_item(part.strip()) for part in text.split(",")]


def _item(text: str) -> int | float | str:
    """Return an integer or text as labels of files are parsed; any other number as it is."""
    value = label_value(text)
    try:
        return float(text) if isinstance(value, str) and ("." in text or text.lower() == "nan") else value
    except ValueError:
        return value


def _plain(item: Any) -> Value | None:
    """Return the value as an integer or text; None for NaN."""
    if isinstance(item, str):
        return str(item)
    number = float(item)
    if math.isnan(number):
        return None
    if not number.is_integer():
        raise ConfigError(
            f"advise: {item} is not a class\n"
            "  expected: values such as -1,0,1 or no,yes\n"
            "  hint: continuous values are regression: use a squared error, for example"
        )
    return int(number)


def _shown(items: list[Any]) -> str:
    return ",".join(map(str, items[:6])) + (",..." if len(items) > 6 else "")


def _counted(labels: Array, mask: Array | None, missing: int | None) -> NDArray[Any]:
    """Return the labels that count, flattened."""
    data = labels.data
    assert data is not None
    if mask is not None and mask.data is not None and mask.shape == data.shape[: len(mask.shape)]:
        data = data[mask.data.astype(bool)]
    data = data.reshape(-1)
    if data.dtype.kind == "f":
        data = data[~np.isnan(data)]
    return data if missing is None else data[data != missing]


def _values_seen(labels: Array, mask: Array | None, missing: int | None) -> tuple[tuple[Value, ...] | None, bool]:
    """Return the values of integer or text labels, in order, and whether NaN is among the labels."""
    if labels.data is None:
        return None, False
    has_nan = labels.kind == "float" and bool(np.isnan(labels.data).any())
    seen = np.unique(_counted(labels, mask, missing))
    if len(seen) > _MOST_VALUES or (labels.kind == "float" and bool((seen != np.round(seen)).any())):
        return None, has_nan
    return tuple(str(value) if labels.kind == "text" else operator.index(int(value)) for value in seen), has_nan


def _refuse_unnamed(statistics: ArrayStatistics) -> None:
    """Check that the labels hold only values that the user named."""
    if statistics.labels.data is None or not statistics.complete:
        return
    seen = _values_seen(statistics.labels, statistics.mask, statistics.missing)[0] or ()
    unnamed = [value for value in seen if value not in (statistics.values or ())]
    if unnamed:
        raise statistics.call.error(
            ValuesError,
            f"labels contain {unnamed[0]!r}, which is not one of the values {_shown(list(statistics.values or ()))}",
            expected="all label values, or missing= for the value of labels that do not count",
        )


def _check_class_axis(statistics: ArrayStatistics) -> None:
    if statistics.class_axis is None:
        return
    rank = 0 if statistics.logits is None else len(statistics.logits.shape)
    if not -rank <= statistics.class_axis < rank:
        problem = f"class_axis={statistics.class_axis} does not exist in {statistics.scores} with {rank} axes"
        raise statistics.call.error(ConfigError, problem, expected="an axis of the logits, counted from 0")


def _refuse_measurements(statistics: ArrayStatistics) -> None:
    """Check that fractional labels can be soft labels; otherwise the problem is regression."""
    if (
        statistics.labels.kind != "float"
        or statistics.labels.data is None
        or statistics.values is not None
        or statistics.are_zero_or_one
    ):
        return
    counted = _counted(statistics.labels, statistics.mask, statistics.missing)
    if counted.size and bool((counted != np.round(counted)).any()):
        example = counted[counted != np.round(counted)][0]
        raise statistics.call.error(
            ValuesError,
            f"labels are continuous values, such as {example:.6g}",
            expected="classes: integers or text, or soft labels from 0 to 1",
            hint="continuous values are regression: a head with one number per label, and a squared error such as "
            "torch.nn.functional.mse_loss; or bin the values into classes first",
        )
