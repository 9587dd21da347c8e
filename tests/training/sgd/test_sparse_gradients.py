"""Sparse gradients are asked for by name: an optimizer leaves the model as it is."""

from __future__ import annotations

from torch import nn

from seqwise.config import TrainConfig
from seqwise.nn import build_model
from seqwise.targets import Target
from seqwise.training.sgd.optimizer import make_optimizer
from seqwise.training.sgd.sparse_gradients import use_sparse_gradients

INTENT = Target("intent", "label", (("a", "b"),))


def tables(model):
    return [module.sparse for module in model.modules() if isinstance(module, nn.Embedding)]


def test_only_the_function_for_it_makes_gradients_sparse():
    model = build_model([INTENT], input="tokens", vocabulary_size=9, ngram_count=20)
    make_optimizer(model, TrainConfig())
    assert tables(model) == [False, False]
    use_sparse_gradients(model)
    assert tables(model) == [True, True]


def test_tables_on_other_devices_have_dense_gradients():
    model = build_model([INTENT], input="tokens", vocabulary_size=9).to("meta")
    use_sparse_gradients(model)
    assert tables(model) == [False]
