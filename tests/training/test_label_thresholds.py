"""Thresholds of multilabel targets: chosen on dev, kept in the run folder, followed everywhere."""

from __future__ import annotations

import json

import pytest

import seqwise
from seqwise.errors import ConfigError, RunFolderError
from seqwise.runs.manifest import write_manifest
from seqwise.runs.run_folder import RunFolder
from seqwise.task.prepare import prepare
from small_runs import config_of, rows_file, trained

KINDS = ["multilabel", "multilabel per step"]


@pytest.fixture(scope="module", params=KINDS)
def run(request, tmp_path_factory):
    """A trained run, its thresholds and its predictions."""
    place = tmp_path_factory.mktemp("thresholds")
    folder = trained(place, request.param).folder.path
    lines = [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]
    (thresholds,) = json.loads((folder / "calibration.json").read_text())["thresholds"].values()
    return place, folder, thresholds, lines


def test_each_label_has_a_threshold_of_its_own(run):
    thresholds = run[2]
    assert len(set(thresholds.values())) > 1
    assert all(0 < threshold < 1 for threshold in thresholds.values())


def test_a_label_is_predicted_above_its_threshold(run):
    place, folder, thresholds, lines = run
    rows = [json.loads(line) for line in (place / "rows.jsonl").read_text().splitlines()]
    model = seqwise.load(folder)
    column = model.spec.input.column
    inputs = [rows[line["line"] - 1][column] for line in lines]
    found = zip(model.predict(inputs), model.predict_proba(inputs), lines, strict=True)
    for predicted, probabilities, line in found:
        (target,) = line["targets"].values()
        assert predicted == target["predicted"]
        steps = (
            zip(predicted, probabilities, strict=True) if model.targets[0].per_step else [(predicted, probabilities)]
        )
        for labels, of_label in steps:
            sure = {label for label, value in of_label.items() if value > thresholds[label] + 1e-5}
            unsure = {label for label, value in of_label.items() if value < thresholds[label] - 1e-5}
            assert sure <= set(labels)
            assert not unsure & set(labels)


def test_evaluating_gives_the_figures_of_the_run(run, tmp_path):
    place, folder, _, lines = run
    rows = (place / "rows.jsonl").read_text().splitlines(keepends=True)
    test = tmp_path / "test.jsonl"
    test.write_text("".join(rows[line["line"] - 1] for line in lines if line["split"] == "test"))
    (scores,) = seqwise.load(folder).evaluate(test).scores.values()
    kept = json.loads((folder / "metrics.json").read_text())["test"]
    for figure in ("micro_f1", "macro_f1", "exact_match"):
        assert scores.figures[figure].value == pytest.approx(kept[figure]["value"])


def test_the_thresholds_of_a_run_are_not_to_be_lost(tmp_path):
    folder = trained(tmp_path, "multilabel").folder.path
    content = (folder / "calibration.json").read_text()
    (folder / "calibration.json").unlink()
    with pytest.raises(RunFolderError, match=r"calibration\.json is missing"):
        seqwise.load(folder)
    (folder / "calibration.json").write_text(content.replace("thresholds", "threshold"))
    write_manifest(RunFolder(folder))
    with pytest.raises(RunFolderError, match=r"calibration\.json cannot be used: it has no 'thresholds'"):
        seqwise.load(folder)


def test_a_run_from_before_there_were_thresholds_loads(tmp_path):
    folder = trained(tmp_path, "multilabel").folder.path
    (folder / "calibration.json").unlink()
    lines = (folder / "config.yaml").read_text().splitlines(keepends=True)
    (folder / "config.yaml").write_text("".join(line for line in lines if "thresholds" not in line))
    write_manifest(RunFolder(folder))
    assert seqwise.load(folder).thresholds == {}


def test_switched_off_one_half_decides(tmp_path):
    folder = trained(tmp_path, "multilabel", "train.thresholds=false").folder.path
    assert not (folder / "calibration.json").exists()
    assert seqwise.load(folder).thresholds == {}


def test_without_a_set_of_labels_there_is_nothing_to_switch_off(tmp_path):
    with pytest.raises(ConfigError, match=r"train\.thresholds is false, but no target has any number of labels"):
        prepare(config_of(rows_file(tmp_path, "label"), "label", "train.thresholds=false"))
