"""Computes each loss with torch's own operations, as `seqwise.losses._array_formulas` does for arrays."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from seqwise.losses._array_formulas import PROBABILITY_FLOOR
from seqwise.losses._plan import Plan

__all__ = ["class_logs", "floored_log", "index_terms", "linear_logits", "product", "share_terms"]


def class_logs(plan: Plan, logits: Tensor, counts: Tensor | None, *, from_logits: bool) -> Tensor:
    """What each class would cost as the label, less than 0, with classes last: all in which these losses differ.

    Classes are moved as a view: the logits are never copied into another layout.
    """
    axis = plan.class_axis
    assert axis is not None
    if counts is not None:
        logits = torch.where(counts.unsqueeze(axis), logits, 0.0 if from_logits else 1.0)
    dtype = torch.promote_types(logits.dtype, torch.float32)
    if plan.ordered:
        return _ordinal_logs(logits.to(dtype).movedim(axis, -1), from_logits=from_logits)
    logs = logits.log_softmax(axis, dtype=dtype) if from_logits else floored_log(logits.to(dtype))
    logs = logs.movedim(axis, -1)
    return _focal_logs(plan.gamma, logits.to(dtype).movedim(axis, -1), logs, from_logits) if plan.gamma else logs


def _focal_logs(gamma: float, logits: Tensor, logs: Tensor, from_logits: bool) -> Tensor:
    """(1 - p)^gamma log p of each class."""
    others = _log_others(logits, logs) if from_logits else floored_log(1 - logits)
    infinite = logs.isinf()
    return torch.where(infinite, logs, (gamma * others).exp() * torch.where(infinite, 0.0, logs))


def _log_others(logits: Tensor, logs: Tensor) -> Tensor:
    """log(1 - p) of each class: for the likeliest from the other classes, since 1 - p would lose its digits."""
    classes = torch.arange(logits.shape[-1], device=logits.device)
    likeliest = logits.argmax(-1, keepdim=True) == classes
    others = _log_sum_exp(torch.where(likeliest, -math.inf, logits)) - _log_sum_exp(logits)
    p = torch.where(likeliest, 0.0, logs.exp())  # at most 1/2
    return torch.where(likeliest, others, (-p).log1p())


def _ordinal_logs(logits: Tensor, *, from_logits: bool) -> Tensor:
    """The logarithm of the likelihood of all answers to "label <= k?", k = 0..C-2, if the label were c."""
    classes = torch.arange(logits.shape[-1], device=logits.device)
    questions = classes[:-1]
    below = classes <= questions.unsqueeze(-1)  # (questions, classes)
    spread = logits.unsqueeze(-2)
    if from_logits:
        upto, beyond = torch.where(below, spread, -math.inf), torch.where(below, -math.inf, spread)
        question = (_log_sum_exp(upto) - _log_sum_exp(beyond)).squeeze(-1)
        log_yes, log_no = functional.logsigmoid(question), functional.logsigmoid(-question)
    else:
        upto, beyond = torch.where(below, spread, 0.0), torch.where(below, 0.0, spread)
        log_yes, log_no = floored_log(upto.sum(-1)), floored_log(beyond.sum(-1))
    yes = classes.unsqueeze(-1) <= questions  # (classes, questions)
    return torch.where(yes, log_yes.unsqueeze(-2), log_no.unsqueeze(-2)).sum(-1)


def _log_sum_exp(numbers: Tensor) -> Tensor:
    """The logarithm of the sum of exp over the last axis, which stays; -inf, of gradient 0, where all are -inf."""
    highest = numbers.detach().amax(-1, keepdim=True)
    highest = torch.where(highest.isfinite(), highest, 0.0)
    total = (numbers - highest).exp().sum(-1, keepdim=True)
    nothing = total == 0
    return torch.where(nothing, -math.inf, highest + torch.where(nothing, 1.0, total).log())


def floored_log(probabilities: Tensor) -> Tensor:
    return probabilities.clamp(min=PROBABILITY_FLOOR).log()


def index_terms(
    logs: Tensor, index: Tensor, class_weight: Tensor | None, smoothing: float
) -> tuple[Tensor, Tensor | None]:
    """Losses and weights of labels that are class indices: one gather, no one-hot array."""
    picked = logs.gather(-1, index.unsqueeze(-1)).squeeze(-1)
    if class_weight is None:
        losses, weights = -picked, None
    else:
        weights = class_weight.expand(logs.shape).gather(-1, index.unsqueeze(-1)).squeeze(-1)
        losses = -product(weights, picked)
    if smoothing:
        evenly = logs if class_weight is None else product(class_weight, logs)
        losses = (1 - smoothing) * losses - smoothing / logs.shape[-1] * evenly.sum(-1)
    return losses, weights


def share_terms(
    logs: Tensor, shares: Tensor, class_weight: Tensor | None, smoothing: float
) -> tuple[Tensor, Tensor | None]:
    """Losses and weights of one-hot or soft labels; the weights are those of the labels before smoothing."""
    weights = None if class_weight is None else (shares * class_weight).sum(-1)
    if smoothing:
        shares = (1 - smoothing) * shares + smoothing / shares.shape[-1]
    if class_weight is not None:
        shares = shares * class_weight
    return -product(shares, logs).sum(-1), weights


def linear_logits(hidden: Tensor, weight: Tensor, bias: Tensor | None, counts: Tensor | None) -> Tensor:
    """Hidden x weight + bias, with classes last; what does not count is 0 before the product, so that NaN stays out.

    With one weight for each output, hidden counts where any output does.
    """
    if counts is not None:
        rows = counts.any(-1) if weight.dim() == 3 else counts
        hidden = torch.where(rows.unsqueeze(-1), hidden, 0.0)
    flat = functional.linear(hidden, weight.flatten(0, -2), None if bias is None else bias.flatten())
    return flat.reshape(hidden.shape[:-1] + weight.shape[:-1])


def product(factors: Tensor, numbers: Tensor) -> Tensor:
    """Factor times number, where 0 times infinity is 0, in the gradient too."""
    return factors * torch.where((factors == 0) & numbers.isinf(), 0.0, numbers)
