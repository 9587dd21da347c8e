"""Fixed kernels and shares above thresholds, against their definition and each series alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from seqwise.errors import ConfigError
from seqwise.nn import ChannelValues, PPVPooling, RocketEncoder, build_rocket
from seqwise.nn import ppv as shares
from seqwise.targets import Target

LENGTHS = torch.tensor([9, 1, 5, 14])
SPEAKER = Target("speaker", "label", (("a", "b", "c"),))
VOTES = Target("votes", "outputs", ((-1, 0, 1), ("no", "yes")), outputs=("first", "second"))


def new_series(channels: int = 3, time: int = 14) -> Tensor:
    return torch.randn(len(LENGTHS), time, channels, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def new_encoder(channels: int = 3, hidden: int = 170, layers: int = 2) -> RocketEncoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return RocketEncoder(channels, hidden, layers=layers).double()


def output_by_hand(kernel: Tensor, series: Tensor, step: int, reach: int) -> Tensor:
    """sum_k w_k x_(step + (k - 4) reach) over all channels, zeros where there is no step."""
    total = torch.zeros((), dtype=torch.float64)
    for k in range(9):
        place = step + (k - 4) * reach
        if 0 <= place < len(series):
            total = total + kernel[:, k] @ series[place]
    return total


@pytest.mark.parametrize("kernel", [0, 83, 84, 85, 169])
@pytest.mark.parametrize("layer", [0, 1])
def test_states_are_those_of_the_definition(kernel, layer):
    encoder, series = new_encoder(), new_series()[0]
    seen = series if kernel < 85 else torch.cat([torch.zeros(1, 3, dtype=torch.float64), series[1:] - series[:-1]])
    expected = [output_by_hand(encoder.kernels[layer, kernel], seen, step, 2**layer) for step in range(len(series))]
    torch.testing.assert_close(encoder(series[None])[0, :, layer * 170 + kernel], torch.stack(expected))


@pytest.mark.parametrize(
    ("per_doubling", "expected"), [(1, (1, 2, 4, 8, 16)), (2, (1, 2, 3, 4, 6)), (3, (1, 2, 3, 4, 5))]
)
def test_layers_reach_as_far_as_they_are_told(per_doubling, expected):
    encoder = RocketEncoder(1, 168, layers=5, per_doubling=per_doubling).double()
    assert encoder.reaches == expected
    series = new_series(channels=1, time=30)[0]
    found = encoder(series[None])[0, :, 4 * 168 + 7]
    kernel = encoder.kernels[4, 7]
    torch.testing.assert_close(
        found, torch.stack([output_by_hand(kernel, series, step, expected[4]) for step in range(30)])
    )


def test_of_one_channel_the_kernels_are_the_84_patterns():
    kernels = RocketEncoder(1, 84 * 2).kernels[0, :, 0]
    assert torch.equal(kernels[:84], kernels[84:])
    assert len(kernels[:84].unique(dim=0)) == 84
    assert (kernels.sort(dim=1).values == torch.tensor([-1.0] * 6 + [2.0] * 3)).all()


def test_of_many_channels_a_kernel_sees_at_least_one_and_at_most_nine():
    kernels = new_encoder(channels=20).kernels
    seen = (kernels != 0).any(dim=3).sum(dim=2)
    assert (seen.min(), seen.max()) == (1, 9)


@pytest.mark.parametrize("way", ["lengths", "mask"])
def test_a_batch_gives_each_series_what_it_gets_alone(way):
    encoder, series = new_encoder(), new_series()
    counted = torch.arange(14) < LENGTHS[:, None]
    if way == "mask":
        counted = torch.rand(counted.shape, generator=torch.Generator().manual_seed(1)) < 0.6
    padded = series.masked_fill(~counted[:, :, None], torch.nan)
    states = encoder(padded, **({"lengths": LENGTHS} if way == "lengths" else {"mask": counted}))
    assert (states[~counted] == 0).all()
    for row, keep in enumerate(counted):
        torch.testing.assert_close(states[row, keep], encoder(series[row, keep][None])[0])


def test_a_share_is_the_count_above_each_threshold_over_the_steps():
    pooling = PPVPooling(2, thresholds=2)
    pooling.thresholds.copy_(torch.tensor([[0.0, 2.0], [-1.0, 5.0]]))
    states = torch.tensor([[[1.0, 0.0], [3.0, -1.0], [2.0, 6.0], [9.0, 9.0]]])
    shares = pooling(states, lengths=torch.tensor([3]))
    torch.testing.assert_close(shares, torch.tensor([[1.0, 1 / 3, 2 / 3, 1 / 3]]))
    assert pooling.output_size == 4


def test_what_does_not_count_is_in_no_share():
    states = torch.tensor([[[1.0], [-1.0], [torch.nan]], [[5.0], [torch.inf], [torch.nan]]])
    assert PPVPooling(1)(states, lengths=torch.tensor([2, 0])).tolist() == [[0.5], [0.0]]
    assert PPVPooling(3, thresholds=2)(torch.zeros(2, 0, 3)).tolist() == [[0.0] * 6] * 2


def test_thresholds_are_spread_over_the_values_of_training():
    pooling = PPVPooling(1, thresholds=100)
    pooling.fill(torch.arange(1000.0)[:, None])
    thresholds = pooling.thresholds[0].sort().values
    torch.testing.assert_close(thresholds, torch.linspace(5, 995, 100), rtol=0, atol=10)


def test_some_features_take_thresholds_from_their_own_steps_and_leave_the_others():
    pooling = PPVPooling(3, thresholds=2)
    steps = torch.arange(10.0)
    pooling.fill(torch.stack([steps, 100 + steps], dim=1), torch.tensor([2, 0]))
    assert (pooling.thresholds[1] == 0).all()
    assert ((pooling.thresholds[2] >= 0) & (pooling.thresholds[2] < 10)).all()
    assert ((pooling.thresholds[0] >= 100) & (pooling.thresholds[0] < 110)).all()
    whole = PPVPooling(3, thresholds=2)
    whole.fill(torch.stack([100 + steps, steps, steps], dim=1))
    assert torch.equal(whole.thresholds[[0, 2]], pooling.thresholds[[0, 2]])


@pytest.mark.skipif(shares._count() is None, reason="nothing is compiled")
@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (3, 17, 70, 4), (2, 33, 130, 3), (5, 8, 64, 1)])
def test_compiled_counts_are_the_plain_ones(sizes, monkeypatch):
    batch, time, size, thresholds = sizes
    generator = torch.Generator().manual_seed(0)
    states = torch.randn(batch, time, size, generator=generator).round(decimals=1)
    counted = torch.rand(batch, time, generator=generator) < 0.7
    states[~counted] = torch.nan
    states[0, 0, 0] = torch.inf
    pooling = PPVPooling(size, thresholds=thresholds)
    pooling.thresholds.copy_(torch.randn(size, thresholds, generator=generator).round(decimals=1))
    found = [pooling(given, mask=counted) for given in (states, states.transpose(1, 2).contiguous().transpose(1, 2))]
    monkeypatch.setattr(shares, "_count", lambda: None)
    for compiled in found:
        assert torch.equal(compiled, pooling(states, mask=counted))


def test_equal_values_are_not_above_the_threshold_that_came_from_them():
    pooling = PPVPooling(1)
    pooling.fill(torch.tensor([[0.5], [0.5], [0.5], [2.0]]))
    assert pooling(torch.full((1, 4, 1), 0.5)).item() == 0.0


def test_a_model_has_a_head_per_target_over_all_shares():
    model = build_rocket([SPEAKER, VOTES], channels=3, hidden=168, layers=2, thresholds=3)
    logits = model(new_series().float(), lengths=LENGTHS)
    assert logits["speaker"].shape == (4, 3)
    assert logits["votes"].shape == (4, 2, 3)
    assert model.targets[0].head.linear.in_features == 168 * 2 * 3


def test_labels_per_step_are_refused():
    tags = Target("slots", "tags", (("O", "B"),), per_step=True)
    with pytest.raises(ConfigError, match="'rocket' classifies whole series only, and 'slots' has labels per step"):
        build_rocket([tags], channels=2)


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (lambda: RocketEncoder(0, 3), "RocketEncoder: input_size is 0, expected 1 or more"),
        (lambda: RocketEncoder(1, 3, dropout=1.0), "RocketEncoder: dropout is 1.0"),
        (lambda: PPVPooling(3, thresholds=0), "PPVPooling: thresholds is 0, expected 1 or more"),
        (lambda: ChannelValues(0), "ChannelValues: channels is 0, expected 1 or more"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(build, text):
    with pytest.raises(ConfigError, match=text):
        build()


def test_integers_become_values():
    assert ChannelValues(1)(torch.tensor([[[2]], [[3]]])).tolist() == [[[2.0]], [[3.0]]]
