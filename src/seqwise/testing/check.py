"""Runs the table of cases on somebody's loss and says where it differs from the definition."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from seqwise.testing.crf_cases import CRF_CASES, CRF_REDUCTIONS, CrfCase
from seqwise.testing.framework_arrays import array_maker, arrays_of, as_list
from seqwise.testing.generated import generated_cases
from seqwise.testing.written_cases import BINARY_CASES, CLASS_CASES, REDUCTIONS, Case, flat

__all__ = ["LossDisagreement", "check_loss"]

_SHOWN = 10


class LossDisagreement(AssertionError):  # noqa: N818  what it is, not what it is called with
    """A loss differs from its definition in at least one case; the message lists the first of them."""


def check_loss(
    loss: Callable[..., Any],
    *,
    like: str = "cross_entropy",
    framework: str = "numpy",
    options: Iterable[str] | None = None,
    reductions: Iterable[str] | None = None,
    generated: int = 0,
    seed: int = 0,
    tolerance: float = 1e-12,
) -> int:
    """Compares a loss with the definition in plain Python, case by case.

    The loss is called with float64 logits and labels, positional, and with options under the names of
    `seqwise.losses`: mask, lengths, ignore_index, label_values, class_weight, sample_weight, label_smoothing,
    from_logits, reduction. A CRF is called with emissions, tags and transitions, and with start, end, mask, lengths,
    allowed, reduction. A loss with other names is wrapped in a function of these.

    Args:
        loss: the function.
        like: the definition: cross_entropy, focal_loss, ordinal_loss, binary_cross_entropy or crf_nll.
        framework: whose arrays it takes: numpy, torch, jax, keras or tensorflow.
        options: the options it has; those of its signature when not given. Cases that need others are left out.
        reductions: the reductions it has; all of them when it has an option `reduction`, else it is taken for the mean.
        generated: how many random cases to add to the table; there are none of a CRF.
        seed: where they start.
        tolerance: the largest difference, relative to the larger of 1 and the number itself.

    Returns:
        How many calls were compared.

    Raises:
        LossDisagreement: a call gave another number, or an error.
        ConfigError: there is no such framework.

    Examples:
        >>> import numpy as np
        >>> def usual(logits, labels, *, mask=None):
        ...     logs = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
        ...     losses = -np.take_along_axis(logs, labels[..., None], -1)[..., 0]
        ...     return losses.mean() if mask is None else (losses * mask).mean()
        >>> check_loss(usual, options=())
        7
        >>> check_loss(usual)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        seqwise.testing.check.LossDisagreement: 4 of 11 calls differ from cross_entropy
          mask with holes: 1.5784 instead of 2.3676
          ...
    """
    names = _options_of(loss, like) if options is None else set(options)
    every = CRF_REDUCTIONS if like == "crf_nll" else REDUCTIONS
    kinds = list(reductions or (every if "reduction" in names else ()))
    make = array_maker(framework)
    wrong: list[str] = []
    count = 0
    for case, reduction in _calls(like, names, kinds, generated, seed):
        count += 1
        if problem := _difference(loss, like, case, reduction, make, tolerance):
            wrong.append(problem)
    if wrong:
        more = [f"  ... and {len(wrong) - _SHOWN} more"] if len(wrong) > _SHOWN else []
        raise LossDisagreement("\n".join([f"{len(wrong)} of {count} calls differ from {like}", *wrong[:_SHOWN], *more]))
    return count


def _options_of(loss: Callable[..., Any], like: str) -> set[str]:
    return set(list(inspect.signature(loss).parameters)[3 if like == "crf_nll" else 2 :])


def _calls(
    like: str, names: set[str], kinds: list[str], generated: int, seed: int
) -> Iterator[tuple[Case | CrfCase, str | None]]:
    """The cases that need no other options, each with a reduction; None where the loss has no such option."""
    if like == "crf_nll":
        fitting = [
            case for case in CRF_CASES if set(case.options) <= names and all(map(math.isfinite, flat(case.emissions)))
        ]
        yield from ((case, kind) for case in fitting for kind in kinds or (None,))
        return
    for case in BINARY_CASES if like == "binary_cross_entropy" else CLASS_CASES:
        if set(case.options) <= names and _is_finite(case.logits):
            axes = len(case.sizes) + (like == "binary_cross_entropy")
            yield from ((case, kind) for kind in kinds or (None,) if kind != "per_output" or axes > 1)
    for case, kind in generated_cases(like, generated, seed=seed):
        if set(case.options) <= names and (kind in kinds or (kind == "mean" and not kinds)):
            yield case, kind if kinds else None


def _is_finite(nested: Any) -> bool:
    return all(map(math.isfinite, flat(nested)))


def _difference(
    loss: Callable[..., Any],
    like: str,
    case: Case | CrfCase,
    reduction: str | None,
    make: Callable[[Any], Any],
    tolerance: float,
) -> str | None:
    """The error of one call; None when it is correct."""
    given = arrays_of({**case.arrays, **case.options}, make)
    positional = [given.pop(array) for array in case.arrays]
    name = case.name if reduction is None else f"{case.name}, reduction '{reduction}'"
    wanted = case.expected(like, reduction or "mean")
    try:
        found = flat(as_list(loss(*positional, **given, **({} if reduction is None else {"reduction": reduction}))))
    except Exception as error:  # whatever the loss raises is what is wrong with it
        return f"  {name}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    if len(found) != len(wanted):
        return f"  {name}: {len(found)} numbers instead of {len(wanted)}"
    for mine, right in zip(found, wanted, strict=True):
        if not (mine == right or abs(mine - right) <= tolerance * max(1.0, abs(right))):
            return f"  {name}: {_shown(mine)} instead of {_shown(right)}"
    return None


def _shown(number: float) -> str:
    return repr(round(number, 4))
