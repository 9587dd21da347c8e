from __future__ import annotations

import dataclasses
import gzip
import json

import numpy as np
import pytest
import torch

import seqwise
from seqwise.data.readers import ReadOptions, open_files
from seqwise.errors import ConfigError, DataError, EmptySequenceError, EmptySequenceWarning, LabelError, LabelWarning
from seqwise.inference.output import write_predictions
from small_runs import COLUMNS, REQUESTS, config_of, joint_rows, trained


def input_of(kind, row):
    if kind in COLUMNS:
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


def agree(target, thresholds, predicted, given):
    """Whether a prediction is what its probabilities say."""
    if isinstance(given, list):
        return all(agree(target, thresholds, *step) for step in zip(predicted, given, strict=True))
    if target.kind == "multilabel":
        enough = zip(given.items(), thresholds[target.name], strict=True)
        return {str(label) for label in predicted} == {label for (label, p), least in enough if p > least}
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
            assert agree(target, model.thresholds, *pair)


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


BAD_SERIES = [
    (np.zeros((3, 5)), "the series has 5 channels, the model was trained on 2"),
    ([[1.0, np.nan]], "step 1 of channel 2 is nan"),
]


@pytest.mark.parametrize(("bad", "message"), BAD_SERIES)
def test_a_bad_series_is_named_by_its_position(series, bad, message):
    good = [] if np.shape(bad) == (3, 5) else [[[1.0, 2.0]]]
    with pytest.raises(DataError, match=message):
        series.predict([*good, bad])


EMPTY = {"tokens": [[], None], "text": ["", " \n", None, float("nan")], "signal": [np.zeros((0, 2)), [], None]}


def test_an_empty_sequence_gets_an_empty_prediction_and_a_warning(run):
    kind, model, _ = run
    good = input_of(kind, joint_rows(1)[0])
    empty = EMPTY[model.spec.input.column]
    for method in (model.predict, model.predict_proba):
        with pytest.warns(EmptySequenceWarning, match=rf"^{len(empty)} rows .*: sequences:1, sequences:2") as warned:
            found = method([good, *empty, good])
        assert warned[0].filename == __file__
        nothing = {target.name: [] if target.per_step else None for target in model.targets}
        alone = nothing if len(nothing) > 1 else next(iter(nothing.values()))
        assert found == [*method([good]), *[alone] * len(empty), *method([good])]
        with pytest.raises(EmptySequenceError, match="^sequences:1: "):
            method([good, *empty], on_empty="error")


def test_nothing_but_empty_sequences_is_predicted_too(run):
    with pytest.warns(EmptySequenceWarning):
        assert len(run[1].predict(EMPTY[run[1].spec.input.column])) == len(EMPTY[run[1].spec.input.column])


@pytest.mark.parametrize("convert", [np.array, list, lambda s: [np.array(step) for step in s]])
def test_series_may_be_arrays_or_lists(series, convert):
    signal = joint_rows(1)[0]["signal"]
    assert series.predict([convert(signal)]) == series.predict([signal])


@pytest.mark.parametrize("device", ["auto", "cpu", "cpu:0", torch.device("cpu"), torch.device("cpu", 0)])
def test_a_device_may_be_named_or_given(texts, device):
    assert seqwise.load(texts.path, device).device.type == "cpu"


def test_a_device_of_thousands_of_digits_is_not_there(texts):
    with pytest.raises(ConfigError, match="this machine has 1 cpu device, from 0"):
        seqwise.load(texts.path, "cpu:" + "9" * 5000)


DEVICES = {
    "gpu": "there is no device 'gpu'; choose auto, cuda, mps, cpu",
    "cpu:3": "there is no device 'cpu:3'; this machine has 1 cpu device, from 0",
    torch.device("meta"): "there is no device 'meta'; choose auto, cuda, mps, cpu",
}


@pytest.mark.parametrize(("device", "message"), DEVICES.items(), ids=str)
def test_a_device_that_is_not_there_is_named(texts, device, message):
    with pytest.raises(ConfigError) as caught:
        seqwise.load(texts.path, device)
    assert str(caught.value) == message


def test_judging_takes_a_piece_at_a_time(texts, monkeypatch):
    rows = texts.path.parent / "rows.jsonl"
    whole = texts.evaluate(str(rows)).to_json()
    monkeypatch.setattr("seqwise.inference.loaded_model._EVALUATED_ROWS", 7)
    pieces = texts.evaluate(texts.read_files([rows], labelled=True)).to_json()
    for figure in ("loss", "ece"):  # float32 sums of a batch hang on its width
        assert pieces["intent"].pop(figure)["value"] == pytest.approx(whole["intent"].pop(figure)["value"], rel=1e-6)
    assert pieces == whole


@pytest.mark.parametrize(
    ("names", "also"), [(["t.jsonl", "t.jsonl"], ""), (["t.jsonl", "./t.jsonl"], ", also as 't.jsonl'")]
)
def test_a_file_is_named_once(texts, tmp_path, monkeypatch, names, also):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.jsonl").write_text('{"text": "play it", "intent": "Play"}\n')
    with pytest.raises(DataError) as caught:
        texts.evaluate(names)
    assert str(caught.value) == (
        f"{names[1]}: the file is given twice{also}\n  Each of its rows would count twice. Give it once."
    )


def test_rows_without_labels_cannot_be_judged(texts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.jsonl").write_text('{"text": "play it", "intent": null}\n')
    with pytest.raises(DataError, match=r"^t\.jsonl: no row has a label of 'intent', so there is nothing to evaluate$"):
        texts.evaluate("t.jsonl")


def test_an_unknown_label_says_what_can_be_done_with_a_trained_model(texts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.jsonl").write_text('{"text": "play it", "intent": "Play"}\n{"text": "no", "intent": "Plya"}\n')
    with pytest.raises(LabelError) as caught:
        texts.evaluate("t.jsonl", unseen="error")
    assert str(caught.value) == (
        "t.jsonl:2: column 'intent': the label 'Plya' was never seen in training\n"
        "  Did you mean 'Play'? The model knows 'Book', 'Play', 'Weather'. "
        "Correct the label, or train again with examples of it."
    )


def test_an_unknown_label_counts_as_wrong_and_is_said(texts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.jsonl").write_text('{"text": "play it", "intent": "Plya"}\n{"text": "no", "intent": "NaN"}\n')
    said = []
    judged = texts.evaluate("t.jsonl", say=said.append)
    assert (judged.scores["intent"].figures["accuracy"].value, judged.scores["intent"].count) == (0, 1)
    assert judged.losses["intent"] == (0, 0)
    assert said == [
        "target 'intent': 1 label 'NaN' counted as missing, first at t.jsonl:2",
        "target 'intent': 1 label that training never saw, counted as wrong: 'Plya' (1, first at t.jsonl:1. Did you "
        "mean 'Play'?); unseen='error' (--unseen error) refuses them",
    ]
    with pytest.warns(LabelWarning) as warned:
        texts.evaluate("t.jsonl")
    assert [str(each.message) for each in warned] == said


def test_a_missing_file_that_the_run_names_may_stand_elsewhere(texts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    moved = dataclasses.replace(texts, config=config_of("here/rows.jsonl", "label"))
    with pytest.raises(DataError) as caught:
        moved.evaluate("here/rows.jsonl")
    assert str(caught.value) == (
        "here/rows.jsonl: no such file\n  The path is relative to the folder where the run was trained. "
        "The folder 'here' does not exist either."
    )


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


def test_a_printed_model_says_in_a_few_lines_what_it_predicts(run):
    kind, model, finished = run
    text = repr(model)
    assert str(model) == text
    assert len(text) < 600 + len(str(model.path))
    assert str(model.path) in text
    assert f"encoder {model.config.model.encoder}," in text
    for target in model.targets:
        (line,) = [line for line in text.splitlines() if f"predicts '{target.name}'" in line]
        assert target.kind in line
        figures = finished.metrics["test"][target.name]
        main = next(name for name in ("span_f1", "micro_f1", "accuracy") if name in figures)
        assert f"{100 * figures[main]['value']:.1f}".removesuffix(".0") in line
    assert ("'Play'" in text) == (kind in ("label", "joint", "series"))


def test_a_printed_model_without_figures_leaves_them_out(run):
    _, model, _ = run
    elsewhere = dataclasses.replace(model, path=model.path / "gone")
    assert " on test" not in repr(elsewhere)
