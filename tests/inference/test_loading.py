"""A run folder that lost something: the error names the file and the ways out."""

from __future__ import annotations

import json
import shutil

import pytest

import seqwise
from seqwise.errors import RunFolderError
from small_runs import trained

AGAIN = "\n  Put the file back from a copy of the run folder, or train again"
FROM_CONFIG = f"{AGAIN}: seqwise train --config r/config.yaml"
NOT_WRITTEN = "cannot be used: it is not what training wrote"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("finished"), "label").folder.path


@pytest.fixture
def run(finished, tmp_path, monkeypatch):
    """A copy of a run in the current folder, under the name r."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(finished, tmp_path / "r")
    return tmp_path / "r"


def refusal(name="r"):
    with pytest.raises(RunFolderError) as caught:
        seqwise.load(name)
    return str(caught.value)


@pytest.mark.parametrize("name", ["data.json", "labels.json", "vocab.json", "env.json", "model.safetensors"])
def test_a_lost_file_of_a_finished_run_is_named(run, name):
    (run / name).unlink()
    assert refusal() == f"r/{name} is lost{FROM_CONFIG}"


def test_a_lost_config_is_named(run):
    (run / "config.yaml").unlink()
    assert refusal() == f"r/config.yaml is lost{AGAIN}"


TORN = {
    ("config.yaml", "model: {hidden: 6"): (
        "the config r/config.yaml: the value cannot be read as YAML: expected ',' or '}', but got '<stream end>'"
    ),
    ("config.yaml", "model: {hiden: 6}"): (
        "the config r/config.yaml: there is no setting 'model.hiden'. Did you mean 'hidden'?"
    ),
    ("labels.json", "{}"): "r/labels.json cannot be used: it has no 'targets'",
    ("labels.json", "[]"): f"r/labels.json {NOT_WRITTEN}",
    ("labels.json", '{"targets": 3, "spec": {}}'): f"r/labels.json {NOT_WRITTEN}",
    ("labels.json", '{"targets"'): (
        "r/labels.json cannot be read: Expecting ':' delimiter: line 1 column 11 (char 10)"
    ),
    ("data.json", "{}"): "r/data.json cannot be used: it has no 'options'",
    ("data.json", '{"options": {"colour": "red"}}'): f"r/data.json {NOT_WRITTEN}",
    ("data.json", '{"options": {"encoding": "utf9"}}'): (
        "r/data.json: encoding 'utf9' is not known. Examples are utf-8, latin-1, cp1252 and utf-16."
    ),
    ("vocab.json", "{}"): "r/vocab.json cannot be used: it has no 'kind'",
    (
        "vocab.json",
        '{"kind": "symbols", "symbols": [], "counts": [], "affix_buckets": 9}',
    ): "r/vocab.json: it has hashed parts of words, as an earlier version of seqwise made them",
    ("vocab.json", '{"kind": "symbols"}'): "r/vocab.json cannot be used: it has no 'symbols'",
    ("env.json", "{}"): "r/env.json cannot be used: it has no 'format_version'",
    ("env.json", "[]"): f"r/env.json {NOT_WRITTEN}",
    ("model.safetensors", "{}"): (
        "r/model.safetensors cannot be read: Error while deserializing header: header too small"
    ),
}


@pytest.mark.parametrize(("torn", "problem"), TORN.items(), ids=" ".join)
def test_a_torn_file_is_named_with_the_ways_out(run, torn, problem):
    name, content = torn
    (run / name).write_text(content)
    assert refusal() == problem + (AGAIN if name == "config.yaml" else FROM_CONFIG)


def test_weights_of_another_model_are_told_in_one_line(run):
    config = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(config.replace("hidden: 6", "hidden: 7"))
    problem, way_out = refusal().splitlines()
    assert problem.startswith(
        "r/model.safetensors does not fit config.yaml, labels.json and vocab.json beside it (size mismatch for "
    )
    assert way_out == "  Put the files back from a copy of the run folder, or train again"


def test_a_folder_with_a_blank_in_its_name_is_quoted(run):
    run.rename(run.with_name("my run"))
    (run.with_name("my run") / "labels.json").unlink()
    assert refusal("my run").endswith("or train again: seqwise train --config 'my run/config.yaml'")


def test_the_format_of_the_training_files_is_kept_with_how_they_were_read(run):
    assert json.loads((run / "data.json").read_text())["options"]["format"] is None
    assert seqwise.load(run).options.format == "jsonl"


def test_a_missing_run_is_named_with_the_nearest(run):
    run.rename(run.with_name("tickets-1"))
    assert refusal("tickest-1") == "there is no run folder tickest-1\n  Did you mean 'tickets-1'?"
    assert refusal("somewhere/else") == "there is no run folder somewhere/else"


def test_a_folder_of_runs_is_no_run(run):
    assert refusal(".") == ". is not a run folder, but holds some: 'r'\n  Name one of them."


def test_a_file_is_no_run(run):
    assert refusal("r/model.safetensors") == (
        "r/model.safetensors is a file, not a run folder\n  Name the folder that training wrote."
    )
