from __future__ import annotations

from seqwise.tuning.journal import Trial
from seqwise.tuning.tune_text import begin_line, closing_lines, end_line, figure_rows


def trial(number, figure, ended="finished", **settings):
    return Trial(number, settings, figure, (0.5,) * 4, 12.34, ended)


DEFAULT, BEST = trial(0, 0.8), trial(3, 0.82, **{"model.hidden": 64})


def metrics(value, **interval):
    return {part: {"intent": {"accuracy": {"value": value, **interval}}} for part in ("dev", "test")}


def test_a_trial_says_what_it_tries_and_what_came_of_it():
    assert begin_line(0, {}) == "trial 0: the defaults"
    assert begin_line(3, BEST.settings) == "trial 3: model.hidden=64"
    assert end_line(DEFAULT, [], 60.0) == (
        "trial 0: 0.8000 on dev, 4 epochs, 12.3 s; 60 s left; time for about 4 more such trainings"
    )
    assert end_line(BEST, [DEFAULT], 5.0) == "trial 3: 0.8200 on dev, 4 epochs, 12.3 s; 5 s left * best so far"
    assert end_line(DEFAULT, [BEST], -5.0) == "trial 0: 0.8000 on dev, 4 epochs, 12.3 s; 0 s left (best 0.8200)"
    assert end_line(trial(2, None, "too slow"), [DEFAULT], 1.0) == "trial 2: broken off, too slow; 12.3 s; 1 s left"


def test_the_figures_of_both_stand_side_by_side():
    head, rows = figure_rows(
        ["intent.accuracy"], [("defaults", DEFAULT), ("trial 3", BEST)], [metrics(0.8), metrics(None)]
    )
    assert head == ["", "dev intent.accuracy", "test intent.accuracy", "seconds"]
    assert rows == [["defaults", "0.8000", "0.8000", "12"], ["trial 3", "–", "–", "12"]]


def test_the_best_of_many_is_told_to_be_luck_in_part():
    lines = closing_lines(["intent.accuracy"], DEFAULT, BEST, [DEFAULT, trial(1, None), BEST], metrics(0.8))
    assert lines[0] == "3 trials, 2 of them to the end: trial 3 was the best on dev, with model.hidden=64"
    assert lines[1] == "the best of 2 on dev is in part luck: expect less than the 0.0200 it gained there"
    assert lines[2].startswith("test was looked at once, for these two alone, of one seed")


def test_a_gain_within_the_interval_of_the_defaults_is_told():
    wide = closing_lines(["intent.accuracy"], DEFAULT, BEST, [DEFAULT, BEST], metrics(0.8, low=0.75, high=0.85))
    assert any("within the 95% interval of the defaults on dev, 0.7500 to 0.8500" in line for line in wide)
    narrow = closing_lines(["intent.accuracy"], DEFAULT, BEST, [DEFAULT, BEST], metrics(0.8, low=0.79, high=0.81))
    assert not any("interval" in line for line in narrow)


def test_nothing_better_is_said_plainly():
    lines = closing_lines(["intent.accuracy"], DEFAULT, DEFAULT, [DEFAULT, trial(1, 0.7)], metrics(0.8))
    assert lines == ["2 trials, 2 of them to the end: nothing was better on dev than the defaults"]
