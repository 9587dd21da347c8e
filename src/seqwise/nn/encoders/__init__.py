"""Encoders: one vector per step -> one state per step, which padding can never reach."""

from collections.abc import Mapping
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

ENCODERS: Mapping[str, type[Encoder]] = MappingProxyType(
    {"lstm": LSTMEncoder, "gru": GRUEncoder, "rnn": RNNEncoder, "transformer": TransformerEncoder, "conv": ConvEncoder}
)
"""The encoders that are trained, by the name that `model.encoder` gives them; `rocket` is a model of its own."""
