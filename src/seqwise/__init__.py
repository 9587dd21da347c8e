r"""Classifiers of sequences: texts, characters, numeric series.

    file -> sequences -> batches -> encoder -> pooling -> head -> logits -> loss
                                                              \-> metrics -> report

Importing seqwise loads no tensor framework; each name below loads its module on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqwise.advice import advise as advise
    from seqwise.doctor import doctor as doctor
    from seqwise.inference.loaded_model import Model as Model
    from seqwise.inference.loaded_model import load as load

__version__ = "0.1.0"

__all__ = ["Model", "advise", "doctor", "load"]

_HOMES = {
    "Model": "seqwise.inference.loaded_model",
    "advise": "seqwise.advice",
    "doctor": "seqwise.doctor",
    "load": "seqwise.inference.loaded_model",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'seqwise' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
