"""Losses for torch as public code has them, in our own code, right and wrong; a docstring begins with the verdict, decided before the first run."""

from __future__ import annotations

import functools

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def added_up_as_numbers(logits, labels):
    """wrong: item() of each row, and requires_grad put on a number."""
    total = 0.0
    for row, label in zip(logits, labels, strict=True):
        total += F.cross_entropy(row, label).item()
    return torch.tensor(total / len(logits), requires_grad=True)


@torch.no_grad()
def decorated(logits, labels):
    """wrong: a function for evaluation is used as the loss of training."""
    return F.cross_entropy(logits.flatten(0, -2), labels.flatten())


def row_by_row(logits, labels, lengths):
    """right: a loop over sequences that counts steps."""
    total, count = logits.sum() * 0, 0
    for row, label, length in zip(logits, labels, lengths, strict=True):
        total = total + F.cross_entropy(row[:length], label[:length], reduction="sum")
        count += int(length)
    return total / max(count, 1)


def as_in_the_mnist_example(output, target):
    """right: output is a log_softmax, as the parameter of nll_loss wants it."""
    return F.nll_loss(output, target)


def by_numpy(pred, target):
    """wrong: the logarithm is taken in NumPy, and the result wrapped again."""
    probs = F.softmax(pred, -1).detach().numpy()
    chosen = np.take_along_axis(probs, target.numpy()[..., None], -1)
    return torch.tensor(-np.log(chosen).mean())


def error_rate(logits, labels):
    """wrong: an argmax has no slope."""
    return 1 - (logits.argmax(-1) == labels).float().mean()


def with_accuracy(logits, labels):
    """right: a mapping with the loss among other numbers."""
    loss = F.cross_entropy(logits.flatten(0, -2), labels.flatten())
    return {"accuracy": (logits.argmax(-1) == labels).float().mean(), "loss": loss}


def fixed_sum_or_mean(source, target, num_items_in_batch=None, ignore_index=-100):
    """right: the reduction of large language models; NaN of nothing is that of torch."""
    source, target = source.view(-1, source.size(-1)).float(), target.view(-1)
    if num_items_in_batch is None:
        return F.cross_entropy(source, target, ignore_index=ignore_index)
    return F.cross_entropy(source, target, ignore_index=ignore_index, reduction="sum") / num_items_in_batch


def picked_logits(logits, targets):
    """wrong: the logit itself instead of its logarithm of softmax."""
    return -logits.gather(-1, targets.unsqueeze(-1)).mean()


def nll_of_steps(logits, labels):
    """wrong: nll_loss over classes second, and no log_softmax anywhere."""
    return F.nll_loss(logits.transpose(1, 2), labels)


class DivergenceSmoothing(nn.Module):
    """right: smoothing by a divergence, for log-probabilities, whose padding class gets no share."""

    def __init__(self, size, padding_idx, smoothing=0.1):
        super().__init__()
        self.criterion = nn.KLDivLoss(reduction="sum")
        self.size, self.padding_idx, self.smoothing = size, padding_idx, smoothing

    def forward(self, x, target):
        assert x.size(1) == self.size
        shares = torch.full_like(x, self.smoothing / (self.size - 2))
        shares.scatter_(1, target.unsqueeze(1), 1 - self.smoothing)
        shares[:, self.padding_idx] = 0
        shares = shares.masked_fill((target == self.padding_idx).unsqueeze(1), 0.0)
        return self.criterion(x, shares)


class SmoothedTooMuch(nn.Module):
    """wrong: the share that is taken from the label is not what the others get."""

    def __init__(self, cls, smoothing=0.1, dim=-1):
        super().__init__()
        self.cls, self.smoothing, self.dim = cls, smoothing, dim

    def forward(self, pred, target):
        logs = pred.log_softmax(self.dim)
        shares = torch.full_like(logs, self.smoothing)
        shares.scatter_(self.dim, target.unsqueeze(self.dim), 1 - self.smoothing)
        return torch.mean(torch.sum(-shares * logs, self.dim))


class FocalOfTheMean(nn.Module):
    """wrong: the factor is computed from the mean of the batch."""

    def __init__(self, weight=None, gamma=2.0, reduction="mean"):
        super().__init__()
        self.weight, self.gamma, self.reduction = weight, gamma, reduction

    def forward(self, inputs, targets):
        cost = F.cross_entropy(inputs, targets, weight=self.weight, reduction=self.reduction)
        return ((1 - torch.exp(-cost)) ** self.gamma * cost).mean()


class FocalLoss(nn.Module):
    """right: the focal loss with optional weights of classes."""

    def __init__(self, gamma=0, alpha=None, size_average=True):
        super().__init__()
        self.gamma, self.size_average = gamma, size_average
        self.alpha = torch.tensor(alpha) if isinstance(alpha, list) else None

    def forward(self, input, target):
        if input.dim() > 2:
            input = input.view(input.size(0), input.size(1), -1).transpose(1, 2).reshape(-1, input.size(1))
        target = target.view(-1, 1)
        logs = F.log_softmax(input, dim=-1).gather(1, target).view(-1)
        if self.alpha is not None:
            logs = logs * self.alpha[target.view(-1)]
        loss = -((1 - logs.exp()) ** self.gamma) * logs
        return loss.mean() if self.size_average else loss.sum()


def binary_focal(inputs, targets, alpha=0.25, gamma=2):
    """right: the focal loss of yes or no."""
    costs = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    p = torch.sigmoid(inputs)
    hit = p * targets + (1 - p) * (1 - targets)
    weight = alpha * targets + (1 - alpha) * (1 - targets)
    return (weight * (1 - hit) ** gamma * costs).mean()


def dice_of_logits(logits, targets):
    """wrong: the sigmoid is missing, and the overlap of logits has no bound."""
    overlap = (logits * targets).sum(-1)
    return (1 - (2 * overlap + 1) / (logits.sum(-1) + targets.sum(-1) + 1)).mean()


def soft_dice(logits, targets, smooth=1.0):
    """right: the overlap of each sequence by itself."""
    p = torch.sigmoid(logits)
    axes = tuple(range(1, p.dim()))
    overlap = (p * targets).sum(axes)
    return (1 - (2 * overlap + smooth) / (p.sum(axes) + targets.sum(axes) + smooth)).mean()


class MaskedSoftmaxLoss(nn.CrossEntropyLoss):
    """wrong: the mean over time counts the padding."""

    def forward(self, pred, label, valid_len):
        weights = (torch.arange(label.shape[1])[None, :] < valid_len[:, None]).float()
        self.reduction = "none"
        costs = super().forward(pred.permute(0, 2, 1), label)
        return torch.where(weights > 0, costs, 0.0).mean(dim=1)


class SummedSoftmaxLoss(nn.CrossEntropyLoss):
    """right: one sum for each sequence, divided by the count of steps in the loop of training."""

    def forward(self, pred, label, valid_len):
        counts = torch.arange(label.shape[1])[None, :] < valid_len[:, None]
        self.reduction = "none"
        return torch.where(counts, super().forward(pred.permute(0, 2, 1), label), 0.0).sum(dim=1)


def compared_with_the_step_before(logits, labels):
    """wrong: the shift goes the other way."""
    return F.cross_entropy(logits[:, 1:].transpose(1, 2), labels[:, :-1])


class TransposedChain(nn.Module):
    """wrong: a CRF whose path is scored from the left and whose sum is taken from the right."""

    def __init__(self, num_tags):
        super().__init__()
        self.transitions = nn.Parameter(torch.linspace(-1, 1, num_tags * num_tags).view(num_tags, num_tags))

    def forward(self, emissions, tags):
        score, alpha = emissions[:, 0].gather(1, tags[:, :1]).squeeze(1), emissions[:, 0]
        for t in range(1, emissions.size(1)):
            score = score + self.transitions[tags[:, t - 1], tags[:, t]]
            score = score + emissions[:, t].gather(1, tags[:, t : t + 1]).squeeze(1)
            alpha = torch.logsumexp(alpha.unsqueeze(1) + self.transitions, 2) + emissions[:, t]
        return (torch.logsumexp(alpha, 1) - score).mean()


class Chain(nn.Module):
    """right: a CRF with scores for the first and the last tag."""

    def __init__(self, num_tags):
        super().__init__()
        self.start = nn.Parameter(torch.linspace(-0.3, 0.3, num_tags))
        self.end = nn.Parameter(torch.linspace(0.2, -0.4, num_tags))
        self.transitions = nn.Parameter(torch.linspace(-1, 1, num_tags * num_tags).view(num_tags, num_tags))

    def forward(self, emissions, tags):
        rows = torch.arange(len(tags))
        score, alpha = self.start[tags[:, 0]] + emissions[rows, 0, tags[:, 0]], self.start + emissions[:, 0]
        for t in range(1, emissions.size(1)):
            score = score + self.transitions[tags[:, t - 1], tags[:, t]] + emissions[rows, t, tags[:, t]]
            alpha = torch.logsumexp(alpha.unsqueeze(2) + self.transitions, 1) + emissions[:, t]
        return (torch.logsumexp(alpha + self.end, 1) - score - self.end[tags[:, -1]]).mean()


class ChainOverPadding(nn.Module):
    """wrong: the sum over all paths goes on in the padding."""

    def __init__(self, num_tags=5):
        super().__init__()
        self.transitions = nn.Parameter(torch.linspace(-1, 1, num_tags * num_tags).view(num_tags, num_tags))

    def forward(self, emissions, tags, mask):
        score, alpha = emissions[:, 0].gather(1, tags[:, :1]).squeeze(1), emissions[:, 0]
        for t in range(1, emissions.size(1)):
            step = self.transitions[tags[:, t - 1], tags[:, t]]
            step = step + emissions[:, t].gather(1, tags[:, t : t + 1]).squeeze(1)
            score = torch.where(mask[:, t].bool(), score + step, score)
            alpha = torch.logsumexp(alpha.unsqueeze(2) + self.transitions, 1) + emissions[:, t]
        return (torch.logsumexp(alpha, 1) - score).mean()


def unknown_as_minus_one(y_pred, y_true, ignore_index=-1):
    """wrong: answers of -1 cost nothing and are counted."""
    known = (y_true != ignore_index).float()
    costs = F.binary_cross_entropy_with_logits(y_pred, y_true.clamp(min=0), reduction="none")
    return torch.mean(torch.where(known > 0, costs, torch.zeros_like(costs)))


def unknown_left_out(y_pred, y_true, ignore_index=-1):
    """right: answers of -1 are neither in the sum nor in the count."""
    known = y_true != ignore_index
    costs = F.binary_cross_entropy_with_logits(y_pred, torch.where(known, y_true, 0.0), reduction="none")
    return torch.where(known, costs, 0.0).sum() / known.sum().clamp(min=1)


def softmax_of_independent_answers(logits, targets):
    """wrong: yes or no each, and yet a softmax makes them compete."""
    return F.binary_cross_entropy(F.softmax(logits, dim=-1), targets)


def weighed_answers(logits, targets, pos_weight=None):
    """right: the weight of yes is an option."""
    return F.binary_cross_entropy_with_logits(logits, targets.float(), pos_weight=pos_weight)


def arguments_swapped(y_pred, y_true):
    """wrong: torch's functions want the prediction first."""
    return F.binary_cross_entropy(y_true, y_pred)


def first_step_forgotten(logits, labels, lengths):
    """wrong: each sequence begins at its second step."""
    total, count = logits.sum() * 0, 0
    for row, label, length in zip(logits, labels, lengths.tolist(), strict=True):
        total = total + F.cross_entropy(row[1:length], label[1:length], reduction="sum")
        count += max(length - 1, 0)
    return total / max(count, 1)


def masked_logits(logits, labels, mask):
    """wrong: the mask is on the logits, and padding costs log C."""
    return F.cross_entropy((logits * mask.unsqueeze(-1)).transpose(1, 2), labels)


def dropped_out(logits, labels):
    """wrong: dropout in a loss, always on."""
    return F.cross_entropy(F.dropout(logits, 0.2).flatten(0, -2), labels.flatten())


class Balanced(nn.Module):
    """right: weights of the classes as a buffer, divided out by torch."""

    def __init__(self, weights=(1.0, 2.0, 0.5, 3.0)):
        super().__init__()
        self.register_buffer("weight", torch.tensor(weights))

    def forward(self, logits, labels):
        return F.cross_entropy(logits.reshape(-1, logits.size(-1)), labels.reshape(-1), weight=self.weight)


def weights_on_the_logits(logits, labels, class_weight=None):
    """wrong: the weights scale the logits, not the losses."""
    scaled = logits if class_weight is None else logits * class_weight
    return F.cross_entropy(scaled.flatten(0, -2), labels.flatten())


def sharpened(logits, labels, temperature=0.5):
    """right: a softmax with a temperature."""
    return F.cross_entropy((logits / temperature).flatten(0, -2), labels.flatten())


def in_bfloat16(logits, labels):
    """wrong: the whole loss is computed in half precision."""
    return F.cross_entropy(logits.bfloat16().flatten(0, -2), labels.flatten()).float()


def in_float32(logits, labels):
    """right: cast up before anything is computed."""
    return -logits.float().log_softmax(-1).gather(-1, labels[..., None]).mean()


def smoothing_spoils_padding(logits, labels, epsilon=0.1, ignore_index=-100):
    """wrong: the even part of the smoothed labels is not masked."""
    logs = logits.log_softmax(-1)
    padding = labels.eq(ignore_index)
    nll = -logs.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1).masked_fill(padding, 0.0)
    count = (~padding).sum().clamp(min=1)
    return ((1 - epsilon) * nll.sum() - epsilon * logs.mean(-1).sum()) / count


def smoothing_without_padding(logits, labels, epsilon=0.1, ignore_index=-100):
    """right: both parts are masked."""
    logs = logits.log_softmax(-1)
    padding = labels.eq(ignore_index)
    nll = -logs.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1).masked_fill(padding, 0.0)
    even = -logs.mean(-1).masked_fill(padding, 0.0)
    count = (~padding).sum().clamp(min=1)
    return ((1 - epsilon) * nll.sum() + epsilon * even.sum()) / count


def small_number_in_the_log(logits, labels):
    """wrong: the gradient ends where the probability is below the small number."""
    p = F.softmax(logits, -1)
    onehot = F.one_hot(labels, p.shape[-1])
    return -(onehot * torch.log(p + 1e-7)).sum(-1).mean()


partial = functools.partial(F.cross_entropy, label_smoothing=0.1)
"""right: torch's own with an option set."""


class Flattening(nn.CrossEntropyLoss):
    """right: torch's own, which flattens first."""

    def forward(self, input, target):
        return super().forward(input.reshape(-1, input.size(-1)), target.reshape(-1))


def with_z_loss(logits, labels, z=1e-4):
    """right: a penalty on the size of the logits is added."""
    logits = logits.float()
    total = torch.logsumexp(logits, -1)
    return (total - logits.gather(-1, labels.unsqueeze(-1)).squeeze(-1) + z * total**2).mean()


def poly(logits, labels, epsilon=1.0):
    """right: the cross-entropy with a first term of its series made larger."""
    costs = F.cross_entropy(logits.transpose(1, 2), labels, reduction="none")
    hit = F.softmax(logits, -1).gather(-1, labels.unsqueeze(-1)).squeeze(-1)
    return (costs + epsilon * (1 - hit)).mean()


def symmetric(pred, labels, a=0.1, b=1.0):
    """right: the cross-entropy and its reverse, for noisy labels."""
    onehot = F.one_hot(labels, pred.size(-1)).float().clamp(min=1e-4)
    reverse = -(F.softmax(pred, 1) * torch.log(onehot)).sum(1)
    return a * F.cross_entropy(pred, labels) + b * reverse.mean()


def margin_of_cosines(scores, labels, margin=0.35, scale=8.0):
    """right: the score of the label is lowered by a margin before the softmax."""
    onehot = F.one_hot(labels, scores.size(-1))
    return F.cross_entropy((scale * (scores - margin * onehot)).flatten(0, -2), labels.flatten())


def margin_in_place(logits, labels, margin=0.35):
    """wrong: the margin is taken from the tensor of the caller."""
    with torch.no_grad():
        logits.data.scatter_add_(-1, labels.unsqueeze(-1), torch.full_like(logits[..., :1], -margin))
    return F.cross_entropy(logits.flatten(0, -2), labels.flatten())


def half_detached(logits, labels):
    """wrong: the normaliser is cut from the graph, and the gradient is that of something else."""
    total = torch.logsumexp(logits, -1).detach()
    return (total - logits.gather(-1, labels.unsqueeze(-1)).squeeze(-1)).mean()


def detached_weights(logits, labels):
    """right: a focal factor that is meant as a weight and gets no gradient of its own."""
    costs = F.cross_entropy(logits.transpose(1, 2), labels, reduction="none")
    return ((1 - torch.exp(-costs)).detach() * costs).mean()
