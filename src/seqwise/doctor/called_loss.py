"""A loss under examination: one way to call it, whatever its framework, signature and layout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from seqwise.doctor.frameworks import Array, Framework, code_of, own_gradient, result_array
from seqwise.doctor.signature import PREDICTIONS, Signature
from seqwise.doctor.told import CallFailed, Channel, Reading

__all__ = ["CallFailed", "Channel", "Loss", "Reading"]


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
    reading: Reading = field(default_factory=lambda: Reading("btc", "index"))
    readings: tuple[Reading, ...] = ()
    channels: tuple[Channel, ...] = ()
    notes: list[str] = field(default_factory=list)
    options: Mapping[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def is_chain(self) -> bool:
        """Whether words in the code or its object speak of transitions between tags."""
        try:
            made = self.build(**self.made_with())
        except Exception:  # whatever the user's code raises
            return False
        code = code_of(made)
        used = code.__code__.co_names if code is not None else ()
        words = " ".join((self.name, *(vars(made) if hasattr(made, "__dict__") else ()), *used)).lower()
        words += " ".join(getattr(made, "_parameters", {}))
        return "crf" in words or "transition" in words or self.signature.named("transitions") is not None

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
        """The return value of the user's code.

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
        if self.reading.shifts:
            logits, labels, counts = self._shifted(logits, labels, counts)
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

    def _shifted(self, logits: Array, labels: Array, counts: Array | None) -> tuple[Array, Array, Array | None]:
        """A step more, so that the label of each step stands at the next: a first label and a last prediction."""
        first = np.full_like(labels[:, :1], self.allowed_labels()[0])
        later = np.concatenate([first, labels], 1)
        counted = None if counts is None else np.concatenate([np.ones_like(counts[:, :1]), counts], 1)
        return self._longer(logits), later, counted

    def _longer(self, values: Array) -> Array:
        """Values (B, T, C) with the last step that such a loss drops."""
        return np.concatenate([values, np.zeros_like(values[:, :1])], 1) if self.reading.shifts else values

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

    def own_gradient(self, logits: Array, labels: Array) -> Array | None:
        """The gradient, as (B, T, C), that a loss of NumPy returns beside one number or has in `backward`."""
        given = self.arrays(logits, labels)
        fed = given["logits"]
        result = self._called(dict(given), half=False)
        if np.ndim(result_array(result)):
            return None
        found = own_gradient(result, fed.shape)
        if found is None:
            found = self._backward(fed.shape)
        return None if found is None else self._canonical(found, logits.shape)

    def _backward(self, shape: tuple[int, ...]) -> Array | None:
        """The result of `backward` of an object whose `forward` was called last; None where there is no such method."""
        method = getattr(getattr(self.build(**self.made_with()), "__self__", None), "backward", None)
        for arguments in ((), (1.0,)):
            try:
                found = method(*arguments) if callable(method) else None
            except Exception:  # whatever the user's code raises
                continue
            found = found[0] if isinstance(found, tuple) else found
            if found is not None and np.shape(found) == shape:
                return np.asarray(found, dtype=float)
        return None

    def place(self, cell: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
        """Where a cell of logits (B, T, C) of this shape stands in what the loss is given."""
        marked = np.zeros(shape)
        marked[cell] = 1.0
        return tuple(int(one) for one in np.argwhere(self._laid_out(self._longer(marked)))[0])

    def twice(self, given: Mapping[str, Any]) -> tuple[float, float, str]:
        """The loss of the same objects in two calls, and which of them the first call changed; "" for none.

        Raises:
            CallFailed: the user's code raised.
        """
        native = {role: self._native(value) for role, value in given.items()}
        kept = {role: np.array(value) for role, value in native.items() if hasattr(value, "shape")}
        try:
            first = float(result_array(self._call(dict(native), as_they_are=True)).sum())
            changed = [
                role for role, value in kept.items() if not np.array_equal(value, np.asarray(native[role]), True)
            ]
            second = float(result_array(self._call(dict(native), as_they_are=True)).sum())
        except Exception as problem:  # whatever the user's code raises
            raise CallFailed(problem) from problem
        return first, second, self.parameter(changed[0]) if changed else ""

    def _called(self, given: dict[str, Any], half: bool) -> Any:
        try:
            logits = self.framework.array(np.asarray(given["logits"], dtype=float), half)
            return self._call({**given, "logits": logits})
        except Exception as problem:  # whatever the user's code raises
            raise CallFailed(problem) from problem

    def _call(self, given: dict[str, Any], as_they_are: bool = False) -> Any:
        keras_mask = given.pop("keras mask", None)
        native = given if as_they_are else {role: self._native(value) for role, value in given.items()}
        for role in PREDICTIONS:
            native.setdefault(role, native["logits"])
        options = self._built_with(native)
        if keras_mask is not None:
            native["logits"]._keras_mask = self._native(keras_mask)
        positional, keywords = self.signature.arguments({k: v for k, v in native.items() if v is not None})
        return self.framework.call(self.build(**options), positional, keywords)

    def _built_with(self, native: dict[str, Any]) -> dict[str, Any]:
        """The arguments of the constructor, which are taken out of those by role."""
        if not self.constructor.parameters:
            return {}
        known = {**{role: self._native(value) for role, value in self._required().items()}, **native}
        options = {
            one.name: known[one.role]
            for one in self.constructor.parameters
            if one.role in known and self.signature.named(one.role) is None
        }
        for one in self.constructor.parameters:
            native.pop(one.role if self.signature.named(one.role) is None else "", None)
        return options

    def made_with(self) -> dict[str, Any]:
        """The arguments of the constructor of a class, by its own names."""
        return self._built_with({})

    def _native(self, value: Any) -> Any:
        return self.framework.array(value) if isinstance(value, np.ndarray) else value

    def is_required(self, role: str) -> bool:
        """Whether a parameter of this role has no default."""
        found = (self.signature.named(role), self.constructor.named(role))
        return any(one.required for one in found if one is not None)

    def _required(self) -> dict[str, Any]:
        """Values for parameters that have no default and are no arrays of the batch."""
        if "required" not in self.facts:
            self.facts["required"] = self._values_of_required()
        found: dict[str, Any] = self.facts["required"]
        return found

    def _values_of_required(self) -> dict[str, Any]:
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
            "ignore_index": 0 if "pad" in self.parameter("ignore_index") else -100,
            "denominator": 1.0,
            "axis": -1,
            "device": "cpu",
            "margin": 0.1,
            "scale": 1.0,
            "reduction": "mean",
        }
        return {role: value for role, value in values.items() if self.is_required(role)}

    def _fed(self, logits: Array) -> Array:
        """The arguments of the loss for these logits."""
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
        longer = (shape[0], shape[1] + self.reading.shifts, *shape[2:])
        if layout in ("bct", "tbc"):
            values = values.swapaxes(*((1, 2) if layout == "bct" else (0, 1)))
        return values.reshape(longer)[:, : shape[1]]

    def _positions(self, values: Array) -> Array:
        """Values (B, T) in the layout of the labels."""
        if not self.reading.has_time:
            return values.reshape(-1)
        return np.ascontiguousarray(values.T) if self.reading.layout == "tbc" else values

    def _label_array(self, labels: Array, counted: Array, channel: Channel | None) -> Array:
        if self.reading.labels == "binary":
            answers = labels.astype(float)
            if channel is not None and channel.kind == "ignore":
                answers = np.where(counted[..., None], answers, channel.value)
            return self._laid_out(answers)
        if self.reading.labels == "one-hot":
            return self._laid_out(np.eye(self.classes)[labels])
        labels = labels + self.reading.first_label
        if channel is not None and channel.kind == "ignore":
            labels = np.where(counted, labels, int(channel.value))
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
