"""Input layers: token ids or channel values -> one vector per step, zeros where a step does not count."""

from seqwise.nn.inputs.channel_projection import ChannelProjection, ChannelValues
from seqwise.nn.inputs.character_embedding import CharacterEncoder
from seqwise.nn.inputs.pretrained_vectors import PretrainedVectors
from seqwise.nn.inputs.subword_encoder import SubwordEncoder
from seqwise.nn.inputs.token_embedding import TokenEmbedding
from seqwise.nn.inputs.word_embedding import WordEmbedding

__all__ = [
    "ChannelProjection",
    "ChannelValues",
    "CharacterEncoder",
    "PretrainedVectors",
    "SubwordEncoder",
    "TokenEmbedding",
    "WordEmbedding",
    "WordForm",
]
