"""Computes the linear-chain CRF for any array namespace `xp`: the definitions, written for reading.

A path has one class y_t for each step that counts; y_1 and y_n are those of the first and the last step. Its score is

    start[y_1] + sum_t emissions[t, y_t] + sum_t transitions[y_(t-1), y_t] + end[y_n]

Steps that do not count are removed before the computation: those that count are moved to the front, and results are
moved back. Forbidden transitions score -inf. Scores are kept relative (to the tagged path, or to the best so far), so
that long sequences and large scores cost no precision. `scan(step, carry, inputs)` runs over the first axis of all
inputs, as `jax.lax.scan` does, and each output has the shape of the carry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

__all__ = ["CrfInputs", "best_paths", "crf_inputs", "marginals", "nll", "step_counts"]

_NEVER = float("-inf")


class CrfInputs(NamedTuple):
    """The sequences of a batch with the scores of starting, moving between classes and ending.

    Attributes:
        emissions: (batch, time, classes); the steps that count come first, the others are 0.
        inside: (batch, time) booleans; the first steps of each sequence, as many as count in it.
        order: (batch, time); where each step stood when it arrived; None when it stood there already.
        transitions: (classes, classes), from and to; -inf where not allowed.
        start: (classes,); -inf where not allowed.
        end: (classes,); -inf where not allowed.
    """

    emissions: Any
    inside: Any
    order: Any
    transitions: Any
    start: Any
    end: Any


def crf_inputs(
    emissions: Any, scores: Mapping[str, Any], *, allowed: Mapping[str, Any], counts: Any, with_holes: bool, xp: Any
) -> CrfInputs:
    """The linear-chain CRF of a batch.

    Args:
        emissions: (batch, time, classes).
        scores: `transitions`, and of `start` and `end` what was given; 0 otherwise.
        allowed: booleans for any of them.
        counts: (batch, time) booleans.
        with_holes: whether a step that does not count may stand before one that does.
        xp: the array namespace.
    """
    emissions = xp.where(xp.expand_dims(counts, -1), emissions, 0.0)
    now = xp.arange(xp.shape(emissions)[1])
    order = xp.argsort(xp.where(counts, now, now + xp.shape(emissions)[1]), axis=1) if with_holes else None

    def permitted(name: str) -> Any:
        score = scores[name] if name in scores else xp.zeros_like(scores["transitions"][0])
        return xp.where(allowed[name], score, _NEVER) if name in allowed else score

    return CrfInputs(
        emissions=_taken(emissions, order, xp),
        inside=now < xp.expand_dims(step_counts(counts, xp=xp), -1),
        order=order,
        transitions=permitted("transitions"),
        start=permitted("start"),
        end=permitted("end"),
    )


def step_counts(counts: Any, *, xp: Any) -> Any:
    """How many steps of each sequence count, (batch,) integers."""
    return xp.sum(xp.where(counts, 1, 0), axis=1)


def nll(chain: CrfInputs, tags: Any, *, scan: Callable[..., Any], xp: Any) -> Any:
    """The negative log-likelihood of each sequence's tags, (batch,): log sum over paths of exp(score - tagged score).

    The tagged path itself scores 0 in that sum, so the result is never negative. It is infinite, without a gradient,
    for impossible tags: forbidden, with an emission of -inf, or not a class.
    """
    tags = _taken(tags, chain.order, xp)
    classes = xp.logical_and(tags >= 0, tags < xp.shape(chain.emissions)[-1])
    tags = xp.where(xp.logical_and(chain.inside, classes), tags, 0)
    scores, moves, closing = _path(chain, tags, xp)
    impossible = _impossible(chain, classes, scores, moves, closing, xp)
    moves, closing = _finite(moves, xp), _finite(closing, xp)
    emissions = chain.emissions - xp.expand_dims(_finite(scores, xp), -1)

    def step(ahead: Any, now: Any) -> tuple[Any, Any]:
        emissions, move, inside, is_first = now
        move = xp.expand_dims(move, -1)  # (batch, 1)
        onward = _log_sum_exp(xp.expand_dims(ahead, -1) + (chain.transitions - xp.expand_dims(move, -1)), 1, xp)
        reached = xp.where(is_first, chain.start - move, onward) + emissions
        return xp.where(xp.expand_dims(inside, -1), _from_0(reached, xp), ahead), reached

    inputs = (_by_time(emissions, xp), _by_time(moves, xp), _by_time(chain.inside, xp), _is_first(chain, xp))
    ahead, reached = scan(step, xp.zeros_like(xp.sum(emissions, axis=1)), inputs)
    taken_out = xp.where(chain.inside, _finite(_by_time(xp.max(reached, axis=-1), xp), xp), 0.0)
    losses = _log_sum_exp(ahead + (chain.end - xp.expand_dims(closing, -1)), 1, xp) + xp.sum(taken_out, axis=1)
    losses = xp.where(impossible, -_NEVER, xp.maximum(losses, 0.0))  # rounding alone takes it below 0
    return xp.where(chain.inside[:, 0], losses, 0.0)


def marginals(chain: CrfInputs, *, scan: Callable[..., Any], xp: Any) -> Any:
    """The probability of each class at each step, (batch, time, classes); 0 where a step does not count.

    Forward: the log-sum of all paths that lead to a class. Backward: of all that lead on from it.
    """
    emissions, inside = _by_time(chain.emissions, xp), _by_time(chain.inside, xp)

    def forward(ahead: Any, now: Any) -> tuple[Any, Any]:
        emissions, inside, is_first = now
        onward = _log_sum_exp(xp.expand_dims(ahead, -1) + chain.transitions, 1, xp)
        reached = _from_0(xp.where(is_first, chain.start, onward) + emissions, xp)
        ahead = xp.where(xp.expand_dims(inside, -1), reached, ahead)
        return ahead, ahead

    def backward(behind: Any, now: Any) -> tuple[Any, Any]:
        emissions, inside = now
        reached = _log_sum_exp(chain.transitions + xp.expand_dims(emissions + behind, 1), 2, xp)
        return xp.where(xp.expand_dims(inside, -1), _from_0(reached, xp), behind), behind

    nothing = xp.zeros_like(xp.sum(chain.emissions, axis=1))
    _, ahead = scan(forward, nothing, (emissions, inside, _is_first(chain, xp)))
    _, behind = scan(backward, nothing + chain.end, (xp.flip(emissions, axis=0), xp.flip(inside, axis=0)))
    probabilities = _by_time(_softmax(ahead + xp.flip(behind, axis=0), xp), xp)
    return _put_back(xp.where(xp.expand_dims(chain.inside, -1), probabilities, 0.0), chain.order, xp)


def best_paths(chain: CrfInputs, fill: int, *, scan: Callable[..., Any], xp: Any) -> tuple[Any, Any]:
    """The best path of each sequence (batch, time), `fill` where nothing counts, and its score (batch,).

    Of paths that score the same the one whose last class is lowest wins, then the one whose class before it is
    lowest, and so on. Without a possible path all tags are `fill` and the score is -inf; NaN where a score is NaN.
    """

    def forward(ahead: Any, now: Any) -> tuple[Any, Any]:
        emissions, inside, is_first = now
        onward = xp.max(xp.expand_dims(ahead, -1) + chain.transitions, axis=1)
        reached = _from_0(xp.where(is_first, chain.start, onward) + emissions, xp)
        return xp.where(xp.expand_dims(inside, -1), reached, ahead), ahead

    def backward(tag: Any, now: Any) -> tuple[Any, Any]:
        before, inside = now
        previous = _first_best(before + xp.take(xp.transpose(chain.transitions), tag, axis=0), xp)
        return xp.where(inside, previous, tag), tag

    emissions, inside = _by_time(chain.emissions, xp), _by_time(chain.inside, xp)
    nothing = xp.zeros_like(xp.sum(chain.emissions, axis=1))
    last, before = scan(forward, nothing, (emissions, inside, _is_first(chain, xp)))
    best = xp.where(chain.inside[:, 0], xp.max(last + chain.end, axis=-1), 0.0)
    _, tags = scan(backward, _first_best(last + chain.end, xp), (xp.flip(before, axis=0), xp.flip(inside, axis=0)))
    tags = _by_time(xp.flip(tags, axis=0), xp)
    scores, moves, closing = _path(chain, tags, xp)
    score = xp.sum(xp.where(chain.inside, scores + moves, 0.0), axis=1) + xp.where(chain.inside[:, 0], closing, 0.0)
    tags = xp.where(xp.logical_and(chain.inside, xp.expand_dims(best > _NEVER, -1)), tags, fill)
    return _put_back(tags, chain.order, xp), xp.where(best > _NEVER, score, best)


def _path(chain: CrfInputs, tags: Any, xp: Any) -> tuple[Any, Any, Any]:
    """The scores of a path: the emission of each step, the transition to it, and the end."""
    classes = xp.shape(chain.transitions)[0]
    scores = xp.take_along_axis(chain.emissions, xp.expand_dims(tags, -1), axis=-1)[..., 0]
    moves = xp.take(xp.reshape(chain.transitions, (-1,)), tags[:, :-1] * classes + tags[:, 1:], axis=0)
    moves = xp.concatenate([xp.take(chain.start, tags[:, :1], axis=0), moves], axis=1)
    last = xp.maximum(step_counts(chain.inside, xp=xp) - 1, 0)
    last = xp.take_along_axis(tags, xp.expand_dims(last, -1), axis=1)[:, 0]
    return scores, moves, xp.take(chain.end, last, axis=0)


def _impossible(chain: CrfInputs, classes: Any, scores: Any, moves: Any, closing: Any, xp: Any) -> Any:
    """Whether a path is impossible, (batch,): one of its scores is -inf, or a tag is no class."""
    here = xp.logical_or(xp.logical_or(scores == _NEVER, moves == _NEVER), xp.logical_not(classes))
    return xp.logical_or(xp.any(xp.logical_and(chain.inside, here), axis=1), closing == _NEVER)


def _first_best(scores: Any, xp: Any) -> Any:
    """The lowest class of the highest score along the last axis; argmax promises that in some frameworks only."""
    classes = xp.shape(scores)[-1]
    best = scores == xp.max(scores, axis=-1, keepdims=True)
    return xp.min(xp.where(best, xp.arange(classes), classes - 1), axis=-1)


def _log_sum_exp(scores: Any, axis: int, xp: Any) -> Any:
    """Log sum exp along an axis; -inf, with a gradient of 0, where all are -inf."""
    highest = _finite(xp.max(scores, axis=axis, keepdims=True), xp)
    total = xp.sum(xp.exp(scores - highest), axis=axis)
    logs = xp.log(xp.where(total == 0, 1.0, total)) + xp.squeeze(highest, axis=axis)
    return xp.where(total == 0, _NEVER, logs)


def _softmax(scores: Any, xp: Any) -> Any:
    """Softmax over the last axis; 0 where all are -inf."""
    return xp.exp(scores - xp.expand_dims(_finite(_log_sum_exp(scores, -1, xp), xp), -1))


def _from_0(scores: Any, xp: Any) -> Any:
    """The scores with 0 as the highest of each row: a common offset changes no result, but costs precision."""
    return scores - _finite(xp.max(scores, axis=-1, keepdims=True), xp)


def _finite(scores: Any, xp: Any) -> Any:
    """The scores with 0 for -inf, from which nothing can be subtracted."""
    return xp.where(scores == _NEVER, 0.0, scores)


def _is_first(chain: CrfInputs, xp: Any) -> Any:
    return xp.arange(xp.shape(chain.emissions)[1]) == 0


def _by_time(values: Any, xp: Any) -> Any:
    """(batch, time, ...) as (time, batch, ...), and back."""
    return xp.swapaxes(values, 0, 1)


def _taken(values: Any, order: Any, xp: Any) -> Any:
    """The steps of (batch, time, ...) in another order."""
    if order is None:
        return values
    for _ in range(len(xp.shape(values)) - 2):
        order = xp.expand_dims(order, -1)
    return xp.take_along_axis(values, order, axis=1)


def _put_back(values: Any, order: Any, xp: Any) -> Any:
    """The steps of (batch, time, ...) where they stood when they arrived."""
    return values if order is None else _taken(values, xp.argsort(order, axis=1), xp)
