from __future__ import annotations

import itertools

import pytest
import torch

from seqwise.errors import ConfigError
from seqwise.nn import Ensemble, TagCRF, build_model
from seqwise.targets import Target

TARGETS = [
    Target("intent", "label", (("a", "b", "c"),)),
    Target("slots", "tags", (("O", "B-x"),), per_step=True),
    Target("votes", "outputs", ((0, 1), (0, 1, 2)), outputs=("u", "v")),
    Target("topics", "multilabel", (("s", "t"),)),
]


def models(count=3, targets=TARGETS):
    torch.manual_seed(3)
    return [build_model(targets, input="tokens", vocabulary_size=9, embedding=4, hidden=3) for _ in range(count)]


def test_the_probabilities_are_the_product_of_those_of_the_members():
    members = models()
    inputs = torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8]])
    said = Ensemble(members)(inputs)
    for name in ("intent", "slots"):
        product = torch.stack([member(inputs)[name].softmax(-1) for member in members]).prod(dim=0) ** (1 / 3)
        torch.testing.assert_close(said[name].softmax(-1), product / product.sum(-1, keepdim=True))


def test_a_class_that_an_output_does_not_have_stays_impossible():
    votes = Ensemble(models())(torch.ones(2, 4, dtype=torch.long))["votes"]
    assert votes.softmax(-1)[:, 0, 2].tolist() == [0, 0]


def test_a_sequence_alone_and_in_a_padded_batch_gives_the_same():
    ensemble = Ensemble(models()).eval()
    inputs = torch.tensor([[1, 2, 3, 4], [5, 6, 0, 0]])
    together = ensemble(inputs, lengths=torch.tensor([4, 2]))
    alone = ensemble(inputs[1:, :2], lengths=torch.tensor([2]))
    for name in ("intent", "votes", "topics"):
        torch.testing.assert_close(together[name][1:], alone[name])
    torch.testing.assert_close(together["slots"][1:, :2], alone["slots"])


def test_the_score_of_a_path_of_tags_is_the_mean_of_the_scores_of_the_members():
    torch.manual_seed(4)
    members = [
        build_model(TARGETS[1:2], input="tokens", vocabulary_size=9, hidden=3, crfs={"slots": TagCRF(2)})
        for _ in range(3)
    ]
    inputs, path = torch.tensor([[1, 2, 3]]), [0, 1, 1]
    for member in members:
        for parameter in member.targets[0].chain.parameters():
            torch.nn.init.normal_(parameter)

    def score(model):
        emissions, chain = model(inputs)["slots"][0], model.crf_scores()["slots"]
        steps = sum(emissions[i, tag] for i, tag in enumerate(path))
        between = sum(chain.transitions[a, b] for a, b in itertools.pairwise(path))
        return steps + between + chain.start[path[0]] + chain.end[path[-1]]

    mean = sum(score(member) for member in members) / 3
    torch.testing.assert_close(score(Ensemble(members)), mean)


def test_an_ensemble_of_nobody_is_refused():
    with pytest.raises(ConfigError, match="^Ensemble: models is empty, expected one model or more$"):
        Ensemble([])


def test_members_of_different_targets_are_refused():
    with pytest.raises(ConfigError, match="^Ensemble: the models have different targets$"):
        Ensemble([*models(1), *models(1, TARGETS[:1])])
