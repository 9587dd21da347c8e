"""Builds a model from its class, with small sizes for the parameters that it must be given."""

from __future__ import annotations

import inspect
import re
from typing import Any

from seqwise.doctor.frameworks import framework_named
from seqwise.doctor.recurrent_layers import is_keras
from seqwise.errors import UsageError

__all__ = ["built", "sizes_of"]

_CONSTRUCTOR_SIZES = (
    (r"(num|n)_?(tokens?|embeddings|words|symbols|chars|ids)|.*voc(ab)?.*|input_dim|v", 30),
    (
        r"(word_|token_|char_)?(embed|emb|embedding)(ding)?s?(_?(dim|dims|size|length))?|d_?model|n_?em(b|be)d|ninp|dim|e",
        8,
    ),
    (r"(num_|n_?|d_?)?(hidden|hid|rnn|lstm|gru|state|encoder|enc)(_?(size|dim|units|channels))?|units|h", 6),
    (r"d_?ff|(dim_?)?(feedforward|ff|ffn|mlp)(_?(dim|size))?|intermediate_size", 6),
    (r"(num_?|n_?)?(class(es)?|cls|labels?|outputs?|tags?|tagset|targets?|categories)(_?(size|dim|count|num))?", 4),
    (r"out_?(dim|features|channels|size)|c|k", 4),
    (r"input(_size|_dim)|in_?(dim|features|channels|size)|features|channels|(num|n)_?(features|channels)", 3),
    (r"(num_?|n_?)?layers?(_?(dim|num|size))?|(num_?|n_?)?(blocks|levels|stacks)|depth|(num_?|n_?)?heads?", 1),
    (r"(max|seq|sequence)_?(seq_?|sequence_?)?len(gth)?|max_positions?|block_size|context(_(size|len|length))?", 64),
    (r"kernel(_size)?|k(ernel)?_?width", 3),
    (r"(num_?|n_?)?(filters|kernels|maps)", 4),
    (r"(filter|kernel)_?sizes", [2, 3]),
    (r"device", "cpu"),
    (r".*dropout.*|drop(_?(rate|prob|p))?|p", 0.0),
    (r"pad(ding)?_?(token_?)?(idx|id|index)?", 0),
    (r"bi(directional)?", True),
)


def built(kind: type, name: str) -> Any:
    """An object of a class, with small sizes for the parameters that it must be given.

    Raises:
        UsageError: nothing is known of a parameter, or the class raises.
    """
    sizes = sizes_of(kind)
    unknown = [one for one, size in sizes.items() if size is None]
    if unknown:
        raise UsageError(
            f"doctor: {name} is a class whose parameters have no default: {', '.join(unknown)}\n"
            f"  Name an object of it instead: model = {name}(...) in the file, then FILE.py:model."
        )
    try:
        return framework_named("keras" if is_keras(kind) else "torch").call(kind, [], sizes)
    except Exception as problem:
        raise UsageError(
            f"doctor: {name}({', '.join(f'{key}={value}' for key, value in sizes.items())}) raises "
            f"{type(problem).__name__}: {problem}\n"
            f"  Name an object of it instead: model = {name}(...) in the file, then FILE.py:model."
        ) from problem


def sizes_of(kind: type) -> dict[str, Any]:
    """The required arguments of a class's constructor, by name; None where unknown."""
    parameters = [
        one
        for one in inspect.signature(kind).parameters.values()
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    return {one.name: _constructor_size(one.name) for one in parameters}


def _constructor_size(name: str) -> Any:
    return next((size for pattern, size in _CONSTRUCTOR_SIZES if re.fullmatch(pattern, name.lower())), None)
