"""Reads the names of classes that Hugging Face's datasets library keeps in the schema of a Parquet file.

Its columns of labels hold numbers, and the schema's metadata `huggingface` say which class each of them is:
`ClassLabel` with `names`, by itself, in a list, or in the fields of an object. -1 and -100 stand for a missing label.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["UnknownClassError", "class_names", "namers"]

_MISSING = (-1, -100)
_Namer = Callable[[Any], Any]


class UnknownClassError(Exception):
    """A number of a class that has no name."""


def namers(metadata: Mapping[bytes, bytes] | None) -> dict[str, _Namer]:
    """By column, a function that puts names for the numbers in its cells; columns without names are left out.

    Args:
        metadata: of the Arrow schema.

    Examples:
        >>> features = {"y": {"_type": "ClassLabel", "names": ["no", "yes"]}, "text": {"_type": "Value"}}
        >>> found = namers({b"huggingface": json.dumps({"info": {"features": features}}).encode()})
        >>> sorted(found), found["y"](1), found["y"](-1)
        (['y'], 'yes', None)
    """
    found = {name: _namer(feature) for name, feature in _features(metadata).items()}
    return {name: namer for name, namer in found.items() if namer is not None}


def class_names(metadata: Mapping[bytes, bytes] | None) -> dict[str, list[str]]:
    """By column that is or holds a list of named classes, the names."""
    found = {name: _names(feature) for name, feature in _features(metadata).items()}
    return {name: names for name, names in found.items() if names}


def _features(metadata: Mapping[bytes, bytes] | None) -> dict[str, Any]:
    """The features of the columns; none where the metadata are not what the library writes."""
    try:
        features = json.loads((metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return features if isinstance(features, dict) else {}


def _names(feature: Any) -> list[str]:
    """The names of a feature that is a class, or a list of classes."""
    if isinstance(feature, list) and len(feature) == 1:
        return _names(feature[0])
    if not isinstance(feature, dict):
        return []
    if feature.get("_type") == "ClassLabel":
        names = feature.get("names")
        return list(names) if isinstance(names, list) and all(isinstance(name, str) for name in names) else []
    return _names(feature["feature"]) if "_type" in feature and "feature" in feature else []


def _namer(feature: Any) -> _Namer | None:
    if names := _names(feature):
        return lambda cell: _named(cell, names)
    if isinstance(feature, dict) and "_type" in feature and "feature" in feature:
        return _in_lists(_namer(feature["feature"]))
    if isinstance(feature, list) and len(feature) == 1:
        return _in_lists(_namer(feature[0]))
    if isinstance(feature, dict) and "_type" not in feature:
        fields = {name: _namer(inner) for name, inner in feature.items()}
        return _in_fields({name: namer for name, namer in fields.items() if namer is not None})
    return None


def _named(cell: Any, names: list[str]) -> Any:
    """The name of a class, or of each one in a list."""
    if isinstance(cell, list):
        return [_named(item, names) for item in cell]
    if cell is None or cell in _MISSING:
        return None
    if not isinstance(cell, int):
        return cell  # the names themselves
    if not 0 <= cell < len(names):
        raise UnknownClassError(f"the class {cell} has no name: the file's schema names 0 to {len(names) - 1}")
    return names[cell]


def _in_lists(namer: _Namer | None) -> _Namer | None:
    if namer is None:
        return None
    return lambda cell: (
        [namer(item) for item in cell] if isinstance(cell, list) else cell if cell is None else namer(cell)
    )


def _in_fields(namers: dict[str, _Namer]) -> _Namer | None:
    if not namers:
        return None

    def named(cell: Any) -> Any:
        if not isinstance(cell, dict):
            return cell
        return {name: namers[name](value) if name in namers else value for name, value in cell.items()}

    return named
