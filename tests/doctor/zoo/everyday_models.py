"""Wrong models as people write them every day, for torch: found by a trial, not published. A docstring begins with the bug's name."""

from __future__ import annotations

import torch
from torch import nn


class Tagger(nn.Module):
    """last-state-padding: the backward direction begins in the padding."""

    def __init__(self, vocab_size, tagset_size, embedding_dim, hidden_dim):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim // 2, bidirectional=True, batch_first=True)
        self.hidden2tag = nn.Linear(hidden_dim // 2 * 2, tagset_size)

    def forward(self, sentence, lengths):
        return self.hidden2tag(self.lstm(self.embedding(sentence))[0])


class WithLabels(nn.Module):
    """pooling-padding: a model that gives its loss too when it gets labels; the mask is not used in the mean."""

    def __init__(self, nvocab, nhid, nclass, dropout_rate):
        super().__init__()
        self.embedding = nn.Embedding(nvocab, nhid)
        self.dropout = nn.Dropout(dropout_rate)
        self.head = nn.Linear(nhid, nclass)

    def forward(self, input_ids=None, attention_mask=None, labels=None):
        states = self.embedding(input_ids) * attention_mask.unsqueeze(-1)
        logits = self.head(self.dropout(states.mean(1)))
        if labels is None:
            return {"logits": logits}
        return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}


class LabelsAfterX(nn.Module):
    """lost-row: `x` may be logits or tokens, and here an embedding says what it is."""

    def __init__(self, vocab_size=40, num_tags=5):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, 8)
        self.gru = nn.GRU(8, 8, batch_first=True)
        self.out = nn.Linear(8, num_tags)

    def forward(self, x, tags=None):
        logits = self.out(self.gru(self.embedding(x)[:, 1:])[0].mean(1))
        return logits if tags is None else nn.functional.cross_entropy(logits, tags)


class SummedInEinsum(nn.Module):
    """pooling-padding: a sum over time that no function of pooling does, in a model that is not recurrent."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.out = nn.Linear(8, 3)

    def forward(self, x, lengths):
        return self.out(torch.einsum("btd->bd", self.embedding(x)) / lengths.unsqueeze(1))
