"""Torch modules from batches to logits: input layers, encoders, poolings, heads and the model built of them.

Every module that looks along time takes `lengths` (batch,) or `mask` (batch, time), True = counts; masks may
have holes and need not start at the left. With neither, every step counts. The output for a sequence never
depends on its padding or on the rest of the batch: tests compare it with each sequence run alone.

    inputs (B, T) or (B, T, channels) -> input layer (B, T, F) -> encoder (B, T, H) -> pooling (B, H) -> head
    -> logits
"""

from __future__ import annotations

from seqwise.nn.encoders import (
    ENCODERS,
    ContextWindowEncoder,
    ConvEncoder,
    Encoder,
    GRUEncoder,
    IdentityEncoder,
    LSTMEncoder,
    RecurrentEncoder,
    RNNEncoder,
    RocketEncoder,
    TransformerEncoder,
)
from seqwise.nn.ensemble_model import Ensemble
from seqwise.nn.heads import LabelHead, MultiLabelHead, MultiOutputHead, TagsHead
from seqwise.nn.inputs import (
    ChannelProjection,
    ChannelValues,
    CharacterEncoder,
    PretrainedVectors,
    SubwordEncoder,
    TokenEmbedding,
    WordEmbedding,
)
from seqwise.nn.ngram_bag import NgramBag
from seqwise.nn.ngram_regression import NgramRegression
from seqwise.nn.poolings import (
    POOLINGS,
    AttentionPooling,
    FirstPooling,
    LastPooling,
    MaxPooling,
    MeanPooling,
    Pooling,
)
from seqwise.nn.ppv import PPVPooling
from seqwise.nn.rocket_model import ROCKET, build_rocket
from seqwise.nn.sequence_model import BAG, SequenceModel, assembled_model, build_model, parameter_count
from seqwise.nn.stacked_model import Network, Stacked
from seqwise.nn.summary_statistics import PPVAndSummaries, SummaryPooling
from seqwise.nn.tag_crf import CRFScores, TagCRF
from seqwise.nn.target_module import TargetModule
from seqwise.nn.tfidf import TFIDF, MarginHead, TfidfMargins, build_tfidf
from seqwise.word_form import WordForm

__all__ = [
    "AttentionPooling",
    "BAG",
    "CRFScores",
    "ChannelProjection",
    "ChannelValues",
    "CharacterEncoder",
    "ContextWindowEncoder",
    "ConvEncoder",
    "ENCODERS",
    "Encoder",
    "Ensemble",
    "FirstPooling",
    "GRUEncoder",
    "IdentityEncoder",
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
    "PPVAndSummaries",
    "PPVPooling",
    "Pooling",
    "PretrainedVectors",
    "RNNEncoder",
    "ROCKET",
    "RecurrentEncoder",
    "RocketEncoder",
    "SequenceModel",
    "Stacked",
    "SubwordEncoder",
    "SummaryPooling",
    "TFIDF",
    "TagCRF",
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
