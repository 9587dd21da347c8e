"""The files of the frameworks have one interface, and the shared formulas use only what all frameworks have."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loss_cases import BACKENDS

import seqwise.losses.numpy
import seqwise.losses.torch
from seqwise.losses import _formulas, _numpy_terms, _torch_terms
from seqwise.losses.torch import BinaryCrossEntropyLoss, CrossEntropyLoss, binary_cross_entropy, cross_entropy

FUNCTIONS = ("cross_entropy", "binary_cross_entropy", "loss_sum")
SHARED_NAMES = frozenset(
    {
        *("abs", "exp", "log", "log1p", "isinf", "logical_and", "maximum", "minimum", "where"),
        *("any", "max", "sum"),
        *("arange", "broadcast_to", "expand_dims", "ones_like", "shape", "take_along_axis", "zeros_like"),
    }
)
"""Names that numpy, jax.numpy and keras.ops have, with the same meaning."""


def options(function: Callable[..., Any]) -> dict[str, Any]:
    """The keyword-only options of a function with their defaults."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def test_the_signature_of_cross_entropy_is_the_published_one() -> None:
    assert options(cross_entropy) == {
        "class_axis": -1,
        "mask": None,
        "lengths": None,
        "ignore_index": None,
        "label_values": None,
        "class_weight": None,
        "sample_weight": None,
        "label_smoothing": 0.0,
        "from_logits": True,
        "reduction": "mean",
        "denominator": None,
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_all_frameworks_have_the_same_signature(name: str) -> None:
    signatures = [inspect.signature(getattr(backend.losses, name)) for backend in BACKENDS]
    shapes = [[(p.name, p.kind, p.default) for p in signature.parameters.values()] for signature in signatures]
    assert all(shape == shapes[0] for shape in shapes)


@pytest.mark.parametrize("terms", [_numpy_terms, _torch_terms])
@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy"])
def test_terms_take_the_options_of_their_loss(terms: Any, name: str) -> None:
    wanted = options(getattr(seqwise.losses.torch, name))
    del wanted["reduction"], wanted["denominator"]
    assert options(getattr(terms, name)) == wanted


@pytest.mark.parametrize(
    ("module", "function"), [(CrossEntropyLoss, cross_entropy), (BinaryCrossEntropyLoss, binary_cross_entropy)]
)
def test_modules_split_the_options_between_making_and_calling(module: Any, function: Callable[..., Any]) -> None:
    assert options(module.__init__) | options(module.forward) == options(function)
    assert not options(module.__init__).keys() & options(module.forward).keys()


@pytest.mark.parametrize("module", [seqwise.losses.numpy, seqwise.losses.torch])
def test_public_names_are_sorted_and_defined_here(module: Any) -> None:
    own = {
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__ and not name.startswith("_")
    }
    assert module.__all__ == sorted(own)


def test_formulas_use_only_names_that_all_frameworks_have() -> None:
    tree = ast.parse(Path(_formulas.__file__).read_text(encoding="utf-8"))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "xp"
    }
    assert used
    assert used <= SHARED_NAMES
    assert all(hasattr(np, name) for name in SHARED_NAMES)


def test_formulas_import_no_array_library() -> None:
    tree = ast.parse(Path(_formulas.__file__).read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"__future__", "collections.abc", "typing"}
