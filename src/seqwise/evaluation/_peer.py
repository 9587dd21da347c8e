"""Loads scikit-learn without a trace in the caller's random numbers."""

from __future__ import annotations

import random
from importlib import import_module

__all__ = ["load_scikit_learn"]


def load_scikit_learn() -> None:
    """Imports scikit-learn, which takes a second, and what it draws from Python's generator meanwhile is put back."""
    state = random.getstate()
    import_module("sklearn.linear_model")
    random.setstate(state)
