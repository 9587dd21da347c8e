"""A batch gives each sequence what it gets alone: the law of QUESTIONS.md, for every architecture at once."""

from __future__ import annotations

import nn_cases
import pytest
import torch
from nn_cases import ARCHITECTURES, HOLES, LENGTHS, TIME


def name_of(architecture: tuple[str, int, bool, str]) -> str:
    encoder, layers, bidirectional, pooling = architecture
    return f"{encoder}-{layers}-{'both' if bidirectional else 'forward'}-{pooling}"


DEEP = [architecture for architecture in ARCHITECTURES if architecture[1:3] == (2, True)]
architectures = pytest.mark.parametrize("architecture", ARCHITECTURES, ids=name_of)
deep_architectures = pytest.mark.parametrize("architecture", DEEP, ids=name_of)
inputs = pytest.mark.parametrize("kind", ["tokens", "series"])
lengths = torch.tensor(LENGTHS)
counted = nn_cases.left_aligned()
NEW_INPUTS = {"tokens": nn_cases.new_tokens, "series": nn_cases.new_series}
GARBAGE = {"tokens": 10**9, "series": torch.nan}


def padded(kind: str, time: int = TIME) -> torch.Tensor:
    """A batch of `time` steps whose padding is garbage."""
    batch = NEW_INPUTS[kind]()
    batch[~counted] = GARBAGE[kind]
    extra = torch.full((len(LENGTHS), time - TIME, *batch.shape[2:]), GARBAGE[kind], dtype=batch.dtype)
    return torch.cat([batch, extra], dim=1)


@architectures
def test_logits_of_a_padded_batch_are_those_of_each_sequence_alone(architecture):
    model = nn_cases.new_model(architecture)
    tokens = nn_cases.new_tokens()
    logits = nn_cases.at_counted(model(tokens, lengths=lengths), counted)
    nn_cases.assert_same(logits, nn_cases.run_alone(model, tokens, counted))


@architectures
def test_gradients_of_a_padded_batch_are_those_of_each_sequence_alone(architecture):
    model = nn_cases.new_model(architecture)
    tokens = nn_cases.new_tokens()
    expected = nn_cases.gradients(model, nn_cases.run_alone(model, tokens, counted))
    logits = nn_cases.at_counted(model(tokens, lengths=lengths), counted)
    nn_cases.assert_same(nn_cases.gradients(model, logits), expected)


@deep_architectures
def test_logits_in_float32_are_those_of_each_sequence_alone(architecture):
    model = nn_cases.new_model(architecture).float()
    tokens = nn_cases.new_tokens()
    logits = nn_cases.at_counted(model(tokens, lengths=lengths), counted)
    nn_cases.assert_same(logits, nn_cases.run_alone(model, tokens, counted), rtol=1e-5)


@architectures
def test_a_mask_with_holes_is_the_sequence_with_the_holes_cut_out(architecture):
    model = nn_cases.new_model(architecture, kind="series")
    mask = torch.tensor(HOLES, dtype=torch.bool)
    series = nn_cases.new_series(time=mask.shape[1])
    expected = nn_cases.run_alone(model, series, mask)
    expected_gradients = nn_cases.gradients(model, expected)
    series[~mask] = torch.nan
    logits = nn_cases.at_counted(model(series, mask=mask), mask)
    nn_cases.assert_same(logits, expected)
    nn_cases.assert_same(nn_cases.gradients(model, logits), expected_gradients)


@inputs
@deep_architectures
def test_garbage_in_more_padding_changes_neither_logits_nor_gradients(architecture, kind):
    model = nn_cases.new_model(architecture, kind=kind)
    expected = nn_cases.at_counted(model(NEW_INPUTS[kind](), lengths=lengths), counted)
    expected_gradients = nn_cases.gradients(model, expected)
    wide = nn_cases.left_aligned(time=TIME + 4)
    logits = nn_cases.at_counted(model(padded(kind, TIME + 4), lengths=lengths), wide)
    nn_cases.assert_same(logits, expected)
    nn_cases.assert_same(nn_cases.gradients(model, logits), expected_gradients)


@deep_architectures
def test_lengths_and_the_mask_that_says_the_same_give_the_same_numbers(architecture):
    model = nn_cases.new_model(architecture)
    tokens = padded("tokens")
    nn_cases.assert_same(model(tokens, mask=counted), model(tokens, lengths=lengths), rtol=1e-13)


@deep_architectures
def test_the_order_of_the_batch_does_not_matter(architecture):
    model = nn_cases.new_model(architecture)
    tokens = padded("tokens")
    order = torch.tensor([2, 0, 3, 1])
    expected = {name: array[order] for name, array in model(tokens, lengths=lengths).items()}
    nn_cases.assert_same(model(tokens[order], lengths=lengths[order]), expected)


@deep_architectures
def test_a_batch_may_be_split(architecture):
    model = nn_cases.new_model(architecture)
    tokens = padded("tokens")
    halves = [model(tokens[part], lengths=lengths[part]) for part in (slice(0, 3), slice(3, 4))]
    expected = {name: torch.cat([half[name] for half in halves]) for name in model.names}
    nn_cases.assert_same(model(tokens, lengths=lengths), expected)


@deep_architectures
def test_the_gradient_of_the_inputs_is_zero_where_they_do_not_count(architecture):
    model = nn_cases.new_model(architecture, kind="series")
    series = padded("series").requires_grad_()
    logits = model(series, lengths=lengths)
    sum(array[array.isfinite()].sum() for array in logits.values()).backward()
    assert (series.grad[~counted] == 0).all()
    assert (series.grad[counted].abs().sum(dim=1) > 0).any()


@deep_architectures
def test_a_sequence_without_steps_gives_the_biases_of_the_heads(architecture):
    model = nn_cases.new_model(architecture)
    logits = model(padded("tokens"), lengths=torch.tensor([5, 0, 3, 4]))
    for name, target in zip(model.names, model.targets, strict=True):
        if name not in nn_cases.PER_STEP:
            finite = logits[name][1][logits[name][1].isfinite()]
            torch.testing.assert_close(finite, target.head.linear.bias, rtol=0, atol=0)


@pytest.mark.parametrize("way", ["lengths", "mask"])
@deep_architectures
def test_a_sequence_without_steps_adds_nothing_to_gradients_but_those_of_the_biases_of_the_heads(architecture, way):
    model = nn_cases.new_model(architecture, kind="series")
    series = nn_cases.new_series()
    empty_row = nn_cases.left_aligned((5, 0, 3, 4))
    expected = nn_cases.gradients(model, nn_cases.run_alone(model, series, empty_row))
    series[~empty_row] = torch.nan
    positions = {"mask": empty_row} if way == "mask" else {"lengths": empty_row.sum(dim=1)}
    logits = nn_cases.at_counted(model(series, **positions), empty_row)
    nn_cases.assert_same(nn_cases.gradients(model, logits), expected)


@deep_architectures
def test_a_batch_without_steps_gives_the_biases_of_the_heads(architecture):
    model = nn_cases.new_model(architecture)
    logits = model(nn_cases.new_tokens(batch=2, time=0), lengths=torch.tensor([0, 0]))
    for name, target in zip(model.names, model.targets, strict=True):
        if name not in nn_cases.PER_STEP:
            finite = logits[name][1][logits[name][1].isfinite()]
            torch.testing.assert_close(finite, target.head.linear.bias, rtol=0, atol=0)


@pytest.mark.parametrize("encoder", ["lstm", "gru", "rnn"])
def test_padding_does_not_change_what_dropout_drops(encoder):
    model = nn_cases.new_model((encoder, 2, True, "attention"), dropout=0.4).train()
    results = []
    for time in (TIME, TIME + 3):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            logits = model(padded("tokens", time), lengths=lengths)
        results.append(nn_cases.at_counted(logits, nn_cases.left_aligned(time=time)))
    nn_cases.assert_same(results[1], results[0])


def test_dropout_changes_the_logits_in_training_alone():
    model = nn_cases.new_model(("lstm", 2, True, "mean"), dropout=0.4)
    tokens = padded("tokens")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        in_training = model.train()(tokens, lengths=lengths)["one label"]
    outside = model.eval()(tokens, lengths=lengths)["one label"]
    without = nn_cases.new_model(("lstm", 2, True, "mean"))(tokens, lengths=lengths)["one label"]
    torch.testing.assert_close(outside, without, rtol=0, atol=0)
    assert not torch.allclose(in_training, outside)
