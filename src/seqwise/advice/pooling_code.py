"""Code of the poolings for frameworks in which seqwise has no layers; exact under padding, even NaN."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from seqwise.advice.dialects import Dialect

__all__ = ["pooling_lines"]


def pooling_lines(name: str, dialect: Dialect, size: int) -> list[str]:
    """Return code from `states` (batch, time, size) and `counts` (batch, time) to `pooled` (batch, size).

    Args:
        name: last, mean, max or attention; `last of both` for states of two directions.
        dialect: the framework.
        size: the features of a state.
    """
    return [*_LINES[name](dialect, size)]


def _last(dialect: Dialect, _size: int) -> list[str]:
    xp = dialect.xp
    return [
        "order = np.cumsum(counts, axis=1)",
        "is_last = counts & (order == order[:, -1:])",
        f"pooled = {xp}.sum({xp}.where(is_last[..., None], states, 0.0), axis=1)",
    ]


def _last_of_both(dialect: Dialect, size: int) -> list[str]:
    xp, half = dialect.xp, size // 2
    return [
        "order = np.cumsum(counts, axis=1)",
        "is_first, is_last = counts & (order == 1), counts & (order == order[:, -1:])",
        f"forward = {xp}.sum({xp}.where(is_last[..., None], states[..., :{half}], 0.0), axis=1)",
        f"backward = {xp}.sum({xp}.where(is_first[..., None], states[..., {half}:], 0.0), axis=1)",
        f"pooled = {xp}.concatenate([forward, backward], axis=-1)",
    ]


def _mean(dialect: Dialect, _size: int) -> list[str]:
    xp = dialect.xp
    return [
        f"total = {xp}.sum({xp}.where(counts[..., None], states, 0.0), axis=1)",
        'steps = np.maximum(counts.sum(axis=1, keepdims=True), 1).astype("float32")',
        f"pooled = {xp}.divide(total, steps)",
    ]


def _max(dialect: Dialect, _size: int) -> list[str]:
    xp = dialect.xp
    return [f"pooled = {xp}.max({xp}.where(counts[..., None], states, -np.inf), axis=1)"]


def _attention(dialect: Dialect, size: int) -> list[str]:
    xp = dialect.xp
    return [
        *dialect.attention.format(size=size).split("\n"),
        f"states = {xp}.where(counts[..., None], states, 0.0)",
        f"scores = {xp}.where(counts, {dialect.scores.format(xp=xp)}, -1e9)",
        f"weights = {xp}.where(counts, {xp}.exp(scores - {xp}.max(scores, axis=1, keepdims=True)), 0.0)",
        f"weights = {xp}.divide(weights, {xp}.maximum({xp}.sum(weights, axis=1, keepdims=True), 1e-9))",
        f"pooled = {xp}.sum(weights[..., None] * states, axis=1)",
    ]


_LINES: Mapping[str, Callable[[Dialect, int], list[str]]] = MappingProxyType(
    {"last": _last, "last of both": _last_of_both, "mean": _mean, "max": _max, "attention": _attention}
)
