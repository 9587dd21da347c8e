"""Summaries of numeric series and logistic regression: of the whole series, or of the steps around each step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqwise.data.labels import LabelCodec
from seqwise.data.spec import InputSpec
from seqwise.targets import Target
from seqwise.task.prepare import Task
from seqwise.training.baselines.family import Answer, Answers, Family
from seqwise.training.baselines.questions import Questions, fit_count, fitted_linear, target_logits
from seqwise.training.baselines.word_baseline import padded

__all__ = ["SUMMARY", "WINDOW", "series_summary", "step_windows"]

_STRENGTH = 1.0
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
_PLACES = 8  # the series is also read at so many places from its start to its end
_NUMBERS = 10 + len(_QUANTILES) + _PLACES
_REACH = 3
_NUMBER_WORK, _FIT_WORK = 5.0, 0.5  # microseconds per number, and per number and regression


def series_summary(series: NDArray[np.float32]) -> NDArray[np.float64]:
    """The numbers that describe a series: per channel 23 of them, and the length.

    Mean, deviation, lowest, highest, slope, five quantiles, the values at eight places; of the differences of
    neighbouring steps the mean, deviation and largest size; how often the sign of the deviation from the mean changes;
    the place of the highest value.

    Args:
        series: (time, channels); what is missing (NaN) counts as the channel's mean.

    Examples:
        >>> series_summary(np.array([[1.0], [3.0]], dtype=np.float32))[:5].tolist()
        [2.0, 1.0, 1.0, 3.0, 2.0]
    """
    steps = len(series)
    values = _filled(series.astype(np.float64))
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    time = np.arange(steps) - (steps - 1) / 2
    slope = time @ values / (float(time @ time) or 1.0)
    changes = np.diff(values, axis=0) if steps > 1 else np.zeros((1, values.shape[1]))
    turns = (np.diff(np.sign(values - mean), axis=0) != 0).sum(axis=0) / steps
    places = np.linspace(0, steps - 1, _PLACES)
    read = np.stack([np.interp(places, np.arange(steps), channel) for channel in values.T], axis=1)
    parts = [
        *(mean, deviation, values.min(axis=0), values.max(axis=0), slope),
        *(changes.mean(axis=0), changes.std(axis=0), np.abs(changes).max(axis=0), turns),
        values.argmax(axis=0) / steps,
        *np.quantile(values, _QUANTILES, axis=0),
        *read,
    ]
    return np.concatenate([*parts, [np.log(steps)]])


def _filled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.isfinite(values)
    if known.all():
        return values
    counts = np.maximum(known.sum(axis=0), 1)
    return np.where(known, values, np.where(known, values, 0).sum(axis=0) / counts)


def step_windows(series: NDArray[np.float32], reach: int = _REACH) -> NDArray[np.float64]:
    """Per step, the values of the steps around it and their changes: (time, features).

    Before the first step and behind the last, the series goes on as it begins and ends.
    """
    steps = len(series)
    values = _filled(series.astype(np.float64))
    around = np.clip(np.arange(steps)[:, None] + np.arange(-reach, reach + 1), 0, steps - 1)
    windows = values[around]
    level = windows.mean(axis=1, keepdims=True)
    return np.concatenate([windows, windows[:, -1:] - windows[:, :1], level], axis=1).reshape(steps, -1)


def _fit_sequences(task: Task, codec: LabelCodec, rows: NDArray[np.int64]) -> Answers:
    def features(some: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.stack([series_summary(task.store.sequence(row)) for row in some.tolist()])

    known = features(rows)
    scale = _Scale(known)
    model = fitted_linear(scale(known), Questions.of(task, codec, rows), _STRENGTH)
    return lambda some: Answer(target_logits(codec.target, model.scores(scale(features(some)))))


def _fit_steps(task: Task, codec: LabelCodec, rows: NDArray[np.int64]) -> Answers:
    def features(some: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.concatenate([step_windows(task.store.sequence(row)) for row in some.tolist()])

    known = features(rows)
    scale = _Scale(known)
    model = fitted_linear(scale(known), Questions.of(task, codec, rows), _STRENGTH)

    def answer(some: NDArray[np.int64]) -> Answer:
        found = target_logits(codec.target, model.scores(scale(features(some))))
        return Answer(padded(found, task.store.lengths[some]))

    return answer


class _Scale:
    """Shifts and scales features as those of training have mean 0 and deviation 1; far outside it stays within 10."""

    def __init__(self, features: NDArray[np.float64]) -> None:
        self.mean, deviation = features.mean(axis=0), features.std(axis=0)
        self.deviation = np.where(deviation > 1e-9, deviation, 1.0)

    def __call__(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        scaled: NDArray[np.float64] = np.clip((features - self.mean) / self.deviation, -10, 10)
        return scaled


def _summary_work(task: Task, codec: LabelCodec, rows: NDArray[np.int64]) -> float:
    channels = task.store.channels
    numbers = len(rows) * channels * _NUMBERS
    return 0.1 * channels * float(task.store.lengths[rows].sum()) + numbers * _work_per_number(codec.target)


def _window_work(task: Task, codec: LabelCodec, rows: NDArray[np.int64]) -> float:
    numbers = float(task.store.lengths[rows].sum()) * task.store.channels * (2 * _REACH + 3)
    return numbers * _FIT_WORK * fit_count(codec.target)


def _work_per_number(target: Target) -> float:
    return _NUMBER_WORK + _FIT_WORK * fit_count(target)


def _suits_sequences(target: Target, given: InputSpec) -> bool:
    return given.is_series and not target.per_step


def _suits_steps(target: Target, given: InputSpec) -> bool:
    return given.is_series and target.per_step


SUMMARY = Family("summary", "summary features + logistic regression", _suits_sequences, _summary_work, _fit_sequences)
WINDOW = Family("window", "steps around + logistic regression", _suits_steps, _window_work, _fit_steps)
