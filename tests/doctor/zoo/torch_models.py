"""Wrong models for torch, each our own code after a bug that was published. A docstring begins with the bug's name."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class _Parts(nn.Module):
    def __init__(self, both=False):
        super().__init__()
        self.embedding = nn.Embedding(30, 8, padding_idx=0)
        self.lstm = nn.LSTM(8, 6, batch_first=True, bidirectional=both)
        self.score = nn.Linear(12 if both else 6, 1)
        self.head = nn.Linear(12 if both else 6, 4)

    def states(self, tokens, lengths=None):
        if lengths is None:
            return self.lstm(self.embedding(tokens))[0]
        packed = pack_padded_sequence(self.embedding(tokens), lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=tokens.shape[1])[0]


class LastColumn(_Parts):
    """last-state-padding: output[:, -1] of a padded batch: bentrevett/pytorch-sentiment-analysis#86."""

    def forward(self, tokens, lengths):
        return self.head(self.states(tokens)[:, -1])


class LastColumnOfPacked(_Parts):
    """last-state-padding: output[:, -1] after unpacking is zero for shorter sequences: allenai/allennlp#1713."""

    def forward(self, tokens, lengths):
        return self.head(self.states(tokens, lengths)[:, -1])


class LengthAsIndex(_Parts):
    """last-state-padding: the state at index `lengths` is the first one of padding: yandexdataschool/Practical_RL#558."""

    def forward(self, tokens, lengths):
        states = self.states(tokens)
        last = lengths.clamp(max=tokens.shape[1] - 1)
        return self.head(states[torch.arange(len(states)), last])


class BackwardOverPadding(_Parts):
    """last-state-padding: the backward direction begins in the padding: keras-team/keras#4192."""

    def __init__(self):
        super().__init__(both=True)

    def forward(self, tokens, mask):
        return self.head(self.states(tokens))


class OneDirection(_Parts):
    """backward-dropped: hidden[-1] holds one direction of two: yunjey/pytorch-tutorial#149."""

    def __init__(self):
        super().__init__(both=True)
        self.head = nn.Linear(6, 4)

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(self.embedding(tokens), lengths, batch_first=True, enforce_sorted=False)
        return self.head(self.lstm(packed)[1][0][-1])


class BothAtTheEnd(_Parts):
    """backward-dropped: at the last step the backward direction has read one step: prabhuomkar/pytorch-cpp#13."""

    def __init__(self):
        super().__init__(both=True)
        self.embedding = nn.Embedding(30, 8)

    def forward(self, x):
        return self.head(self.states(x)[:, -1])


class MeanOverAll(_Parts):
    """pooling-padding: mean(dim=1) over padding too: HKUDS/LightRAG#3675."""

    def forward(self, tokens, attention_mask):
        return self.head(self.states(tokens).mean(dim=1))


class MaxOverZeros(_Parts):
    """pooling-padding: states of padding are set to 0, which wins over negative ones: dbiir/UER-py#190."""

    def forward(self, tokens, mask):
        return self.head((self.states(tokens) * mask[..., None]).max(dim=1).values)


class AttentionOverAll(_Parts):
    """attention-padding: the softmax over time knows no mask: pytorch/tutorials#593."""

    def forward(self, tokens, lengths):
        states = self.states(tokens, lengths)
        weights = torch.softmax(self.score(states), dim=1)
        return self.head((weights * states).sum(1))


class LastOfTheBatch(_Parts):
    """batch-axis-slice: output[-1] with batch_first=True is the last sequence, the axes of HHTseng/video-classification#3."""

    def forward(self, tokens):
        return self.head(self.states(tokens)[-1])


class BatchReadAsTime(nn.Module):
    """batch-mates: without batch_first the layer runs along the batch: pytorch/pytorch#1538."""

    def __init__(self, input_size=3, hidden_size=6, num_classes=4):
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size)
        self.head = nn.Linear(hidden_size, num_classes)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


class SortedForGood(_Parts):
    """batch-mates: the batch is sorted by length and never put back: pytorch/pytorch#23079."""

    def forward(self, tokens, lengths):
        lengths, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(self.embedding(tokens[order]), lengths, batch_first=True)
        return self.head(self.lstm(packed)[1][0][-1])


class LastStepUnread(_Parts):
    """lost-row: the state before the last one is taken, the other way round than yandexdataschool/Practical_RL#558."""

    def forward(self, tokens, lengths):
        states = self.states(tokens)
        return self.head(states[torch.arange(len(states)), (lengths - 2).clamp(min=0)])
