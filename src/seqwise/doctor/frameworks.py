"""One face for the arrays of NumPy, torch, JAX, TensorFlow and Keras: in, out, and the gradient of a loss."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CellType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seqwise.doctor.contained import watched

__all__ = [
    "Array",
    "Framework",
    "code_of",
    "drawing",
    "enclosed",
    "framework_named",
    "frameworks_of",
    "generators_kept",
    "library_of",
    "one_thread",
    "own_gradient",
    "result_array",
]

Array = NDArray[Any]

LIBRARIES = ("torch", "keras", "tensorflow", "optax", "jax", "flax", "torchvision", "sklearn", "numpy")
"""Packages whose own objects are examined, but whose documented behaviour is nobody's bug here."""


class Framework(Protocol):
    """The operations of a framework that the laws use.

    Attributes:
        name: what people read: "torch", "keras on jax".
        labels_first: whether its losses are called with labels before predictions.
    """

    name: str
    labels_first: bool

    def array(self, values: Array, half: bool = False) -> Any:
        """The framework's array; floats become float32 (float64 in NumPy), or the framework's usual half precision."""
        ...

    def call(self, function: Callable[..., Any], positional: list[Any], keywords: dict[str, Any]) -> Any:
        """The return value of a function, with random numbers of a fixed seed."""
        ...

    def gradient(self, loss: Callable[[Any], Any], values: Array) -> Array | None:
        """The gradient of the sum of a loss at values; None when the result is not part of a graph."""
        ...


class _NumPy:
    name = "numpy"
    labels_first = False

    def array(self, values: Array, half: bool = False) -> Any:
        return values.astype(np.float16) if half and values.dtype.kind == "f" else values.copy()

    def gradient(self, loss: Callable[[Any], Any], values: Array) -> Array | None:
        """The gradient that the loss returns beside its value, or else the slope of the loss itself."""
        beside = own_gradient(loss(self.array(values)), values.shape)
        if beside is not None:
            return beside
        slope = np.zeros(values.shape)
        for place in np.ndindex(values.shape):
            step = np.zeros(values.shape)
            step[place] = 1e-4
            slope[place] = (_total(loss(values + step)) - _total(loss(values - step))) / 2e-4
        return slope

    def call(self, function: Callable[..., Any], positional: list[Any], keywords: dict[str, Any]) -> Any:
        with watched():
            _seed()
            return function(*positional, **keywords)


class _Torch:
    name = "torch"
    labels_first = False

    def array(self, values: Array, half: bool = False) -> Any:
        import torch

        tensor = torch.from_numpy(values.copy())
        return tensor.to(torch.float16 if half else torch.float32) if tensor.is_floating_point() else tensor

    def gradient(self, loss: Callable[[Any], Any], values: Array) -> Array | None:
        leaf = self.array(values).requires_grad_(True)
        total = _result_tensor(loss(leaf.clone())).sum()  # a model's output is no leaf, and may be written into
        if not total.requires_grad:
            return None
        total.backward()
        return np.zeros(values.shape) if leaf.grad is None else result_array(leaf.grad)

    def call(self, function: Callable[..., Any], positional: list[Any], keywords: dict[str, Any]) -> Any:
        with watched():
            _seed()
            return function(*positional, **keywords)


_QUICKLY = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
"""Options of JAX's compiler: small arrays are quickly computed and slowly compiled."""


class _Jax:
    name = "jax"
    labels_first = False

    def __init__(self) -> None:
        self.compiled: dict[tuple[int, str], tuple[Callable[..., Any], Any]] = {}

    def array(self, values: Array, half: bool = False) -> Any:
        import jax.numpy as jnp

        kind = {"f": jnp.bfloat16 if half else jnp.float32, "i": jnp.int32}.get(values.dtype.kind)
        return jnp.asarray(values, dtype=kind)

    def gradient(self, loss: Callable[[Any], Any], values: Array) -> Array | None:
        import jax

        slope = jax.grad(lambda leaf: _result_tensor(loss(leaf)).sum())
        try:
            return result_array(jax.jit(slope, compiler_options=_QUICKLY)(self.array(values)))
        except (jax.errors.JAXTypeError, jax.errors.JAXIndexError):
            return result_array(slope(self.array(values)))

    def call(self, function: Callable[..., Any], positional: list[Any], keywords: dict[str, Any]) -> Any:
        with watched():
            _seed()
            return self._called(function, positional, keywords)

    def _called(self, function: Callable[..., Any], positional: list[Any], keywords: dict[str, Any]) -> Any:
        """Compiled where that is possible: one operation at a time, JAX compiles each for each shape.

        With NaN among the numbers nothing is compiled: the compiler of today turns a multiplication by a mask into a
        selection, which is its good will and not what the code says. Nor is it with another seed, because random
        numbers of NumPy become constants when they are compiled.
        """
        import jax

        given = {**{str(place): value for place, value in enumerate(positional)}, **keywords}
        arrays = {name: value for name, value in given.items() if isinstance(value, jax.Array)}
        others = {name: value for name, value in keywords.items() if name not in arrays}
        is_traced = any(isinstance(value, jax.core.Tracer) for value in arrays.values())
        if self.name != "jax" or is_traced or len(others) + len(arrays) != len(given):
            return function(*positional, **keywords)
        draws = bool(_SEEDS[-1]) and _draws(function)
        if draws or any(np.isnan(np.asarray(value)).any() for value in arrays.values()):
            with jax.disable_jit():
                return function(*positional, **keywords)

        def run(arrays: dict[str, Any]) -> Any:
            named = {name: value for name, value in arrays.items() if not name.isdigit()}
            return function(*(arrays[str(place)] for place in range(len(positional))), **named, **others)

        key = (id(function), repr(sorted(others.items())))
        if key not in self.compiled:
            # The function is kept beside, so that its id stays its own.
            self.compiled[key] = (jax.jit(run, compiler_options=_QUICKLY), function)
        try:
            return self.compiled[key][0](arrays)
        except (jax.errors.JAXTypeError, jax.errors.JAXIndexError):
            self.compiled[key] = (run, function)  # it looks at values, which only works uncompiled
            return run(arrays)


def _draws(function: Callable[..., Any]) -> bool:
    """Whether a function names a generator of random numbers outside JAX."""
    code = code_of(function)
    return code is not None and any("rand" in name for name in _names(code.__code__))


class _TensorFlow:
    name = "tensorflow"
    labels_first = True

    def array(self, values: Array, half: bool = False) -> Any:
        import tensorflow as tf

        kind = {"f": tf.bfloat16 if half else tf.float32, "i": tf.int32}.get(values.dtype.kind)
        return tf.convert_to_tensor(values, dtype=kind)

    def gradient(self, loss: Callable[[Any], Any], values: Array) -> Array | None:
        import tensorflow as tf

        leaf = self.array(values)
        with tf.GradientTape() as tape:
            tape.watch(leaf)
            total = tf.reduce_sum(_result_tensor(loss(leaf)))
        slope = tape.gradient(total, leaf)
        return None if slope is None else result_array(slope)

    def call(self, function: Callable[..., Any], positional: list[Any], keywords: dict[str, Any]) -> Any:
        with watched():
            _seed()
            return function(*positional, **keywords)


_BY_NAME: dict[str, Callable[[], Framework]] = {
    "numpy": _NumPy,
    "torch": _Torch,
    "jax": _Jax,
    "tensorflow": _TensorFlow,
}


def framework_named(name: str) -> Framework:
    """The face of a framework; for Keras, of the framework under it.

    Args:
        name: numpy, torch, jax, tensorflow or keras.
    """
    if name != "keras":
        return _BY_NAME[name]()
    import keras

    backend = keras.backend.backend()
    framework = _BY_NAME[backend]()
    framework.name = f"keras on {backend}"
    framework.labels_first = True
    return framework


def frameworks_of(thing: Any, module: Any = None) -> list[str]:
    """The frameworks that an object may belong to, the most likely first.

    Its classes come first, then what its code mentions, and the functions of its file that it calls, then what its
    module imports; NumPy after the others.
    """
    code = code_of(thing)
    mentioned: list[str] = []
    if code is not None:
        mentioned = [_root(one) for one in _mentioned(code)]
        module = module or sys.modules.get(code.__module__)
    imported = [_root(value) for value in vars(module).values()] if module is not None else []
    classes = [kind.__module__.partition(".")[0] for kind in _kinds(thing)]
    return list(dict.fromkeys([*_known(classes), *_known(mentioned), *_known(imported), "numpy"]))


def _mentioned(code: Any) -> list[Any]:
    """The names that a function uses: in itself, in functions inside it, and in those of its own file that it calls."""
    found: list[Any] = []
    open_codes = [code]
    seen: set[Any] = set()
    while open_codes:
        function = open_codes.pop(0)
        if function.__code__ in seen:
            continue
        seen.add(function.__code__)
        names = _names(function.__code__)
        known = [*enclosed(function).values(), *map(function.__globals__.get, names)]
        found += known
        open_codes += [one for one in known if getattr(one, "__module__", "") == code.__module__ and _is_plain(one)]
    return found


def _is_plain(thing: Any) -> bool:
    return hasattr(thing, "__code__") and hasattr(thing, "__globals__")


def _names(code: Any) -> list[str]:
    inner = [name for one in code.co_consts if hasattr(one, "co_names") for name in _names(one)]
    return [*code.co_names, *inner]


def library_of(thing: Any) -> str | None:
    """The library that an object comes from as it is; None for the user's own."""
    thing = getattr(thing, "func", thing) if type(thing).__module__ == "functools" else thing
    named = thing if hasattr(thing, "__qualname__") else type(thing)
    root = str(getattr(named, "__module__", "")).partition(".")[0]
    return root if root in LIBRARIES else None


_SEEDS = [0]
"""The seed of the random numbers that the user's code draws; the last one holds."""


@contextmanager
def drawing(seed: int) -> Iterator[None]:
    """The user's code draws other random numbers inside."""
    _SEEDS.append(seed)
    try:
        yield
    finally:
        _SEEDS.pop()


@contextmanager
def generators_kept() -> Iterator[None]:
    """The generators of Python, NumPy and torch are as they were, after calls that began with a seed of ours."""
    torch = sys.modules.get("torch")
    kept = random.getstate(), np.random.get_state()  # noqa: NPY002 - the generator that the user's code draws from
    of_torch = torch.default_generator.get_state() if torch is not None else None
    try:
        yield
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])  # noqa: NPY002
        if torch is not None:
            torch.default_generator.set_state(of_torch)


def _seed() -> None:
    """The generators of Python, NumPy and torch begin with the seed."""
    random.seed(_SEEDS[-1])
    np.random.seed(_SEEDS[-1])  # noqa: NPY002
    if (torch := sys.modules.get("torch")) is not None:
        torch.default_generator.manual_seed(_SEEDS[-1])


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for torch, if it is loaded: for small arrays, several wait for each other longer than they compute."""
    torch = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch is not None else 1
    if torch is not None:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if torch is not None:
            torch.set_num_threads(threads)


def _result_tensor(result: Any) -> Any:
    """The loss in what a call returned: the first of several results, `loss` of a mapping or an object."""
    if isinstance(result, dict):
        result = result.get("loss", next(iter(result.values()), None))
    if isinstance(result, tuple | list):
        result = result[0]
    if hasattr(result, "loss") and not hasattr(result, "shape"):
        result = result.loss
    return result


def result_array(result: Any) -> Array:
    """The numbers of a result in float64, whatever framework they come from."""
    result = _result_tensor(result)
    if hasattr(result, "detach"):
        result = result.detach().cpu().float()
    return np.asarray(result, dtype=np.float64)


def _total(result: Any) -> float:
    return float(result_array(result).sum())


def own_gradient(result: Any, shape: tuple[int, ...]) -> Array | None:
    """The gradient that a loss of NumPy returns beside its value; probabilities of that shape are none."""
    others = result[1:] if isinstance(result, tuple) else ()
    alike = (np.asarray(one, dtype=float) for one in others if np.shape(one) == shape)
    return next((one for one in alike if not _are_probabilities(one)), None)


def _are_probabilities(values: Array) -> bool:
    """Whether numbers, or those of which they are the logarithms, are shares of 1 or between 0 and 1."""
    if values.ndim > 1 and any(np.allclose(one.sum(-1), 1.0, atol=1e-4) for one in (values, np.exp(values))):
        return True
    return bool((values >= 0).all() and (values <= 1).all() and (values > 0).any())


def _kinds(thing: Any) -> tuple[type, ...]:
    return (thing if isinstance(thing, type) else type(thing)).__mro__


def code_of(thing: Any) -> Any:
    """The Python function that runs when an object is called, or None."""
    thing = getattr(thing, "func", thing) if type(thing).__module__ == "functools" else thing
    for name in ("__wrapped__", "forward", "call", "__call__"):
        if not hasattr(thing, "__code__"):
            thing = getattr(thing, name, thing)
    thing = getattr(thing, "__func__", thing)
    return thing if hasattr(thing, "__code__") else None


def enclosed(code: Any) -> dict[str, Any]:
    """What a function has from the functions around it, as a loss made by a function has its settings."""
    cells = dict(zip(code.__code__.co_freevars, code.__closure__ or (), strict=True))
    return {name: cell.cell_contents for name, cell in cells.items() if cell != CellType()}


def _known(roots: list[str]) -> list[str]:
    names = [{"optax": "jax", "flax": "jax"}.get(root, root) for root in roots]
    return sorted((name for name in names if name in (*_BY_NAME, "keras")), key=lambda name: name == "numpy")


def _root(value: Any) -> str:
    name = getattr(value, "__name__", "") if isinstance(value, type(sys)) else getattr(value, "__module__", "")
    return name.partition(".")[0] if isinstance(name, str) else ""
