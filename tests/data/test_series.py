"""What a model sees of a series with gaps, changes and a scale of its own; from the file to the scaled channels."""

from __future__ import annotations

import json

import numpy as np
import pytest

from seqwise.data.batching import Batcher
from seqwise.data.channel_scaling import ChannelScaling
from seqwise.data.readers import ReadOptions, open_files
from seqwise.data.series import seen_channels
from seqwise.data.spec import DataSpec, InputSpec, TargetSpec
from seqwise.data.store import open_store
from seqwise.errors import DataError

NAN = float("nan")
GAPS = np.array([[NAN, 1.0], [2.0, NAN], [NAN, NAN], [5.0, 3.0]], dtype=np.float32)


def seen(series, **options):
    return seen_channels(np.asarray(series, dtype=np.float32), InputSpec("series", "x", **options))


def test_a_gap_has_the_value_before_it_and_a_flag():
    channels = seen(GAPS, gaps=True)
    np.testing.assert_array_equal(channels[:, :2], [[NAN, 1], [2, 1], [2, 1], [5, 3]])
    np.testing.assert_array_equal(channels[:, 2:], [[1, 0], [0, 1], [1, 1], [0, 0]])


def test_changes_are_from_step_to_step_and_zero_at_the_first():
    np.testing.assert_array_equal(seen([[1], [4], [2]], differences=True), [[1, 0], [4, 3], [2, -2]])
    np.testing.assert_array_equal(seen(GAPS, gaps=True, differences=True)[:, 2:4], [[0, 0], [0, 0], [0, 0], [3, 2]])


def test_a_series_scaled_by_itself_has_mean_0_and_deviation_1():
    random = np.random.default_rng(0)
    channels = seen(random.normal(7, 3, (50, 2)), normalise=True)
    np.testing.assert_allclose(channels.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(channels.std(axis=0), 1, rtol=1e-5)
    np.testing.assert_array_equal(seen([[0.1], [0.1], [0.1]], normalise=True), 0)


def test_scaling_leaves_missing_values_out_and_reads_them_as_the_mean(tmp_path):
    store = stored(tmp_path, [[[None], [1.0], [3.0]], [[None], [None], [8.0]]])
    scaling = ChannelScaling.of(store, np.arange(2))
    assert scaling.mean[0] == pytest.approx((1 + 3 + 8) / 3)
    assert scaling.deviation[0] == pytest.approx(np.std([1, 3, 8]))
    inputs = Batcher(store, scaling).batch(np.arange(2)).inputs
    assert inputs[0, 0, 0] == 0
    assert inputs[0, 1, 0] == pytest.approx((1 - 4) / np.std([1, 3, 8]))


def stored(tmp_path, series):
    file = tmp_path / "series.jsonl"
    file.write_text("".join(json.dumps({"x": values, "y": "a"}) + "\n" for values in series))
    spec = DataSpec(InputSpec("series", "x", gaps=True), (TargetSpec("y", "label", ("y",), "cell"),))
    return open_store([(0, open_files([str(file)], ReadOptions(gaps="fill")))], spec)


READ = {
    "long.csv": ("id,t,x,y\n1,1,0.5,a\n1,2,,a\n1,3,1.5,a\n", {"series_id": "id", "time": "t", "channels": ("x",)}),
    "one.ts": ("@problemName p\n@classLabel true a\n@data\n0.5,?,1.5:a\n", {}),
}


@pytest.mark.parametrize("name", READ)
def test_readers_leave_gaps_open_when_asked_to(tmp_path, name):
    content, options = READ[name]
    (tmp_path / name).write_text(content)
    record = next(iter(open_files([str(tmp_path / name)], ReadOptions(**options, gaps="fill"))))
    np.testing.assert_array_equal(record.values["series"][:, 0], [0.5, NAN, 1.5])
    with pytest.raises(DataError, match="the value is missing.*|.*data.gaps=fill fills gaps"):
        next(iter(open_files([str(tmp_path / name)], ReadOptions(**options))))


@pytest.mark.parametrize("name", READ)
def test_what_is_no_number_is_no_gap(tmp_path, name):
    content, options = READ[name]
    (tmp_path / name).write_text(content.replace("?", "x").replace("2,,", "2,x,"))
    with pytest.raises(DataError, match="'x' is not a number"):
        next(iter(open_files([str(tmp_path / name)], ReadOptions(**options, gaps="fill"))))


def test_an_infinite_value_is_no_gap():
    from seqwise.data.cells import sequence_reader
    from seqwise.data.records import Place, Record

    read = sequence_reader(InputSpec("series", "x", gaps=True))
    with pytest.raises(DataError, match="step 2 of channel 1 is inf, not a finite float32 number"):
        read(Record(Place("f", 1), {"x": [1.0, float("inf")]}))
