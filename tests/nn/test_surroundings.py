"""What the steps around a step look like, against its definition and each series alone."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from seqwise.errors import ConfigError
from seqwise.nn import ContextWindowEncoder, build_model
from seqwise.targets import Target

LENGTHS = torch.tensor([14, 1, 5, 0])
STATE = Target("state", "tags", (("off", "on"),), per_step=True)
KIND = Target("kind", "label", (("a", "b"),))


def new_series() -> Tensor:
    return torch.randn(len(LENGTHS), 14, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def features_by_hand(values: list[float], step: int) -> list[float]:
    """The 19 numbers of one step of a series of one channel."""
    last = len(values) - 1
    sizes = [0.0, *(abs(values[t] - values[t - 1]) for t in range(1, len(values)))]
    found = [values[min(max(step + shift, 0), last)] for shift in range(-3, 4)]
    for reach in (2, 8):
        for first, final in ((step - reach, step), (step, step + reach)):
            chosen = range(max(first, 0), min(final, last) + 1)
            mean = math.fsum(values[t] for t in chosen) / len(chosen)
            variance = math.fsum((values[t] - mean) ** 2 for t in chosen) / len(chosen)
            found += [mean, math.sqrt(variance + 1e-4), math.fsum(sizes[t] for t in chosen) / len(chosen)]
    return found


@pytest.mark.parametrize("step", [0, 1, 5, 12, 13])
@pytest.mark.parametrize("channel", [0, 1])
def test_features_are_those_of_the_definition(step, channel):
    series = new_series()[0]
    features = ContextWindowEncoder(2)(series[None])[0, step].reshape(19, 2)[:, channel]
    assert features.tolist() == pytest.approx(features_by_hand(series[:, channel].tolist(), step), abs=1e-12)


@pytest.mark.parametrize("way", ["lengths", "mask"])
def test_a_batch_gives_each_series_what_it_gets_alone(way):
    encoder, series = ContextWindowEncoder(2), new_series()
    counted = torch.arange(14) < LENGTHS[:, None]
    if way == "mask":
        counted = torch.rand(counted.shape, generator=torch.Generator().manual_seed(1)) < 0.6
    padded = series.masked_fill(~counted[:, :, None], torch.nan)
    states = encoder(padded, **({"lengths": LENGTHS} if way == "lengths" else {"mask": counted}))
    assert (states[~counted] == 0).all()
    for row, keep in enumerate(counted):
        torch.testing.assert_close(states[row, keep], encoder(series[row, keep][None])[0])


def test_targets_with_labels_per_step_alone_have_a_direct_head_which_is_zero_and_not_trained():
    model = build_model([STATE, KIND], input="series", channels=2, hidden=3, context_window=True)
    state, kind = model.targets
    assert kind.direct is None
    assert [(float(weight.abs().max()), weight.requires_grad) for weight in state.direct.parameters()] == [
        (0.0, False),
        (0.0, False),
    ]


def test_logits_of_the_surroundings_are_added_to_those_of_the_states():
    model = build_model([STATE], input="series", channels=2, hidden=3, context_window=True).double()
    series, direct = new_series(), model.targets[0].direct
    before = model(series, lengths=LENGTHS)["state"]
    direct.linear.weight.normal_(generator=torch.Generator().manual_seed(2))
    direct.linear.bias.fill_(0.5)
    added = ContextWindowEncoder(2)(series, lengths=LENGTHS) @ direct.linear.weight.T + 0.5
    torch.testing.assert_close(model(series, lengths=LENGTHS)["state"], before + added)


def test_symbols_have_no_surroundings():
    model = build_model([STATE], input="tokens", vocabulary_size=5, hidden=3, context_window=True)
    assert model.context_window is None


def test_a_series_has_a_channel():
    with pytest.raises(ConfigError, match="ContextWindowEncoder: input_size is 0, expected 1 or more"):
        ContextWindowEncoder(0)
