"""Right losses and models for torch: torch's own, seqwise's own, and some as people write them well."""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from seqwise.losses import torch as seqwise_losses
from seqwise.nn.sequence_model import build_model
from seqwise.targets import Target

cross_entropy = F.cross_entropy
nll_loss = F.nll_loss
binary_cross_entropy = F.binary_cross_entropy
binary_cross_entropy_with_logits = F.binary_cross_entropy_with_logits
CrossEntropyLoss = nn.CrossEntropyLoss
cross_entropy_loss = nn.CrossEntropyLoss()
weighted_and_smoothed = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 6.0]), label_smoothing=0.1)
summed = nn.CrossEntropyLoss(reduction="sum", ignore_index=0)
bce_with_logits_loss = nn.BCEWithLogitsLoss()
bce_loss = nn.BCELoss()
partly_bound = functools.partial(F.cross_entropy, label_smoothing=0.1)

seqwise_cross_entropy = seqwise_losses.cross_entropy
seqwise_binary_cross_entropy = seqwise_losses.binary_cross_entropy
seqwise_sequence_mean = seqwise_losses.CrossEntropyLoss(reduction="sequence_mean")

_INTENT = Target("intent", "label", (("book", "play", "rate"),))
_SLOTS = Target("slots", "tags", (("O", "B", "I"),), per_step=True)


def _model(pooling, **options):
    return build_model(
        [_INTENT, _SLOTS], input="tokens", vocabulary_size=30, hidden=6, embedding=8, pooling=pooling, **options
    )


last_states = _model("last")
mean_states = _model("mean", encoder="gru", layers=2)
max_states = _model("max", bidirectional=False)
attended_states = _model("attention", encoder="rnn")
series = build_model([_INTENT], input="series", channels=3, hidden=6, embedding=8, pooling="first")


def plain(logits, labels):
    return F.cross_entropy(logits, labels)


def selected(logits, labels, mask):
    costs = F.cross_entropy(logits.transpose(1, 2), labels, reduction="none")
    return costs.masked_fill(~mask, 0.0).sum() / mask.sum().clamp(min=1)


def selected_by_padding_mask(logits, labels, key_padding_mask):
    costs = F.cross_entropy(logits.transpose(1, 2), labels, reduction="none")
    return torch.where(key_padding_mask, 0.0, costs).sum() / (~key_padding_mask).sum().clamp(min=1)


def each_by_itself(logits, labels, lengths):
    return sum(F.cross_entropy(z[:n], y[:n], reduction="sum") for z, y, n in zip(logits, labels, lengths, strict=True))


def focal(logits, labels, gamma=2.0):
    costs = F.cross_entropy(logits, labels, reduction="none")
    return ((1.0 - torch.exp(-costs)) ** gamma * costs).mean()


def hinge(scores, labels):
    right = scores.gather(-1, labels[..., None])
    return (1.0 + scores - right).clamp(min=0.0).sum(-1).mean()


class Chain(nn.Module):
    """A linear-chain CRF in the layout of pytorch-crf: time first, log-likelihood."""

    def __init__(self, num_tags):
        super().__init__()
        self.transitions = nn.Parameter(torch.arange(float(num_tags * num_tags)).reshape(num_tags, num_tags).sin())

    def forward(self, emissions, tags, mask):
        score = emissions[0].gather(1, tags[0, :, None])[:, 0]
        alpha = emissions[0]
        for step in range(1, len(tags)):
            found = self.transitions[tags[step - 1], tags[step]] + emissions[step].gather(1, tags[step, :, None])[:, 0]
            score = score + torch.where(mask[step], found, 0.0)
            after = torch.logsumexp(alpha[:, :, None] + self.transitions, 1) + emissions[step]
            alpha = torch.where(mask[step, :, None], after, alpha)
        return torch.where(mask[0], score - torch.logsumexp(alpha, 1), 0.0).sum()


class PackedClassifier(nn.Module):
    def __init__(self, vocab_size, num_classes):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, 8)
        self.lstm = nn.LSTM(8, 6, num_layers=2, bidirectional=True, batch_first=True, dropout=0.3)
        self.head = nn.Linear(12, num_classes)

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(self.embedding(tokens), lengths, batch_first=True, enforce_sorted=False)
        hidden = self.lstm(packed)[1][0]
        return self.head(torch.cat([hidden[-2], hidden[-1]], dim=-1))


class SortedClassifier(PackedClassifier):
    """Wants the longest sequence first."""

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(self.embedding(tokens), lengths, batch_first=True)
        hidden = self.lstm(packed)[1][0]
        return self.head(torch.cat([hidden[-2], hidden[-1]], dim=-1))


class TimeFirst(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 6)
        self.head = nn.Linear(6, 4)

    def forward(self, x, lengths):
        return self.head(self.lstm(pack_padded_sequence(x, lengths, enforce_sorted=False))[1][0][-1])


class MaskedMean(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(30, 8)
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 1, enable_nested_tensor=False
        )
        self.head = nn.Linear(8, 4)

    def forward(self, tokens, attention_mask):
        states = self.encoder(self.embedding(tokens), src_key_padding_mask=~attention_mask)
        counts = attention_mask[..., None]
        return self.head((states * counts).sum(1) / counts.sum(1).clamp(min=1))


class MaskedAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(3, 6, batch_first=True)
        self.score = nn.Linear(6, 1)
        self.head = nn.Linear(6, 4)

    def forward(self, x, mask):
        states = self.gru(x)[0]
        weights = torch.softmax(self.score(states)[..., 0].masked_fill(~mask, -1e9), dim=1)
        return self.head((weights[..., None] * states).sum(1))
