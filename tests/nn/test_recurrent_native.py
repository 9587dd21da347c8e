"""The compiled recurrent layer against torch's own layers over each sequence alone, in float64."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from seqwise import _native
from seqwise.nn import ENCODERS
from seqwise.nn._recurrent import fits, has_bfloat16, native_states
from seqwise.nn.encoders import recurrent as encoders_module

pytestmark = pytest.mark.skipif(_native.library() is None, reason="nothing is compiled here")

LAYERS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
LENGTHS = [7, 0, 3, 7, 1, 9, 2, 9, 5, 4, 4, 8, 6]
TIME = 10
names = pytest.mark.parametrize("name", LAYERS)
# input, hidden: below, at, between and above whole vectors of 16
sizes = pytest.mark.parametrize(("size", "hidden"), [(3, 5), (16, 32), (100, 128), (33, 70)])
directions = pytest.mark.parametrize("directions", [1, 2])


def draws(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def new_layers(name, size, hidden, directions):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return [LAYERS[name](size, hidden, batch_first=True) for _ in range(directions)]


def front_of(lengths, time=TIME):
    return torch.arange(time) < torch.tensor(lengths)[:, None]


def in_double(layers):
    doubles = [type(layer)(layer.input_size, layer.hidden_size, batch_first=True).double() for layer in layers]
    for double, layer in zip(doubles, layers, strict=True):
        double.load_state_dict(layer.state_dict())
    return doubles


def alone(layers, steps, lengths):
    """The states of each sequence run by itself, without padding, put into a batch of zeros."""
    rows = []
    for row, length in zip(steps, lengths, strict=True):
        steps_of_row = row[None, :length]
        states = [layers[0](steps_of_row)[0]] if length else []
        if length and len(layers) > 1:
            states.append(layers[1](steps_of_row.flip(1))[0].flip(1))
        width = len(layers) * layers[0].hidden_size
        states = torch.cat(states, dim=2)[0] if length else steps.new_zeros(0, width)
        rows.append(nn.functional.pad(states, (0, 0, 0, len(row) - length)))
    return torch.stack(rows)


def with_gradients(states, weights, arrays):
    return [states.detach(), *torch.autograd.grad((states * weights).sum(), arrays)]


@names
@sizes
@directions
def test_states_and_gradients_are_those_of_each_sequence_alone(name, size, hidden, directions):
    layers = new_layers(name, size, hidden, directions)
    steps, weights = draws(len(LENGTHS), TIME, size), draws(len(LENGTHS), TIME, directions * hidden, seed=1)
    found = steps.clone().requires_grad_()
    parameters = [parameter for layer in layers for parameter in layer.parameters()]
    results = with_gradients(native_states(layers, found, front_of(LENGTHS)), weights, [found, *parameters])
    doubles, exact = in_double(layers), steps.double().requires_grad_()
    parameters = [parameter for layer in doubles for parameter in layer.parameters()]
    expected = with_gradients(alone(doubles, exact, LENGTHS), weights.double(), [exact, *parameters])
    for result, reference in zip(results, expected, strict=True):
        scale = reference.abs().max()
        torch.testing.assert_close(result / scale, (reference / scale).float(), rtol=1e-5, atol=2e-6)


@names
def test_a_state_is_the_same_to_the_last_bit_whatever_it_is_batched_with(name):
    layers = new_layers(name, 20, 40, 2)
    steps = draws(len(LENGTHS), TIME, 20)
    together = native_states(layers, steps, front_of(LENGTHS))
    for row, length in enumerate(LENGTHS):
        single = native_states(layers, steps[row : row + 1, :length], front_of([length], length))
        assert torch.equal(together[row, :length], single[0])


@names
def test_large_sums_saturate_without_nan(name):
    layers = new_layers(name, 4, 8, 1)
    steps = torch.tensor([-1e30, -1e4, 1e4, 1e30])[:, None].expand(1, 4, 4).clone().requires_grad_()
    states = native_states(layers, steps, front_of([4], 4))
    states.sum().backward()
    assert states.isfinite().all()
    assert steps.grad.isfinite().all()
    torch.testing.assert_close(states, layers[0](steps)[0], rtol=1e-5, atol=1e-6)


@names
@directions
def test_the_threads_change_nothing_but_the_last_digits(name, directions):
    layers = new_layers(name, 12, 20, directions)
    steps, lengths = draws(70, 6, 12), [1 + i % 6 for i in range(70)]
    weights = draws(70, 6, 20 * directions, seed=1)
    results = []
    for threads in (1, 4):
        torch.set_num_threads(threads)
        found = steps.clone().requires_grad_()
        parameters = [parameter for layer in layers for parameter in layer.parameters()]
        results.append(
            with_gradients(native_states(layers, found, front_of(lengths, 6)), weights, [found, *parameters])
        )
    for one, many in zip(*results, strict=True):
        torch.testing.assert_close(many, one, rtol=1e-4, atol=1e-5)
    assert torch.equal(results[0][0], results[1][0])


@names
def test_backward_may_run_twice_over_a_kept_graph(name):
    layers = new_layers(name, 5, 6, 2)
    steps = draws(3, 4, 5).requires_grad_()
    loss = native_states(layers, steps, front_of([4, 2, 1], 4)).square().sum()
    first, second = (torch.autograd.grad(loss, steps, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)


@names
def test_an_encoder_gives_the_same_with_and_without_compiled_code(name, monkeypatch):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = ENCODERS[name](7, 9, layers=2)
    steps, mask = draws(5, 6, 7), draws(5, 6, seed=3) > -0.5
    found = encoder(steps, mask=mask)
    monkeypatch.setattr(encoders_module, "fits", lambda layers, steps: False)
    torch.testing.assert_close(found, encoder(steps, mask=mask), rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no AVX512-BF16")
@names
@sizes
def test_rounded_factors_change_the_third_digit_of_gradients_and_no_state(name, size, hidden):
    layers = new_layers(name, size, hidden, 2)
    steps, weights = draws(len(LENGTHS), TIME, size), draws(len(LENGTHS), TIME, 2 * hidden, seed=1)
    parameters = [parameter for layer in layers for parameter in layer.parameters()]
    results = []
    for rounds in (False, True):
        found = steps.clone().requires_grad_()
        states = native_states(layers, found, front_of(LENGTHS), rounds_gradient=rounds)
        results.append(with_gradients(states, weights, [found, *parameters]))
    assert torch.equal(results[0].pop(0), results[1].pop(0))
    for exact, rounded in zip(*results, strict=True):
        error = (rounded - exact).norm() / exact.norm()
        assert 1e-4 < error < 1e-2


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no AVX512-BF16")
@names
def test_an_encoder_rounds_when_it_is_told_to(name):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = ENCODERS[name](7, 9)
    steps = draws(5, 6, 7)
    found = []
    for encoder.rounds_gradients in (False, True):
        encoder.zero_grad()
        encoder(steps).sum().backward()
        found.append(encoder.forward_layers[0].weight_ih_l0.grad)
    exact, rounded = found
    assert 0 < (rounded - exact).norm() / exact.norm() < 0.01


def test_it_fits_plain_float32_on_a_cpu_alone():
    layers, steps = new_layers("gru", 3, 4, 1), draws(2, 5, 3)
    assert fits(layers, steps)
    assert not fits(layers, steps.double())
    assert not fits(in_double(layers), steps)
    assert not fits(layers, steps.to("meta"))
    with torch.autocast("cpu", torch.bfloat16):
        assert not fits(layers, steps)
    torch.func.vmap(lambda row: (fits(layers, row[None]), row)[1])(steps)
    assert not torch.func.vmap(lambda row: row * fits(layers, row[None]))(steps).any()


def test_without_a_compiler_nothing_fits(monkeypatch):
    monkeypatch.setattr(_native, "library", lambda: None)
    assert not fits(new_layers("rnn", 3, 4, 1), draws(2, 5, 3))
