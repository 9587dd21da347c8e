"""The transformer encoder against its definition, step by step, and what follows from it."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import gelu, layer_norm, linear

from seqwise.errors import ConfigError
from seqwise.nn import TransformerEncoder, build_model
from seqwise.targets import Target


def new_encoder(hidden=12, layers=2, **options):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = TransformerEncoder(3, hidden, layers=layers, **options).double()
    draws = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.normal_(0.0, 0.5, generator=draws)
    return encoder


def steps(*shape, seed=2):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def turned(vector, position):
    """Rotary positions as complex numbers: feature i is the real part and i + pairs the imaginary part of a pair."""
    pairs = len(vector) // 2
    numbers = torch.complex(vector[:pairs], vector[pairs : 2 * pairs])
    angles = [position * 10_000 ** (-pair / pairs) for pair in range(pairs)]
    numbers = numbers * torch.tensor([complex(math.cos(a), math.sin(a)) for a in angles], dtype=torch.complex128)
    return torch.cat([numbers.real, numbers.imag, vector[2 * pairs :]])


def states_by_definition(encoder, sequence):
    """What the encoder gives for one sequence (time, features), one step and one head at a time."""
    states = list(encoder.projection(sequence))
    head = encoder.hidden // encoder.heads
    for block in encoder.blocks:
        norm = block.attention_norm
        read = [layer_norm(state, norm.normalized_shape, norm.weight, norm.bias) for state in states]
        parts = [
            linear(r, block.queries_keys_values.weight, block.queries_keys_values.bias).split(len(r)) for r in read
        ]
        found = []
        for t, (query, _, _) in enumerate(parts):
            heads = []
            for h in range(encoder.heads):
                part = slice(h * head, (h + 1) * head)
                scores = [
                    turned(query[part], t) @ turned(key[part], u) / head**0.5 for u, (_, key, _) in enumerate(parts)
                ]
                weights = torch.stack(scores).softmax(0)
                heads.append(sum(w * value[part] for w, (_, _, value) in zip(weights, parts, strict=True)))
            found.append(torch.cat(heads))
        states = [state + block.attended(add) for state, add in zip(states, found, strict=True)]
        states = [state + block.outer(gelu(block.inner(block.inner_norm(state)))) for state in states]
    return torch.stack([encoder.norm(state) for state in states])


@pytest.mark.parametrize("hidden", [64, 12, 7, 1])
def test_the_states_are_those_of_the_definition(hidden):
    encoder, sequence = new_encoder(hidden), steps(5, 3)
    torch.testing.assert_close(encoder(sequence[None])[0], states_by_definition(encoder, sequence))


@pytest.mark.parametrize(("hidden", "heads"), [(128, 4), (64, 2), (33, 3), (32, 1), (7, 1), (1, 1), (97, 97)])
def test_heads_have_32_features_or_the_next_smaller_share(hidden, heads):
    assert TransformerEncoder(3, hidden).heads == heads


def test_order_matters():
    encoder, sequence = new_encoder(), steps(1, 5, 3)
    assert not torch.allclose(encoder(sequence).flip(1), encoder(sequence.flip(1)))


def test_every_state_has_seen_every_step():
    encoder, sequence = new_encoder(layers=1), steps(1, 5, 3).requires_grad_()
    for state in encoder(sequence)[0]:
        gradient = torch.autograd.grad(state[0], sequence, retain_graph=True)[0]
        assert (gradient[0].abs().sum(dim=1) > 0).all()


def test_there_is_no_longest_sequence():
    states = TransformerEncoder(3, 8)(torch.randn(1, 3000, 3, generator=torch.Generator().manual_seed(0)))
    assert states.isfinite().all()


def test_dropout_in_training_does_not_depend_on_padding():
    encoder, sequence = new_encoder(dropout=0.5).train(), steps(2, 4, 3)
    results = []
    for extra in (0, 3):
        padded = torch.cat([sequence, torch.full((2, extra, 3), torch.nan, dtype=torch.float64)], dim=1)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            results.append(encoder(padded, lengths=torch.tensor([4, 2]))[:, :4])
    torch.testing.assert_close(*results)


def test_one_direction_of_an_encoder_without_directions_is_refused():
    targets = [Target("intent", "label", (("a", "b"),))]
    with pytest.raises(
        ConfigError, match="bidirectional is False, but 'transformer' has no directions; .*'gru', 'lstm'"
    ):
        build_model(targets, input="tokens", vocabulary_size=9, encoder="transformer", bidirectional=False)
