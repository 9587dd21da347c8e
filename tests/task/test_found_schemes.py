"""Tags that mark spans in any spelling have scheme, chain and span figures, and what does not fit is said."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import seqwise
from seqwise.config import LossConfig, override, parse_config
from seqwise.evaluation import spans_in
from seqwise.models.crf_targets import crf_loss, tag_crf_of
from seqwise.runs.run_folder import RunFolder
from seqwise.targets import Target
from seqwise.task.prepare import prepare
from seqwise.task.tag_schemes import states_of
from seqwise.training.run import train
from seqwise.training.training_plan import plan_run
from small_runs import TINY

BASE = [["B-PER", "I-PER", "O", "O", "B-LOC", "O"], ["O", "B-LOC", "I-LOC", "O"], ["B-PER", "O"]]
BMES = [["B-PER", "M-PER", "E-PER", "O", "S-LOC", "O"], ["B-LOC", "E-LOC", "O"]]


def conll(folder, sequences):
    lines = [[f"w{i % 7}{step} {tag}" for step, tag in enumerate(tags)] for i, tags in enumerate(sequences)]
    path = folder / "rows.conll"
    path.write_text("\n".join("\n".join(block) + "\n" for block in lines))
    return path


def config(folder, sequences, *settings):
    return parse_config(override({"data": {"train": [str(conll(folder, sequences))]}}, [*TINY, *settings]))


def prepared(folder, sequences, *settings):
    return prepare(config(folder, sequences, *settings))


def respelled(sequences, spelling):
    return [[spelling(tag) for tag in tags] for tags in sequences]


def suffixed(tag):
    return "-".join(reversed(tag.split("-")))


SPELLINGS = [
    ("iob", "IOB2", lambda tag: tag, BASE),
    ("iob", "IOB2, written 'B_LOC'", lambda tag: tag.replace("-", "_"), BASE),
    ("iob", "IOB2, written 'B:LOC'", lambda tag: tag.replace("-", ":"), BASE),
    ("iob", "IOB2, written 'LOC-B'", suffixed, BASE),
    ("iob", "IOB2, written 'b-loc'", str.lower, BASE),
    ("iob", "IOB2, written 'B'", lambda tag: tag[0], BASE),
    ("iob1", "IOB1", lambda tag: tag.replace("B-", "I-"), BASE),
    ("iob1", "IO, written 'LOC'", lambda tag: tag[2:] or "O", BASE),
    ("iobes", "BMES", lambda tag: tag, BMES),
    ("iobes", "IOBES (BILOU)", lambda tag: tag.replace("M-", "I-"), BMES),
    ("iobes", "BMES, written 'B'", lambda tag: tag[0], BMES),
    ("iobes", "BIOS (IOB2 with S for spans of one step)", lambda tag: tag.replace("B-LOC", "S-LOC"), BASE[:1]),
]


@pytest.mark.parametrize(("scheme", "title", "spelling", "base"), SPELLINGS)
def test_any_spelling_has_scheme_and_chain_and_keeps_its_labels(tmp_path, scheme, title, spelling, base):
    task = prepared(tmp_path, respelled(base * 20, spelling))
    (target,) = task.targets
    assert target.scheme == scheme
    assert target.marks_spans
    assert task.config.loss.crf is True
    assert set(target.labels) == {spelling(tag) for tags in base for tag in tags}
    assert f"target 'column2': the tags mark spans in {title}" in task.notes
    assert not any(note.startswith("warning: target") for note in task.notes)


@pytest.mark.parametrize("odd", ["-", "0", "o", "B-", "M_X", "NIL", "B"])
def test_one_tag_that_does_not_fit_is_named_and_costs_no_scheme(tmp_path, odd):
    sequences = [list(tags) for tags in BASE * 20]
    sequences[4][3] = odd  # behind 14 + 1 lines of the first four sequences, and their blank lines
    task = prepared(tmp_path, sequences)
    assert task.targets[0].scheme == "iob"
    assert task.config.loss.crf is True
    (warning,) = [note for note in task.notes if "not written as the other tags are" in note]
    line = sum(len(tags) + 1 for tags in sequences[:4]) + 4
    assert f"('B-LOC'): '{odd}' (1, first: {tmp_path / 'rows.conll'}:{line})" in warning
    assert "Each is outside every span, as 'O' is, and a label of its own" in warning


def test_a_few_tags_that_break_the_rules_cost_no_scheme_and_the_first_place_is_said(tmp_path):
    task = prepared(tmp_path, [*BASE * 20, *[["O", "O", "I-PER"]] * 6])
    assert task.targets[0].scheme == "iob"
    (note,) = [note for note in task.notes if "mark spans" in note]
    first = sum(len(tags) + 1 for tags in BASE * 20) + 3
    places = [f"(first: {tmp_path / 'rows.conll'}:{first + 4 * row}) break its rules" for row in range(6)]
    assert any(place in note for place in places)


def test_tags_of_which_many_do_not_fit_are_said_to_have_no_scheme(tmp_path):
    task = prepared(tmp_path, [["B-PER", "I-PER", "O", "O", "O", "PER", "O", "O"]] * 40)
    assert task.targets[0].scheme is None
    (warning,) = [note for note in task.notes if note.startswith("warning: target")]
    assert "most tags are written as spans are ('B-PER'), but 40 of 120 are not: 'PER' (40); first: " in warning
    assert warning.endswith("no scheme is kept and no spans are counted")


@pytest.mark.parametrize("tags", [["NOUN", "VERB", "O"], ["H", "E", "C"], ["I", "O", "M"], ["S", "N", "V"]])
def test_plain_tags_get_neither_scheme_nor_warning(tmp_path, tags):
    task = prepared(tmp_path, [tags, tags[::-1]] * 20)
    assert task.targets[0].scheme is None
    assert not task.targets[0].marks_spans
    assert not any("span" in note or note.startswith("warning: target") for note in task.notes)


@pytest.mark.parametrize("form", ["x-B", "B_x", "b-x"])
@pytest.mark.parametrize("scheme", ["iob", "iob1", "iobes"])
@pytest.mark.parametrize("is_finer", [False, True])
def test_states_write_the_spans_and_odd_tags_of_a_spelling(form, scheme, is_finer):
    spelled = {"x-B": "{1}-{0}", "B_x": "{0}_{1}", "b-x": "{0}-{1}"}[form]
    letters = "BIES" if scheme == "iobes" else "BI"
    tags = [spelled.format(letter.lower() if form == "b-x" else letter, "y") for letter in letters]
    target = Target("t", "tags", ((*tags, "O", "?"),), ("t",), per_step=True, scheme=scheme, tag_form=form)
    states = states_of(target, is_finer=is_finer)
    chain = tag_crf_of(target, LossConfig(crf=True, scheme="iobes" if is_finer else "own"))()
    for sequence in itertools.product(range(len(target.labels)), repeat=3):
        labels, mask = np.array([sequence]), np.ones((1, 3), dtype=bool)
        written = states.of(labels, mask)[0]
        classes = written if states.tags is None else states.tags[written]
        names = [target.labels[index] for index in sequence]
        assert spans_in([target.labels[c] for c in classes], form=form) == spans_in(names, form=form)
        assert [c == s for c, s in zip(classes, sequence, strict=True) if names[0] == "?"][:1] in ([], [True])
        loss = crf_loss(states, chain, torch.zeros(1, 3, len(states.names)), labels, torch.ones(1, 3, dtype=torch.bool))
        assert torch.isfinite(loss.sum)


def test_a_run_with_another_spelling_and_an_odd_tag_evaluates_spans_and_predicts_the_spelling(tmp_path):
    sequences = respelled([list(tags) for tags in BASE * 20], suffixed)
    sequences[7][3] = "0"
    plan = plan_run(config(tmp_path, sequences, "train.max_epochs=1"))
    run = train(plan, RunFolder(tmp_path / "run")).folder.path
    model = seqwise.load(run)
    assert model.targets[0].tag_form == "x-B"
    assert model.targets[0].scheme == "iob"
    predicted = {tag for tags in model.predict([["w00", "w01", "w02"]]) for tag in tags}
    assert predicted <= {*itertools.chain(*sequences)}
