"""Models of many shapes: channels first, a fixed or a least number of steps, strides, masks by name and by effect."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from seqwise.doctor import doctor


class Strided(nn.Module):
    def __init__(self, steps=0, kernel=3):
        super().__init__()
        self.conv, self.pool = nn.Conv1d(3, 4, kernel), nn.MaxPool1d(3)
        self.fc = nn.Linear(4 * ((steps - kernel + 1) // 3) if steps else 4, 2)
        self.is_fixed = bool(steps)

    def forward(self, x):
        h = self.pool(torch.relu(self.conv(x)))
        return self.fc(h.flatten(1) if self.is_fixed else h.mean(-1))


class Sliced(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv1d(3, 4, 3, padding=1), nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x[:, :, 1:])).mean(-1))


class Masked(nn.Module):
    """Where `counts` is False, True in the mask is padding."""

    def __init__(self, counts):
        super().__init__()
        self.embedding, self.fc, self.counts = nn.Embedding(20, 4), nn.Linear(4, 2), counts

    def pooled(self, ids, mask):
        keep = (mask if self.counts else mask == 0).float().unsqueeze(-1)
        return self.fc((self.embedding(ids) * keep).sum(1) / keep.sum(1).clamp(min=1))


class ByMask(Masked):
    def forward(self, ids, mask):
        return self.pooled(ids, mask)


class ByAttentionMask(Masked):
    def forward(self, ids, attention_mask):
        return self.pooled(ids, attention_mask)


def test_strides_that_leave_steps_over_are_no_slice():
    report = doctor(Strided())
    assert report.holds, str(report)
    assert "takes x = numbers (batch, 3, time" in report.subject


@pytest.mark.parametrize(("steps", "fewest"), [(30, 29), (64, 64)])
def test_a_model_for_one_number_of_steps_is_called_with_it(steps, fewest):
    report = doctor(Strided(steps))
    assert report.holds, str(report)
    assert f"takes x = numbers (batch, 3, {fewest} steps)" in report.subject


def test_a_model_that_needs_many_steps_is_told_so():
    report = doctor(Strided(kernel=12))
    assert report.holds, str(report)
    assert "takes x = numbers (batch, 3, time of 16 or more)" in report.subject


def test_a_slice_before_a_convolution_is_found():
    assert doctor(Sliced()).bugs == ["lost-row"]


@pytest.mark.parametrize("counts", [True, False])
def test_what_true_means_is_seen_where_the_name_does_not_say_it(counts):
    report = doctor(ByMask(counts))
    assert report.holds, str(report)
    assert f"mask (True {'counts' if counts else 'is padding'})" in report.subject
    assert any("its name does not say so" in note for note in report.notes) is not counts


@pytest.mark.parametrize("counts", [True, False])
def test_a_name_that_says_what_true_means_must_be_right(counts):
    assert doctor(ByAttentionMask(counts)).bugs == ([] if counts else ["mask-inverted"])


def test_with_which_sizes_a_class_was_built_is_said():
    class Sized(nn.Module):
        def __init__(self, vocab_size, hidden_dim, layer_dim):
            super().__init__()
            self.embedding = nn.Embedding(vocab_size, hidden_dim)
            self.rnn = nn.GRU(hidden_dim, hidden_dim, layer_dim, batch_first=True)

        def forward(self, ids):
            return self.rnn(self.embedding(ids))[0]

    report = doctor(Sized)
    assert report.holds
    assert report.notes == ("built as Sized(vocab_size=30, hidden_dim=6, layer_dim=1)",)
