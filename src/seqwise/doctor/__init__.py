"""Finds out what is wrong with a loss or a model, anybody's: invariance tests with a name for each bug.

`seqwise.doctor(thing)` and the command `seqwise doctor FILE.py:NAME` do the same. The package can be called, because
Python puts a package under its name into its parent as soon as something in it is imported: `seqwise.doctor` is this
module, and the function too.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np

from seqwise.doctor.bugs import BUGS
from seqwise.doctor.findings_report import Finding, Report

__all__ = ["BUGS", "Finding", "Report", "doctor"]


def doctor(thing: Any) -> Report:
    """Which laws a loss or a model keeps and breaks.

    A loss is called with small arrays in the layouts that it takes; a model with token ids or numbers, and lengths or
    a mask. What a law says must be equal is compared. Nothing is trained, nothing is written, and random generators are
    left as they were.

    Args:
        thing: a loss (function, object or class; torch, Keras, JAX or NumPy), a model (`torch.nn.Module` or
            `keras.Model`, object or class), or "FILE.py:NAME". A function without parameters is called for it.

    Returns:
        The report: `findings` one by one, `bugs` by name, `holds` in all; `print` it.

    Raises:
        UsageError: it is neither, or cannot be called in any way that is understood.

    Examples:
        >>> import numpy as np
        >>> def loss(logits, labels, mask):
        ...     logits = logits - logits.max(-1, keepdims=True)
        ...     logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        ...     cost = -np.take_along_axis(logs, labels[..., None], -1)[..., 0]
        ...     return np.where(mask, cost, 0).mean()
        >>> doctor(loss).bugs
        ['mask-as-weight']
    """
    from seqwise.doctor.kinds import report_on

    with _quiet():
        return report_on(thing)


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings: the laws provoke them on purpose."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


class _CallableModule(ModuleType):
    def __call__(self, thing: Any) -> Report:
        return doctor(thing)


sys.modules[__name__].__class__ = _CallableModule
