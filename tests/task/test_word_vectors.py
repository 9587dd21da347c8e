"""Word vectors that were trained before: what a run takes of them, and that its folder needs their file no more."""

from __future__ import annotations

import json

import pytest
import torch

from seqwise import load
from seqwise.errors import RunFolderError, UsageError
from seqwise.runs.run_folder import RunFolder
from seqwise.task.prepare import prepare
from seqwise.training.callbacks import NoCallback
from seqwise.training.interrupts import Interrupted
from seqwise.training.run import train
from seqwise.training.training_plan import plan_run
from small_runs import TINY, config_of, rows_file

VECTORS = "4 3\nthe 1 2 3\nplay 1 0 0\nrain 0 1 0\nconcert 0 0 5\n"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "vectors.vec").write_text(VECTORS)
    return rows_file(tmp_path, "tags"), str(tmp_path / "vectors.vec")


def config_with(files, *settings):
    return config_of(files[0], "tags", *TINY, f"input.vectors={files[1]}", *settings)


def test_the_first_words_of_the_file_and_those_of_training_are_known(files):
    all_words = prepare(config_with(files)).encoding
    assert all_words.vector_words == ("the", "play", "rain", "concert")
    needed = prepare(config_with(files, "input.vector_words=0")).encoding
    assert needed.vector_words == ("play", "rain")
    assert (needed.vector_size, needed.form.vector_count) == (3, 3)


def test_what_the_file_knows_is_said(files):
    notes = prepare(config_with(files, "input.vector_words=1")).notes
    assert any(
        note.startswith(f"vectors: 2 of 11 symbols from the training data stand in {files[1]} (")
        and note.endswith("of all steps); with its most frequent words 3 vectors of 3 are kept")
        for note in notes
    )


@pytest.mark.parametrize("trained", [False, True])
def test_given_vectors_change_when_they_are_trained_only(files, tmp_path, trained):
    plan = plan_run(config_with(files, f"input.vectors_trained={trained}"))
    before = plan.model.input_layer.vectors.given.weight.detach().clone()
    train(plan, RunFolder(tmp_path / "run"))
    after = plan.model.input_layer.vectors.given.weight
    assert torch.equal(before, after) == (not trained)
    assert torch.equal(before[3 + 1], after[3 + 1]), "a word that training never showed"


def test_a_run_needs_the_file_no_more(files, tmp_path):
    train(plan_run(config_with(files, "input.characters=cnn")), RunFolder(tmp_path / "run"))
    sentences = [["play", "the", "concert"], ["Concert"], ["never", "seen"]]
    expected = load(tmp_path / "run").predict_proba(sentences)
    (tmp_path / "vectors.vec").unlink()
    model = load(tmp_path / "run")
    assert model.predict_proba(sentences) == expected
    assert model.encoding.vector_numbers(["Concert"]).tolist() == [4]


def test_a_run_that_lost_or_changed_its_vectors_does_not_go_on(files, tmp_path):
    class Stopped(NoCallback):
        def step_done(self, step, share, seconds):
            raise Interrupted("")

    folder = RunFolder(tmp_path / "run")
    with pytest.raises(Interrupted):
        train(plan_run(config_with(files)), folder, progress=Stopped())
    recorded = json.loads((folder.path / "data.json").read_text())["files"]
    assert [file["part"] for file in recorded] == ["train", "vectors"]
    (tmp_path / "vectors.vec").write_text(VECTORS.replace("5", "6"))
    with pytest.raises(RunFolderError, match=r"vectors\.vec is not the file that the run .* was started with"):
        train(plan_run(config_with(files)), folder, resume=True)
    (tmp_path / "vectors.vec").unlink()
    with pytest.raises(UsageError, match=r"vectors\.vec: no such file"):
        plan_run(config_with(files))
