"""What stands beside predictions: each number is the probability that the logits say, for every kind of target."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from seqwise.data.readers import ReadOptions, open_files
from seqwise.data.spec import DataSpec, InputSpec, TargetSpec
from seqwise.evaluation.decoding import decisions
from seqwise.inference.added import Wanted
from seqwise.inference.loaded_model import Model
from seqwise.inference.prediction import Prediction
from seqwise.inference.writers import layout_for, written_as
from seqwise.models.decisions import Answer
from seqwise.targets import Target


def odds(*probabilities):
    """Logits of yes or no with these probabilities of yes."""
    given = np.array(probabilities)
    return np.log(given / (1 - given)).astype(np.float32)


def logs(*probabilities):
    with np.errstate(divide="ignore"):
        return np.log(np.array(probabilities)).astype(np.float32)


KINDS = {
    "mood": (
        TargetSpec("mood", "label", ("mood",), "cell"),
        Target("mood", "label", (("bad", "good", "so-so"),), ("mood",)),
        logs(0.5, 0.3, 0.2),
    ),
    "votes": (  # of three and of two classes: the third of the second is impossible
        TargetSpec("votes", "outputs", ("ann", "bob"), "columns"),
        Target("votes", "outputs", ((-1, 0, 1), ("big", "small")), ("ann", "bob"), outputs=("ann", "bob")),
        logs([0.1, 0.2, 0.7], [0.25, 0.75, 0.0]),
    ),
    "topics": (
        TargetSpec("topics", "multilabel", ("topics",), "delimited", delimiter="|"),
        Target("topics", "multilabel", (("art", "sport", "war"),), ("topics",)),
        odds(0.9, 0.2, 0.6),
    ),
    "flags": (
        TargetSpec("flags", "multilabel", ("rude", "spam"), "columns"),
        Target("flags", "multilabel", (("rude", "spam"),), ("rude", "spam")),
        odds(0.1, 0.3),
    ),
    "tag": (
        TargetSpec("tag", "tags", ("tag",), "steps", per_step=True),
        Target("tag", "tags", (("B-x", "O"),), ("tag",), per_step=True),
        logs([0.9, 0.1], [0.4, 0.6]),
    ),
    "marks": (
        TargetSpec("marks", "multilabel", ("marks",), "list", per_step=True),
        Target("marks", "multilabel", (("a", "b"),), ("marks",), per_step=True),
        odds([0.8, 0.3], [0.1, 0.2]),
    ),
}
SURE = {"mood": 0.5, "ann": 0.7, "bob": 0.75, "topics": 0.6, "flags": 0.7, "tag": [0.9, 0.6], "marks": [0.7, 0.8]}
"""By target or output, how probable the prediction is; of a set, its least certain yes or no."""

ORDER = {
    "mood": [("bad", 0.5), ("good", 0.3), ("so-so", 0.2)],
    "ann": [(1, 0.7), (0, 0.2), (-1, 0.1)],
    "bob": [("small", 0.75), ("big", 0.25)],
    "topics": [("art", 0.9), ("war", 0.6), ("sport", 0.2)],
    "flags": [("spam", 0.3), ("rude", 0.1)],
    "tag": [[("B-x", 0.9), ("O", 0.1)], [("O", 0.6), ("B-x", 0.4)]],
    "marks": [[("a", 0.8), ("b", 0.3)], [("b", 0.2), ("a", 0.1)]],
}
"""By target or output, its labels in falling order of probability; per step where labels are."""

STEPWISE = ("tag", "marks")


@pytest.fixture
def written(tmp_path):
    """A function that writes the predictions for one sentence of two tokens, and reads them as rows."""

    def rows(kinds, wanted, form):
        specs, targets, logits = zip(*(KINDS[kind] for kind in kinds), strict=True)
        (tmp_path / "in.jsonl").write_text('{"tokens": ["play", "jazz"]}\n')
        read = ReadOptions(format="jsonl")
        model = Model(Path(), None, DataSpec(InputSpec("tokens", "tokens"), specs), read, targets, None, None, {}, None)
        answers = {
            target.name: Answer(given, decisions(target, given)) for target, given in zip(targets, logits, strict=True)
        }
        source = open_files([tmp_path / "in.jsonl"], read)
        layout = layout_for(model, source, wanted, output=f"out.{form}")
        text = written_as(layout)([Prediction(record, 2, answers, targets) for record in source])
        if form == "csv":
            return [
                {name: json.loads(cell) if cell[:1] == "[" else cell for name, cell in row.items()}
                for row in csv.DictReader(io.StringIO(text))
            ]
        return list(map(json.loads, text.splitlines()))

    return rows


def parts_of(kinds):
    return [part for kind in kinds for part in (("ann", "bob") if kind == "votes" else (kind,))]


def as_cell(value, form):
    return str(value) if form == "csv" and not isinstance(value, list) else value


def near(found, wanted):
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(near, found, wanted))
    return float(found) == pytest.approx(wanted, rel=2e-5)


ALL = tuple(KINDS)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("kinds", [*((kind,) for kind in KINDS), ALL], ids="+".join)
def test_the_confidence_is_the_probability_of_what_is_predicted(written, kinds, form):
    (row,) = written(kinds, Wanted(confidence=True), form)
    assert [name for name in row if name.endswith("_confidence")] == [f"{part}_confidence" for part in parts_of(kinds)]
    for part in parts_of(kinds):
        assert near(row[f"{part}_confidence"], SURE[part])


@pytest.mark.parametrize("most", [1, 2, 9])
def test_the_most_probable_labels_have_columns_in_a_table(written, most):
    (row,) = written(ALL, Wanted(top=most), "csv")
    for part, order in ORDER.items():
        if part in STEPWISE:
            for found, step in zip(row[f"{part}_top"], order, strict=True):
                assert [each["label"] for each in found] == [label for label, _ in step[:most]]
                assert near([each["probability"] for each in found], [given for _, given in step[:most]])
            continue
        for place, (label, probability) in enumerate(order[:most], 1):
            assert row[f"{part}_top_{place}"] == str(label)
            assert near(row[f"{part}_top_{place}_probability"], probability)
        assert f"{part}_top_{len(order[:most]) + 1}" not in row


def test_the_most_probable_labels_are_a_list_in_json(written):
    (row,) = written(ALL, Wanted(top=2), "jsonl")
    for part, order in ORDER.items():
        found, steps = row[f"{part}_top"], order if part in STEPWISE else [order]
        for own, step in zip(found if part in STEPWISE else [found], steps, strict=True):
            assert [each["label"] for each in own] == [label for label, _ in step[:2]]
            assert near([each["probability"] for each in own], [probability for _, probability in step[:2]])


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_wide_probabilities_have_a_column_for_each_label_of_each_output(written, form):
    (row,) = written(ALL, Wanted(proba="wide"), form)
    expected = {}
    for part, order in ORDER.items():
        for step in order if part in STEPWISE else [order]:
            for label, probability in step:
                expected.setdefault(f"{part}_probability_{label}", []).append(probability)
    assert {name for name in row if "_probability_" in name} == set(expected)
    for name, steps in expected.items():
        assert near(row[name], steps if name.split("_")[0] in STEPWISE else steps[0])


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("kinds", [*((kind,) for kind in KINDS), ALL], ids="+".join)
def test_long_probabilities_have_a_row_for_each_label_of_each_output_and_step(written, kinds, form):
    rows = written(kinds, Wanted(proba="long"), form)
    parts = parts_of(kinds)
    expected = [
        (part, number if part in STEPWISE else None, label, probability)
        for part in parts
        for number, step in enumerate(ORDER[part] if part in STEPWISE else [ORDER[part]], 1)
        for label, probability in step
    ]
    assert len(rows) == len(expected)
    assert ("proba_target" in rows[0], "proba_step" in rows[0]) == (len(parts) > 1, bool({*parts} & {*STEPWISE}))
    for row, (part, step, label, probability) in zip(rows, expected, strict=True):
        assert str(row["proba_row"]) == "1"
        assert row.get("proba_target", part) == part
        assert str(row.get("proba_step") or None) == str(step)
        assert (row["proba_label"], near(row["proba"], probability)) == (as_cell(label, form), True)


def test_into_names_what_stands_beside_predictions_too(written):
    (row,) = written(("mood", "votes"), Wanted(confidence=True, top=1, proba="wide", into="*_new"), "csv")
    names = [name for name in row if name.startswith(("mood", "ann", "bob"))]
    assert all(name.startswith(("mood_new", "ann_new", "bob_new")) for name in names)
    assert {"mood_new", "ann_new", "bob_new", "bob_new_confidence", "ann_new_top_1"} <= {*names}
