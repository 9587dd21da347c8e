from __future__ import annotations

import pytest
import torch
from torch import Tensor

from seqwise.nn import ConvEncoder


def steps_of(time: int, features: int) -> Tensor:
    return torch.randn(1, time, features, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def convolved_by_hand(convolution: torch.nn.Conv1d, steps: Tensor, reach: int) -> Tensor:
    """sum_k W_k x_(t + k reach) + b, with zeros where there is no step."""
    half = convolution.kernel_size[0] // 2
    states = []
    for t in range(len(steps)):
        state = convolution.bias.clone()
        for k in range(-half, half + 1):
            if 0 <= t + k * reach < len(steps):
                state = state + convolution.weight[:, :, k + half] @ steps[t + k * reach]
        states.append(state)
    return torch.stack(states)


def normed_by_hand(states: Tensor) -> Tensor:
    mean, variance = states.mean(dim=1, keepdim=True), states.var(dim=1, keepdim=True, unbiased=False)
    return (states - mean) / (variance + 1e-5).sqrt()


@pytest.mark.parametrize("width", [1, 3, 5])
def test_states_are_those_of_the_formula(width):
    encoder = ConvEncoder(3, 4, layers=3, width=width).double()
    steps = steps_of(7, 3)
    first, second, third = encoder.convolutions
    states = convolved_by_hand(first, steps[0], 1)
    states = states + convolved_by_hand(second, normed_by_hand(states).relu(), 2)
    states = states + convolved_by_hand(third, normed_by_hand(states).relu(), 4)
    torch.testing.assert_close(encoder(steps)[0], normed_by_hand(states).relu(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("layers", "width", "sees"), [(1, 3, 3), (2, 3, 7), (3, 3, 15), (2, 5, 13)])
def test_a_state_sees_as_far_as_is_said(layers, width, sees):
    encoder = ConvEncoder(2, 4, layers=layers, width=width).double()
    steps = steps_of(41, 2).requires_grad_()
    encoder(steps)[0, 20].sum().backward()
    reached = steps.grad[0].abs().sum(dim=1).nonzero()[:, 0]
    assert reached.min() >= 20 - sees // 2
    assert reached.max() <= 20 + sees // 2
    assert 1 + (width - 1) * (2**layers - 1) == sees


def test_a_state_is_of_the_size_that_was_asked_for():
    encoder = ConvEncoder(3, 5, layers=2)
    assert (encoder.output_size, encoder.hidden, encoder.bidirectional) == (5, 5, False)
    assert encoder(torch.zeros(1, 2, 3)).shape == (1, 2, 5)
