from __future__ import annotations

import math

import jaxtyping
import nn_cases
import pytest
import torch

from seqwise.errors import ConfigError, DtypeError, ShapeError, UsageError
from seqwise.nn import BAG, LabelHead, NgramBag, SequenceModel, TargetModule, build_model
from seqwise.targets import Target

NGRAMS = torch.tensor([[3, 7, 1, 0, 0], [2, 0, 0, 0, 0], [0, 0, 0, 0, 0], [9, 8, 7, 6, 5]])
POOLED = [target for target in nn_cases.TARGETS if not target.per_step]


def new_bag(dropout: float = 0.0) -> NgramBag:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return NgramBag(10, 4, ngram_dropout=dropout)


def test_the_vector_is_the_sum_over_the_root_of_the_count():
    bag = new_bag().eval()
    for ids, vector in zip(NGRAMS.tolist(), bag(NGRAMS), strict=True):
        there = [i for i in ids if i]
        expected = sum((bag.vectors.weight[i] for i in there), torch.zeros(4)) / math.sqrt(max(len(there), 1))
        torch.testing.assert_close(vector, expected)


def test_zeros_and_order_change_nothing():
    bag = new_bag().eval()
    spread = torch.tensor([[0, 7, 0, 0, 1, 3, 0, 0]])
    torch.testing.assert_close(bag(spread), bag(NGRAMS[:1]))


def test_a_sparse_gradient_is_the_dense_one():
    dense, sparse = new_bag(), new_bag()
    sparse.vectors.sparse = True
    weight = torch.arange(16.0).reshape(4, 4)
    for bag in (dense, sparse):
        (bag(NGRAMS) * weight).sum().backward()
    assert sparse.vectors.weight.grad.is_sparse
    torch.testing.assert_close(sparse.vectors.weight.grad.to_dense(), dense.vectors.weight.grad)


def test_training_hides_n_grams_and_evaluation_none():
    bag = new_bag(dropout=0.5)
    bag.vectors.weight.data.fill_(1.0)
    many = torch.randint(1, 10, (200, 100), generator=nn_cases.generator())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        sums = (bag(many)[:, 0] * 10).detach()  # those of 100 that are kept, twice
    assert float(sums.mean()) == pytest.approx(100, abs=2)
    assert float(sums.std()) == pytest.approx(2 * (100 * 0.5 * 0.5) ** 0.5, rel=0.2)
    assert (bag.eval()(many)[:, 0] * 10).detach().round().unique().tolist() == [100.0]


def new_model(encoder: str) -> SequenceModel:
    targets = POOLED if encoder == BAG else nn_cases.TARGETS
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build_model(
            targets, input="tokens", vocabulary_size=nn_cases.VOCABULARY_SIZE, embedding=3, encoder=encoder, hidden=2,
            ngram_count=10, bag=4, ngram_dropout=0.5, dropout=0.5,
        ).double().eval()  # fmt: skip


@pytest.mark.parametrize("encoder", ["lstm", BAG])
def test_logits_of_a_padded_batch_are_those_of_each_sequence_alone(encoder):
    model, tokens, lengths = new_model(encoder), nn_cases.new_tokens(), torch.tensor(nn_cases.LENGTHS)
    logits = model(tokens, lengths=lengths, ngrams=NGRAMS)
    for row, length in enumerate(nn_cases.LENGTHS):
        own = NGRAMS[row][NGRAMS[row] > 0][None]
        alone = model(tokens[row : row + 1, :length], ngrams=own)
        for target in POOLED:
            torch.testing.assert_close(logits[target.name][row], alone[target.name][0])


def test_labels_per_step_do_not_read_n_grams():
    model, tokens = new_model("lstm"), nn_cases.new_tokens()
    one, other = (model(tokens, ngrams=ngrams) for ngrams in (NGRAMS, NGRAMS.flip(0)))
    for target in nn_cases.TARGETS:
        assert torch.equal(one[target.name], other[target.name]) == target.per_step


TAGS = Target("slots", "tags", (("O", "B-x"),), per_step=True)
TOKENS = {"input": "tokens", "vocabulary_size": 5}
WRONG = [
    (
        lambda: build_model([TAGS], **TOKENS, encoder=BAG, ngram_count=9),
        ConfigError,
        "build_model: encoder is 'bag', which has no state per step, and 'slots' has labels per step; take one of",
    ),
    (lambda: build_model(POOLED, **TOKENS, encoder=BAG), ConfigError, "encoder is 'bag' and there are no n-grams"),
    (lambda: SequenceModel(None, None, {"a": TargetModule(LabelHead(2, 2))}), ConfigError, "neither an encoder nor a"),
    (lambda: new_model(BAG)(nn_cases.new_tokens()), UsageError, "has a bag of n-grams and ngrams is missing"),
    (lambda: new_bag()(NGRAMS.float()), DtypeError, r"NgramBag: ids of torch.float32, expected integers"),
    (lambda: new_bag()(NGRAMS[0]), ShapeError, r"NgramBag: ids of shape \(5,\), expected \(batch, ngrams\)"),
    (lambda: NgramBag(10, 0), ConfigError, "NgramBag: dim is 0"),
    (lambda: NgramBag(10, 2, ngram_dropout=1.0), ConfigError, "NgramBag: dropout is 1.0"),
]


@pytest.fixture
def _unchecked_annotations():
    """As for users."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.usefixtures("_unchecked_annotations")
@pytest.mark.parametrize(("call", "error", "message"), WRONG)
def test_what_cannot_be_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
