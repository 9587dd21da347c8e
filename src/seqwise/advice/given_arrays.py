"""An array as given by the user: a shape as text or numbers, a file, or the array itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from seqwise.errors import ConfigError, DataError, did_you_mean, listed
from seqwise.shapes import shape_text

__all__ = ["KINDS", "NAMES", "Array", "array_of", "read_arrays"]

KINDS = ("int", "float", "bool", "text")
"""The kinds of labels."""

NAMES = {
    "logits": "float",
    "probabilities": "float",
    "hidden": "float",
    "labels": "int",
    "mask": "bool",
    "lengths": "int",
}
"""The arrays of an advice, and the kind of each when only its shape is given."""

_SHAPE = re.compile(r"[(\[]?\s*\d+(\s*[x×,*]\s*\d+)*\s*,?\s*[)\]]?")
_KIND_OF_DTYPE = {"b": "bool", "i": "int", "u": "int", "f": "float", "U": "text", "S": "text", "O": "text", "T": "text"}


@dataclass(frozen=True)
class Array:
    """An array, or the description of one.

    Attributes:
        kind: one of `KINDS`.
        shape: the sizes of its axes.
        data: its content, if given.
    """

    kind: str
    shape: tuple[int, ...]
    data: NDArray[Any] | None = field(default=None, repr=False, compare=False)


def array_of(name: str, given: Any) -> Array:
    """Return an array from a shape (tuple, single size, text such as `8x47`), `.npy` file or array of any framework.

    Args:
        name: one of `NAMES`.
        given: a tuple of integers is a shape; a list is an array.

    Raises:
        ConfigError: it is something else, or has no axis, or an axis of size 0.
        DataError: the file cannot be read.

    Examples:
        >>> array_of("labels", "8x47")
        Array(kind='int', shape=(8, 47))
        >>> array_of("mask", [[True, False]])
        Array(kind='bool', shape=(1, 2))
    """
    if isinstance(given, str):
        given = _shape_or_content(name, given)
    if isinstance(given, int):
        given = (given,)
    if isinstance(given, tuple) and all(isinstance(size, int) for size in given):
        array = Array(NAMES[name], tuple(given))
    else:
        array = _with_data(name, given)
    if not array.shape or 0 in array.shape:
        problem = (
            f"{name} {shape_text(array.shape)}: an axis has size 0" if array.shape else f"{name} is a single number"
        )
        raise ConfigError(f"advise: {problem}\n  expected: a size of 1 or more for each axis, such as 8x47")
    return array


def read_arrays(path: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of an `.npz` file, or of an `.npy` file named after its array, by name.

    Raises:
        DataError: the file cannot be read, or contains no array with a known name.
    """
    place = Path(path)
    loaded = _loaded(path)
    found = loaded if isinstance(loaded, dict) else {place.stem: loaded}
    known = {name: array for name, array in found.items() if name in NAMES}
    if not known:
        near = next((hint for name in found if (hint := did_you_mean(name, NAMES))), "")
        raise DataError(
            f"no array in it has a known name; it contains {listed(found)}",
            file=path,
            hint=f"{near} The names are {listed(NAMES)}; a flag also names an array: --labels FILE.npy.".strip(),
        )
    return known


def _shape_or_content(name: str, text: str) -> Any:
    if _SHAPE.fullmatch(text.strip()):
        return tuple(int(size) for size in re.findall(r"\d+", text))
    if text.endswith(".npy"):
        return _loaded(text)
    raise ConfigError(
        f"advise: {name} '{text}' is neither a shape nor a file\n"
        f"  expected: sizes such as 8x47, or a file such as {name}.npy"
    )


def _with_data(name: str, given: Any) -> Array:
    detached = given.detach().cpu() if hasattr(given, "detach") else given
    try:
        data = np.asarray(detached)
    except ValueError:
        raise ConfigError(
            f"advise: {name} is a list whose rows differ in length\n"
            "  expected: an array, padded where sequences are shorter, and lengths"
        ) from None
    kind = _KIND_OF_DTYPE.get(data.dtype.kind)
    if kind is None:
        raise ConfigError(f"advise: {name} holds {data.dtype}\n  expected: {listed(KINDS)}")
    return Array(kind, data.shape, data)


def _loaded(path: str) -> Any:
    """Load a NumPy file: one array, or a dictionary of them. Objects are never unpickled."""
    try:
        content = np.load(path, allow_pickle=False)
        if isinstance(content, np.ndarray):
            return content
        with content:
            return dict(content)
    except FileNotFoundError:
        raise DataError("no such file", file=path) from None
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        hint = "Write arrays with numpy.save or numpy.savez; lists of Python objects are not supported."
        raise DataError(f"cannot read arrays from it: {error}", file=path, hint=hint) from None
