"""Question 3: my recurrent layer's output does not match the number of labels. What goes between?

The sizes are those that people ask with: vocabulary 1000, embedding 50, hidden 128, 5 classes, batch 32,
T=20. Each summary is right for every sequence, whatever padding stands behind it; beside it stands the usual
recipe, which is not.
"""

from __future__ import annotations

from functools import cache

import pytest
import torch
from nn_cases import DIRECTIONS
from torch import Tensor, nn

from seqwise.nn import POOLINGS, SequenceModel, build_model
from seqwise.targets import Target

VOCABULARY, EMBEDDING, HIDDEN, CLASSES, BATCH, TIME = 1000, 50, 128, 5, 32, 20
TARGETS = [
    Target(f"{kind} {pooling}", kind, (tuple(range(CLASSES)),))
    for kind in ("label", "multilabel")
    for pooling in POOLINGS
]
draws = torch.Generator().manual_seed(3)
lengths = torch.cat([torch.randint(5, TIME, (BATCH - 1,), generator=draws), torch.tensor([TIME])])
tokens = torch.randint(1, VOCABULARY, (BATCH, TIME), generator=draws)
tokens[torch.arange(TIME) >= lengths[:, None]] = 0


def new_model(*, encoder: str = "lstm", bidirectional: bool = True) -> SequenceModel:
    """A model with every summary, each before a multi-class and before a multi-label head."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build_model(
            TARGETS,
            input="tokens",
            vocabulary_size=VOCABULARY,
            embedding=EMBEDDING,
            encoder=encoder,
            hidden=HIDDEN,
            bidirectional=bidirectional,
            pooling={target.name: target.name.split()[1] for target in TARGETS},
        ).eval()


def usual_layers(*, bidirectional: bool) -> tuple[nn.Embedding, nn.LSTM]:
    """What most recipes build; they give it the padded batch as it is."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        embedding = nn.Embedding(VOCABULARY, EMBEDDING)
        return embedding, nn.LSTM(EMBEDDING, HIDDEN, batch_first=True, bidirectional=bidirectional)


def largest_change_by_padding(summary, *, bidirectional: bool) -> float:
    """How far a recipe's summary of a sequence moves between the padded batch and the sequence alone."""
    embedding, layer = usual_layers(bidirectional=bidirectional)
    with torch.no_grad():
        in_batch = summary(layer(embedding(tokens)))
        alone = [summary(layer(embedding(row[None, :length]))) for row, length in zip(tokens, lengths, strict=True)]
    return (in_batch - torch.cat(alone)).abs().max().item()


@cache
def logits_in_batch_and_alone(encoder: str, bidirectional: bool) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Logits of every summary, of the padded batch and of each sequence by itself."""
    model = new_model(encoder=encoder, bidirectional=bidirectional)
    with torch.no_grad():
        rows = [model(row[None, :length]) for row, length in zip(tokens, lengths, strict=True)]
        return model(tokens, lengths=lengths), {name: torch.cat([row[name] for row in rows]) for name in model.names}


@pytest.mark.parametrize(("encoder", "bidirectional"), DIRECTIONS)
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("kind", ["label", "multilabel"])
def test_every_summary_gives_32_x_5_logits_that_padding_does_not_change(kind, pooling, encoder, bidirectional):
    in_batch, alone = logits_in_batch_and_alone(encoder, bidirectional)
    name = f"{kind} {pooling}"
    assert in_batch[name].shape == (BATCH, CLASSES)
    torch.testing.assert_close(in_batch[name], alone[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("bidirectional", "size"), [(False, HIDDEN), (True, 2 * HIDDEN)])
def test_two_directions_bring_twice_the_features_to_the_head(bidirectional, size):
    model = new_model(bidirectional=bidirectional)
    assert {target.head.linear.in_features for target in model.targets} == {size}


def test_the_last_state_is_the_final_state_of_both_directions_of_each_sequence():
    model = new_model()
    pooling = POOLINGS["last"](2 * HIDDEN, bidirectional=True)
    with torch.no_grad():
        features = model.input_layer(tokens, lengths=lengths)
        vectors = pooling(model.encoder(features, lengths=lengths), lengths=lengths)
        for row, length in enumerate(lengths):
            steps = features[row, None, :length]
            _, (forward, _) = model.encoder.forward_layers[0](steps)
            _, (backward, _) = model.encoder.backward_layers[0](steps.flip(1))
            expected = torch.cat([forward[0, 0], backward[0, 0]])
            torch.testing.assert_close(vectors[row], expected, rtol=1e-4, atol=1e-6)


def test_the_usual_output_at_minus_one_reads_padding():
    assert largest_change_by_padding(lambda states: states[0][:, -1], bidirectional=False) > 0.01


def test_the_usual_output_at_minus_one_holds_a_backward_state_that_saw_one_step():
    embedding, layer = usual_layers(bidirectional=True)
    with torch.no_grad():
        whole = layer(embedding(tokens[-1:]))[0][:, -1, HIDDEN:]  # the row without padding
        only_last_step = layer(embedding(tokens[-1:, -1:]))[0][:, -1, HIDDEN:]
    torch.testing.assert_close(whole, only_last_step)


def test_the_usual_hidden_at_minus_one_keeps_the_backward_direction_alone():
    embedding, layer = usual_layers(bidirectional=True)
    with torch.no_grad():
        before = layer(embedding(tokens))[1][0][-1]
        for name, parameter in layer.named_parameters():
            if not name.endswith("_reverse"):
                parameter.zero_()
        after = layer(embedding(tokens))[1][0][-1]
    assert before.shape == (BATCH, HIDDEN)
    torch.testing.assert_close(after, before, rtol=0, atol=0)


def test_the_usual_hidden_at_minus_one_reads_padding_too():
    assert largest_change_by_padding(lambda states: states[1][0][-1], bidirectional=False) > 0.01
    assert largest_change_by_padding(lambda states: states[1][0][-1], bidirectional=True) > 0.01


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_usual_mean_over_time_counts_padding(bidirectional):
    assert largest_change_by_padding(lambda states: states[0].mean(dim=1), bidirectional=bidirectional) > 0.01


def test_the_usual_mean_of_states_that_are_zero_at_padding_divides_by_the_padded_length():
    model = new_model()
    with torch.no_grad():
        states = model.encoder(model.input_layer(tokens, lengths=lengths), lengths=lengths)
        right = POOLINGS["mean"](2 * HIDDEN)(states, lengths=lengths)
    torch.testing.assert_close(states.mean(dim=1), right * (lengths / TIME)[:, None])


def test_the_usual_maximum_lets_padding_win():
    states = torch.tensor([[[-3.0], [-2.0], [0.0]]])
    assert states.amax(dim=1).item() == 0.0
    assert POOLINGS["max"](1)(states, lengths=torch.tensor([2])).item() == -2.0


def test_the_usual_softmax_over_time_attends_to_padding():
    pooling = POOLINGS["attention"](1)
    states = torch.tensor([[[0.3], [0.3], [0.0], [0.0]]])
    usual = pooling.score(torch.tanh(pooling.projection(states))).softmax(dim=1).squeeze(2)
    assert usual[0, 2:].sum().item() > 0.2
    weights = pooling.weights(states, lengths=torch.tensor([2]))
    torch.testing.assert_close(weights, torch.tensor([[0.5, 0.5, 0.0, 0.0]]))


def test_the_usual_softmax_with_minus_infinity_is_nan_for_a_fully_padded_row():
    scores = torch.zeros(1, 3).masked_fill(torch.tensor([[True, True, True]]), -torch.inf)
    assert scores.softmax(dim=1).isnan().all()
    pooling = POOLINGS["attention"](2)
    assert pooling(torch.zeros(1, 3, 2), lengths=torch.tensor([0])).tolist() == [[0.0, 0.0]]
