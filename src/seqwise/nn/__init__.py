"""Batches -> logits, in torch: input layers, encoders, poolings, heads, and the model they make together.

Every module that looks along time takes `lengths` (batch,) or `mask` (batch, time), True = counts; masks may
have holes and need not start at the left. With neither, every step counts. What a sequence gives never
depends on its padding or on the sequences it is batched with: that is tested against each sequence run alone.

    inputs (B, T) or (B, T, channels) -> input layer (B, T, F) -> encoder (B, T, H) -> pooling (B, H) -> head
    -> logits
"""

from __future__ import annotations

from seqwise.nn.bag import NgramBag
from seqwise.nn.chains import Chain, TagChain
from seqwise.nn.encoders import (
    ENCODERS,
    ConvEncoder,
    Encoder,
    GRUEncoder,
    LSTMEncoder,
    PassingEncoder,
    RecurrentEncoder,
    RNNEncoder,
    RocketEncoder,
    SurroundingsEncoder,
    TransformerEncoder,
)
from seqwise.nn.ensemble import Ensemble
from seqwise.nn.heads import LabelHead, MultiLabelHead, MultiOutputHead, TagsHead
from seqwise.nn.inputs import (
    ChannelProjection,
    ChannelValues,
    CharacterEncoder,
    PieceEncoder,
    PretrainedVectors,
    TokenEmbedding,
    WordEmbedding,
    WordForm,
)
from seqwise.nn.model import BAG, SequenceModel, assembled_model, build_model, parameter_count
from seqwise.nn.poolings import (
    POOLINGS,
    AttentionPooling,
    FirstPooling,
    LastPooling,
    MaxPooling,
    MeanPooling,
    Pooling,
)
from seqwise.nn.regression import NgramRegression
from seqwise.nn.rocket import ROCKET, build_rocket
from seqwise.nn.shares import SharePooling
from seqwise.nn.stacked import Network, Stacked
from seqwise.nn.summaries import SharesAndSummaries, SummaryPooling
from seqwise.nn.target_module import TargetModule
from seqwise.nn.tfidf import TFIDF, MarginHead, TfidfMargins, build_tfidf

__all__ = [
    "AttentionPooling",
    "BAG",
    "Chain",
    "ChannelProjection",
    "ChannelValues",
    "CharacterEncoder",
    "ConvEncoder",
    "ENCODERS",
    "Encoder",
    "Ensemble",
    "FirstPooling",
    "GRUEncoder",
    "LSTMEncoder",
    "LabelHead",
    "LastPooling",
    "MarginHead",
    "MaxPooling",
    "MeanPooling",
    "MultiLabelHead",
    "MultiOutputHead",
    "Network",
    "NgramBag",
    "NgramRegression",
    "POOLINGS",
    "PassingEncoder",
    "PieceEncoder",
    "Pooling",
    "PretrainedVectors",
    "RNNEncoder",
    "ROCKET",
    "RecurrentEncoder",
    "RocketEncoder",
    "SequenceModel",
    "SharePooling",
    "SharesAndSummaries",
    "Stacked",
    "SummaryPooling",
    "SurroundingsEncoder",
    "TFIDF",
    "TagChain",
    "TagsHead",
    "TargetModule",
    "TfidfMargins",
    "TokenEmbedding",
    "TransformerEncoder",
    "WordEmbedding",
    "WordForm",
    "assembled_model",
    "build_model",
    "build_rocket",
    "build_tfidf",
    "parameter_count",
]
