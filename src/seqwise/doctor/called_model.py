"""A model under examination: token ids or numbers in, outputs by name out, whatever its framework and signature."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from seqwise.doctor.called_loss import CallFailed
from seqwise.doctor.construct import built, sizes_of
from seqwise.doctor.frameworks import Array, Framework, framework_named, result_array
from seqwise.doctor.recurrent_layers import feature_sizes, fixed_steps, is_keras, layers_of
from seqwise.doctor.signature import Parameter, role_of
from seqwise.errors import UsageError

__all__ = ["Model", "Told", "understood_model"]


@dataclass(frozen=True)
class Told:
    """How a model is told how long its sequences are.

    Attributes:
        kind: "lengths", "mask" or "padding", a token id or a number that stands for nothing.
        text: what people read.
        name: the parameter; "" for padding.
        form: for masks and lengths, what is given: "bool", "float", "int", or "array", "list".
        true_counts: for masks, whether True counts or is padding.
        by_name: for masks, whether True counts by the name; None when the name says nothing about it.
    """

    kind: str
    text: str
    name: str = ""
    form: str = "bool"
    true_counts: bool = True
    by_name: bool | None = None

    @property
    def inverted(self) -> Told:
        """The same mask, whose True means the other."""
        return _mask(self.name, self.form, not self.true_counts, self.by_name)


@dataclass
class Model:
    """A model, called with NumPy arrays: inputs (B, T) or (B, T, F) and counts (B, T).

    Attributes:
        name: as the user wrote it.
        thing: the model itself.
        framework: where its arrays live.
        parameters: those of the call.
        symbols: how many token ids there are; 0 when it takes numbers.
        channels: numbers per step.
        padding: what stands in the padding.
        ways: the ways to tell what counts.
        time_first: whether inputs are (T, B).
        channels_first: whether inputs are (B, F, T).
        fixed: the only number of steps that it takes; 0 for any.
        least: the fewest steps that it takes.
        sorted_only: whether the longest sequence must come first.
        notes: what is worth knowing and no fault.
        library: None; models are always the user's.
    """

    name: str
    thing: Any
    framework: Framework
    parameters: tuple[Parameter, ...]
    symbols: int = 0
    channels: int = 0
    padding: float = 0
    ways: tuple[Told, ...] = ()
    time_first: bool = False
    channels_first: bool = False
    fixed: int = 0
    least: int = 1
    sorted_only: bool = False
    notes: list[str] = field(default_factory=list)
    library: str | None = None

    def note(self, text: str) -> None:
        """Adds something worth knowing that is no fault, once."""
        if text not in self.notes:
            self.notes.append(text)

    @property
    def steps(self) -> int:
        """Steps of a first trial, not as many as there are numbers per step."""
        return self.fixed or max(self.least, 7 if self.channels == 5 else 5)

    def sizes(self) -> list[tuple[int, int]]:
        """Rows and steps of the batches that the laws compare, large and small."""
        return [(4, self.fixed or max(11, self.least + 6)), (3, self.steps)]

    def works_at(self, size: tuple[int, int]) -> bool:
        """Whether it takes so many steps."""
        return size[1] == self.fixed if self.fixed else size[1] >= self.least

    def parameter(self, role: str) -> str:
        """The user's name of the inputs, or of what tells lengths."""
        return self.parameters[0].name if role == "inputs" else role

    def inputs(self, rows: int, steps: int, seed: int = 0) -> Array:
        """Random inputs: ids from 1 on, or numbers with one decimal."""
        rng = np.random.default_rng(seed)
        if self.symbols:
            ids = rng.integers(1, self.symbols, (rows, steps))
            return np.where(ids == self.padding, 1 if self.padding != 1 else 2, ids)
        return np.round(rng.normal(0.0, 1.0, (rows, steps, self.channels)), 1) + 0.05

    def outputs(self, inputs: Array, counts: Array | None = None, way: Told | None = None) -> dict[str, Array]:
        """The output of the model, in float64, by name.

        Args:
            inputs: (B, T) ids or (B, T, F) numbers.
            counts: (B, T) booleans; everything counts when not given.
            way: how that is told; the first way when not given.

        Raises:
            CallFailed: the user's code raised.
        """
        try:
            with _judging(self.thing):
                result = self.framework.call(self.thing, *self._arguments(inputs, counts, way))
        except Exception as problem:  # whatever the user's code raises
            raise CallFailed(problem) from problem
        return {name: self._canonical(one, inputs) for name, one in _named(result).items()}

    def arrays(self, inputs: Array, counts: Array | None = None, way: Told | None = None) -> dict[str, Any]:
        """The arguments by the user's names, for examples."""
        positional, keywords = self._arguments(inputs, counts, way, native=False)
        return {**dict(zip((one.name for one in self.parameters), positional, strict=False)), **keywords}

    def _canonical(self, output: Array, inputs: Array) -> Array:
        """An output with a row for each step as (B, T, ...)."""
        if self.time_first and output.ndim == 3 and output.shape[:2] == inputs.shape[1::-1]:
            return output.swapaxes(0, 1)
        if self.channels_first and output.ndim == 3 and output.shape[2] == inputs.shape[1]:
            return output.swapaxes(1, 2)
        return output

    def _arguments(
        self, inputs: Array, counts: Array | None, way: Told | None, native: bool = True
    ) -> tuple[list[Any], dict[str, Any]]:
        everything = np.ones(inputs.shape[:2], dtype=bool)
        counts = everything if counts is None else counts
        way = way or next(iter(self.ways), None)
        spread = counts if inputs.ndim == 2 else counts[..., None]
        given = np.where(spread, inputs, self.padding).astype(inputs.dtype)
        required = [one for one in self.ways if any(p.name == one.name and p.required for p in self.parameters)]
        keywords: dict[str, Any] = {}
        for one in [*required, *([way] if way is not None and way.name else [])]:
            keywords[one.name] = self._told(one, counts if one == way or way is None or not way.name else everything)
        given = given.swapaxes(1, 2) if self.channels_first else given
        given = given.swapaxes(0, 1) if self.time_first else given
        if not native:
            return [given], keywords
        return [self.framework.array(given)], {name: self._native(value) for name, value in keywords.items()}

    def _native(self, value: Any) -> Any:
        return self.framework.array(value) if isinstance(value, np.ndarray) else value

    def _told(self, way: Told, counts: Array) -> Any:
        if way.kind == "lengths":
            return counts.sum(1).tolist() if way.form == "list" else counts.sum(1)
        mask = counts if way.true_counts else ~counts
        return mask.astype({"bool": bool, "float": np.float32, "int": np.int64}[way.form])


def _named(result: Any) -> dict[str, Array]:
    """The arrays in a result by name: of a mapping all, else the logits of an object or the first array of several."""
    if isinstance(result, dict):
        return {str(name): result_array(one) for name, one in result.items() if hasattr(one, "shape")}
    if hasattr(result, "logits"):
        return {"output": result_array(result.logits)}
    if isinstance(result, tuple | list):
        result = next((one for one in result if hasattr(one, "shape")), result)
    return {"output": result_array(result)}


def understood_model(thing: Any, name: str) -> Model:
    """The model, with its inputs and the ways to tell it lengths found by trying.

    Raises:
        UsageError: it cannot be built or called.
    """
    made = built(thing, name) if isinstance(thing, type) else thing
    framework = framework_named("keras" if is_keras(made) else "torch")
    model = Model(name, made, framework, tuple(_parameters(made)))
    if isinstance(thing, type) and sizes_of(thing):
        model.note(f"built as {name}({', '.join(f'{key}={value!r}' for key, value in sizes_of(thing).items())})")
    problems: list[str] = []
    for candidate in _candidates(model):
        try:
            outputs = candidate.outputs(candidate.inputs(3, candidate.steps))
        except CallFailed as failure:
            problems.append(f"it raises {failure}")
            continue
        if all(np.isfinite(one).all() and one.ndim for one in outputs.values()) and outputs:
            return _told(_free(candidate))
        problems.append("its output is not finite" if outputs else "it gives no array")
    raise UsageError(
        f"doctor: {name} could not be called as a model: {problems[0] if problems else 'it has no layer that says'}\n"
        f"  A model takes token ids (batch, time) or numbers (batch, time, features), and lengths (batch,) or "
        f"mask (batch, time) by these names."
    )


def _free(model: Model) -> Model:
    """The model; where it takes long sequences only, and no longer ones, for as many steps as it takes."""
    if model.least == 1:
        return model
    try:
        model.outputs(model.inputs(3, model.least + 6))
    except CallFailed:
        return replace(model, fixed=model.least, least=1)
    return model


def _parameters(thing: Any) -> Iterator[Parameter]:
    """The parameters of the call. What Keras adds to models put together from layers is left out."""
    known = inspect.signature(thing.call if is_keras(thing) else thing.forward).parameters.values()
    by_keras = is_keras(thing) and type(thing).__module__.startswith("keras")
    for one in known:
        added = one.name == "training" or (by_keras and one.name == "mask")
        if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD) and not added:
            yield Parameter(one.name, role_of(one.name), one.default is one.empty)


# What it takes -------------------------------------------------------------------------------------------------------


def _candidates(model: Model) -> Iterator[Model]:
    """The model with each kind of input it may take, and each form of what must be given beside.

    Any number of steps first, then the layouts and lengths that layers speak of, and time before batch at last.
    """
    symbols, padding = _embedding(model.thing)
    kinds = [{"symbols": symbols, "padding": padding}] if symbols else []
    kinds += [{"channels": size, "padding": padding} for size in feature_sizes(model.thing)] if not symbols else []
    shapes: list[dict[str, Any]] = [{}, {"channels_first": True}, {"least": 16}, {"channels_first": True, "least": 16}]
    shapes += [{"least": 64}, {"channels_first": True, "least": 64}]
    for shape in shapes:
        if not (symbols and "channels_first" in shape):
            yield from _with_ways(model, kinds, shape)
    for kind in kinds:
        for steps in fixed_steps(model.thing, int(kind.get("channels", 0))):
            yield from _with_ways(model, [kind], {"fixed": steps})
            if not symbols:
                yield from _with_ways(model, [kind], {"fixed": steps, "channels_first": True})
    yield from _with_ways(model, kinds, {"time_first": True})
    for steps in range(8, 257) if any(hasattr(one, "in_features") for one in layers_of(model.thing)) else ():
        for turned in (False, True)[: 1 if symbols else 2]:
            yield from _with_ways(model, kinds[:1], {"fixed": steps, "channels_first": turned})


def _with_ways(model: Model, kinds: list[dict[str, Any]], shape: dict[str, Any]) -> Iterator[Model]:
    for kind in kinds:
        for ways in _first_ways(model):
            yield replace(model, ways=ways, **kind, **shape)


def _embedding(thing: Any) -> tuple[int, float]:
    """How many token ids the first embedding knows, and which of them is padding."""
    for layer in layers_of(thing):
        size = getattr(layer, "num_embeddings", None) or getattr(layer, "input_dim", None)
        if "Embedding" in type(layer).__name__ and isinstance(size, int):
            return size, getattr(layer, "padding_idx", None) or 0
    return 0, _masking_value(thing)


def _masking_value(thing: Any) -> float:
    values = [layer.mask_value for layer in layers_of(thing) if type(layer).__name__ == "Masking"]
    return float(values[0]) if values else 0.0


def _forms(parameter: Parameter) -> list[Told]:
    """The forms in which lengths or a mask may be wanted: as its name says, then the other way round."""
    name = parameter.name
    if parameter.role == "lengths":
        return [Told("lengths", name, name, form) for form in ("array", "list")]
    counts = parameter.role == "mask"
    by_name = counts if not counts or re.search(r"att|valid|keep", name.lower()) else None
    return [_mask(name, form, true, by_name) for true in (counts, not counts) for form in ("bool", "float", "int")]


def _mask(name: str, form: str, true_counts: bool, by_name: bool | None) -> Told:
    text = f"{name} (True {'counts' if true_counts else 'is padding'})"
    return Told("mask", text, name, form, true_counts, by_name)


def _tellers(model: Model) -> list[Parameter]:
    return [one for one in model.parameters[1:] if one.role in ("lengths", "mask", "padding_mask")]


def _first_ways(model: Model) -> list[tuple[Told, ...]]:
    """Ways to tell that everything counts: by what must be given, then by what may be left out too, if that is used."""
    tellers = _tellers(model)
    required = [one for one in tellers if one.required]
    given = [required] if required == tellers else [required, tellers]
    return [ways for one in given for ways in _each_form(one)]


def _each_form(tellers: list[Parameter]) -> list[tuple[Told, ...]]:
    ways: list[tuple[Told, ...]] = [()]
    for parameter in tellers:
        ways = [(*before, form) for before in ways for form in _forms(parameter)]
    return ways


def _told(model: Model) -> Model:
    """The model with every way in which it can be told lengths, in any order of lengths if possible."""
    steps = model.steps
    for lengths in ([steps - 2, steps, steps - 3], [steps, steps - 2, steps - 3]):
        ways = tuple(_working_ways(model, np.arange(steps)[None, :] < np.array(lengths)[:, None]))
        if ways:
            return replace(model, ways=ways, sorted_only=lengths[0] == steps)
    return replace(model, ways=(Told("padding", f"padding of {model.padding:g}"),) if _has_padding(model.thing) else ())


def _working_ways(model: Model, counts: Array) -> Iterator[Told]:
    inputs = model.inputs(3, model.steps)
    for parameter in _tellers(model):
        working: list[Told] = []
        for form in _forms(parameter):
            others = tuple(one for one in model.ways if one.name != parameter.name)
            told = replace(model, ways=(form, *others))
            try:
                outputs = told.outputs(inputs, counts, form)
            except CallFailed:
                continue
            if all(np.isfinite(one).all() for one in outputs.values()):
                yield form
                break
            working.append(form)
        else:
            yield from working[:1]


def _has_padding(thing: Any) -> bool:
    """Whether a layer declares what stands for padding."""
    return any(
        getattr(layer, "padding_idx", None) is not None
        or getattr(layer, "mask_zero", False)
        or type(layer).__name__ == "Masking"
        for layer in layers_of(thing)
    )


@contextmanager
def _judging(thing: Any) -> Iterator[None]:
    """Dropout off and no graph, for torch; Keras does not train unless told so."""
    if is_keras(thing):
        yield
        return
    import torch

    modes = [(module, module.training) for module in thing.modules()]
    thing.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode
