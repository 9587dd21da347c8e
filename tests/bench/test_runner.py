"""Agreement comes first; then the ways take turns, and ratios are those of the rounds."""

from __future__ import annotations

import pytest
import torch

from seqwise.bench import Case, Measured, Way, gradients, interleaved, measure, require_agreement, spread

X = torch.tensor([1.0, -2.0], requires_grad=True)
SQUARES = gradients(lambda: (X * X).sum(), {"x": X})


def ways(other, **options):
    return [Way("ours", SQUARES, "ours"), Way("other", gradients(other, {"x": X}), **options)]


def test_a_computation_gives_its_loss_and_gradients():
    assert {name: value.tolist() for name, value in SQUARES().items()} == {"loss": 5.0, "x": [2.0, -4.0]}


def test_ways_with_the_same_results_agree():
    require_agreement("squares", ways(lambda: X.pow(2).sum()))


WRONG = {
    "another value": (
        lambda: X.pow(2).sum() + 1,
        r"squares: loss of ours and of 'other' differ by 1, the largest is 6",
    ),
    "another gradient": (lambda: X.abs().pow(2).sum().detach() + (X - X.detach()).sum(), r"x of ours .* differ by 5"),
    "not a number": (lambda: X.pow(2).sum() * float("nan"), r"loss of ours and of 'other' differ by nan"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_peer_that_gives_something_else_is_refused(name):
    other, message = WRONG[name]
    with pytest.raises(AssertionError, match=message):
        require_agreement("squares", ways(other))


def test_what_a_tolerance_allows_agrees():
    require_agreement("squares", ways(lambda: X.pow(2).sum() * 1.01, tolerance=0.02))


@pytest.mark.parametrize("kind", ["limit", "other"])
def test_what_computes_something_else_is_not_compared(kind):
    require_agreement("squares", ways(lambda: X.sum(), kind=kind))


def test_results_of_another_shape_are_refused():
    case = [Way("ours", lambda: {"tags": torch.zeros(2)}, "ours"), Way("other", lambda: {"tags": torch.zeros(3)})]
    with pytest.raises(AssertionError, match=r"tags of ours and of 'other' have the shapes \(2,\) and \(3,\)"):
        require_agreement("paths", case)


def test_a_peer_without_a_result_to_compare_is_refused():
    case = [Way("ours", SQUARES, "ours"), Way("other", lambda: {"y": torch.zeros(())})]
    with pytest.raises(AssertionError, match="squares: 'other' has no result that ours has"):
        require_agreement("squares", case)


def test_results_are_read_for_the_comparison_only():
    read = []
    peer = Way("other", lambda: [5.0], results=lambda value: read.append(value) or {"loss": torch.tensor(value[0])})
    measure(Case("squares", "2", lambda: [Way("ours", SQUARES, "ours"), peer]), seconds=0, least=2)
    assert read == [[5.0]]


def test_nothing_is_timed_before_all_agree():
    with pytest.raises(AssertionError, match="squares, 2: loss"):
        measure(Case("squares", "2", lambda: ways(lambda: X.pow(2).sum() + 1)), seconds=0)


def test_each_round_gives_each_a_turn_and_begins_with_another(monkeypatch):
    turns = []
    monkeypatch.setattr("seqwise.bench.runner._TURN", 0.0)
    runs = {name: lambda name=name: turns.append(name) for name in "abc"}
    times = interleaved(runs, seconds=0, least=4)
    assert {name: len(values) for name, values in times.items()} == {"a": 4, "b": 4, "c": 4}
    assert turns == [*"abc", *"bca", *"cab", *"abc"]


def test_rounds_end_at_the_most_of_them():
    assert len(interleaved({"a": lambda: None}, seconds=60, least=1, most=5)["a"]) == 5


def test_what_is_quick_runs_several_times_in_a_turn(monkeypatch):
    clock, ran = iter(range(100)), []
    monkeypatch.setattr("seqwise.bench.runner._TURN", 3.0)  # the clock says that any turn takes 1
    monkeypatch.setattr("seqwise.bench.runner.time.perf_counter", lambda: float(next(clock)))
    times = interleaved({"a": lambda: ran.append(1)}, seconds=0, least=2)
    assert len(ran) == 1 + 2 * (1 + 3)  # once to find how often, then one that is not counted in each turn
    assert times["a"] == [1 / 3, 1 / 3]


TIMES = {"ours": [1.0, 2.0, 4.0], "slow": [2.0, 4.0, 4.0], "quick": [1.0, 1.0, 10.0], "products": [0.5, 0.5, 0.5]}
KINDS = {"ours": "ours", "slow": "peer", "quick": "peer", "products": "limit"}


def test_a_spread_has_a_fifth_below_and_a_fifth_above():
    assert spread([10.0, 0.0, 5.0]) == pytest.approx((2.0, 5.0, 8.0))
    assert spread([3.0]) == (3.0, 3.0, 3.0)


def test_ratios_are_those_of_each_round():
    measured = Measured("m", "s", TIMES, KINDS)
    assert measured.ratio("slow").p50 == 0.5  # of 0.5, 0.5 and 1; the ratio of the medians would be 0.5 too
    assert measured.ratio("quick").p50 == 1.0  # of 1, 2 and 0.4; the ratio of the medians would be 2


def test_of_several_ways_the_one_with_the_lowest_median_counts():
    measured = Measured("m", "s", TIMES, KINDS)
    assert measured.ratio("slow", "quick") == measured.ratio("quick")


def test_a_way_that_was_not_measured_is_an_error():
    with pytest.raises(KeyError):
        Measured("m", "s", TIMES, KINDS).ratio("other")


def test_plain_values_have_everything_and_come_back():
    measured = Measured("m", "s", TIMES, KINDS, 0.25, {"ours": 7}, {"slow": [0.5]}, {"keras": "no network"})
    plain = measured.to_json()
    assert (plain["rounds"], plain["disturbance"], plain["missing"]) == (3, 0.25, {"keras": "no network"})
    assert plain["ways"]["slow"] == {
        "kind": "peer",
        "p20": 2.8,
        "p50": 4.0,
        "p80": 4.0,
        "ratio": {"p20": 0.5, "p50": 0.5, "p80": 0.8},
        "figures": [0.5],
        "seconds": [2.0, 4.0, 4.0],
    }
    assert plain["ways"]["ours"]["memory"] == 7
    assert "ratio" not in plain["ways"]["ours"]
    assert Measured.from_json(plain) == measured
