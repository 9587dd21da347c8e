from __future__ import annotations

import time

import pytest

from seqwise.training.callbacks import NoCallback
from seqwise.tuning.trial import BrokenOff, OutOfTime, TrialCallback, is_hopeless

RIVAL = [0.2, 0.5, 0.6, 0.7]
CURVES = [
    ([0.0, 0.0], False, "two epochs are too few to say"),
    ([0.0, 0.0, 0.19], True, "after three epochs behind the rival's first"),
    ([0.0, 0.0, 0.2], False, "level with it"),
    ([0.0, 0.1, 0.3, 0.49], True, "after four behind its second"),
    ([0.0, 0.1, 0.3, 0.5], False, "half as quick is quick enough"),
    ([0.1] * 11 + [0.69], True, "after all that it had, behind its best"),
]


@pytest.mark.parametrize(("curve", "expected", "why"), CURVES, ids=[case[2] for case in CURVES])
def test_a_trial_is_hopeless_that_is_not_half_as_quick_as_the_best(curve, expected, why):
    assert is_hopeless(curve, RIVAL) is expected


def test_without_a_finished_trial_none_is_hopeless():
    assert not is_hopeless([0.0] * 9, ())


def watch_of(rival=(), left=60.0):
    seen = []
    return TrialCallback(NoCallback(), rival, time.monotonic() + left, lambda *words: seen.append(words)), seen


def test_the_curve_is_the_best_figure_so_far():
    watch, seen = watch_of()
    for epoch, (figure, is_best) in enumerate([(0.5, True), (0.4, False), (None, False), (0.6, True)], start=1):
        watch.epoch_ends({"epoch": epoch, "dev_figure": figure}, is_best)
    assert seen == [(1, 0.5), (2, 0.5), (3, 0.5), (4, 0.6)]


def test_a_trial_without_a_figure_is_behind_all():
    watch, seen = watch_of()
    watch.epoch_ends({"epoch": 1, "dev_figure": None}, is_best=True)
    assert seen == [(1, float("-inf"))]


def test_a_hopeless_trial_is_broken_off():
    watch, _ = watch_of(RIVAL)
    watch.epoch_ends({"epoch": 1, "dev_figure": 0.0}, is_best=True)
    watch.epoch_ends({"epoch": 2, "dev_figure": 0.0}, is_best=False)
    with pytest.raises(BrokenOff, match="^behind the best after 3 epochs$"):
        watch.epoch_ends({"epoch": 3, "dev_figure": 0.0}, is_best=False)


def test_a_trial_that_cannot_end_in_time_is_broken_off():
    watch, _ = watch_of([0.1] * 10, left=3.0)
    watch.began -= 1.0  # an epoch of one second: four more would have to fit
    with pytest.raises(BrokenOff, match="^1.0 s per epoch are too slow for the time left$"):
        watch.epoch_ends({"epoch": 1, "dev_figure": 0.9}, is_best=True)


def test_a_trial_ends_with_the_budget():
    watch, _ = watch_of(left=-1.0)
    with pytest.raises(OutOfTime):
        watch.step_done(1, 0.1, 1.0)
