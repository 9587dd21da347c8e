"""Right losses and models for torch as people write them every day, which a trial saw blamed or not understood."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

_SEEDED = torch.Generator().manual_seed(1)

mean_squared_error = nn.MSELoss()


def votes(logits, labels):
    """47 outputs with labels -1, 0, 1."""
    return F.cross_entropy(logits.flatten(0, 1), (labels + 1).flatten())


def votes_with_classes_second(logits, votes):
    return F.cross_entropy(logits.transpose(1, 2), votes.long() + 1)


def one_against_all(outputs, labels):
    return F.binary_cross_entropy_with_logits(outputs, F.one_hot(labels, outputs.shape[-1]).float())


def with_entropy(logits, labels):
    logs = logits.log_softmax(-1)
    return F.nll_loss(logs, labels) + 0.1 * (logs.exp() * logs).sum(-1).mean()


def expected_error(logits, labels):
    return (1 - logits.softmax(-1).gather(-1, labels.unsqueeze(-1))).mean()


def of_log_probabilities(log_probs, y):
    return F.nll_loss(log_probs, y)


def distilled(student_logits, teacher_logits, labels, t=2.0):
    """t is a number, not the labels."""
    teacher = F.softmax(teacher_logits / t, -1)
    costs = F.kl_div(F.log_softmax(student_logits / t, -1), teacher, reduction="batchmean") * t * t
    return costs + F.cross_entropy(student_logits.flatten(0, -2), labels.flatten())


class WeighedAnswers(nn.Module):
    """47 yes-or-no answers; only an object of the class knows that they are 47."""

    def __init__(self):
        super().__init__()
        self.register_buffer("pos_weight", torch.ones(47) * 2)

    def forward(self, logits, target):
        return F.binary_cross_entropy_with_logits(logits, target.float(), pos_weight=self.pos_weight)


class SmoothedBySize(nn.Module):
    """Made for as many classes as its own default says."""

    def __init__(self, classes=3, smoothing=0.1):
        super().__init__()
        self.classes, self.smoothing = classes, smoothing

    def forward(self, pred, target):
        shares = torch.full_like(pred, self.smoothing / (self.classes - 1))
        shares.scatter_(1, target.unsqueeze(1), 1 - self.smoothing)
        return -(shares * pred.log_softmax(1)).sum(1).mean()


class Chain(nn.Module):
    """A CRF whose transitions are nearly 0, as they are when training begins."""

    def __init__(self, num_tags=5):
        super().__init__()
        self.transitions = nn.Parameter(torch.empty(num_tags, num_tags).uniform_(-0.02, 0.02, generator=_SEEDED))

    def forward(self, emissions, tags, mask):
        mask = mask.bool()
        emissions, tags = torch.where(mask[..., None], emissions, 0), torch.where(mask, tags, 0)
        score, alpha = emissions[:, 0].gather(1, tags[:, :1]).squeeze(1), emissions[:, 0]
        for t in range(1, emissions.size(1)):
            step = self.transitions[tags[:, t - 1], tags[:, t]]
            step = step + emissions[:, t].gather(1, tags[:, t : t + 1]).squeeze(1)
            score = torch.where(mask[:, t], score + step, score)
            longer = torch.logsumexp(alpha.unsqueeze(2) + self.transitions + emissions[:, t].unsqueeze(1), 1)
            alpha = torch.where(mask[:, t, None], longer, alpha)
        return (torch.logsumexp(alpha, 1) - score).mean()


class WithLabels(nn.Module):
    """A model that gives its loss too when it gets labels."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(100, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, input_ids=None, attention_mask=None, labels=None):
        counts = attention_mask.unsqueeze(-1).float()
        logits = self.head((self.embedding(input_ids) * counts).sum(1) / counts.sum(1).clamp(min=1))
        if labels is None:
            return {"logits": logits}
        return {"loss": F.cross_entropy(logits, labels), "logits": logits}
