from __future__ import annotations

import math

import jaxtyping
import nn_cases
import pytest
import torch

from seqwise.errors import ConfigError, DtypeError, ShapeError, UsageError
from seqwise.nn import NgramRegression, Stacked, build_model
from seqwise.targets import Target

NGRAMS = torch.tensor([[3, 7, 1, 0, 0], [2, 2, 4, 0, 0], [0, 0, 0, 0, 0], [9, 8, 7, 6, 5]])
UNEVEN = Target("uneven", "outputs", (("a", "b", "c"), ("d", "e")), outputs=("x", "y"))
TARGETS = (*nn_cases.TARGETS, UNEVEN)


def columns() -> dict[str, int]:
    pooled = [target for target in TARGETS if not target.per_step]
    return {target.name: target.class_count * max(len(target.outputs), 1) for target in pooled}


def new_regression() -> NgramRegression:
    regression = NgramRegression(10, columns()).double()
    with torch.no_grad():
        for tensor in (regression.weights, regression.biases, regression.inverse_frequencies[1:]):
            tensor.copy_(torch.rand(tensor.shape, generator=nn_cases.generator()) + 0.5)
    return regression


def new_stacked() -> Stacked:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = build_model(
            TARGETS, input="tokens", vocabulary_size=nn_cases.VOCABULARY_SIZE, embedding=3, hidden=2, dropout=0.5
        )
    stacked = Stacked(model, new_regression()).double().eval()
    stacked.scales.copy_(torch.arange(2.0 * len(columns())).reshape(-1, 2) + 0.5)
    return stacked


def test_logits_are_linear_in_frequencies_of_length_one():
    regression = new_regression()
    logits = torch.cat(list(regression(NGRAMS).values()), dim=1)
    for ids, found in zip(NGRAMS.tolist(), logits, strict=True):
        weights = [(i, float(regression.inverse_frequencies[i])) for i in ids if i]
        length = math.sqrt(sum(weight**2 for _, weight in weights)) or 1.0
        expected = sum((regression.weights[i] * weight / length for i, weight in weights), regression.biases)
        torch.testing.assert_close(found, expected)


def test_zeros_and_order_change_nothing():
    regression = new_regression()
    spread = torch.tensor([[0, 7, 0, 0, 1, 3, 0, 0]])
    for name, logits in regression(spread).items():
        torch.testing.assert_close(logits, regression(NGRAMS[:1])[name])


def test_a_stack_adds_what_both_say_and_leaves_labels_per_step_alone():
    stacked, tokens = new_stacked(), nn_cases.new_tokens()
    lengths = torch.tensor(nn_cases.LENGTHS)
    found, own = (model(tokens, lengths=lengths, ngrams=NGRAMS) for model in (stacked, stacked.network))
    others = stacked.regression(NGRAMS)
    assert list(found) == list(stacked.names) == [target.name for target in TARGETS]
    scales = dict(zip(stacked.regression.names, stacked.scales, strict=True))
    for name, logits in found.items():
        expected = own[name]
        if name in scales:
            expected = scales[name][0] * own[name] + scales[name][1] * others[name].reshape(own[name].shape)
        torch.testing.assert_close(logits, expected)
    assert found["uneven"][:, 1, 2].tolist() == [-math.inf] * len(NGRAMS)


def test_logits_of_a_padded_batch_are_those_of_each_sequence_alone():
    stacked, tokens = new_stacked(), nn_cases.new_tokens()
    together = stacked(tokens, lengths=torch.tensor(nn_cases.LENGTHS), ngrams=NGRAMS)
    for row, length in enumerate(nn_cases.LENGTHS):
        own = NGRAMS[row][NGRAMS[row] > 0][None]
        alone = stacked(tokens[row : row + 1, :length], ngrams=own)
        for target in TARGETS:
            logits = together[target.name][row]
            torch.testing.assert_close(logits[:length] if target.per_step else logits, alone[target.name][0])


WRONG = [
    (lambda: NgramRegression(9, {}), ConfigError, "NgramRegression: columns is empty"),
    (lambda: NgramRegression(9, {"a": 0}), ConfigError, r"NgramRegression: columns\['a'\] is 0"),
    (lambda: new_regression()(NGRAMS.float()), DtypeError, r"NgramRegression: ids of torch.float32, expected integers"),
    (lambda: new_regression()(NGRAMS[0]), ShapeError, r"NgramRegression: ids of shape \(5,\), expected \(batch, ngra"),
    (lambda: new_stacked()(nn_cases.new_tokens()), UsageError, "has a regression of n-grams and ngrams is missing"),
]


@pytest.fixture
def _unchecked_annotations():
    """As for users."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.parametrize(("call", "error", "message"), WRONG)
@pytest.mark.usefixtures("_unchecked_annotations")
def test_wrong_input_says_what_is_wrong(call, error, message):
    with pytest.raises(error, match=message):
        call()
