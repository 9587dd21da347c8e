from __future__ import annotations

import nn_cases
import pytest
import torch
from torch import nn

from seqwise.nn import (
    AttentionPooling,
    ChannelProjection,
    GRUEncoder,
    LabelHead,
    LastPooling,
    LSTMEncoder,
    MaxPooling,
    MeanPooling,
    MultiLabelHead,
    MultiOutputHead,
    SequenceModel,
    TagsHead,
    TargetModule,
    TokenEmbedding,
    build_model,
    parameter_count,
)
from seqwise.targets import Target

INTENT = Target("intent", "label", (("a", "b", "c"),))
SLOTS = Target("slots", "tags", (("O", "B-x"),), per_step=True)


def test_a_model_is_its_parts_in_a_row():
    layer, encoder, pooling, head = TokenEmbedding(9, 4), LSTMEncoder(4, 3), MaxPooling(6), LabelHead(6, 5)
    model = SequenceModel(layer, encoder, {"it": TargetModule(head, pooling)})
    tokens, lengths = torch.tensor([[3, 4, 5], [6, 7, 0]]), torch.tensor([3, 2])
    hidden = encoder(layer(tokens, lengths=lengths), lengths=lengths)
    expected = head(pooling(hidden, lengths=lengths))
    torch.testing.assert_close(model(tokens, lengths=lengths)["it"], expected, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["a.b", "two words", "", "ünï/cödé", "forward", "0"])
def test_a_target_may_have_any_name(name):
    target = Target(name, "label", (("a", "b"),))
    model = build_model([target], input="tokens", vocabulary_size=5, embedding=2, hidden=2)
    assert list(model(torch.ones(1, 2, dtype=torch.long))) == [name]


def test_logits_come_in_the_order_of_the_targets():
    names = ["z", "a", "m"]
    targets = [Target(name, "label", (("a", "b"),)) for name in names]
    model = build_model(targets, input="tokens", vocabulary_size=5, embedding=2, hidden=2)
    assert list(model(torch.ones(1, 2, dtype=torch.long))) == names


def test_weights_load_into_a_model_built_again():
    one, two = (nn_cases.new_model(("gru", 2, True, "attention")) for _ in range(2))
    with torch.no_grad():
        for parameter in two.parameters():
            parameter.zero_()
    two.load_state_dict(one.state_dict())
    tokens = nn_cases.new_tokens()
    nn_cases.assert_same(two(tokens), one(tokens), rtol=1e-15)


@pytest.mark.parametrize(
    ("target", "head", "axes"),
    [(target, head, axes) for target, head, axes in zip(
        nn_cases.TARGETS,
        [LabelHead, TagsHead, MultiOutputHead, MultiOutputHead, MultiLabelHead, MultiLabelHead],
        [(2, 3), (2, 5, 3), (2, 2, 3), (2, 5, 2, 3), (2, 2), (2, 5, 2)],
        strict=True,
    )],
    ids=[target.name for target in nn_cases.TARGETS],
)  # fmt: skip
def test_each_kind_of_target_has_its_head_and_its_logits(target, head, axes):
    model = build_model([target], input="series", channels=3, embedding=2, hidden=2)
    assert type(model.targets[0].head) is head
    assert (model.targets[0].pooling is None) == target.per_step
    assert model(torch.ones(2, 5, 3))[target.name].shape == axes


def test_the_settings_reach_the_parts():
    model = build_model(
        [INTENT, SLOTS], input="series", channels=3, embedding=7, encoder="gru", hidden=5, layers=2,
        bidirectional=False, pooling={"intent": "attention"}, dropout=0.25, attention_size=4,
    )  # fmt: skip
    assert type(model.input_layer) is ChannelProjection
    assert type(model.encoder) is GRUEncoder
    assert (model.encoder.input_size, model.encoder.output_size, model.encoder.layers) == (7, 5, 2)
    assert type(model.targets[0].pooling) is AttentionPooling
    assert model.targets[0].pooling.projection.out_features == 4
    assert [module.p for module in model.modules() if hasattr(module, "p")] == [0.25] * 4


def test_each_target_may_have_a_pooling_of_its_own():
    other = Target("other", "multilabel", (("p", "q"),))
    model = build_model(
        [INTENT, SLOTS, other], input="tokens", vocabulary_size=5, pooling={"intent": "last", "other": "mean"}
    )
    assert [type(target.pooling) for target in model.targets] == [LastPooling, type(None), MeanPooling]


@pytest.mark.parametrize("bidirectional", [False, True])
def test_last_pooling_knows_the_directions_of_the_encoder(bidirectional):
    model = build_model([INTENT], input="tokens", vocabulary_size=5, pooling="last", bidirectional=bidirectional)
    assert model.targets[0].pooling.bidirectional is bidirectional


def test_parameter_count_is_that_of_the_formula():
    vocabulary, embedding, hidden, classes = 1000, 50, 128, 5
    five = Target("five", "label", (tuple(range(classes)),))
    model = build_model([five], input="tokens", vocabulary_size=vocabulary, embedding=embedding, hidden=hidden)
    direction = 4 * (hidden * embedding + hidden * hidden + 2 * hidden)
    assert parameter_count(model) == vocabulary * embedding + 2 * direction + classes * (2 * hidden + 1)


def test_shared_parameters_count_once_and_frozen_ones_not_at_all():
    layer, frozen = nn.Linear(2, 3), nn.Linear(5, 7)
    frozen.requires_grad_(False)
    assert parameter_count(nn.ModuleList([layer, layer, frozen])) == 9
