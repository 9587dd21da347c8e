"""The options of the losses as callers spell them: the same words about wrong ones in every framework."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from seqwise.errors import ConfigError, did_you_mean, listed
from seqwise.losses._plan import SUM_AND_COUNT
from seqwise.shapes import shape_message

__all__ = ["known_options", "sum_and_count"]

P = ParamSpec("P")
R = TypeVar("R")

_ELSEWHERE = {"axis": "class_axis", "dim": "class_axis", "where": "mask", "size_average": "reduction"}
"""The names of our options in other libraries, where the words are not alike."""


def known_options(function: Callable[P, R]) -> Callable[P, R]:
    """The function, which says what was meant by an option that it does not have.

    Raises:
        ConfigError: when called with an unknown option; Python's own TypeError names no likely one.
    """
    parameters = inspect.signature(function).parameters
    call = function.__qualname__.partition(".")[0]  # a class for its __init__ and forward

    @functools.wraps(function)
    def checked(*arrays: P.args, **options: P.kwargs) -> R:
        for name in options:
            if name not in parameters:
                known = [own.name for own in parameters.values() if own.kind is inspect.Parameter.KEYWORD_ONLY]
                raise _unknown(call, name, known)
        return function(*arrays, **options)

    return checked


def _unknown(call: str, name: str, known: Sequence[str]) -> ConfigError:
    meant = _ELSEWHERE.get(name)
    hint = f"Did you mean '{meant}'?" if meant in known else did_you_mean(name, known)
    problem = f"there is no option '{name}'"
    return ConfigError(shape_message(call, problem, (), expected=f"one of {listed(known)}", hint=hint or None))


def sum_and_count(
    loss: Callable[..., Any],
    known: Sequence[Callable[..., Any]],
    arrays: Sequence[Any],
    options: Mapping[str, Any],
    *,
    module: str,
) -> Any:
    """The result of a module's `loss_sum`: the `LossSum` of a call of one of its losses."""
    if loss not in known:
        name = f"{loss.__module__}.{loss.__qualname__}" if hasattr(loss, "__qualname__") else repr(loss)
        problem = f"{name} is not a loss of {module}"
        names = listed(one.__name__ for one in known)
        raise ConfigError(shape_message("loss_sum", problem, (), expected=f"one of {names}"))
    for name in ("reduction", "denominator"):
        if name in options:
            problem = f"{name} has no meaning here, since nothing is divided yet"
            expected = f"the other options of {loss.__name__}"
            raise ConfigError(shape_message("loss_sum", problem, (), expected=expected))
    return loss(*arrays, **options, reduction=SUM_AND_COUNT)
