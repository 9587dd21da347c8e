"""A trained model put to use: loading a run folder, predicting, evaluating."""

from __future__ import annotations

from seqwise.inference.model import Model, load

__all__ = ["Model", "load"]
