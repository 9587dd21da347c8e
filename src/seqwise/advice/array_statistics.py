"""Shapes, arrays and values as they arrive -> what is known of them, before anything is concluded."""

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
"""A value that labels have; 1.0 is 1."""

_TORCH_IGNORES = -100
_MOST_VALUES = 10_000
_CLOSE = 1e-3


@dataclass(frozen=True)
class ArrayStatistics:
    """The known statistics of the arrays.

    Attributes:
        labels: the labels.
        logits: logits, or probabilities.
        from_logits: False when `logits` are probabilities.
        hidden: the states of the encoder.
        mask: what counts.
        lengths: how many steps count.
        values: the values that labels have, in class order and without missing ones; None when they are not known.
        complete: whether `values` are all there are; those seen in an array may be some of them.
        missing: labels of this value do not count.
        has_nan: whether some labels are NaN.
        class_axis: the axis of the logits that holds the classes, when the user says so.
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
        """The table of what arrived, for messages."""
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
        """Whether labels can be yes or no: 0 and 1, shares between them, or not known."""
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
        """The share of the most frequent label; 0 when the labels are not there."""
        if self.labels.data is None:
            return 0.0
        counted = _counted(self.labels, self.mask, self.missing)
        return float(np.unique(counted, return_counts=True)[1].max() / counted.size) if counted.size else 0.0

    @cached_property
    def softmax_was_applied(self) -> bool:
        """Whether what arrived as logits lies from 0 to 1 and sums to 1 over the last axis."""
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
    """The statistics of arrays (by the names of `seqwise.advice.given_arrays.NAMES`) and of values.

    Raises:
        ConfigError: no labels, an array that is none, a kind or value that makes no sense.
        ValuesError: labels between whole numbers that are no shares of classes.
        DataError: a file that cannot be read.
    """
    arrays = {name: array_of(name, given[name]) for name in NAMES if given.get(name) is not None}
    if "labels" not in arrays:
        raise ConfigError(
            "advise: there are no labels\n"
            "  expected: the shape of the labels, and of logits or hidden states where you have them\n"
            "  hint: for instance --logits 8x47 --labels 8x47 --values=-1,0,1, or a file: seqwise advise data.csv"
        )
    if "logits" in arrays and "probabilities" in arrays:
        raise ConfigError("advise: logits and probabilities were both given\n  expected: the one that the loss gets")
    labels = _of_kind(arrays["labels"], label_kind)
    known, has_nan = _values_seen(labels, arrays.get("mask"), missing)
    if values is not None:
        known, names_nan = _values(values)
        has_nan = has_nan or names_nan
    if known is not None and missing is None and _TORCH_IGNORES in known:
        missing = _TORCH_IGNORES
    if labels.data is None and known is not None and all(isinstance(value, str) for value in known):
        labels = Array("text", labels.shape)
    facts = ArrayStatistics(
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
    _refuse_unnamed(facts)
    _refuse_measurements(facts)
    _check_class_axis(facts)
    return facts


def _of_kind(labels: Array, kind: str | None) -> Array:
    if kind is None:
        return labels
    if kind not in KINDS:
        raise ConfigError(f"advise: there is no label kind '{kind}'\n  expected: one of {listed(KINDS)}")
    if labels.data is not None and kind != labels.kind:
        raise ConfigError(f"advise: the labels are {labels.kind}, not {kind}\n  hint: leave the label kind out")
    return Array(kind, labels.shape, labels.data)


def _values(given: Iterable[Any] | str) -> tuple[tuple[Value, ...], bool]:
    """The values a user names, in the user's order, and whether NaN is one of them."""
    items = _items(given) if isinstance(given, str) else list(given)
    found = [_plain(item) for item in items]
    values = tuple(value for value in found if value is not None)
    if len(set(values)) < len(values) or len(values) < 2:
        problem = "one of them twice" if len(values) > 1 else f"{len(values)} of them"
        raise ConfigError(f"advise: values {_shown(items)} name {problem}\n  expected: each value of the labels once")
    return values, None in found


def _items(text: str) -> list[Any]:
    """The items of `-1,0,1`, `0..4`, `no,yes` or `nan,0,1`."""
    first, dots, last = text.partition("..")
    if dots:
        try:
            return list(range(int(first), int(last) + 1))
        except ValueError:
            raise ConfigError(f"advise: values '{text}' are no range\n  expected: such as 0..4, or -1,0,1") from None
    return [_item(part.strip()) for part in text.split(",")]


def _item(text: str) -> int | float | str:
    """A whole number or text as labels of files are read; any other number as it is."""
    value = label_value(text)
    try:
        return float(text) if isinstance(value, str) and ("." in text or text.lower() == "nan") else value
    except ValueError:
        return value


def _plain(item: Any) -> Value | None:
    """The value as an integer or text; None for NaN."""
    if isinstance(item, str):
        return str(item)
    number = float(item)
    if math.isnan(number):
        return None
    if not number.is_integer():
        raise ConfigError(
            f"advise: {item} is not a class\n"
            "  expected: values such as -1,0,1 or no,yes\n"
            "  hint: numbers between classes are amounts: that is regression, with a squared error for instance"
        )
    return int(number)


def _shown(items: list[Any]) -> str:
    return ",".join(map(str, items[:6])) + (",..." if len(items) > 6 else "")


def _counted(labels: Array, mask: Array | None, missing: int | None) -> NDArray[Any]:
    """The labels that count, in a row."""
    data = labels.data
    assert data is not None
    if mask is not None and mask.data is not None and mask.shape == data.shape[: len(mask.shape)]:
        data = data[mask.data.astype(bool)]
    data = data.reshape(-1)
    if data.dtype.kind == "f":
        data = data[~np.isnan(data)]
    return data if missing is None else data[data != missing]


def _values_seen(labels: Array, mask: Array | None, missing: int | None) -> tuple[tuple[Value, ...] | None, bool]:
    """The values that whole or textual labels have, in order, and whether NaN is among the labels."""
    if labels.data is None:
        return None, False
    has_nan = labels.kind == "float" and bool(np.isnan(labels.data).any())
    seen = np.unique(_counted(labels, mask, missing))
    if len(seen) > _MOST_VALUES or (labels.kind == "float" and bool((seen != np.round(seen)).any())):
        return None, has_nan
    return tuple(str(value) if labels.kind == "text" else operator.index(int(value)) for value in seen), has_nan


def _refuse_unnamed(facts: ArrayStatistics) -> None:
    """Labels that hold something else than the values that the user named."""
    if facts.labels.data is None or not facts.complete:
        return
    seen = _values_seen(facts.labels, facts.mask, facts.missing)[0] or ()
    unnamed = [value for value in seen if value not in (facts.values or ())]
    if unnamed:
        raise facts.call.error(
            ValuesError,
            f"labels hold {unnamed[0]!r}, which is none of the values {_shown(list(facts.values or ()))}",
            expected="every value that labels have, or missing= for the one that marks what does not count",
        )


def _check_class_axis(facts: ArrayStatistics) -> None:
    if facts.class_axis is None:
        return
    rank = 0 if facts.logits is None else len(facts.logits.shape)
    if not -rank <= facts.class_axis < rank:
        problem = f"class_axis={facts.class_axis} does not exist in {facts.scores} with {rank} axes"
        raise facts.call.error(ConfigError, problem, expected="an axis of the logits, counted from 0")


def _refuse_measurements(facts: ArrayStatistics) -> None:
    """Labels between whole numbers are fine where they can be shares of classes, and regression elsewhere."""
    if facts.labels.kind != "float" or facts.labels.data is None or facts.values is not None or facts.are_zero_or_one:
        return
    counted = _counted(facts.labels, facts.mask, facts.missing)
    if counted.size and bool((counted != np.round(counted)).any()):
        example = counted[counted != np.round(counted)][0]
        raise facts.call.error(
            ValuesError,
            f"labels are amounts, such as {example:.6g}",
            expected="classes: whole numbers or text, or shares of classes from 0 to 1",
            hint="amounts are regression: a head of one number per label, and a squared error such as "
            "torch.nn.functional.mse_loss; or cut the amounts into classes first",
        )
