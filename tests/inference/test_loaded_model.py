from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
import torch

import seqwise
from seqwise.data.readers import ReadOptions, open_files
from seqwise.errors import DataError, UsageError
from seqwise.inference.output import write_predictions
from small_runs import REQUESTS, joint_rows, trained


def input_of(kind, row):
    if kind == "series":
        return np.array(row["signal"])
    return row["tokens"] if REQUESTS[kind]["input"].get("tokens") else row["text"]


@pytest.fixture(scope="module", params=list(REQUESTS))
def run(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("loaded")
    finished = trained(folder, request.param)
    return request.param, seqwise.load(finished.folder.path), finished


def test_a_loaded_model_says_what_training_said(run):
    kind, model, finished = run
    lines = [json.loads(line) for line in (finished.folder.path / "predictions.jsonl").read_text().splitlines()]
    rows = joint_rows()
    predicted = model.predict([input_of(kind, rows[line["line"] - 1]) for line in lines])
    for line, found in zip(lines, predicted, strict=True):
        by_target = found if len(model.targets) > 1 else {model.targets[0].name: found}
        assert by_target == {name: target["predicted"] for name, target in line["targets"].items()}


def test_evaluating_again_gives_the_figures_of_the_run(run):
    _, model, finished = run
    source = open_files([str(finished.folder.path.parent / "rows.jsonl")], ReadOptions())
    judged = model.evaluate(source).to_json()
    for target in model.targets:
        assert judged[target.name]["accuracy"]["count"] >= finished.metrics["test"][target.name]["accuracy"]["count"]
        assert judged[target.name]["loss"]["count"] > 0


def agree(target, predicted, given):
    """Whether a prediction is what its probabilities say."""
    if isinstance(given, list):
        return all(agree(target, *step) for step in zip(predicted, given, strict=True))
    if target.kind == "multilabel":
        return {str(label) for label in predicted} == {label for label, p in given.items() if p > 0.5}
    if target.kind == "outputs":
        return all(str(predicted[name]) == max(own, key=own.get) for name, own in given.items())
    return str(predicted) == max(given, key=given.get) and sum(given.values()) == pytest.approx(1, abs=1e-4)


def test_a_prediction_is_what_its_probabilities_say(run):
    kind, model, _ = run
    inputs = [input_of(kind, row) for row in joint_rows(8, seed=2)]
    for predicted, given in zip(model.predict(inputs), model.predict_proba(inputs), strict=True):
        for target in model.targets:
            several = len(model.targets) > 1
            pair = (predicted[target.name], given[target.name]) if several else (predicted, given)
            assert agree(target, *pair)


def test_a_prediction_does_not_depend_on_the_others(run):
    kind, model, _ = run
    inputs = [input_of(kind, row) for row in joint_rows(12, seed=2)]
    assert model.predict(inputs) == [model.predict([one])[0] for one in inputs]


def test_no_sequences_have_no_predictions(run):
    assert run[1].predict([]) == []


def test_loading_leaves_the_global_generator_alone(run):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    seqwise.load(run[2].folder.path)
    assert torch.rand(1) == expected


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return seqwise.load(trained(tmp_path_factory.mktemp("texts"), "label").folder.path)


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    return seqwise.load(trained(tmp_path_factory.mktemp("series"), "series").folder.path)


def test_one_text_is_no_list_of_texts(texts):
    with pytest.raises(UsageError, match=r"predict takes a list of sequences, got one text; write predict\(\[text\]\)"):
        texts.predict("play jazz")


BAD_SERIES = [
    (np.zeros((0, 2)), "sequences:1: column 'signal': the series has no steps"),
    (np.zeros((2, 2, 2)), "not a number"),
    (np.zeros((3, 5)), "the series has 5 channels, the model was trained on 2"),
    ([[1.0, np.nan]], "step 1 of channel 2 is nan"),
]


@pytest.mark.parametrize(("bad", "message"), BAD_SERIES)
def test_a_bad_series_is_named_by_its_position(series, bad, message):
    good = [] if np.shape(bad) == (3, 5) else [[[1.0, 2.0]]]
    with pytest.raises(DataError, match=message):
        series.predict([*good, bad])


@pytest.mark.parametrize("convert", [np.array, list, lambda s: [np.array(step) for step in s]])
def test_series_may_be_arrays_or_lists(series, convert):
    signal = joint_rows(1)[0]["signal"]
    assert series.predict([convert(signal)]) == series.predict([signal])


def test_gzipped_output_holds_what_plain_output_holds(texts, tmp_path):
    def write(name):
        predictions = texts.predictions(_records(["play jazz", "will it rain"]))
        lines = lambda some: "".join(json.dumps(p.labels()) + "\n" for p in some)  # noqa: E731
        write_predictions(predictions, lines, str(tmp_path / name))

    write("a.jsonl")
    write("a.jsonl.gz")
    assert gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes()) == (tmp_path / "a.jsonl").read_bytes()


def _records(texts):
    from seqwise.data.records import Place, Record

    return [Record(Place("here", i), {"text": text}) for i, text in enumerate(texts)]
