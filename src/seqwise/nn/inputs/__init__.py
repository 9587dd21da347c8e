"""Input layers: token ids or channel values -> one vector per step, zeros where a step does not count."""

from seqwise.nn.inputs.channels import ChannelProjection, ChannelValues
from seqwise.nn.inputs.characters import CharacterEncoder
from seqwise.nn.inputs.pieces import PieceEncoder
from seqwise.nn.inputs.pretrained import PretrainedVectors
from seqwise.nn.inputs.tokens import TokenEmbedding
from seqwise.nn.inputs.words import WordEmbedding, WordForm

__all__ = [
    "ChannelProjection",
    "ChannelValues",
    "CharacterEncoder",
    "PieceEncoder",
    "PretrainedVectors",
    "TokenEmbedding",
    "WordEmbedding",
    "WordForm",
]
