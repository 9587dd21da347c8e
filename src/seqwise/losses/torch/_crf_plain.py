"""Computes the linear-chain CRF with torch's own operations; `seqwise.losses._crf_formulas` is the same in NumPy's.

Steps that do not count are removed first; forbidden transitions score -inf; scores are kept relative, so that long
sequences and large scores cost no precision. Loops over time are Python's, and unrolled in a trace.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from seqwise.losses._array_formulas import in_time
from seqwise.losses.torch._torch_namespace import TorchNamespace

__all__ = ["CrfInputs", "best_paths", "crf_inputs", "marginals", "nll", "path_scores", "steps_that_count"]


class CrfInputs(NamedTuple):
    """The sequences of a batch with the scores of starting, moving between classes and ending.

    Attributes:
        emissions: (batch, time, classes), float32 or float64; the steps that count come first, the others are 0.
        inside: (batch, time) booleans; the first steps of each sequence, as many as count in it.
        order: (batch, time); where each step stood when it arrived; None when it stood there already.
        transitions: (classes, classes), from and to; -inf where not allowed.
        start: (classes,); -inf where not allowed.
        end: (classes,); -inf where not allowed.
    """

    emissions: Tensor
    inside: Tensor
    order: Tensor | None
    transitions: Tensor
    start: Tensor
    end: Tensor


def crf_inputs(arrays: Mapping[str, Tensor], counts: Tensor) -> CrfInputs:
    """The linear-chain CRF of arrays, named as messages show them; `counts` (batch, time) are the steps that count."""
    dtype = torch.promote_types(arrays["emissions"].dtype, torch.float32)
    emissions = torch.where(counts.unsqueeze(-1), arrays["emissions"].to(dtype), 0.0)
    order = (~counts).to(torch.uint8).argsort(dim=1, stable=True) if "mask" in arrays else None

    def permitted(name: str) -> Tensor:
        score = arrays[name].to(dtype) if name in arrays else emissions.new_zeros(emissions.shape[-1])
        allowed = arrays.get(f"allowed.{name}")
        return score if allowed is None else torch.where(allowed, score, -math.inf)

    return CrfInputs(
        emissions=_taken(emissions, order),
        inside=torch.arange(counts.shape[1], device=counts.device) < counts.sum(1, keepdim=True),
        order=order,
        transitions=permitted("transitions"),
        start=permitted("start"),
        end=permitted("end"),
    )


def steps_that_count(arrays: Mapping[str, Tensor], mask_missing: int) -> Tensor:
    """Which steps count by mask and lengths, (batch, time) booleans."""
    emissions = arrays["emissions"]
    shape, xp = emissions.shape[:2], TorchNamespace(emissions.device)
    lengths = arrays["lengths"].long() if "lengths" in arrays else None
    counts: Tensor | None = in_time(shape, arrays.get("mask"), mask_missing, lengths, xp=xp)
    return torch.ones(shape, dtype=torch.bool, device=emissions.device) if counts is None else counts


def nll(chain: CrfInputs, tags: Tensor) -> Tensor:
    """The negative log-likelihood of each sequence's tags, (batch,): log sum over paths of exp(score - tagged score).

    The tagged path itself scores 0 in that sum, so the result is never negative. It is infinite, without a gradient,
    for impossible tags: forbidden, with an emission of -inf, or not a class.
    """
    tags = _taken(tags, chain.order)
    classes = (tags >= 0) & (tags < chain.emissions.shape[-1])
    tags = torch.where(chain.inside & classes, tags, 0)
    scores, moves, closing = _path(chain, tags)
    never = (scores == -math.inf) | (moves == -math.inf) | ~classes
    impossible = (chain.inside & never).any(1) | (closing == -math.inf)
    emissions = (chain.emissions - _finite(scores).unsqueeze(-1)).unbind(1)
    move, inside = _finite(moves).unsqueeze(-1).unbind(1), chain.inside.unsqueeze(-1).unbind(1)
    reached = chain.start - move[0] + emissions[0]
    highest = [_highest(reached)]
    ahead = reached - highest[0]
    for step in range(1, len(emissions)):
        onward = _log_sum_exp(ahead.unsqueeze(-1) + (chain.transitions - move[step].unsqueeze(-1)), 1)
        reached = onward + emissions[step]
        highest.append(_highest(reached))
        ahead = torch.where(inside[step], reached - highest[-1], ahead)
    taken_out = torch.where(chain.inside, torch.cat(highest, 1), 0.0).sum(1)
    losses = _log_sum_exp(ahead + (chain.end - _finite(closing).unsqueeze(-1)), 1) + taken_out
    losses = torch.where(impossible, math.inf, losses.clamp(min=0.0))  # rounding alone takes it below 0
    return torch.where(chain.inside[:, 0], losses, 0.0)


def marginals(chain: CrfInputs) -> Tensor:
    """The probability of each class at each step, (batch, time, classes); 0 where a step does not count.

    Forward: the log-sum of all paths that lead to a class. Backward: of all that lead on from it.
    """
    emissions, inside = chain.emissions.unbind(1), chain.inside.unsqueeze(-1).unbind(1)
    ahead, behind = [_from_0(chain.start + emissions[0])], [chain.end.expand_as(emissions[0])]
    for step in range(1, len(emissions)):
        onward = _log_sum_exp(ahead[-1].unsqueeze(-1) + chain.transitions, 1)
        ahead.append(torch.where(inside[step], _from_0(onward + emissions[step]), ahead[-1]))
    for step in range(len(emissions) - 1, 0, -1):
        back = _log_sum_exp(chain.transitions + (emissions[step] + behind[-1]).unsqueeze(1), 2)
        behind.append(torch.where(inside[step], _from_0(back), behind[-1]))
    scores = torch.stack(ahead, 1) + torch.stack(behind[::-1], 1)
    probabilities = (scores - _finite(_log_sum_exp(scores, -1)).unsqueeze(-1)).exp()
    return _put_back(torch.where(chain.inside.unsqueeze(-1), probabilities, 0.0), chain.order)


def best_paths(chain: CrfInputs, fill: int) -> tuple[Tensor, Tensor]:
    """The best path of each sequence (batch, time), `fill` where nothing counts, and its score (batch,).

    Of paths that score the same the one whose last class is lowest wins, then the one whose class before it is
    lowest, and so on. Without a possible path all tags are `fill` and the score is -inf; NaN where a score is NaN.
    """
    emissions, inside = chain.emissions.unbind(1), chain.inside.unbind(1)
    ahead = [_from_0(chain.start + emissions[0])]
    for step in range(1, len(emissions)):
        onward = (ahead[-1].unsqueeze(-1) + chain.transitions).amax(1)
        ahead.append(torch.where(inside[step].unsqueeze(-1), _from_0(onward + emissions[step]), ahead[-1]))
    best = torch.where(chain.inside[:, 0], (ahead[-1] + chain.end).amax(-1), 0.0)
    path = [(ahead[-1] + chain.end).argmax(-1)]  # of equal scores the first
    for step in range(len(emissions) - 1, 0, -1):
        before = (ahead[step - 1] + chain.transitions.mT[path[-1]]).argmax(-1)
        path.append(torch.where(inside[step], before, path[-1]))
    tags = torch.stack(path[::-1], 1)
    score = _score(chain, tags)
    tags = torch.where(chain.inside & (best > -math.inf).unsqueeze(-1), tags, fill)
    return _put_back(tags, chain.order), torch.where(best > -math.inf, score, best)


def path_scores(chain: CrfInputs, tags: Tensor) -> Tensor:
    """The scores of paths (batch,), by the tags of the steps that count; the other tags are not read."""
    return _score(chain, torch.where(chain.inside, _taken(tags, chain.order), 0))


def _score(chain: CrfInputs, tags: Tensor) -> Tensor:
    scores, moves, closing = _path(chain, tags)
    return torch.where(chain.inside, scores + moves, 0.0).sum(1) + torch.where(chain.inside[:, 0], closing, 0.0)


def _path(chain: CrfInputs, tags: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The scores of a path: the emission of each step, the transition to it, and the end."""
    scores = chain.emissions.gather(-1, tags.unsqueeze(-1)).squeeze(-1)
    moves = torch.cat([chain.start[tags[:, :1]], chain.transitions[tags[:, :-1], tags[:, 1:]]], 1)
    last = (chain.inside.sum(1, keepdim=True) - 1).clamp(min=0)
    return scores, moves, chain.end[tags.gather(1, last).squeeze(1)]


def _log_sum_exp(scores: Tensor, axis: int) -> Tensor:
    """The log-sum-exp along an axis; -inf, with a gradient of 0, where all are -inf."""
    nothing = (scores == -math.inf).all(axis)
    sums = torch.where(nothing.unsqueeze(axis), 0.0, scores).logsumexp(axis)
    return torch.where(nothing, -math.inf, sums)


def _from_0(scores: Tensor) -> Tensor:
    """The scores with 0 as the highest of each row: a common offset changes no result, but costs precision."""
    return scores - _highest(scores)


def _highest(scores: Tensor) -> Tensor:
    """The highest of each row, (batch, 1); a constant, since an offset does not change the result."""
    return _finite(scores.detach().amax(-1, keepdim=True))


def _finite(scores: Tensor) -> Tensor:
    """The scores with 0 for -inf, from which nothing can be subtracted."""
    return torch.where(scores == -math.inf, 0.0, scores)


def _taken(values: Tensor, order: Tensor | None) -> Tensor:
    """The steps of (batch, time, ...) in another order."""
    if order is None:
        return values
    return values.gather(1, order.reshape(order.shape + (1,) * (values.ndim - 2)).expand_as(values))


def _put_back(values: Tensor, order: Tensor | None) -> Tensor:
    """The steps of (batch, time, ...) where they stood when they arrived."""
    return values if order is None else _taken(values, order.argsort(dim=1))
