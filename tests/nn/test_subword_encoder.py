"""States of a pretrained model by words: against the model run on each text by itself."""

from __future__ import annotations

import jaxtyping
import pytest
import torch
from torch import nn

from seqwise.errors import ConfigError, DtypeError, ShapeError
from seqwise.nn import IdentityEncoder, SubwordEncoder
from seqwise.nn.inputs.subword_encoder import _windows

SIZE, PREFIX, SUFFIX = 6, (3,), (4, 5)
WORDS = [  # per text, the tokens of each word
    [[7], [8, 9], [10]],
    [[11, 12, 13]],
    [[8], [7, 7, 9], [12], [13, 10]],
]


class Network(nn.Module):
    """Self-attention with positions: a state depends on every token that is attended, and on where it stands."""

    def __init__(self):
        super().__init__()
        draws = torch.Generator().manual_seed(0)
        self.vectors = nn.Parameter(torch.randn(20, SIZE, generator=draws, dtype=torch.float64))
        self.positions = nn.Parameter(torch.randn(30, SIZE, generator=draws, dtype=torch.float64))

    def forward(self, input_ids, attention_mask):
        steps = self.vectors[input_ids] + self.positions[: input_ids.shape[1]]
        scores = (steps @ steps.transpose(1, 2)).masked_fill(attention_mask[:, None, :] == 0, -torch.inf)
        return type("Output", (), {"last_hidden_state": scores.softmax(2) @ steps})()


def encoder_of(window=20):
    return SubwordEncoder(Network(), SIZE, prefix=PREFIX, suffix=SUFFIX, window=window, padding=1)


def batch_of(texts, time=5, tokens=4):
    ids = torch.zeros(len(texts), time, tokens, dtype=torch.long)
    for row, words in enumerate(texts):
        for step, numbers in enumerate(words):
            ids[row, step, : len(numbers)] = torch.tensor(numbers)
    return ids, torch.tensor([len(words) for words in texts])


def states_by_definition(encoder, words):
    """(words, size) of one text that fits one window: the model on its tokens, and the mean over those of each word."""
    flat = [*PREFIX, *(token for word in words for token in word), *SUFFIX]
    ids = torch.tensor([flat]) - 1
    states = encoder.network(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0, len(PREFIX) :]
    sizes = [len(word) for word in words]
    return torch.stack([part.mean(dim=0) for part in states[: sum(sizes)].split(sizes)])


def test_words_have_the_mean_state_of_their_tokens_whatever_stands_beside_them():
    encoder = encoder_of()
    ids, lengths = batch_of(WORDS)
    ids[1, 2:] = 9  # garbage where nothing counts
    states = encoder(ids, lengths=lengths)
    for row, words in enumerate(WORDS):
        torch.testing.assert_close(states[row, : len(words)], states_by_definition(encoder, words))
        assert not states[row, len(words) :].any()


def test_a_mask_with_holes_is_the_text_without_these_words():
    encoder = encoder_of()
    ids, _ = batch_of(WORDS[2:])
    mask = torch.tensor([[True, False, True, True, False]])
    expected = states_by_definition(encoder, [WORDS[2][i] for i in (0, 2, 3)])
    torch.testing.assert_close(encoder(ids, mask=mask)[mask], expected)


def test_gradients_are_those_of_each_text_alone():
    encoder = encoder_of()
    ids, lengths = batch_of(WORDS)
    parameters = list(encoder.parameters())
    together = torch.autograd.grad(encoder(ids, lengths=lengths).square().sum(), parameters)
    alone = sum(states_by_definition(encoder, words).square().sum() for words in WORDS)
    for found, expected in zip(together, torch.autograd.grad(alone, parameters), strict=True):
        torch.testing.assert_close(found, expected)


def test_a_text_longer_than_the_window_is_read_in_windows_and_nothing_is_lost():
    encoder = encoder_of(window=4)
    text = [[7], [8], [9, 10], [11], [12], [13, 7], [8]]  # nine tokens: windows at 0, 2, 4, 5
    flat = [token for word in text for token in word]
    windows = {start: states_by_definition(encoder, [[p] for p in flat[start : start + 4]]) for start in (0, 2, 4, 5)}
    chosen = [0, 0, 0, 2, 2, 4, 4, 5, 5]  # by token: where it has most context
    tokens = [windows[start][token - start] for token, start in enumerate(chosen)]
    sizes = [len(word) for word in text]
    expected = torch.stack([part.mean(0) for part in torch.stack(tokens).split(sizes)])
    ids, lengths = batch_of([text, WORDS[1]], time=8)
    torch.testing.assert_close(encoder(ids, lengths=lengths)[0, :7], expected)


@pytest.mark.parametrize("window", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("count", [0, 1, 4, 5, 23])
def test_every_piece_stands_in_its_window_with_as_much_context_as_any_has(window, count):
    plan = _windows([3, count], window)
    begins = [0, 3]
    assert all(1 <= size <= window for size in plan.sizes)
    for token in range(3 + count):
        text = int(token >= 3)
        begin, end = (begins[text], [3, 3 + count][text])
        start = plan.starts[plan.windows[token]]
        assert start + plan.places[token] == token
        assert begin <= start <= token < start + plan.sizes[plan.windows[token]] <= end

        def context(first, size, token=token, begin=begin, end=end):
            before = token - first if first > begin else count + 9
            return min(before, first + size - 1 - token if first + size < end else count + 9)

        others = [
            context(first, size)
            for first, size in zip(plan.starts, plan.sizes, strict=True)
            if begin <= first <= token < first + size <= end
        ]
        assert context(start, plan.sizes[plan.windows[token]]) == max(others)


@pytest.mark.parametrize("shape", [(2, 3, 2), (2, 0, 0), (2, 3, 0)])
def test_texts_without_words_have_zeros(shape):
    states = encoder_of()(torch.ones(shape, dtype=torch.long), lengths=torch.zeros(2, dtype=torch.long))
    assert (states.shape, states.any().item()) == ((*shape[:2], SIZE), False)


@pytest.fixture
def _plain_annotations():
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.mark.usefixtures("_plain_annotations")
def test_numbers_that_are_none_are_refused():
    with pytest.raises(DtypeError, match=r"ids of torch.float32, expected integers \(batch, time, tokens\)"):
        encoder_of()(torch.zeros(1, 2, 3))
    with pytest.raises(ShapeError, match=r"ids of shape \(1, 2\), expected \(batch, time, tokens\)"):
        encoder_of()(torch.zeros(1, 2, dtype=torch.long))
    with pytest.raises(ConfigError, match="window is 0, expected 1 or more"):
        encoder_of(window=0)


def test_the_passing_encoder_gives_the_vectors_that_count():
    steps = torch.full((1, 3, 2), torch.nan)
    steps[0, 0] = 5.0
    encoder = IdentityEncoder(2)
    assert encoder(steps, lengths=torch.tensor([1])).tolist() == [[[5.0, 5.0], [0.0, 0.0], [0.0, 0.0]]]
    assert (encoder.output_size, encoder.bidirectional) == (2, False)
    with pytest.raises(ShapeError, match="with features = 2"):
        encoder(torch.zeros(1, 3, 4))
