"""The text of every error that seqwise.nn raises."""

from __future__ import annotations

import re

import jaxtyping
import nn_cases
import pytest
import torch

from seqwise import errors
from seqwise.nn import (
    AttentionPooling,
    ChannelProjection,
    CharacterEncoder,
    ConvEncoder,
    GRUEncoder,
    LabelHead,
    LastPooling,
    LSTMEncoder,
    MaxPooling,
    MeanPooling,
    MultiLabelHead,
    MultiOutputHead,
    RNNEncoder,
    SequenceModel,
    TagsHead,
    TokenEmbedding,
    build_model,
)
from seqwise.targets import Target

INTENT = Target("intent", "label", (("a", "b"),))
SLOTS = Target("slots", "tags", (("O", "B-x"),), per_step=True)
TOKENS = {"input": "tokens", "vocabulary_size": 9}


@pytest.fixture(autouse=True)
def _users_have_no_checked_annotations():
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (lambda: TokenEmbedding(0, 3), "TokenEmbedding: vocabulary_size is 0, expected 1 or more"),
        (lambda: TokenEmbedding(4, -1), "TokenEmbedding: dim is -1, expected 1 or more"),
        (
            lambda: TokenEmbedding(4, 3, dropout=1.0),
            "TokenEmbedding: dropout is 1.0, expected 0 <= dropout < 1, the fraction dropped in training",
        ),
        (
            lambda: TokenEmbedding(4, 3, padding_id=4),
            "TokenEmbedding: padding_id is 4, expected 0 <= padding_id < 4, the size of the vocabulary",
        ),
        (lambda: ChannelProjection(0, 3), "ChannelProjection: channels is 0, expected 1 or more"),
        (
            lambda: ChannelProjection(1, 3, dropout=-0.1),
            "ChannelProjection: dropout is -0.1, expected 0 <= dropout",
        ),
        (lambda: RNNEncoder(0, 3), "RNNEncoder: input_size is 0, expected 1 or more"),
        (lambda: GRUEncoder(3, 0), "GRUEncoder: hidden is 0, expected 1 or more"),
        (lambda: LSTMEncoder(3, 3, layers=0), "LSTMEncoder: layers is 0, expected 1 or more"),
        (lambda: LSTMEncoder(3, 3, dropout=2.0), "LSTMEncoder: dropout is 2.0, expected 0 <= dropout < 1"),
        (
            lambda: ConvEncoder(3, 3, width=4),
            "ConvEncoder: width is 4, expected an odd number: as many steps before as after",
        ),
        (lambda: ConvEncoder(3, 3, width=0), "ConvEncoder: width is 0, expected 1 or more"),
        (lambda: MaxPooling(0), "MaxPooling: size is 0, expected 1 or more"),
        (
            lambda: LastPooling(3, bidirectional=True),
            "LastPooling: size is 3, expected an even number: two directions of equal size",
        ),
        (
            lambda: AttentionPooling(3, attention_size=0),
            "AttentionPooling: attention_size is 0, expected 1 or more",
        ),
        (lambda: LabelHead(3, 0), "LabelHead: classes is 0, expected 1 or more"),
        (lambda: TagsHead(0, 3), "TagsHead: size is 0, expected 1 or more"),
        (lambda: TagsHead(3, 3, dropout=1.5), "TagsHead: dropout is 1.5, expected 0 <= dropout < 1"),
        (lambda: MultiLabelHead(3, 0), "MultiLabelHead: labels is 0, expected 1 or more"),
        (
            lambda: MultiOutputHead(3, []),
            "MultiOutputHead: classes is empty, expected the number of classes of each output",
        ),
        (lambda: MultiOutputHead(3, [2, 0]), "MultiOutputHead: classes[1] is 0, expected 1 or more"),
        (
            lambda: SequenceModel(TokenEmbedding(4, 3), LSTMEncoder(3, 3), {}),
            "SequenceModel: targets is empty, expected one target or more",
        ),
        (lambda: build_model([], **TOKENS), "SequenceModel: targets is empty, expected one target or more"),
        (
            lambda: build_model([INTENT, SLOTS, INTENT], **TOKENS),
            "build_model: more than one target is called 'intent'; give each its own name",
        ),
        (
            lambda: build_model([INTENT], **TOKENS, encoder="LSMT"),
            "build_model: encoder is 'LSMT', expected one of 'conv', 'gru', 'lstm', 'rnn', 'transformer', 'bag'. "
            "Did you mean 'lstm'?",
        ),
        (
            lambda: build_model([INTENT], **TOKENS, pooling="atention"),
            "build_model: pooling is 'atention', expected one of 'last', 'first', 'mean', "
            "'max', 'attention'. "
            "Did you mean 'attention'?",
        ),
        (
            lambda: build_model([SLOTS], **TOKENS, pooling="men"),
            "build_model: pooling is 'men', expected one of 'last', 'first', 'mean', "
            "'max', 'attention'. "
            "Did you mean 'mean'?",
        ),
        (
            lambda: build_model([INTENT], **TOKENS, pooling={"intent": "lats"}),
            "build_model: pooling is 'lats', expected one of 'last', 'first', 'mean', "
            "'max', 'attention'. "
            "Did you mean 'last'?",
        ),
        (
            lambda: build_model([INTENT], **TOKENS, pooling={"intend": "last"}),
            "build_model: a target of pooling is 'intend', expected one of 'intent'. Did you mean 'intent'?",
        ),
        (
            lambda: build_model([INTENT, SLOTS], **TOKENS, pooling={"intent": "last", "slots": "last"}),
            "build_model: a target of pooling is 'slots', expected one of 'intent'.",
        ),
        (
            lambda: build_model([INTENT], **TOKENS, pooling={}),
            "build_model: no pooling for 'intent'; known poolings are 'last', 'first', 'mean', 'max', 'attention'",
        ),
        (
            lambda: build_model([INTENT], input="token", vocabulary_size=9),
            "build_model: input is 'token', expected one of 'tokens', 'series'. Did you mean 'tokens'?",
        ),
        (
            lambda: build_model([INTENT], input="tokens"),
            "build_model: input is 'tokens' and vocabulary_size is missing; give vocabulary_size=",
        ),
        (
            lambda: build_model([INTENT], input="series"),
            "build_model: input is 'series' and channels is missing; give channels=",
        ),
        (
            lambda: build_model([INTENT], **TOKENS, channels=3),
            "build_model: input is 'tokens', which has no channels; drop channels= or change input=",
        ),
        (
            lambda: build_model([INTENT], input="series", channels=3, vocabulary_size=9),
            "build_model: input is 'series', which has no vocabulary_size; drop vocabulary_size= or change input=",
        ),
    ],
)
def test_a_setting_that_makes_no_sense_is_an_error(build, text):
    with pytest.raises(errors.ConfigError, match=f"^{re.escape(text)}"):
        build()


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: CharacterEncoder(9)(torch.zeros(2, 3)),
            errors.DtypeError,
            "CharacterEncoder: ids of torch.float32, expected integers (words, length)",
        ),
        (
            lambda: CharacterEncoder(9)(torch.zeros(3, dtype=torch.long)),
            errors.ShapeError,
            "CharacterEncoder: ids of shape (3,), expected (words, length)",
        ),
        (
            lambda: TokenEmbedding(9, 3)(torch.zeros(2, 4)),
            errors.DtypeError,
            "TokenEmbedding: ids of torch.float32, expected integers (batch, time)",
        ),
        (
            lambda: TokenEmbedding(9, 3)(torch.zeros(4, dtype=torch.long)),
            errors.ShapeError,
            "TokenEmbedding: ids of shape (4,), expected (batch, time)",
        ),
        (
            lambda: ChannelProjection(3, 2)(torch.zeros(2, 4, 5)),
            errors.ShapeError,
            "ChannelProjection: values of shape (2, 4, 5), expected (batch, time, channels) with channels = 3",
        ),
        (
            lambda: GRUEncoder(3, 2)(torch.zeros(2, 3)),
            errors.ShapeError,
            "GRUEncoder: inputs of shape (2, 3), expected (batch, time, features) with features = 3",
        ),
        (
            lambda: MeanPooling(4)(torch.zeros(2, 3, 5)),
            errors.ShapeError,
            "MeanPooling: hidden of shape (2, 3, 5), expected (batch, time, size) with size = 4",
        ),
        (
            lambda: LabelHead(4, 2)(torch.zeros(2, 3, 4)),
            errors.ShapeError,
            "LabelHead: vectors of shape (2, 3, 4), expected (batch, size) with size = 4",
        ),
        (
            lambda: TagsHead(4, 2)(torch.zeros(2, 4)),
            errors.ShapeError,
            "TagsHead: vectors of shape (2, 4), expected (batch, time, size) with size = 4",
        ),
        (
            lambda: MultiOutputHead(4, [2])(torch.zeros(2, 5)),
            errors.ShapeError,
            "MultiOutputHead: vectors of shape (2, 5), expected (batch, size) with size = 4",
        ),
        (
            lambda: MultiLabelHead(4, 2)(torch.zeros(2, 3, 5)),
            errors.ShapeError,
            "MultiLabelHead: vectors of shape (2, 3, 5), expected (batch, time, size) with size = 4",
        ),
    ],
)
def test_an_array_that_does_not_fit_is_an_error(call, error, text):
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        call()


@pytest.mark.parametrize(
    ("positions", "error", "text"),
    [
        (
            {"lengths": torch.tensor([2, 1]), "mask": torch.ones(2, 3, dtype=torch.bool)},
            errors.UsageError,
            "got lengths and mask, expected one of the two; a mask covers everything that lengths express",
        ),
        (
            {"lengths": torch.tensor([2.0, 1.0])},
            errors.DtypeError,
            "lengths of torch.float32, expected integers (batch,); pass booleans (batch, time) as mask=",
        ),
        (
            {"lengths": torch.ones(2, 3, dtype=torch.bool)},
            errors.DtypeError,
            "lengths of torch.bool, expected integers (batch,); pass booleans (batch, time) as mask=",
        ),
        (
            {"lengths": torch.tensor([[2], [1]])},
            errors.ShapeError,
            "lengths of shape (2, 1), expected (batch,) = (2,), the number of steps of each sequence",
        ),
        (
            {"mask": torch.ones(2, 3)},
            errors.DtypeError,
            "mask of torch.float32, expected torch.bool, True where a step counts; mask.bool() converts ones and zeros",
        ),
        (
            {"mask": torch.ones(3, 2, dtype=torch.bool)},
            errors.ShapeError,
            "mask of shape (3, 2), expected (batch, time) = (2, 3)",
        ),
    ],
)
@pytest.mark.parametrize(
    ("module", "inputs"),
    [
        (TokenEmbedding(9, 3), torch.ones(2, 3, dtype=torch.long)),
        (ChannelProjection(2, 3), torch.zeros(2, 3, 2)),
        (LSTMEncoder(2, 3), torch.zeros(2, 3, 2)),
        (AttentionPooling(2), torch.zeros(2, 3, 2)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_lengths_or_a_mask_that_cannot_say_what_counts_are_an_error(module, inputs, positions, error, text):
    with pytest.raises(error, match=f"^{type(module).__name__}: {re.escape(text)}$"):
        module(inputs, **positions)


def test_attention_weights_check_what_calling_the_pooling_checks():
    with pytest.raises(errors.ShapeError, match=r"^AttentionPooling: mask of shape \(1, 3\), expected"):
        AttentionPooling(2).weights(torch.zeros(2, 3, 2), mask=torch.ones(1, 3, dtype=torch.bool))


def test_a_model_names_the_part_that_refuses():
    with pytest.raises(errors.DtypeError, match=r"^TokenEmbedding: ids of torch\.float64"):
        nn_cases.new_model(("rnn", 1, True, "mean"))(nn_cases.new_series())
