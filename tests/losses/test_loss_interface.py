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

import seqwise.losses.jax
import seqwise.losses.numpy
import seqwise.losses.torch
from seqwise.losses import _array_formulas as _formulas
from seqwise.losses import _crf_formulas
from seqwise.losses.torch import (
    BinaryCrossEntropyLoss,
    CrossEntropyLoss,
    FocalLoss,
    LinearCrossEntropyLoss,
    OrdinalLoss,
    binary_cross_entropy,
    crf_nll,
    cross_entropy,
    focal_loss,
    linear_cross_entropy,
    ordinal_loss,
)

FUNCTIONS = (
    "cross_entropy",
    "focal_loss",
    "ordinal_loss",
    "binary_cross_entropy",
    "loss_sum",
    "crf_nll",
    "crf_decode",
    "crf_marginals",
)
MODULES = {
    CrossEntropyLoss: cross_entropy,
    FocalLoss: focal_loss,
    OrdinalLoss: ordinal_loss,
    LinearCrossEntropyLoss: linear_cross_entropy,
    BinaryCrossEntropyLoss: binary_cross_entropy,
}
PUBLIC = {*seqwise.losses.torch.__all__, "Loss", "MeanLoss"}
"""What users call; there every option has its place in the signature."""

OF_NO_FRAMEWORK = {"Allowed", "Decoded", "allowed_transitions"}
"""Public in the file of every framework, and the same thing in all of them."""

SHARED_NAMES = frozenset(
    {
        *("abs", "exp", "log", "log1p", "isfinite", "isinf", "logical_and", "maximum", "minimum", "where"),
        *("any", "argmax", "argsort", "logical_not", "logical_or", "max", "min", "sum"),
        *("arange", "broadcast_to", "expand_dims", "ones_like", "shape", "take_along_axis", "zeros_like"),
        *("concatenate", "flip", "moveaxis", "reshape", "squeeze", "swapaxes", "take", "tensordot", "transpose"),
    }
)
"""Names that numpy, jax.numpy and keras.ops have, with the same meaning."""

SINGLE_KERNELS = frozenset({"fused_log_sigmoid", "fused_log_softmax"})
"""What the formulas use where a namespace has it, as torch's does."""


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


def test_focal_loss_has_one_option_more_and_ordinal_loss_none() -> None:
    assert options(focal_loss) == options(cross_entropy) | {"gamma": 2.0}
    assert options(ordinal_loss) == options(cross_entropy)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_all_frameworks_have_the_same_signature(name: str) -> None:
    signatures = [inspect.signature(getattr(backend.losses, name)) for backend in BACKENDS]
    shapes = [[(p.name, p.kind, p.default) for p in signature.parameters.values()] for signature in signatures]
    assert all(shape == shapes[0] for shape in shapes)


@pytest.mark.parametrize(("module", "function"), MODULES.items())
def test_modules_split_the_options_between_making_and_calling(module: Any, function: Callable[..., Any]) -> None:
    assert options(module.__init__) | options(module.forward) == options(function)
    assert not options(module.__init__).keys() & options(module.forward).keys()


@pytest.mark.parametrize("module", [seqwise.losses.numpy, seqwise.losses.torch, seqwise.losses.jax])
def test_public_names_are_sorted_and_defined_here(module: Any) -> None:
    own = {
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", "").startswith(module.__name__) and not name.startswith("_")
    }
    assert module.__all__ == sorted(own | OF_NO_FRAMEWORK)


FORMULAS = pytest.mark.parametrize("formulas", [_formulas, _crf_formulas], ids=lambda module: module.__name__)


@FORMULAS
def test_formulas_use_only_names_that_all_frameworks_have(formulas: Any) -> None:
    tree = ast.parse(Path(formulas.__file__).read_text(encoding="utf-8"))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "xp"
    }
    assert used
    assert used <= SHARED_NAMES | SINGLE_KERNELS
    assert not any(hasattr(np, name) for name in SINGLE_KERNELS)
    assert all(hasattr(np, name) for name in SHARED_NAMES)


@FORMULAS
def test_formulas_import_no_array_library(formulas: Any) -> None:
    tree = ast.parse(Path(formulas.__file__).read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported <= {"__future__", "collections.abc", "typing", "seqwise.losses._loss_options"}


OPTIONS = tuple(options(cross_entropy) | options(focal_loss) | options(binary_cross_entropy) | options(crf_nll))
"""Every option of a loss; `fill` is one of decoding."""


def functions_with(option: str) -> list[str]:
    """The functions behind the public ones that have an option as a parameter of their own, by file."""
    folder = Path(seqwise.losses.__file__).parent
    found = []
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        public = {
            node
            for scope in ast.walk(ast.parse(text))
            if isinstance(scope, ast.Module | ast.ClassDef)
            for node in scope.body
            if isinstance(node, ast.FunctionDef)
            and (node.name in PUBLIC or (isinstance(scope, ast.ClassDef) and scope.name in PUBLIC))
        }
        lines = {node.lineno for node in public}
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.lineno not in lines:
                arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                if option in [argument.arg for argument in arguments]:
                    found.append(f"{path.relative_to(folder).as_posix()}:{node.name}")
    return found


@pytest.mark.parametrize("option", [*OPTIONS, "fill"])
def test_no_option_goes_through_more_than_three_functions_by_hand(option: str) -> None:
    """Behind the public functions and classes the options are one value, `seqwise.losses._loss_options`."""
    assert len(functions_with(option)) <= 3, functions_with(option)
