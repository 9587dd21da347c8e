"""A run folder that lost something: the error names the file and the ways out."""

from __future__ import annotations

import json
import os
import re
import shutil
import tracemalloc

import pytest
import torch

import seqwise
from seqwise.errors import RunFolderError, ValuesError
from seqwise.nn import ConvEncoder, GRUEncoder, TransformerEncoder
from seqwise.runs import accept, manifest
from seqwise.runs.manifest import COVERED, write_manifest
from seqwise.runs.restored import fitting_network
from seqwise.runs.run_folder import RunFolder
from small_runs import trained

AGAIN = "\n  Put the file back from a copy of the run folder, or train again"
FROM_CONFIG = f"{AGAIN}: seqwise train --config r/config.yaml"


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
    assert refusal() == f"r/{name} is missing{FROM_CONFIG}"


def test_a_lost_config_is_named(run):
    (run / "config.yaml").unlink()
    assert refusal() == f"r/config.yaml is missing{AGAIN}"


TORN = {
    ("config.yaml", "model: {hidden: 6"): (
        "the config r/config.yaml: the value cannot be read as YAML: expected ',' or '}', but got '<stream end>'"
    ),
    ("config.yaml", "model: {hiden: 6}"): (
        "the config r/config.yaml: there is no setting 'model.hiden'. Did you mean 'hidden'?"
    ),
    ("labels.json", "{}"): "it has no 'spec'",
    ("labels.json", "[]"): "it is not what training wrote",
    ("labels.json", '{"targets": 3, "spec": {}}'): "it has no 'spec.input'",
    ("labels.json", '{"targets"'): "it is not valid JSON: EOF while parsing an object at line 1 column 10",
    ("labels.json", "[" * 100_000): "it is not valid JSON: recursion limit exceeded at line 1 column 202",
    ("data.json", "{}"): "it has no 'options'",
    ("data.json", '{"options": {"colour": "red"}}'): "'options.colour' is \"red\": unexpected keyword argument",
    ("data.json", '{"options": {"encoding": 8}}'): "'options.encoding' is 8: input should be a valid string",
    ("data.json", '{"options": {"encoding": "utf9"}}'): (
        "encoding 'utf9' is not known. Examples are utf-8, latin-1, cp1252 and utf-16."
    ),
    ("vocab.json", "{}"): "it has no 'kind'",
    (
        "vocab.json",
        '{"kind": "symbols", "symbols": [], "counts": [], "affix_buckets": 9}',
    ): "it has hashed affix and shape features of an earlier version of seqwise",
    ("vocab.json", '{"kind": "symbols"}'): "it has no 'symbols'",
    (
        "vocab.json",
        '{"kind": "symbols", "symbols": ["a", "a"], "counts": [1, 1]}',
    ): "'a' occurs twice among the symbols",
    ("vocab.json", '{"kind": "symbols", "symbols": ["a"], "counts": []}'): "'counts' and 'symbols' differ in number",
    ("vocab.json", '{"kind": "symbols", "symbols": ["a"], "counts": [true]}'): (
        "'counts.0' is true: input should be a valid integer"
    ),
    ("vocab.json", '{"kind": "symbols", "symbols": [], "counts": [], "spelling": 9999999}'): (
        "'spelling' is out of range"
    ),
    ("vocab.json", '{"kind": "symbols", "symbols": [], "counts": [], "ngrams": {"longest": 999}}'): (
        "a length of 'ngrams' is out of range"
    ),
    ("vocab.json", '{"kind": "symbols", "symbols": [], "counts": [], "ngrams": {"hashes": [2, 1]}}'): (
        "'ngrams.hashes' are not ascending numbers from 0 to 2^53"
    ),
    ("vocab.json", '{"kind": "channels", "mean": [NaN], "deviation": [1], "constant": []}'): "a mean is not finite",
    ("vocab.json", '{"kind": "channels", "mean": [1], "deviation": [0], "constant": []}'): (
        "a deviation is not above 0"
    ),
    ("env.json", "{}"): "it has no 'format_version'",
    ("env.json", "[]"): "it is not what training wrote",
    ("model.safetensors", "{}"): (
        "r/model.safetensors cannot be read: Error while deserializing header: header too small"
    ),
}


def unlisted(run):
    """The run as an earlier version would have left it, which listed no sums: its content is all there is to check."""
    (run / "manifest.json").unlink()
    environment = json.loads((run / "env.json").read_text())
    environment.pop("manifest")
    (run / "env.json").write_text(json.dumps(environment))


@pytest.mark.parametrize("is_listed", [False, True], ids=["unlisted", "listed"])
@pytest.mark.parametrize(("torn", "problem"), TORN.items(), ids=range(len(TORN)))
def test_a_torn_file_is_named_with_the_ways_out(run, torn, problem, is_listed):
    name, content = torn
    unlisted(run)
    (run / name).write_text(content)
    if is_listed:
        write_manifest(RunFolder(run))
    problem = problem if name in ("config.yaml", "model.safetensors") else f"r/{name} cannot be used: {problem}"
    assert refusal() == problem + (AGAIN if name == "config.yaml" else FROM_CONFIG)


ACCEPT = (
    "\n  Put the files back from a copy of the run folder, or train again."
    "\n  If you changed them on purpose, check the folder and accept it as it is: python -m seqwise.runs.accept r"
)


@pytest.mark.parametrize("name", COVERED)
def test_a_file_that_is_not_the_one_that_training_wrote_is_named(run, name):
    if name == "calibration.json":
        (run / name).write_text("{}")
        assert refusal() == f"the run folder r is not as training left it: calibration.json was added.{ACCEPT}"
        return
    content = (run / name).read_bytes()
    (run / name).write_bytes(content + b" ")
    sizes = f"has {len(content) + 1:,} bytes, was {len(content):,}"
    assert refusal() == f"the run folder r is not as training left it: {name} {sizes}.{ACCEPT}"
    (run / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert f"not as training left it: {name} has other content (its SHA-256 sum is " in refusal()


def test_files_of_two_runs_are_told(run, tmp_path):
    other = trained(tmp_path, "label", "model.hidden=5").folder.path
    for name in ("labels.json", "vocab.json", "model.safetensors", "config.yaml"):
        shutil.copy(other / name, run / name)
    message = refusal()
    assert "config.yaml has 1," in message
    assert "model.safetensors has " in message
    assert "They may be from another run." in message
    assert "data.json" not in message


def test_the_manifest_of_another_run_is_told(run):
    manifest = json.loads((run / "manifest.json").read_text())
    for own in manifest["files"].values():
        own["bytes"] += 1
    (run / "manifest.json").write_text(json.dumps(manifest))
    assert refusal().startswith("r/manifest.json is that of another run: it lists 'config.yaml', 'data.json', ")


BAD_MANIFESTS = [
    "",
    "[]",
    '{"files": {"../x": {"bytes": 1, "sha256": "%s"}}}' % ("0" * 64),
    '{"files": {"env.json": 3}}',
]


@pytest.mark.parametrize("content", BAD_MANIFESTS)
def test_a_torn_manifest_is_told(run, content):
    (run / "manifest.json").write_text(content)
    assert refusal().startswith("r/manifest.json cannot be used: it is not what training wrote (")


@pytest.mark.parametrize("name", [name for name in COVERED if name != "model.safetensors"])
def test_no_sum_is_made_of_a_file_that_is_larger_than_training_writes(run, name, monkeypatch):
    listed = json.loads((run / "manifest.json").read_text())
    listed["files"][name] = {"bytes": 1 << 40, "sha256": "0" * 64}
    (run / "manifest.json").write_text(json.dumps(listed))
    with (run / name).open("wb") as file:
        file.truncate(1 << 40)
    monkeypatch.setattr(
        manifest, "sha256_of", lambda path: pytest.fail(f"reads {path}") if path.name == name else "0" * 64
    )
    assert f"r/{name} cannot be read: it has 1,099,511,627,776 bytes, expected at most 268,435,456\n" in refusal()


def test_a_target_that_contradicts_itself_is_told(run):
    content = json.loads((run / "labels.json").read_text())
    content["targets"][0]["kind"] = "tags"
    (run / "labels.json").write_text(json.dumps(content))
    write_manifest(RunFolder(run))
    told = "r/labels.json cannot be used: the values of 'targets.0' do not match"
    assert refusal() == f"{told}{FROM_CONFIG}"


def test_a_lost_manifest_is_told_and_the_run_can_be_finished_again(run):
    (run / "manifest.json").unlink()
    assert refusal().startswith("r/manifest.json, which lists the files of the run, is missing\n")
    assert not RunFolder(run).is_finished


def test_a_change_on_purpose_is_accepted_once_it_is_checked(run, capsys):
    data = json.loads((run / "data.json").read_text())
    data["options"]["encoding"] = "latin-1"
    (run / "data.json").write_text(json.dumps(data))
    assert "data.json has " in refusal()
    assert accept.main("r") == 0
    assert capsys.readouterr().out.startswith("data.json has ")
    assert seqwise.load("r").options.encoding == "latin-1"
    (run / "data.json").write_text("{}")
    assert accept.main("r") == 2
    assert "r/data.json cannot be used: it has no 'options'" in capsys.readouterr().err


def tensors_of(run):
    return RunFolder(run).read_tensors(run / "model.safetensors")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused(run, value):
    tensors, metadata = tensors_of(run)
    name = next(iter(tensors))
    tensors[name].view(-1)[-1] = value
    RunFolder(run).write_tensors(run / "model.safetensors", tensors, metadata)
    write_manifest(RunFolder(run))
    problem = f"r/model.safetensors cannot be used: the tensor '{name}' has a value that is not finite"
    assert refusal() == problem + FROM_CONFIG


def test_weights_so_large_that_nothing_can_be_computed_predict_nothing(run):
    tensors, metadata = tensors_of(run)
    huge = {name: torch.full_like(tensor, 3e38) for name, tensor in tensors.items()}
    RunFolder(run).write_tensors(run / "model.safetensors", huge, metadata)
    write_manifest(RunFolder(run))
    with pytest.raises(ValuesError, match="^sequences:0: the model's output for 'intent' is not finite, so there is"):
        seqwise.load(run).predict(["play some jazz"])


HUGE = ["model.layers=1000000000", "model.hidden=1000000000", "model.embedding=1000000000", "train.ensemble=100000000"]


@pytest.mark.parametrize("setting", HUGE)
def test_a_config_of_a_huge_model_is_refused_before_it_takes_any_memory(run, setting):
    key, _, value = setting.partition("=")
    config, name = (run / "config.yaml").read_text(), key.partition(".")[2]
    (run / "config.yaml").write_text(re.sub(rf"(?m)^  {name}: \d+", f"  {name}: {value}", config))
    write_manifest(RunFolder(run))
    assert refusal().startswith(
        "r/model.safetensors does not match the config.yaml, labels.json and vocab.json of the folder ("
    )


@pytest.mark.parametrize("encoder", [GRUEncoder, ConvEncoder, TransformerEncoder])
def test_layers_beyond_the_tensors_of_a_file_are_not_even_listed(encoder):
    tracemalloc.start()
    try:
        with pytest.raises(RunFolderError, match="it has 0 tensors, and the model has more"):
            fitting_network(lambda: encoder(8, 8, layers=10_000_000), {})
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


IRREGULAR = {"a named pipe": os.mkfifo, "a folder": os.mkdir, "a device": lambda path: path.symlink_to("/dev/zero")}


@pytest.mark.parametrize("what", IRREGULAR)
@pytest.mark.parametrize("name", [*(name for name in COVERED if name not in ("metrics.json", "calibration.json"))])
def test_what_is_no_regular_file_is_not_opened(run, name, what):
    (run / name).unlink()
    IRREGULAR[what](run / name)
    assert f"{name} cannot be read: it is {what}, not a regular file" in refusal()
    unlisted_by_hand(run)
    assert f"it is {what}, not a regular file" in refusal()


def unlisted_by_hand(run):
    (run / "manifest.json").unlink()
    if (run / "env.json").is_file() and not (run / "env.json").is_symlink():
        environment = json.loads((run / "env.json").read_text())
        (run / "env.json").write_text(json.dumps({"format_version": environment["format_version"]}))


def test_a_link_to_a_file_is_followed(run, tmp_path):
    (run / "model.safetensors").rename(tmp_path / "weights")
    (run / "model.safetensors").symlink_to(tmp_path / "weights")
    assert seqwise.load("r").predict(["play some jazz"])


def test_weights_of_another_model_are_told_in_one_line(run):
    config = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(config.replace("hidden: 6", "hidden: 7"))
    write_manifest(RunFolder(run))
    problem, way_out = refusal().splitlines()
    assert problem.startswith(
        "r/model.safetensors does not match the config.yaml, labels.json and vocab.json of the folder (the tensor '"
    )
    assert " of shape (" in problem
    assert way_out == "  Put the files back from a copy of the run folder, or train again"


def test_a_folder_with_a_blank_in_its_name_is_quoted(run):
    run.rename(run.with_name("my run"))
    (run.with_name("my run") / "labels.json").unlink()
    assert refusal("my run").endswith("or train again: seqwise train --config 'my run/config.yaml'")


def test_the_format_of_the_training_files_is_kept_with_how_they_were_read(run):
    data = json.loads((run / "data.json").read_text())
    data["options"]["format"] = None
    (run / "data.json").write_text(json.dumps(data))
    write_manifest(RunFolder(run))
    assert seqwise.load(run).options.format == "jsonl"


def test_a_missing_run_is_named_with_the_nearest(run):
    run.rename(run.with_name("tickets-1"))
    assert refusal("tickest-1") == "there is no run folder tickest-1\n  Did you mean 'tickets-1'?"
    assert refusal("somewhere/else") == "there is no run folder somewhere/else"


def test_a_folder_of_runs_is_no_run(run):
    assert refusal(".") == ". is not a run folder, but holds some: 'r'\n  Choose one of them."


def test_a_file_is_no_run(run):
    assert refusal("r/model.safetensors") == (
        "r/model.safetensors is a file, not a run folder\n  Give the folder that training wrote."
    )
