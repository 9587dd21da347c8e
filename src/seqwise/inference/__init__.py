"""A trained model put to use: loading a run folder, predicting, evaluating."""

from __future__ import annotations

from seqwise.inference.loaded_model import Model, load

__all__ = ["Model", "load"]
