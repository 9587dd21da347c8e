"""A local model folder as encoder: read, fine-tuned, judged, loaded without the folder; and what is refused."""

from __future__ import annotations

import json
import shutil
import sys

import numpy as np
import pytest
import torch

from seqwise import load
from seqwise.config import override, parse_config
from seqwise.errors import ConfigError, MissingExtraError
from seqwise.nn import SubwordEncoder
from seqwise.runs.run_folder import RunFolder
from seqwise.task.transformers_folder import empty_network, read_weights, subwords_of
from seqwise.training.callbacks import NoCallback
from seqwise.training.interrupts import Interrupted
from seqwise.training.run import train
from seqwise.training.sgd.optimizer import make_optimizer
from seqwise.training.training_plan import plan_run
from small_runs import config_of, rows_file

transformers = pytest.importorskip("transformers", reason="transformers is not installed")
from model_folders import POSITIONS, bert_folder, roberta_folder  # noqa: E402

QUICK = ["train.max_epochs=2", "train.device=cpu", "train.batch_tokens=64"]


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return bert_folder(tmp_path_factory.mktemp("models") / "bert")


def config_with(bert, folder, kind, *settings):
    plain = config_of(rows_file(folder, kind), kind).model_dump(exclude_unset=True)
    kept = {"data": plain["data"], "input": plain["input"], "model": {"encoder": str(bert)}}
    return parse_config(override(kept, [*QUICK, *settings]))


def test_tokens_around_and_the_longest_text_are_those_of_the_folder(bert, tmp_path):
    subwords = subwords_of(str(bert))
    assert (subwords.prefix, subwords.suffix, subwords.window) == ((3,), (4,), POSITIONS - 2)
    assert (subwords.unknown, subwords.padding, subwords.spaced) == (2, 1, False)
    roberta = subwords_of(str(roberta_folder(tmp_path / "roberta")))
    assert (roberta.prefix, roberta.suffix, roberta.spaced) == ((), (), True)
    assert roberta.window == POSITIONS - 2  # of 16 positions two are never used


def test_the_weights_are_those_of_the_folder(bert, tmp_path):
    plan = plan_run(config_with(bert, tmp_path, "label"))
    ids = torch.tensor([[2, 5, 6, 3]])
    expected = transformers.AutoModel.from_pretrained(bert).eval()(ids).last_hidden_state
    found = plan.model.input_layer.network.eval()(ids).last_hidden_state
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("kind", ["label", "tags", "joint"])
def test_a_run_is_loaded_where_the_folder_is_no_more(bert, tmp_path, kind):
    folder = tmp_path / "gone"
    shutil.copytree(bert, folder)
    trained = train(plan_run(config_with(folder, tmp_path, kind)), RunFolder(tmp_path / "run"))
    shutil.rmtree(folder)
    model = load(tmp_path / "run")
    judged = model.evaluate(rows_file(tmp_path, kind))
    assert set(judged.scores) == {target.name for target in model.targets}
    versions = json.loads((tmp_path / "run" / "env.json").read_text())["versions"]
    assert versions["transformers"] == transformers.__version__
    line = json.loads((trained.folder.path / "predictions.jsonl").read_text().splitlines()[0])
    row = json.loads((tmp_path / "rows.jsonl").read_text().splitlines()[line["line"] - 1])
    (predicted,) = model.predict([row["tokens"] if kind != "label" else row["text"]])
    first = next(iter(line["targets"]))
    assert (predicted[first] if kind == "joint" else predicted) == line["targets"][first]["predicted"]


def test_long_texts_are_judged_alike_in_batches_of_every_size(bert, tmp_path):
    config = config_with(bert, tmp_path, "tags")
    model = plan_run(config).model.eval()
    assert isinstance(model.input_layer, SubwordEncoder)
    draws = torch.Generator().manual_seed(0)
    ids = torch.randint(6, 20, (5, 3 * POSITIONS, 2), generator=draws)
    lengths = torch.tensor([3 * POSITIONS, 2, POSITIONS, 1, 20])
    together = model(ids, lengths=lengths)["slots"]
    for row, length in enumerate(lengths.tolist()):
        alone = model(ids[row : row + 1, :length])["slots"][0]
        torch.testing.assert_close(together[row, :length], alone, rtol=1e-4, atol=1e-5)


class StopAfterAnEpoch(NoCallback):
    def epoch_ends(self, entry, is_best):
        raise Interrupted


def test_a_resumed_run_equals_one_that_never_stopped(tmp_path):
    bert = bert_folder(tmp_path / "bert", dropout=0.1)
    config = config_with(bert, tmp_path, "joint")
    train(plan_run(config), RunFolder(tmp_path / "whole"))
    with pytest.raises(Interrupted):
        train(plan_run(config), RunFolder(tmp_path / "broken"), progress=StopAfterAnEpoch())
    train(plan_run(config), RunFolder(tmp_path / "broken"), resume=True)
    whole, broken = ((tmp_path / run / "model.safetensors").read_bytes() for run in ("whole", "broken"))
    assert whole == broken


def test_heads_take_larger_steps_than_the_encoder(bert, tmp_path):
    plan = plan_run(config_with(bert, tmp_path, "label"))
    config = plan.task.config.train
    groups = make_optimizer(plan.model, config).param_groups
    scale = {id(parameter): group["scale"] for group in groups for parameter in group["params"]}
    old = {id(parameter) for parameter in plan.model.input_layer.parameters()}
    assert {scale[i] for i in old} == {1.0}
    assert {scale[i] for i in scale.keys() - old} == {config.head_learning_rate / config.learning_rate}
    assert config.head_learning_rate > config.learning_rate


def test_batches_are_measured_in_subword_tokens(bert, tmp_path):
    batcher = plan_run(config_with(bert, tmp_path, "tags")).task.batcher
    subwords = subwords_of(str(bert))
    for row in range(len(batcher.store)):
        words = [batcher.store.symbols[number] for number in batcher.store.sequence(row)]
        numbers, counts = subwords.numbers(words)
        inputs = batcher.batch(np.array([row])).inputs[0]
        assert batcher.sizes[row] == len(numbers) == counts.sum()
        assert inputs[inputs > 0].tolist() == numbers.tolist()
        assert (inputs > 0).sum(axis=1).tolist() == counts.tolist()


def test_text_is_cut_at_blanks_and_keeps_its_capitals(bert, tmp_path):
    task = plan_run(config_with(bert, tmp_path, "label")).task
    assert (task.store.spec.input.kind, task.store.spec.input.lower) == ("whitespace", False)


def test_the_resolved_config_fits_the_same_data(bert, tmp_path):
    for kind in ("label", "tags"):
        resolved = plan_run(config_with(bert, tmp_path, kind)).task.config
        assert plan_run(resolved).task.config == resolved


def test_a_folder_beside_is_named_as_a_path(bert, tmp_path, monkeypatch):
    shutil.copytree(bert, tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    assert config_with("mine", tmp_path, "label").model.encoder == "./mine"


NOT_A_FOLDER = "and there is no such folder\n  Nothing is ever downloaded: name a local folder with config.json"
WRONG_SETTINGS = [
    (["model.encoder=google/bert"], f"model.encoder is 'google/bert', {NOT_A_FOLDER}"),
    (["model.encoder=."], "the folder . holds no model: it has no config.json\n  Nothing is ever downloaded"),
    (["model.encoder=bert-base"], "model.encoder: there is no encoder 'bert-base'. There are 'lstm'"),
    (["input.kind=characters"], "whose model reads words, but the input is characters\n  For text, --kind whitespace"),
    (["model.hidden=9"], "model.hidden is 9, but model.encoder is"),
    (["input.min_count=2"], "input.min_count is 2, but the model in"),
    (["model.bidirectional=false"], "model.bidirectional is false, but model.encoder is"),
    (
        ["model.encoder=lstm", "train.head_learning_rate=0.1"],
        "train.head_learning_rate is 0.1, but only a pretrained encoder has another learning rate than the heads",
    ),
]


@pytest.mark.parametrize(("settings", "message"), WRONG_SETTINGS, ids=str)
def test_what_does_not_go_with_a_folder_is_refused(bert, tmp_path, monkeypatch, settings, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    with pytest.raises(ConfigError) as refused:
        plan_run(config_with(bert, tmp_path / "x", "label", *settings))
    assert message in str(refused.value)


def test_a_series_has_no_words(bert, tmp_path):
    with pytest.raises(ConfigError, match="whose model reads words, but the input is series"):
        plan_run(config_with(bert, tmp_path, "series"))


def broken(bert, tmp_path, change):
    folder = tmp_path / "broken"
    shutil.copytree(bert, folder)
    change(folder)
    return str(folder)


def test_weights_that_are_not_there_are_named(bert, tmp_path):
    def half(folder):
        from safetensors.torch import load_file, save_file

        weights = load_file(folder / "model.safetensors")
        save_file(
            {name: w for name, w in weights.items() if "layer.1.output" not in name}, folder / "model.safetensors"
        )

    folder = broken(bert, tmp_path, half)
    with pytest.raises(ConfigError, match=r"^model.safetensors in .* lacks 4 weights of the encoder: 'encoder.layer.1"):
        read_weights(folder, empty_network(subwords_of(folder).architecture))


def test_pickled_weights_are_not_read(bert, tmp_path):
    folder = broken(bert, tmp_path, lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"))
    with pytest.raises(ConfigError, match=r"^model.safetensors in .* cannot be read: "):
        read_weights(folder, empty_network(subwords_of(folder).architecture))


@pytest.mark.parametrize(("name", "part"), [("tokenizer.json", "the tokenizer"), ("config.json", "config.json")])
def test_torn_files_are_named(bert, tmp_path, name, part):
    folder = broken(bert, tmp_path, lambda f: (f / name).write_text("{"))
    with pytest.raises(ConfigError, match=rf"^{part} in .* cannot be read: "):
        subwords_of(folder)


def test_a_model_that_is_not_known_is_refused():
    with pytest.raises(ConfigError, match="^the transformers package cannot make the encoder: "):
        empty_network({"model_type": "no such model"})


def test_without_transformers_the_command_that_brings_it_is_named(bert, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"pip install '\.\[hf\]'"):
        subwords_of(str(bert))
