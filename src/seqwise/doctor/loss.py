"""A loss under examination: one way to call it, whatever its framework, signature and layout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from seqwise.doctor.frameworks import Array, Framework, result_array
from seqwise.doctor.signature import PREDICTIONS, Signature

__all__ = ["CallFailed", "Channel", "Loss", "Reading"]


class CallFailed(Exception):  # noqa: N818 - an outcome of a trial, never shown as an error
    """The user's code raised.

    Attributes:
        cause: what it raised.
    """

    def __init__(self, cause: BaseException) -> None:
        super().__init__(f"{type(cause).__name__}: {cause}")
        self.cause = cause


@dataclass(frozen=True)
class Reading:
    """How arrays are laid out for a loss.

    Attributes:
        layout: the axes of the logits: "btc", "bct", "tbc", "nc", and "bt" or "n" where there are no classes.
        labels: "index", "one-hot", or "binary" for yes or no in each cell of the logits.
        feed: what is given: "logits", "probabilities" or "log-probabilities".
        first_label: the label of the first class: 0, or 1 or -1 for losses that count from there.
    """

    layout: str
    labels: str
    feed: str = "logits"
    first_label: int = 0

    @property
    def has_time(self) -> bool:
        """Whether sequences keep an axis of their own."""
        return self.layout not in ("nc", "n")


@dataclass(frozen=True)
class Channel:
    """A way to tell a loss what counts.

    Attributes:
        kind: "mask", "lengths", "weight", "ignore" (a label of a certain value), "keras" (a mask hidden on the array).
        text: what people read: "mask", "labels of -100".
        role: the role of the parameter that takes it; "" when it is told by the labels alone.
        form: for masks, the dtype and the axes: ("bool", "positions").
        true_counts: for masks, whether True counts or is padding.
        value: for ignored labels, that label.
        owner: the library whose behaviour it is, when it is not the user's.
    """

    kind: str
    text: str
    role: str = ""
    form: tuple[str, str] = ("bool", "positions")
    true_counts: bool = True
    value: int = 0
    owner: str | None = None


@dataclass
class Loss:
    """A loss, called with NumPy arrays in one layout: logits (B, T, C), labels (B, T) or (B, T, C), counts (B, T).

    Attributes:
        name: as the user wrote it.
        build: the callable for these options of the constructor; the same one for a function or an instance.
        signature: the parameters of the call.
        constructor: the parameters of the class, when a class was given.
        framework: where its arrays live.
        library: the library it comes from as it is, None for the user's own code.
        classes: C.
        reading: the layout in use.
        readings: every layout that it takes sensibly.
        channels: the ways to tell what counts.
        notes: what is worth knowing and no fault.
        options: options by role that every call gets.
        facts: what was measured already; a changed copy starts without.
    """

    name: str
    build: Callable[..., Callable[..., Any]]
    signature: Signature
    constructor: Signature
    framework: Framework
    library: str | None = None
    classes: int = 5
    reading: Reading = Reading("btc", "index")
    readings: tuple[Reading, ...] = ()
    channels: tuple[Channel, ...] = ()
    notes: list[str] = field(default_factory=list)
    options: Mapping[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def option(self, role: str) -> bool:
        """Whether an option can be set."""
        return self.signature.named(role) is not None or self.constructor.named(role) is not None

    def parameter(self, role: str) -> str:
        """The user's name for a role."""
        alike = PREDICTIONS if role == "logits" else (role,)
        found = (self.signature.named(one) or self.constructor.named(one) for one in alike)
        return next((one.name for one in found if one is not None), role)

    def read_as(self, reading: Reading) -> Loss:
        """The same loss with arrays in another layout."""
        return replace(self, reading=reading)

    def with_options(self, **options: Any) -> Loss:
        """The same loss with these options in every call."""
        return replace(self, options={**self.options, **options})

    def with_classes(self, classes: int) -> Loss:
        """The same loss called with fewer classes, for examples."""
        return replace(self, classes=min(classes, self.classes))

    def works_at(self, size: tuple[int, int]) -> bool:
        """Whether there is a loss for a batch of this size at all; a slice can leave nothing of a single step."""
        if str(size) not in self.facts:
            try:
                self.facts[str(size)] = bool(np.isfinite(self.array(*self.data(*size))).all())
            except CallFailed:
                self.facts[str(size)] = False
        found: bool = self.facts[str(size)]
        return found

    def note(self, text: str) -> None:
        """Adds something worth knowing that is no fault, once."""
        if text not in self.notes:
            self.notes.append(text)

    def data(self, rows: int, steps: int, seed: int = 0) -> tuple[Array, Array]:
        """Logits (B, T, C) with one decimal, so that examples can be read, and labels."""
        rng = np.random.default_rng(seed)
        logits = np.round(rng.normal(0.0, 1.5, (rows, steps, self.classes)), 1)
        if self.reading.labels == "binary":
            return logits, rng.integers(0, 2, logits.shape)
        allowed = self.allowed_labels()
        labels = rng.integers(0, len(allowed), (rows, steps))
        labels.flat[0] = len(allowed) - 1
        return logits, np.array(allowed)[labels]

    def allowed_labels(self) -> list[int]:
        """The classes that no channel reads as "does not count"."""
        ignored = {channel.value for channel in self.channels if channel.kind == "ignore"}
        return [label for label in range(self.classes) if label not in ignored]

    def result(
        self,
        logits: Array,
        labels: Array,
        counts: Array | None = None,
        channel: Channel | None = None,
        half: bool = False,
        **options: Any,
    ) -> Any:
        """What the user's code returns.

        Args:
            logits: (B, T, C).
            labels: (B, T) class indices, or (B, T, C) zeros and ones.
            counts: (B, T) booleans; everything counts when not given.
            channel: how counts is told; the first way when not given.
            half: give the logits in half precision.
            **options: class_weight, label_smoothing and the like, by role.

        Raises:
            CallFailed: the user's code raised.
        """
        given = self.arrays(logits, labels, counts, channel, **options)
        return self._called(given, half)

    def arrays(
        self, logits: Array, labels: Array, counts: Array | None = None, channel: Channel | None = None, **options: Any
    ) -> dict[str, Any]:
        """The arguments by role, as NumPy arrays in the layout of the loss."""
        everything = np.ones(logits.shape[:2], dtype=bool)
        counted = everything if counts is None else counts
        channel = channel or next(iter(self.channels), None)
        given: dict[str, Any] = {"logits": self._fed(logits)}
        given["labels"] = self._label_array(labels, counted, channel)
        for other in self.channels:
            told = counted if other == channel else everything
            if other.role and ((other == channel and counts is not None) or self.is_required(other.role)):
                given[other.role] = self._told(other, told, logits.shape)
        if channel is not None and channel.kind == "keras" and counts is not None:
            given["keras mask"] = self._positions(counted)
        return {**self._required(), **given, **self.options, **options}

    def value_of(self, given: Mapping[str, Any], half: bool = False) -> float:
        """The loss of arguments by role, as `arrays` gives them."""
        return float(result_array(self._called(dict(given), half)).sum())

    def value(
        self, logits: Array, labels: Array, counts: Array | None = None, channel: Channel | None = None, **options: Any
    ) -> float:
        """The loss as one number; the sum when one number per position is returned."""
        return float(self.array(logits, labels, counts, channel, **options).sum())

    def array(
        self, logits: Array, labels: Array, counts: Array | None = None, channel: Channel | None = None, **options: Any
    ) -> Array:
        """The result as float64 numbers."""
        return result_array(self.result(logits, labels, counts, channel, **options))

    def gradient(
        self, logits: Array, labels: Array, counts: Array | None = None, channel: Channel | None = None, **options: Any
    ) -> Array | None:
        """The gradient by what is fed, as (B, T, C); None when the loss is cut from the graph."""
        given = self.arrays(logits, labels, counts, channel, **options)
        fed = given["logits"]
        try:
            slope = self.framework.gradient(lambda leaf: self._call({**given, "logits": leaf}), fed)
        except Exception as problem:  # whatever the user's code raises
            raise CallFailed(problem) from problem
        return None if slope is None else self._canonical(slope, logits.shape)

    def _called(self, given: dict[str, Any], half: bool) -> Any:
        try:
            logits = self.framework.array(np.asarray(given["logits"], dtype=float), half)
            return self._call({**given, "logits": logits})
        except Exception as problem:  # whatever the user's code raises
            raise CallFailed(problem) from problem

    def _call(self, given: dict[str, Any]) -> Any:
        keras_mask = given.pop("keras mask", None)
        native = {role: self._native(value) for role, value in given.items()}
        for role in PREDICTIONS:
            native.setdefault(role, native["logits"])
        options = {
            one.name: native.pop(one.role)
            for one in self.constructor.parameters
            if one.role in native and self.signature.named(one.role) is None
        }
        if keras_mask is not None:
            native["logits"]._keras_mask = self._native(keras_mask)
        positional, keywords = self.signature.arguments({k: v for k, v in native.items() if v is not None})
        return self.framework.call(self.build(**options), positional, keywords)

    def _native(self, value: Any) -> Any:
        return self.framework.array(value) if isinstance(value, np.ndarray) else value

    def is_required(self, role: str) -> bool:
        """Whether a parameter of this role has no default."""
        found = (self.signature.named(role), self.constructor.named(role))
        return any(one.required for one in found if one is not None)

    def _required(self) -> dict[str, Any]:
        """Values for parameters that have no default and are no arrays of the batch."""
        rng = np.random.default_rng(7)
        square = np.round(rng.normal(0.0, 0.5, (self.classes, self.classes)), 1)
        values: Mapping[str, Any] = {
            "transitions": square,
            "head": np.eye(self.classes),
            "class_weight": np.ones(self.classes),
            "pos_weight": np.ones(self.classes),
            "class_count": self.classes,
            "label_smoothing": 0.0,
            "gamma": 2.0,
            "alpha": 1.0,
            "epsilon": 1e-8,
            "ignore_index": -100,
            "denominator": 1.0,
        }
        return {role: value for role, value in values.items() if self.is_required(role)}

    def _fed(self, logits: Array) -> Array:
        """What the loss is given for these logits."""
        if self.reading.feed == "logits":
            return self._laid_out(logits)
        if self.reading.labels == "binary":
            return self._laid_out(1.0 / (1.0 + np.exp(-logits)))
        shifted = logits - np.where(np.isfinite(logits), logits, 0.0).max(-1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
        return self._laid_out(logs if self.reading.feed == "log-probabilities" else np.exp(logs))

    def _laid_out(self, values: Array) -> Array:
        """Values (B, T, C) in the layout of the logits."""
        layout = self.reading.layout
        if layout in ("nc", "n"):
            values = values.reshape(-1, values.shape[-1])
        if layout in ("bct", "tbc"):
            values = values.swapaxes(*((1, 2) if layout == "bct" else (0, 1)))
        return np.ascontiguousarray(values[..., 0] if layout in ("bt", "n") else values)

    def _canonical(self, values: Array, shape: tuple[int, ...]) -> Array:
        """An array in the layout of the logits as (B, T, C)."""
        layout = self.reading.layout
        if layout in ("bct", "tbc"):
            return values.swapaxes(*((1, 2) if layout == "bct" else (0, 1)))
        return values.reshape(shape)

    def _positions(self, values: Array) -> Array:
        """Values (B, T) in the layout of the labels."""
        if not self.reading.has_time:
            return values.reshape(-1)
        return np.ascontiguousarray(values.T) if self.reading.layout == "tbc" else values

    def _label_array(self, labels: Array, counted: Array, channel: Channel | None) -> Array:
        if self.reading.labels == "binary":
            return self._laid_out(labels.astype(float))
        if self.reading.labels == "one-hot":
            return self._laid_out(np.eye(self.classes)[labels])
        labels = labels + self.reading.first_label
        if channel is not None and channel.kind == "ignore":
            labels = np.where(counted, labels, channel.value)
        return self._positions(labels.astype(np.int64))

    def _told(self, channel: Channel, counted: Array, shape: tuple[int, ...]) -> Any:
        if channel.kind == "ignore":
            return channel.value
        if channel.kind == "lengths":
            lengths = counted.sum(1)
            return lengths.tolist() if channel.form[0] == "list" else lengths
        dtype, axes = channel.form
        mask = (counted if channel.true_counts else ~counted).astype(
            {"bool": bool, "float": float, "int": np.int64}[dtype]
        )
        if axes == "cells":
            return self._laid_out(np.broadcast_to(mask[..., None], shape).copy())
        told = self._positions(mask)
        return told[..., None] if axes == "column" else told
