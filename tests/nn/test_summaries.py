"""Summaries of whole series, against their definition and each series alone; and beside the shares."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from seqwise.errors import ConfigError
from seqwise.nn import PPVAndSummaries, RocketEncoder, SummaryPooling, build_rocket
from seqwise.targets import Target

LENGTHS = torch.tensor([11, 1, 5, 2])
SPEAKER = Target("speaker", "label", (("a", "b", "c"),))


def new_series(channels: int = 2) -> Tensor:
    return torch.randn(len(LENGTHS), 11, channels, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def deviation(values: list[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))


def summary_by_hand(values: list[float]) -> list[float]:
    """The 15 numbers of one channel."""
    changes = [0.0, *(values[t] - values[t - 1] for t in range(1, len(values)))]
    found = [math.fsum(values) / len(values), deviation(values), min(values), max(values)]
    found += [deviation(changes), min(changes), max(changes)]
    for number in range(8):
        place = number / 7 * (len(values) - 1)
        before = min(int(place), len(values) - 1)
        after = min(before + 1, len(values) - 1)
        found.append(values[before] + (place - before) * (values[after] - values[before]))
    return [math.copysign(math.log1p(abs(number)), number) for number in found]


@pytest.mark.parametrize("row", range(len(LENGTHS)))
@pytest.mark.parametrize("channel", [0, 1])
def test_summaries_are_those_of_the_definition(row, channel):
    series = new_series()
    found = SummaryPooling(2)(series, lengths=LENGTHS)[row]
    steps = int(LENGTHS[row])
    expected = summary_by_hand(series[row, :steps, channel].tolist())
    assert found[:-1].reshape(15, 2)[:, channel].tolist() == pytest.approx(expected, abs=2e-6)
    assert found[-1].item() == pytest.approx(math.log(steps))


@pytest.mark.parametrize("way", ["lengths", "mask"])
def test_a_batch_gives_each_series_what_it_gets_alone(way):
    pooling, series = SummaryPooling(2), new_series()
    counted = torch.arange(11) < LENGTHS[:, None]
    if way == "mask":
        counted = torch.rand(counted.shape, generator=torch.Generator().manual_seed(1)) < 0.6
    padded = series.masked_fill(~counted[:, :, None], torch.nan)
    found = pooling(padded, **({"lengths": LENGTHS} if way == "lengths" else {"mask": counted}))
    for row, keep in enumerate(counted):
        torch.testing.assert_close(found[row], pooling(series[row, keep][None])[0])


def test_a_series_in_which_nothing_counts_has_zeros_and_no_gradient():
    values = torch.full((1, 3, 2), torch.nan, requires_grad=True)
    vector = SummaryPooling(2)(values, lengths=torch.tensor([0]))
    vector.sum().backward()
    assert not vector.any()
    assert not values.grad.any()
    assert SummaryPooling(2)(torch.zeros(1, 0, 2)).tolist() == [[0.0] * 31]


def test_shares_come_first_and_summaries_of_the_values_behind():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = RocketEncoder(2, 84, layers=2, with_values=True).double()
    series = new_series()
    states = encoder(series, lengths=LENGTHS)
    assert encoder.output_size == states.shape[2] == 170
    pooling = PPVAndSummaries(168, 2, thresholds=3)
    pooling.shares.fill(states[0, :, :168])
    found = pooling(states, lengths=LENGTHS)
    torch.testing.assert_close(found[:, pooling.ppv_size :], SummaryPooling(2)(series, lengths=LENGTHS))
    torch.testing.assert_close(found[:, : pooling.ppv_size], pooling.shares(states[..., :168], lengths=LENGTHS))
    assert pooling.shares.thresholds.any()


def test_a_model_with_summaries_reads_both():
    model = build_rocket([SPEAKER], channels=2, hidden=84, layers=2, thresholds=3, summary_statistics=True)
    assert model(new_series().float(), lengths=LENGTHS)["speaker"].shape == (4, 3)
    assert model.targets[0].head.linear.in_features == 84 * 2 * 3 + 31


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (lambda: SummaryPooling(0), "SummaryPooling: size is 0, expected 1 or more"),
        (lambda: PPVAndSummaries(3, 0), "PPVAndSummaries: channels is 0, expected 1 or more"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(build, text):
    with pytest.raises(ConfigError, match=text):
        build()
