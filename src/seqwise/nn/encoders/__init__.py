"""Encoders: one vector per step -> one state per step, unaffected by padding."""

from collections.abc import Mapping
from importlib import import_module
from inspect import isclass
from pkgutil import iter_modules
from types import MappingProxyType

from seqwise.nn.encoders.context_window import ContextWindowEncoder
from seqwise.nn.encoders.conv import ConvEncoder
from seqwise.nn.encoders.encoder import Encoder
from seqwise.nn.encoders.identity import IdentityEncoder
from seqwise.nn.encoders.recurrent import GRUEncoder, LSTMEncoder, RecurrentEncoder, RNNEncoder
from seqwise.nn.encoders.rocket import RocketEncoder
from seqwise.nn.encoders.transformer import TransformerEncoder

__all__ = [
    "ENCODERS",
    "ContextWindowEncoder",
    "ConvEncoder",
    "Encoder",
    "GRUEncoder",
    "IdentityEncoder",
    "LSTMEncoder",
    "RNNEncoder",
    "RecurrentEncoder",
    "RocketEncoder",
    "TransformerEncoder",
]


def _named() -> dict[str, type[Encoder]]:
    """Return the named encoders of the modules in this folder, in alphabetical order."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    kinds = [
        kind for module in modules for kind in vars(module).values() if isclass(kind) and issubclass(kind, Encoder)
    ]
    return {kind.name: kind for kind in sorted(kinds, key=lambda kind: kind.name) if kind.name}


ENCODERS: Mapping[str, type[Encoder]] = MappingProxyType(_named())
"""The trained encoders by their names in `model.encoder`; `rocket` is a model of its own.

An encoder is added by a module in this folder with a class that has a `name`.
"""
