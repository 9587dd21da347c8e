"""Loads trained models from run folders, predicts and evaluates."""

from __future__ import annotations

from seqwise.inference.loaded_model import Model, load

__all__ = ["Model", "load"]
