from __future__ import annotations

import pytest
import torch

from seqwise.errors import ConfigError
from seqwise.nn import SequenceModel, TagCRF, TagsHead, TargetModule, TokenEmbedding, build_model
from seqwise.nn.encoders import LSTMEncoder
from seqwise.targets import Target

ALLOWED = [[True, False], [True, True]]


def test_a_learned_chain_saves_its_scores_and_not_what_is_allowed():
    chain = TagCRF(2, allowed_transitions=ALLOWED, allowed_start=[True, False], allowed_end=[True, True])
    assert {name: tuple(value.shape) for name, value in chain.state_dict().items()} == {
        "transitions": (2, 2),
        "start": (2,),
        "end": (2,),
    }
    assert chain().allowed_transitions.tolist() == ALLOWED
    assert chain().is_learned


def test_a_chain_that_is_not_learned_has_scores_of_zero_and_saves_nothing():
    chain = TagCRF(2, is_learned=False, allowed_transitions=ALLOWED)
    assert not chain.state_dict()
    assert not list(chain.parameters())
    assert not chain().transitions.any()
    assert not chain().is_learned


def test_the_scores_are_attached_to_the_graph():
    chain = TagCRF(3)
    chain().transitions.sum().backward()
    assert chain.transitions.grad.tolist() == [[1.0] * 3] * 3


def test_a_model_names_the_chains_of_its_targets():
    targets = {
        "slots": TargetModule(TagsHead(6, 2), crf=TagCRF(2)),
        "upos": TargetModule(TagsHead(6, 4)),
    }
    model = SequenceModel(TokenEmbedding(9, 4), LSTMEncoder(4, 3), targets)
    assert list(model.crf_scores()) == ["slots"]


def test_a_chain_is_built_beside_the_head_of_its_target():
    slots, upos = (Target(name, "tags", (("a", "b"),), per_step=True) for name in ("slots", "upos"))
    model = build_model([upos, slots], input="tokens", vocabulary_size=9, crfs={"slots": TagCRF(2)})
    assert list(model.crf_scores()) == ["slots"]


def test_no_classes_are_an_error():
    with pytest.raises(ConfigError, match="TagCRF: classes is 0"):
        TagCRF(0)


def test_it_moves_with_the_model():
    chain = TagCRF(2, allowed_transitions=ALLOWED).double()
    assert chain().transitions.dtype == torch.float64
    assert chain().allowed_transitions.dtype == torch.bool
