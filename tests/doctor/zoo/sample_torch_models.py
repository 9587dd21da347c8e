"""Models for torch as public code has them, in our own code, right and wrong; a docstring begins with the verdict, decided before the first run."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class RandomStart(nn.Module):
    """wrong: the first state is drawn anew in each call."""

    def __init__(self, vocab_size=40, embed_dim=8, hidden_dim=8, num_classes=3):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.lstm = nn.LSTM(embed_dim, hidden_dim, batch_first=True)
        self.fc = nn.Linear(hidden_dim, num_classes)

    def forward(self, x):
        start = torch.randn(1, x.size(0), self.hidden_dim)
        out, _ = self.lstm(self.embedding(x), (start, torch.randn_like(start)))
        return self.fc(out[:, -1])


class ZeroStart(nn.Module):
    """right: the first state is 0, as it is by itself."""

    def __init__(self, vocab_size=40, embed_dim=8, hidden_dim=8, num_classes=3):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.lstm = nn.LSTM(embed_dim, hidden_dim, batch_first=True)
        self.fc = nn.Linear(hidden_dim, num_classes)

    def forward(self, x):
        start = torch.zeros(1, x.size(0), self.hidden_dim)
        out, _ = self.lstm(self.embedding(x), (start, start))
        return self.fc(out[:, -1])


class DropoutForEver(nn.Module):
    """wrong: dropout of the functional kind is not told that it is evaluated."""

    def __init__(self, input_size=6, hidden_size=8, output_size=2):
        super().__init__()
        self.gru = nn.GRU(input_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, output_size)

    def forward(self, x):
        return self.out(F.dropout(self.gru(x)[0][:, -1], 0.5))


class NoiseOfNumpy(nn.Module):
    """wrong: noise that is meant for training stays on."""

    def __init__(self, n_features=4, n_classes=3):
        super().__init__()
        self.rnn = nn.GRU(n_features, 8, batch_first=True)
        self.fc = nn.Linear(8, n_classes)

    def forward(self, series):
        noise = torch.from_numpy(np.random.normal(0, 0.1, tuple(series.shape)).astype("float32"))  # noqa: NPY002
        return self.fc(self.rnn(series + noise)[1][-1])


class KeepsItsState(nn.Module):
    """wrong: the state of one batch is the start of the next."""

    def __init__(self, input_dim=5, hidden_dim=8):
        super().__init__()
        self.lstm = nn.LSTM(input_dim, hidden_dim, batch_first=True)
        self.head = nn.Linear(hidden_dim, 2)
        self.hidden = None

    def forward(self, x):
        if self.hidden is not None and self.hidden[0].size(1) != x.size(0):
            self.hidden = None
        out, hidden = self.lstm(x, self.hidden)
        self.hidden = tuple(one.detach() for one in hidden)
        return self.head(out[:, -1])


class TemporalConvolutions(nn.Module):
    """right: causal convolutions of a finite reach, of which the last valid step is read."""

    def __init__(self, num_inputs=6, num_channels=8, num_classes=3, kernel_size=2):
        super().__init__()
        self.first = nn.Conv1d(num_inputs, num_channels, kernel_size)
        self.second = nn.Conv1d(num_channels, num_channels, kernel_size, dilation=2)
        self.fc = nn.Linear(num_channels, num_classes)

    def forward(self, x, lengths):
        h = torch.relu(self.first(F.pad(x.transpose(1, 2), (1, 0))))
        h = torch.relu(self.second(F.pad(h, (2, 0))))
        return self.fc(h.transpose(1, 2)[torch.arange(len(x)), lengths - 1])


class WindowTagger(nn.Module):
    """right: each tag is predicted from a window of three words."""

    def __init__(self, vocab_size=50, tagset_size=6):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, 8, padding_idx=0)
        self.conv = nn.Conv1d(8, 10, 3, padding=1)
        self.tag = nn.Linear(10, tagset_size)

    def forward(self, sentence):
        h = self.embedding(sentence)
        return self.tag(torch.relu(self.conv(h.transpose(1, 2))).transpose(1, 2))


class ChannelsFirst(nn.Module):
    """right: series with the channels first, as convolutions want them."""

    def __init__(self, in_channels=3, n_classes=4):
        super().__init__()
        self.body = nn.Sequential(nn.Conv1d(in_channels, 8, 3, padding=1), nn.BatchNorm1d(8), nn.ReLU())
        self.fc = nn.Linear(8, n_classes)

    def forward(self, x):
        return self.fc(self.body(x).mean(-1))


class ChannelsFirstNormed(nn.Module):
    """wrong: the statistics of the batch, in evaluation too."""

    def __init__(self, in_channels=3, n_classes=4):
        super().__init__()
        self.conv = nn.Conv1d(in_channels, 8, 3, padding=1)
        self.norm = nn.BatchNorm1d(8, track_running_stats=False)
        self.fc = nn.Linear(8, n_classes)

    def forward(self, x):
        return self.fc(torch.relu(self.norm(self.conv(x))).mean(-1))


class StatesViewed(nn.Module):
    """wrong: the states of both directions are viewed, not transposed, so that rows of the batch mix."""

    def __init__(self, vocab_size, embedding_dim, hidden_dim, output_dim):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.LSTM(embedding_dim, hidden_dim, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(hidden_dim * 2, output_dim)

    def forward(self, text):
        _, (hidden, _) = self.rnn(self.embedding(text))
        return self.fc(hidden.view(text.size(0), -1))


class PackedSentiment(nn.Module):
    """right: packed, and both last states joined."""

    def __init__(self, vocab_size, embedding_dim, hidden_dim, output_dim, n_layers, bidirectional, dropout, pad_idx):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_idx)
        self.rnn = nn.LSTM(embedding_dim, hidden_dim, num_layers=n_layers, bidirectional=bidirectional, dropout=dropout)
        self.fc = nn.Linear(hidden_dim * 2, output_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, text, text_lengths):
        embedded = self.dropout(self.embedding(text))
        packed = pack_padded_sequence(embedded, text_lengths.cpu(), enforce_sorted=False)
        _, (hidden, _) = self.rnn(packed)
        return self.fc(self.dropout(torch.cat((hidden[-2], hidden[-1]), dim=1)))


class SqueezedAway(nn.Module):
    """wrong: squeeze() takes the batch with it when there is one sequence."""

    def __init__(self, input_size=4, hidden_size=8):
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, batch_first=True)
        self.linear = nn.Linear(hidden_size, 3)

    def forward(self, x):
        _, (h, _) = self.lstm(x)
        return self.linear(h.squeeze())


class AttentionOverTheBatch(nn.Module):
    """wrong: the softmax of the attention runs over the sequences."""

    def __init__(self, vocab_size=30, dim=8, num_labels=3):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.score = nn.Linear(dim, 1)
        self.out = nn.Linear(dim, num_labels)

    def forward(self, input_ids):
        h = self.embed(input_ids)
        weights = torch.softmax(self.score(h), dim=0)
        return self.out((weights * h).sum(1))


class PositionsOfTheBatch(nn.Module):
    """wrong: the table of positions is for (time, batch), and is added to (batch, time)."""

    def __init__(self, vocab_size=30, d_model=8, max_len=64):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, d_model)
        angles = torch.arange(max_len)[:, None] / 100 ** (torch.arange(0, d_model, 2) / d_model)
        self.register_buffer("pe", torch.cat([angles.sin(), angles.cos()], 1).unsqueeze(1))
        self.out = nn.Linear(d_model, 4)

    def forward(self, src):
        x = self.embed(src)
        return self.out(torch.relu(x + self.pe[: x.size(0)]))


class TransformerTagger(nn.Module):
    """right: an encoder with learned positions that is told what is padding."""

    def __init__(self, vocab_size=30, d_model=8, nhead=2, num_layers=1, num_tags=5, max_len=64):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, d_model, padding_idx=0)
        self.position = nn.Embedding(max_len, d_model)
        layer = nn.TransformerEncoderLayer(d_model, nhead, 16, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers, enable_nested_tensor=False)
        self.out = nn.Linear(d_model, num_tags)

    def forward(self, src, src_key_padding_mask=None):
        x = self.embed(src) + self.position(torch.arange(src.size(1)))
        return self.out(self.encoder(x, src_key_padding_mask=src_key_padding_mask))


class MaskUpsideDown(nn.Module):
    """wrong: attention_mask is 1 where it counts, and attention is told that 1 is padding."""

    def __init__(self, vocab_size=30, d_model=8):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, d_model)
        self.encoder = nn.TransformerEncoderLayer(d_model, 2, 16, batch_first=True)
        self.classifier = nn.Linear(d_model, 3)

    def forward(self, input_ids, attention_mask):
        bias = (attention_mask.float() * -1e4).unsqueeze(1).expand(-1, input_ids.size(1), -1)
        x = self.encoder(self.embed(input_ids), src_mask=bias.repeat_interleave(2, 0))
        return self.classifier(x[:, 0])


class MaskedAfterSoftmax(nn.Module):
    """wrong: what is left after the mask no longer adds up to 1."""

    def __init__(self, vocab_size=30, hidden_size=8, num_classes=3):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, hidden_size)
        self.query = nn.Linear(hidden_size, 1)
        self.out = nn.Linear(hidden_size, num_classes)

    def forward(self, tokens, mask):
        h = self.embed(tokens)
        weights = torch.softmax(self.query(h).squeeze(-1), -1) * mask
        return self.out(torch.einsum("bt,btd->bd", weights, h))


class MaskedBeforeSoftmax(nn.Module):
    """right: padding has no weight."""

    def __init__(self, vocab_size=30, hidden_size=8, num_classes=3):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, hidden_size)
        self.query = nn.Linear(hidden_size, 1)
        self.out = nn.Linear(hidden_size, num_classes)

    def forward(self, tokens, mask):
        h = self.embed(tokens)
        scores = self.query(h).squeeze(-1).masked_fill(mask == 0, float("-inf"))
        return self.out(torch.einsum("bt,btd->bd", torch.softmax(scores, -1), h))


class GivesAnObject(nn.Module):
    """right: as the models of transformers, with a loss where there are labels."""

    def __init__(self, vocab_size=30, hidden=8, num_labels=3):
        super().__init__()
        self.embeddings = nn.Embedding(vocab_size, hidden)
        self.classifier = nn.Linear(hidden, num_labels)

    def forward(self, input_ids=None, attention_mask=None, labels=None):
        counts = attention_mask.unsqueeze(-1).to(torch.float32)
        pooled = (self.embeddings(input_ids) * counts).sum(1) / counts.sum(1).clamp(min=1e-9)
        logits = self.classifier(pooled)
        loss = F.cross_entropy(logits, labels) if labels is not None else None
        return SimpleNamespace(loss=loss, logits=logits)


class StateHandedOn(nn.Module):
    """right: a language model of characters, which takes and gives its state."""

    def __init__(self, n_tokens=30, n_hidden=8):
        super().__init__()
        self.encoder = nn.Embedding(n_tokens, n_hidden)
        self.gru = nn.GRU(n_hidden, n_hidden, batch_first=True)
        self.decoder = nn.Linear(n_hidden, n_tokens)

    def forward(self, x, hidden=None):
        out, hidden = self.gru(self.encoder(x), hidden)
        return self.decoder(out), hidden


class TwoHeads(nn.Module):
    """right: several outputs as a mapping."""

    def __init__(self, vocab_size=30, intents=4, slots=6):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)
        self.intent, self.slot = nn.Linear(16, intents), nn.Linear(16, slots)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, (last, _) = self.lstm(packed)
        states, _ = pad_packed_sequence(states, batch_first=True, total_length=ids.size(1))
        return {"intent": self.intent(torch.cat([last[0], last[1]], -1)), "slots": self.slot(states)}


class FixedWindow(nn.Module):
    """right: a window of fixed length, flattened."""

    def __init__(self, seq_len=16, n_features=3, n_classes=2):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(seq_len * n_features, 8), nn.ReLU(), nn.Linear(8, n_classes))

    def forward(self, x):
        return self.net(x)


class MeanOverTheBatch(nn.Module):
    """wrong: dim=0 is the batch."""

    def __init__(self, vocab_size=30, num_classes=3):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, 8)
        self.fc = nn.Linear(8, num_classes)

    def forward(self, x):
        h = self.embed(x)
        return self.fc(h - h.mean(dim=0, keepdim=True)).mean(1)


class BackwardAtTheEnd(nn.Module):
    """wrong: the last step of the output, where the backward direction has read one word."""

    def __init__(self, vocab_size=30, num_classes=3):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(16, num_classes)

    def forward(self, x):
        return self.fc(self.lstm(self.embed(x))[0][:, -1])


class LastStepOfPadding(nn.Module):
    """wrong: lengths are taken and not used."""

    def __init__(self, n_features=4, n_classes=3):
        super().__init__()
        self.gru = nn.GRU(n_features, 8, batch_first=True)
        self.fc = nn.Linear(8, n_classes)

    def forward(self, x, lengths):
        return self.fc(self.gru(x)[0][:, -1])


class MeanOfAllSteps(nn.Module):
    """wrong: padding is embedded as 0, and the mean divides by all steps."""

    def __init__(self, vocab_size=30, embed_size=8, num_class=3):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size, padding_idx=0)
        self.fc = nn.Linear(embed_size, num_class)

    def forward(self, text):
        return self.fc(self.embedding(text).mean(dim=1))


class BagOfWords(nn.Module):
    """right: a sum in which padding is 0, over the count of words."""

    def __init__(self, vocab_size=30, embed_size=8, num_class=3):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size, padding_idx=0)
        self.fc = nn.Linear(embed_size, num_class)

    def forward(self, text):
        count = (text != 0).sum(1, keepdim=True).clamp(min=1)
        return self.fc(self.embedding(text).sum(1) / count)
