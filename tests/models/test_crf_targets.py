"""Schemes found in data, tags read and written, and the chain that decides."""

from __future__ import annotations

import itertools
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import seqwise
from seqwise.config import LossConfig
from seqwise.errors import ConfigError
from seqwise.evaluation.spans import spans_in
from seqwise.losses.torch import allowed_transitions
from seqwise.models.crf_targets import crf_loss, decoded_tags, tag_crf_of, tag_emissions, tag_log_probabilities
from seqwise.nn import CRFScores
from seqwise.runs.run_folder import RunFolder
from seqwise.targets import Target
from seqwise.task.crf_states import crf_states
from seqwise.task.defaults.crf_defaults import crf_choices
from seqwise.task.prepare import prepare
from seqwise.task.tag_schemes import states_of
from seqwise.training.run import train
from seqwise.training.training_plan import plan_run
from small_runs import config_of, rows_file, trained, write_rows

IOB = ("B-x", "B-y", "I-x", "I-y", "O")
IOBES = ("B-x", "E-x", "I-x", "O", "S-x")


def target_of(tags, scheme=None):
    return Target("slots", "tags", (tuple(tags),), ("slots",), per_step=True, scheme=scheme)


def prepared(folder, sequences, *settings):
    repeated = sequences * (1 + 39 // len(sequences))
    rows = [{"tokens": [f"w{i}" for _ in tags], "slots": tags} for i, tags in enumerate(repeated)]
    return prepare(config_of(write_rows(folder / "rows.jsonl", rows), "tags", *settings))


SCHEMES = [
    ("iob", [["B-x", "I-x", "O"], ["B-x", "B-x"], ["O", "B-y"]]),
    ("iob", [["B-x", "O"], ["O", "B-y"]]),
    ("iob1", [["I-x", "I-x", "O"], ["I-x", "B-x"], ["O", "I-y"]]),
    ("iob1", [["I-x", "O"], ["O", "I-y"]]),
    ("iobes", [["B-x", "I-x", "E-x"], ["S-x", "O"]]),
    ("iobes", [["B-x", "L-x", "O"], ["U-x", "O"]]),
    (None, [["B-x", "I-y", "O"], ["I-x", "B-y"]]),
    (None, [["NOUN", "VERB"], ["NOUN"]]),
]


@pytest.mark.parametrize(("scheme", "sequences"), SCHEMES)
def test_the_scheme_is_found_from_the_tags_in_their_order(tmp_path, scheme, sequences):
    assert prepared(tmp_path, sequences).targets[0].scheme == scheme


def test_a_few_broken_tags_do_not_hide_the_scheme_and_are_said(tmp_path):
    task = prepared(
        tmp_path, [["B-x", "I-x"] * 40] * 39 + [["O", "I-x"]], "data.dev_fraction=0.01", "data.test_fraction=0.01"
    )
    assert task.targets[0].scheme == "iob"
    assert any(note.endswith("break its rules and are read as conlleval reads them") for note in task.notes)


def test_tags_of_no_scheme_are_a_warning(tmp_path):
    notes = prepared(tmp_path, [["B-x", "I-y", "O"], ["I-x", "B-y"]]).notes
    assert any(note.startswith("warning: target 'slots': ") and "break every scheme" in note for note in notes)


def test_what_trains_the_tags_is_said(tmp_path):
    spans = [["B-x", "I-x", "O"]]
    assert any("a CRF trains and decodes" in note for note in prepared(tmp_path, spans).notes)
    assert any("that the scheme allows" in note for note in prepared(tmp_path, spans, "loss.crf=false").notes)
    assert not any("CRF" in note for note in prepared(tmp_path, [["NOUN", "VERB"]]).notes)


def every_sequence(tags, longest=4):
    for length in range(1, longest + 1):
        yield from itertools.product(range(len(tags)), repeat=length)


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [(IOB, "iob"), (IOB, "iob1"), (IOBES, "iobes"), (("I-x", "I-y", "O"), "iob1"), (("B-x", "I-y", "O"), "iob")],
)
def test_any_tags_can_be_trained_and_their_spans_stay(tags, scheme):
    target = target_of(tags, scheme)
    chain = tag_crf_of(target, LossConfig(crf=True))()
    for sequence in every_sequence(tags):
        labels = np.array([sequence])
        mask = torch.ones(labels.shape, dtype=torch.bool)
        loss = crf_loss(states_of(target), chain, torch.zeros(*labels.shape, len(tags)), labels, mask)
        assert torch.isfinite(loss.sum)
        assert float(loss.count) == len(sequence)


def test_tags_that_break_the_scheme_are_trained_as_those_of_their_spans():
    """A model that is sure of the well-formed tags has no loss on the broken ones that mark the same spans."""
    target = target_of(IOB, "iob")
    chain = tag_crf_of(target, LossConfig(crf=True))()
    for sequence in every_sequence(IOB):
        spans = spans_in([IOB[i] for i in sequence])
        tags = ["O"] * len(sequence)
        for first, end, kind in spans:
            tags[first:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - first - 1)
        sure = 50 * torch.nn.functional.one_hot(torch.tensor([IOB.index(tag) for tag in tags]), len(IOB)).float()[None]
        mask = torch.ones(1, len(sequence), dtype=torch.bool)
        assert float(
            crf_loss(states_of(target), chain, sure, np.array([sequence]), mask).sum.detach()
        ) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("scheme", ["iob", "iob1"])
def test_missing_tags_leave_no_forbidden_neighbours(scheme):
    target = target_of(IOB, scheme)
    chain = tag_crf_of(target, LossConfig(crf=True))()
    for sequence in every_sequence(IOB, 3):
        for gaps in itertools.product([True, False], repeat=len(sequence)):
            mask = torch.tensor([gaps])
            emissions = torch.zeros(*mask.shape, len(IOB))
            assert torch.isfinite(crf_loss(states_of(target), chain, emissions, np.array([sequence]), mask).sum)


@pytest.mark.parametrize("crf", [True, False])
@pytest.mark.parametrize(("tags", "scheme"), [(IOB, "iob"), (IOB, "iob1"), (IOBES, "iobes")])
def test_decoded_tags_are_the_best_of_all_that_the_scheme_allows(tags, scheme, crf):
    target = target_of(tags, scheme)
    rng = np.random.default_rng(3)
    chain = tag_crf_of(target, LossConfig(crf=crf))()
    allowed = allowed_transitions(tags, scheme)
    for length in (1, 2, 3):
        emissions = rng.normal(size=(length, len(tags)))
        paths = [
            path
            for path in itertools.product(range(len(tags)), repeat=length)
            if allowed.start[path[0]]
            and allowed.end[path[-1]]
            and all(allowed.transitions[pair] for pair in itertools.pairwise(path))
        ]
        best = max(paths, key=lambda path: sum(emissions[t, tag] for t, tag in enumerate(path)))
        found = decoded_tags(chain, torch.from_numpy(emissions)[None], torch.tensor([length]))
        assert tuple(found[0].tolist()) == best


def test_probabilities_of_a_chain_are_those_over_all_its_paths():
    target = target_of(IOB, "iob")
    rng = np.random.default_rng(4)
    emissions = rng.normal(size=(3, len(IOB)))
    chain = tag_crf_of(target, LossConfig(crf=True))()
    allowed = allowed_transitions(IOB, "iob")
    expected = np.zeros_like(emissions)
    for path in itertools.product(range(len(IOB)), repeat=3):
        if allowed.start[path[0]] and all(allowed.transitions[pair] for pair in itertools.pairwise(path)):
            weight = np.exp(sum(emissions[t, tag] for t, tag in enumerate(path)))
            for t, tag in enumerate(path):
                expected[t, tag] += weight
    expected /= expected.sum(axis=1, keepdims=True)
    found = (
        tag_log_probabilities(target, chain, torch.from_numpy(emissions)[None], torch.tensor([3]))[0]
        .exp()
        .detach()
        .numpy()
    )
    np.testing.assert_allclose(found, np.maximum(expected, 1e-9), rtol=1e-6)


FINER = LossConfig(crf=True, scheme="iobes")
SOME_ALONE = ("B-x", "B-y", "I-x", "O")  # spans of y have one step


def written(states, sequence):
    """The tags that the states of a sequence of tags write."""
    labels = np.array([sequence])
    return states.tags[states.of(labels, np.ones(labels.shape, dtype=bool))][0].tolist()


@pytest.mark.parametrize("tags", [IOB, SOME_ALONE, ("B-x", "I-x")])
def test_iobes_writes_the_spans_of_the_tags_it_reads(tags):
    states = states_of(target_of(tags, "iob"), is_finer=True)
    for sequence in every_sequence(tags):
        names = [tags[i] for i in sequence]
        well_formed = all(
            name[0] != "I" or (before != "O" and before[2:] == name[2:])
            for before, name in itertools.pairwise(["O", *names])
        )
        found = [tags[i] for i in written(states, sequence)]
        assert spans_in(found) == spans_in(names)
        assert found == names or not well_formed


def test_iobes_has_the_states_that_the_tags_can_use():
    states = states_of(target_of(SOME_ALONE, "iob"), is_finer=True)
    assert sorted(states.names) == ["B-x", "E-x", "I-x", "O", "S-x", "S-y"]


@pytest.mark.parametrize("tags", [IOB, SOME_ALONE])
def test_training_as_iobes_trains_any_tags_and_speaks_in_the_own_ones(tags):
    target = target_of(tags, "iob")
    states, chain = crf_states(target, FINER), tag_crf_of(target, FINER)()
    rng = np.random.default_rng(7)
    for sequence in every_sequence(tags, 3):
        emissions = torch.from_numpy(rng.normal(size=(1, len(sequence), len(states.names))))
        loss = crf_loss(states, chain, emissions, np.array([sequence]), torch.ones(1, len(sequence), dtype=torch.bool))
        assert torch.isfinite(loss.sum)
        lengths = torch.tensor([len(sequence)])
        logits = tag_log_probabilities(target, chain, emissions, lengths)
        assert logits.shape == (1, len(sequence), len(tags))
        torch.testing.assert_close(logits.exp().sum(-1), torch.ones(1, len(sequence), dtype=torch.float64))
        assert decoded_tags(chain, emissions, lengths).max() < len(tags)


def rows_of_spans():
    return [{"tokens": [f"w{i}", "a", "b"], "slots": ["O", "B-x", "I-x"]} for i in range(40)]


def test_a_model_trained_as_iobes_predicts_well_formed_tags_of_the_file(tmp_path):
    rows = rows_of_spans()
    config = config_of(write_rows(tmp_path / "rows.jsonl", rows), "tags", "train.max_epochs=1", "loss.scheme=iobes")
    folder = train(plan_run(config), RunFolder(tmp_path / "run")).folder.path
    lines = [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]
    predicted = seqwise.load(folder).predict([rows[line["line"] - 1]["tokens"] for line in lines])
    assert predicted == [line["targets"]["slots"]["predicted"] for line in lines]
    written = [(before, tag) for tags in predicted for before, tag in zip(["O", *tags], tags, strict=False)]
    assert written
    assert not any(tag == "I-x" and before == "O" for before, tag in written)


def test_iobes_for_other_tags_than_iob2_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match=r"loss\.scheme is 'iobes', but no tags of IOB2"):
        prepared(tmp_path, [["NOUN", "VERB"]], "loss.scheme=iobes")


def test_without_a_chain_the_logits_stay_as_they_are():
    target = target_of(IOB, "iob")
    chain = tag_crf_of(target, LossConfig(crf=False))()
    emissions = torch.randn(1, 3, len(IOB), generator=torch.Generator().manual_seed(0))
    assert tag_log_probabilities(target, chain, emissions, torch.tensor([3])) is emissions


def test_where_no_tags_are_allowed_the_largest_emission_decides():
    nothing = torch.zeros(2, 2, dtype=torch.bool)
    chain = CRFScores(torch.zeros(2, 2), torch.zeros(2), torch.zeros(2), nothing, nothing[0], nothing[0])
    assert decoded_tags(chain, torch.tensor([[[0.0, 1.0], [2.0, 1.0]]]), torch.tensor([2])).tolist() == [[1, 0]]


def test_tags_without_a_scheme_have_a_chain_only_when_asked(tmp_path):
    assert tag_crf_of(target_of(["NOUN", "VERB"]), LossConfig(crf=False)) is None
    assert tag_crf_of(target_of(["NOUN", "VERB"]), LossConfig(crf=True))().allowed_transitions is None


def test_the_chain_of_a_joint_model_is_that_of_its_tags(tmp_path):
    plan = plan_run(config_of(rows_file(tmp_path, "joint"), "joint"))
    assert list(plan.model.crf_scores()) == ["slots"]
    assert plan.task.config.loss.crf is True


def test_a_run_with_a_chain_predicts_again_what_it_wrote(tmp_path):
    folder = trained(tmp_path, "tags", "train.max_epochs=1").folder.path
    lines = [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    tokens = [rows[line["line"] - 1]["tokens"] for line in lines]
    model = seqwise.load(folder)
    assert model.predict(tokens) == [line["targets"]["slots"]["predicted"] for line in lines]
    assert model.targets[0].scheme == "iob"


MISTAKES = [
    ("tags", "loss.crf={slot: true}", "loss.crf names 'slot', which is no target of tags. Did you mean 'slots'?"),
    ("tags", "loss.crf={}", "loss.crf says nothing of 'slots'; give one per target of tags, or one for all"),
    ("label", "loss.crf=true", "loss.crf is true, but no target has one label per step"),
]


@pytest.mark.parametrize(("kind", "setting", "message"), MISTAKES)
def test_a_chain_for_no_tags_is_an_error(tmp_path, kind, setting, message):
    with pytest.raises(ConfigError, match=f"^{message}"):
        prepare(config_of(rows_file(tmp_path, kind), kind, setting))


@pytest.mark.parametrize("setting", ["loss.label_smoothing=0.1", "loss.class_weight=balanced"])
def test_weights_and_smoothing_go_before_the_chain_unless_it_was_asked_for(tmp_path, setting):
    file = rows_file(tmp_path, "tags")
    assert prepare(config_of(file, "tags", setting)).config.loss.crf is False
    with pytest.raises(ConfigError, match=r"but loss\.crf trains the tags as a chain, which has no "):
        prepare(config_of(file, "tags", setting, "loss.crf=true"))


@pytest.mark.parametrize(("types", "crf"), [(299, True), (300, False)])
def test_more_classes_than_a_chain_takes_in_good_time_are_trained_step_by_step(types, crf):
    many = target_of(["O", *(f"B-{i}" for i in range(types))], "iob")
    assert crf_choices(LossConfig(), SimpleNamespace(targets=(many,)))["loss.crf"].value is crf


def test_each_target_of_tags_is_decided_for_itself():
    slots, upos = target_of(IOB, "iob"), Target("upos", "tags", (("NOUN", "VERB"),), per_step=True)
    choices = crf_choices(LossConfig(), SimpleNamespace(targets=(slots, upos)))
    assert choices["loss.crf"].value == {"slots": True, "upos": False}


def test_the_emissions_of_a_tag_are_those_of_its_states_together():
    target = target_of(IOB, "iob")
    chain = tag_crf_of(target, FINER)()
    emissions = torch.randn(1, 2, len(chain.tags), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = tag_emissions(target, chain, emissions)
    for tag in range(len(IOB)):
        torch.testing.assert_close(found[..., tag], emissions[..., chain.tags == tag].logsumexp(-1))


def test_a_model_trained_as_iobes_learns_from_an_ensemble(tmp_path):
    settings = ["loss.scheme=iobes", "train.ensemble=2", "train.distill=true", "train.max_epochs=1"]
    config = config_of(write_rows(tmp_path / "rows.jsonl", rows_of_spans()), "tags", *settings)
    folder = train(plan_run(config), RunFolder(tmp_path / "run")).folder.path
    assert len(seqwise.load(folder).predict([["w1", "a"]])[0]) == 2
