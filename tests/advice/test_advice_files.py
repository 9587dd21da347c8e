"""Advice on files of sequences: each kind of target, gaps, padding, own values, and code that runs."""

from __future__ import annotations

import pytest
from snippet_runs import run_here

from seqwise.advice.file_advice import advise_files
from seqwise.errors import ConfigError, DataError
from small_runs import REQUESTS, joint_rows, rows_file, write_rows


def advice_on(folder, kind, **wishes):
    request = REQUESTS[kind]
    data = {**request["data"], "train": [rows_file(folder, kind)]}
    return advise_files({**request, "data": data}, framework="numpy", **wishes)


WANTED = {
    "label": ("label", "cross_entropy(logits, labels)", "one label out of 3 classes per sequence"),
    "tags": ("tags", "cross_entropy(logits, labels, lengths=lengths)", "one label out of 2 classes per step"),
    "outputs": (
        "outputs",
        "cross_entropy(logits, labels, mask=mask, label_values=(-1, 0, 1))",
        "2 labels out of 3 classes each, per sequence",
    ),
    "multilabel": ("multilabel", "binary_cross_entropy(logits, labels)", "any of 10 labels per sequence"),
    "uneven outputs": ("outputs", "cross_entropy(logits, labels)", "2 labels out of 3 classes each, per sequence"),
    "outputs per step": (
        "outputs-per-step",
        "cross_entropy(logits, labels, lengths=lengths, mask=mask)",
        "2 labels out of 3 classes each, per step",
    ),
    "multilabel per step": (
        "multilabel-per-step",
        "binary_cross_entropy(logits, labels, lengths=lengths)",
        "any of 12 labels per step",
    ),
    "series": ("label", "cross_entropy(logits, labels)", "one label out of 3 classes per sequence"),
}


@pytest.mark.parametrize("kind", WANTED)
def test_each_kind_of_target(kind, tmp_path):
    (advice,) = advice_on(tmp_path, kind).values()
    problem, call, title = WANTED[kind]
    assert (advice.problem, advice.call, advice.title) == (problem, call, title)
    assert "labels" in run_here(advice.code["numpy"])


def test_several_targets(tmp_path):
    said = []
    advices = advice_on(tmp_path, "joint", say=said.append)
    assert {name: advice.problem for name, advice in advices.items()} == {"intent": "label", "slots": "tags"}
    assert advices["intent"].mapping.values == ("Book", "Play", "Weather")
    assert advices["intent"].why[-3:] == (
        "Several targets can share one encoder: each has its own head, and their losses are added.",
        "The batch of 8 and the limit of 20 steps are examples.",
        "seqwise train, with the same files and flags, does all of this.",
    )
    assert any(sentence.startswith("target 'slots': column 'slots'") for sentence in said)


def test_outputs_that_differ_in_their_classes(tmp_path):
    (advice,) = advice_on(tmp_path, "uneven outputs").values()
    assert advice.mapping is None
    assert (
        "Each output has its own classes, in this order: vote_b -1, 0, 1; size big, small. The class axis "
        "has the size of the largest output; -inf rules out the surplus classes of the others." in advice.why
    )
    found = run_here(advice.code["numpy"])
    assert (found["logits"][:, 1, 2] == float("-inf")).all()
    assert found["predicted"][:, 1].max() < 2


@pytest.mark.parametrize("framework", ["torch", "jax"])
def test_outputs_that_differ_in_their_classes_in_other_frameworks(framework, tmp_path):
    request = REQUESTS["uneven outputs"]
    data = {**request["data"], "train": [rows_file(tmp_path, "uneven outputs")]}
    (advice,) = advise_files({**request, "data": data}, framework=framework).values()
    assert (run_here(advice.code[framework])["logits"][:, 1, 2] == float("-inf")).all()


def test_only_flags_that_files_take_are_offered(tmp_path):
    (advice,) = advice_on(tmp_path, "outputs").values()
    assert [other.flag for other in advice.alternatives] == ["--loss ordinal_loss"]


def test_another_loss_for_a_target(tmp_path):
    (advice,) = advice_on(tmp_path, "tags", loss="crf_nll").values()
    assert advice.call == "crf_nll(emissions, tags, transitions, lengths=lengths)"


def test_a_loss_that_does_not_fit_a_target(tmp_path):
    with pytest.raises(ConfigError) as caught:
        advice_on(tmp_path, "joint", loss="crf_nll")
    assert str(caught.value) == (
        "advise: crf_nll does not fit target 'intent'\n  expected: one of 'cross_entropy', 'ordinal_loss', 'focal_loss'"
    )


def test_a_file_in_which_the_target_is_not_clear(tmp_path):
    file = write_rows(tmp_path / "rows.jsonl", joint_rows(40), ("text", "size", "vote_b"))
    with pytest.raises(DataError, match="which column is the target"):
        advise_files({"data": {"train": [file]}})


def test_nothing_is_written(tmp_path):
    advice_on(tmp_path, "label")
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]
