"""Wrong losses as people write them every day, for torch and NumPy: found by a trial, not published. A docstring begins with the bug's name."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def log_softmax_over_time(inp, tgt, mask):
    """class-axis: dim=1 was right before the batch had an axis for time."""
    costs = -torch.log_softmax(inp, 1).gather(-1, tgt[..., None]).squeeze(-1)
    return costs[mask.bool()].sum() / mask.sum().clamp(min=1)


def nll_of_probabilities(logits, y):
    """probabilities-as-logits: nll_loss wants the logarithm, and gets the softmax itself."""
    return F.nll_loss(F.softmax(logits, dim=1), y)


def focal_after_softmax(x, y):
    """double-softmax: a focal loss by the recipe, on the output of a softmax."""
    costs = F.cross_entropy(F.softmax(x, -1), y, reduction="none")
    return ((1 - torch.exp(-costs)) ** 2 * costs).mean()


def weights_from_the_batch(logits, labels):
    """batch-mates: rare classes of this batch weigh more, so that a sequence costs what its mates make it cost."""
    classes = logits.size(-1)
    counted = torch.bincount(labels.reshape(-1), minlength=classes).float().clamp(min=1)
    return F.cross_entropy(logits.reshape(-1, classes), labels.reshape(-1), weight=1 / counted)


def log_of_softmax(logits, labels):
    """clipped-log: where the probability is rounded to 0, its logarithm is -inf."""
    chosen = torch.softmax(logits, -1).gather(-1, labels.unsqueeze(-1))
    return -torch.log(chosen).mean()


def exp_by_hand(logits, labels):
    """clipped-log: the exponential of a large number is infinite."""
    exps = torch.exp(logits)
    return -torch.log((exps / exps.sum(-1, keepdim=True)).gather(-1, labels.unsqueeze(-1))).mean()


def next_step_each(logits, labels):
    """shifted-labels: one number for each step but the last."""
    return F.cross_entropy(logits[:, :-1].transpose(1, 2), labels[:, 1:], reduction="none")


def last_step(logits, labels):
    """lost-row: only the last step is predicted, and other layouts refuse some labels and not others."""
    return F.cross_entropy(logits[:, -1], labels[:, -1])


def logarithm_of_zero(probs, onehot):
    """nan-through-mask: 0 times the logarithm of 0."""
    return -(onehot * torch.log(probs)).sum(-1).mean()


def two_kinds_of_weight(pred, label, weight=None, class_weight=None):
    """class-weight-divisor: beside `class_weight`, `weight` is that of the positions."""
    costs = F.cross_entropy(pred.flatten(0, -2), label.flatten(), weight=class_weight, reduction="none")
    if weight is None:
        return costs.mean()
    return (costs * weight.flatten()).sum() / weight.sum().clamp(min=1)


class Unnamed(nn.Module):
    """nan-through-mask: a module whose parameters have no names that say what they are."""

    def forward(self, a, b, c):
        costs = F.cross_entropy(a.permute(0, 2, 1), b, reduction="none")
        return (costs * c).sum() / c.sum().clamp(min=1)


def averaged_by_weights(logits, labels, mask):
    """empty-mask: NumPy refuses to average with weights that are all 0."""
    return np.average(np.where(mask, _costs(logits, labels), 0.0), weights=mask)


def _costs(logits, labels):
    shifted = logits - logits.max(-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return -np.take_along_axis(logs, labels[..., None], -1)[..., 0]
