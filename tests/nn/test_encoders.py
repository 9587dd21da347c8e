from __future__ import annotations

import pytest
import torch
from torch import nn

from seqwise.nn import ENCODERS, GRUEncoder, LSTMEncoder, RNNEncoder, TransformerEncoder
from seqwise.nn._dropout import FeatureDropout

TORCH_LAYERS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
GATES = {"lstm": 4, "gru": 3, "rnn": 1}
names = pytest.mark.parametrize("name", TORCH_LAYERS)
all_names = pytest.mark.parametrize("name", ENCODERS)


def copied_from(encoder, name, layers, bidirectional):
    """Torch's own many-layered module with the encoder's weights, under the names that torch gives them."""
    module = TORCH_LAYERS[name](
        encoder.input_size, encoder.hidden, layers, batch_first=True, bidirectional=bidirectional
    ).double()
    sides = {"": encoder.forward_layers, "_reverse": encoder.backward_layers}
    state = {
        parameter.replace("_l0", f"_l{number}{side}"): value
        for side, modules in sides.items()
        for number, layer in enumerate(modules)
        for parameter, value in layer.state_dict().items()
    }
    module.load_state_dict(state)
    return module


@names
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_an_unpadded_sequence_gives_the_states_of_torchs_own_module(name, layers, bidirectional):
    encoder = ENCODERS[name](3, 4, layers=layers, bidirectional=bidirectional).double()
    steps = torch.randn(1, 6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = copied_from(encoder, name, layers, bidirectional)(steps)[0]
    torch.testing.assert_close(encoder(steps), expected, rtol=1e-12, atol=1e-13)


@all_names
def test_states_are_exact_zeros_where_a_step_does_not_count(name):
    steps = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))
    mask = torch.tensor([[True, False, True, False], [False, False, False, False]])
    states = ENCODERS[name](3, 2)(steps, mask=mask)
    assert torch.equal((states == 0).all(dim=2), ~mask)


@all_names
def test_a_batch_of_no_steps_gives_no_states(name):
    encoder = ENCODERS[name](3, 2)
    assert encoder(torch.zeros(2, 0, 3)).shape == (2, 0, encoder.output_size)


@names
@pytest.mark.parametrize(("bidirectional", "size"), [(False, 5), (True, 10)])
def test_output_size_is_the_size_of_a_state(name, bidirectional, size):
    encoder = ENCODERS[name](3, 5, layers=2, bidirectional=bidirectional)
    assert (encoder.output_size, encoder.hidden, encoder.bidirectional) == (size, 5, bidirectional)
    assert encoder(torch.zeros(1, 2, 3)).shape[2] == size


def test_the_mapping_names_the_classes():
    named = {"lstm": LSTMEncoder, "gru": GRUEncoder, "rnn": RNNEncoder, "transformer": TransformerEncoder}
    assert named.items() <= ENCODERS.items()


@names
def test_recurrent_weights_of_each_gate_start_orthogonal(name):
    weights = ENCODERS[name](3, 5).backward_layers[0].weight_hh_l0.detach()
    for gate in weights.split(5):
        torch.testing.assert_close(gate @ gate.T, torch.eye(5))
    assert len(weights) == GATES[name] * 5


@names
def test_input_weights_of_each_gate_start_glorot_uniform(name):
    weights = ENCODERS[name](100, 60).forward_layers[0].weight_ih_l0.detach()
    bound = (6 / (100 + 60)) ** 0.5  # uniform on [-bound, bound], variance bound^2 / 3
    assert weights.abs().max() <= bound
    torch.testing.assert_close(weights.std(), torch.tensor(bound / 3**0.5), rtol=0.05, atol=0.0)


@pytest.mark.parametrize("name", ["gru", "rnn"])
def test_biases_start_at_zero(name):
    layer = ENCODERS[name](3, 5).forward_layers[0]
    assert not layer.bias_ih_l0.any()
    assert not layer.bias_hh_l0.any()


def test_the_forget_gate_of_an_lstm_starts_with_bias_one():
    layer = LSTMEncoder(3, 2).forward_layers[0]
    assert (layer.bias_ih_l0 + layer.bias_hh_l0).tolist() == [0, 0, 1, 1, 0, 0, 0, 0]  # i, f, g, o


def test_dropout_drops_a_feature_at_every_step_of_a_sequence_or_at_none():
    dropout = FeatureDropout(0.5)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        kept = dropout(torch.ones(4, 6, 50))
    assert torch.equal(kept, kept[:, :1].expand_as(kept))
    assert kept.unique().tolist() == [0.0, 2.0]
    assert not torch.equal(kept[0], kept[1])


def test_dropout_works_between_layers_alone():
    steps = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))
    single = LSTMEncoder(4, 3, layers=1, dropout=0.9).train()
    torch.testing.assert_close(single(steps), single.eval()(steps), rtol=0, atol=0)
    double = LSTMEncoder(4, 3, layers=2, dropout=0.9)
    assert not torch.allclose(double.train()(steps), double.eval()(steps))


@all_names
@pytest.mark.parametrize("way", ["lengths", "mask"])
def test_nan_where_a_step_does_not_count_reaches_neither_states_nor_gradients(name, way):
    encoder = ENCODERS[name](3, 2, layers=2).double()
    counted = torch.tensor([[True, True, False, False], [True, True, True, True]])
    positions = {"mask": counted} if way == "mask" else {"lengths": counted.sum(dim=1)}
    results = []
    for filling in (0.0, torch.nan):
        draws = torch.Generator().manual_seed(0)
        steps = torch.randn(2, 4, 3, generator=draws, dtype=torch.float64)
        steps = steps.masked_fill(~counted[:, :, None], filling).requires_grad_()
        states = encoder(steps, **positions)
        results.append((states, *torch.autograd.grad(states.square().sum(), [steps, *encoder.parameters()])))
    for clean, dirty in zip(*results, strict=True):
        torch.testing.assert_close(dirty, clean, rtol=0, atol=0)
    assert not results[1][1][~counted].any()
