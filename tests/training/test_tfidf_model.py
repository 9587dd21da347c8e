"""The baseline of TF-IDF as a model: the same features, regressions and predictions, in a run folder like any other."""

from __future__ import annotations

import json
import shlex

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

import seqwise
from command_line import run as run_command
from seqwise.cli.setting_options import SETTINGS
from seqwise.cli.watch import show_metrics
from seqwise.config import override, parse_config
from seqwise.data.ngrams import Bags
from seqwise.errors import ConfigError, RunFolderError
from seqwise.nn import TfidfMargins
from seqwise.runs.run_folder import RunFolder
from seqwise.task.prepare import prepare
from seqwise.training.baselines import FAMILIES, evaluated_baselines, family
from seqwise.training.baselines.questions import Questions, fitted_linear, target_logits
from seqwise.training.baselines.tfidf_baseline import _features
from seqwise.training.convex.convex_fit import TfidfFit
from seqwise.training.run import train
from seqwise.training.same_data import FLAGS
from seqwise.training.training_plan import plan_run
from seqwise.tuning.space import Space
from small_runs import REQUESTS, config_of, joint_rows, rows_file, write_rows

KINDS = ("label", "outputs", "uneven outputs", "multilabel")


def tfidf_config(folder, kind, *settings):
    """Settings of a person, without those of a network."""
    request = json.loads(json.dumps(REQUESTS[kind]))
    request["data"]["train"] = [rows_file(folder, kind)]
    return parse_config(override(request, ["model.encoder=tfidf", *settings]))


def tfidf_run(folder, kind, *settings, name="run"):
    return train(plan_run(tfidf_config(folder, kind, *settings)), RunFolder(folder / name), command="test")


def figures_of(scores):
    return {name: found["value"] for name, found in scores.items() if isinstance(found, dict) and "value" in found}


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_of_the_baseline_trains_a_model_with_its_figures(tmp_path, monkeypatch, capsys, kind):
    network = train(plan_run(config_of(rows_file(tmp_path, kind), kind)), RunFolder(tmp_path / "a"), command="test")
    command = network.metrics["training"]["baselines"]["facts"]["tfidf"]["command"]
    assert run_command(monkeypatch, capsys, *shlex.split(command)[1:], "--run", str(tmp_path / "b")).status == 0
    metrics = json.loads((tmp_path / "b" / "metrics.json").read_text())
    for part in ("dev", "test"):
        (target,) = network.metrics["baselines"]["tfidf"][part]
        printed = figures_of(network.metrics["baselines"]["tfidf"][part][target])
        found = figures_of(metrics[part].get(target, metrics[part]))
        assert {name: found[name] for name in printed} == pytest.approx(printed, abs=1e-6)
    assert set(metrics["baselines"]) == {"majority"}  # the other one is the model itself


def test_two_targets_are_those_of_the_baseline_too(tmp_path):
    rows = joint_rows(80)
    for i, row in enumerate(rows):
        row["size"] = None if i % 5 == 0 else row["size"]
    plain = {"train": [write_rows(tmp_path / "rows.jsonl", rows)], "label": ["intent", "size"]}
    task = prepare(parse_config({"data": plain, "input": {"text": "text"}}))
    printed = evaluated_baselines(task, {"test": task.split.test}).figures["tfidf"]["test"]
    trained = train(
        plan_run(parse_config({"data": plain, "input": {"text": "text"}, "model": {"encoder": "tfidf"}})),
        RunFolder(tmp_path / "run"),
    )
    for name in ("intent", "size"):
        found = figures_of(trained.metrics["test"][name])
        assert {key: found[key] for key in printed[name] if key in found} == pytest.approx(figures_of(printed[name]))


def test_the_command_stands_on_a_line_of_its_own_however_long_it_is(capsys):
    def scored(value):
        return {"test": {"t": {"accuracy": {"value": value, "count": 400}}}}

    difference = {"value": -0.1, "low": -0.15, "high": -0.05, "sequences": 400}
    command = " ".join(["seqwise train"] * 30)
    known = {"title": "TF-IDF", "reads_input": True, "seconds": 1.0, "learned_from": {}, "command": command}
    metrics = {
        **scored(0.6),
        "baselines": {"majority": scored(0.2), "tfidf": scored(0.7)},
        "comparisons": {"test": {"t": {"tfidf": {"accuracy": difference}}}},
        "training": {"baselines": {"facts": {"tfidf": known}, "notes": []}},
    }
    show_metrics(metrics)
    assert f"  {command}" in capsys.readouterr().out.splitlines()


def test_logits_are_those_of_scikit_learn(tmp_path):
    rows = [
        {"text": f"{row['text']} {row['text']}" if i % 3 else row["text"], "intent": row["intent"]}
        for i, row in enumerate(joint_rows(80))
    ]
    files = [write_rows(tmp_path / f"{part}.jsonl", rows[start::2]) for part, start in (("train", 0), ("test", 1))]
    given = {"data": {"train": files[:1], "test": files[1:]}, "model": {"encoder": "tfidf"}}
    trained = train(plan_run(parse_config(given)), RunFolder(tmp_path / "run"))
    model = seqwise.load(trained.folder.path)
    task = prepare(parse_config(given))
    texts = [
        " ".join(task.store.symbols[number] for number in task.store.sequence(row)) for row in range(len(task.store))
    ]
    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\S+")
    train_rows, classes = task.split.train, task.targets[0].labels
    features = vectors.fit_transform([texts[row] for row in train_rows])
    labels, _ = task.codecs[0].batch(task.store, train_rows, 1)
    judged = task.split.test
    ids = torch.from_numpy(task.batcher.ngrams(judged))
    with torch.inference_mode():
        found = model.network(ids, ngrams=ids)["intent"].numpy()
    for number in range(len(classes)):
        one = LogisticRegression(C=10.0, solver="liblinear", tol=1e-2, random_state=0).fit(features, labels == number)
        margins = one.decision_function(vectors.transform([texts[row] for row in judged]))
        np.testing.assert_allclose(found[:, number], -np.logaddexp(0, -margins), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_run_folder_loads_predicts_and_evaluates_as_training_did(tmp_path, kind):
    trained = tfidf_run(tmp_path, kind)
    model = seqwise.load(trained.folder.path)
    rows = [json.loads(row) for row in (tmp_path / "rows.jsonl").read_text().splitlines()]
    (target,) = model.targets
    lines = [json.loads(line) for line in (trained.folder.path / "predictions.jsonl").read_text().splitlines()]
    for line in lines:
        (again,) = model.predict([rows[line["line"] - 1]["text"]])
        assert again == line["targets"][target.name]["predicted"]


def test_an_interrupted_command_goes_on_and_a_finished_one_stays(tmp_path, monkeypatch, capsys):
    trained = tfidf_run(tmp_path, "label")
    weights = (trained.folder.path / "model.safetensors").read_bytes()
    for name in ("metrics.json", "model.safetensors", "manifest.json"):
        (trained.folder.path / name).unlink()  # stopped after the fit, before its end
    resumed = train(plan_run(tfidf_config(tmp_path, "label")), trained.folder, resume=True)
    assert (resumed.folder.path / "model.safetensors").read_bytes() == weights
    result = run_command(monkeypatch, capsys, "train", "--run", str(trained.folder.path), "--resume")
    assert result.status == 0
    assert "is already finished" in result.err


def test_settings_of_a_run_may_be_given_again(tmp_path, monkeypatch, capsys):
    trained = tfidf_run(tmp_path, "label", name="first")
    config = str(trained.folder.path / "config.yaml")
    result = run_command(monkeypatch, capsys, "train", "--config", config, "--run", str(tmp_path / "second"))
    assert result.status == 0, result.err
    first, second = (tmp_path / name / "model.safetensors" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(("effort", "more"), [("minutes", "; --effort best takes more"), ("best", "")])
def test_what_is_too_much_work_is_fitted_on_the_sample_of_the_baseline_and_said(tmp_path, monkeypatch, effort, more):
    task = prepare(config_of(rows_file(tmp_path, "label"), "label", f"train.effort={effort}"))
    half = FAMILIES["tfidf"].work(task, task.codecs[0], task.split.train) / 2
    monkeypatch.setattr(family, "_MOST_WORK", {effort: half})
    printed = evaluated_baselines(task, {"dev": task.split.dev}).figures["tfidf"]["dev"]["intent"]
    trained = tfidf_run(tmp_path, "label", f"train.effort={effort}")
    total = len(task.split.train)
    sample = f"a sample, {total // 2} of {total} sequences, to save time"
    assert trained.state.stopped == f"fitted at once, on {sample}"
    assert trained.metrics["training"]["warnings"] == [f"the regressions were fitted on {sample}{more}"]
    assert figures_of(trained.metrics["dev"])["accuracy"] == figures_of(printed)["accuracy"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2, 4, 40])
def test_classes_that_the_rows_lack_are_never_predicted_and_of_two_one_model_decides(tmp_path, kind, count):
    task = prepare(config_of(rows_file(tmp_path, kind), kind))
    (codec,) = task.codecs
    rows = task.split.train[:count]
    found = FAMILIES["tfidf"].fit(task, codec, rows)(task.split.train).logits
    ngrams = prepare(tfidf_config(tmp_path, kind)).encoding.ngrams
    numbers = Bags(task.store, ngrams).numbers
    of_rows, frequencies = _features(numbers, len(ngrams), rows)
    linear = fitted_linear(of_rows, Questions.of(task, codec, rows), 10.0)
    every, margins = numbers(task.split.train), TfidfMargins(len(ngrams), len(ngrams))
    with torch.no_grad():
        margins.inverse_frequencies.copy_(torch.from_numpy(frequencies))
        margins.weights.copy_(torch.eye(len(ngrams)))
        features = margins(torch.from_numpy(every)).numpy()
    expected = target_logits(codec.target, linear.scores(features))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    if kind == "label":
        shown = set(codec.batch(task.store, rows, 1)[0].tolist())
        assert set(found.argmax(axis=1).tolist()) <= shown


def test_no_dev_part_is_needed(tmp_path):
    trained = tfidf_run(tmp_path, "label", "data.dev_fraction=0")
    assert "dev" not in trained.metrics
    assert trained.metrics["test"]["accuracy"]["value"] == 1.0


REFUSED = [
    (["train.ensemble=3"], "^train.ensemble is 3, but model.encoder is tfidf, which nothing random decides"),
    (["train.distill=true"], "^train.distill is true, but model.encoder is tfidf, which nothing random decides"),
    (["model.hidden=64"], "^model.hidden is 64, but model.encoder is tfidf, which has no such setting"),
    (["train.max_epochs=3"], "^train.max_epochs is 3, but model.encoder is tfidf"),
    (["train.budget=5m"], "^train.budget is '5m', but model.encoder is tfidf"),
    (["loss.class_weight=balanced"], "^loss.class_weight is 'balanced', but model.encoder is tfidf"),
    (["loss.label_smoothing=0.1"], "^loss.label_smoothing is 0.1, but model.encoder is tfidf"),
    (["model.regression=true"], "^model.regression is true, but model.encoder is tfidf"),
    (["model.bidirectional=false"], "^model.bidirectional is false, but model.encoder is tfidf, which has no such"),
    (["input.ngrams=0"], "^input.ngrams is 0, but model.encoder is tfidf, which reads nothing else"),
]


@pytest.mark.parametrize(("settings", "said"), REFUSED)
def test_what_changes_nothing_is_refused(tmp_path, settings, said):
    with pytest.raises(ConfigError, match=said):
        plan_run(tfidf_config(tmp_path, "label", *settings))


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("tags", "'slots' has labels per step"),
        ("joint", "'slots' has labels per step"),
        ("series", "the input is a numeric series"),
    ],
)
def test_what_it_cannot_read_is_refused(tmp_path, kind, what):
    said = f"^model.encoder is tfidf, which reads the n-grams of whole texts, but {what}\n  Choose another --encoder: "
    with pytest.raises(ConfigError, match=said):
        plan_run(tfidf_config(tmp_path, kind))


@pytest.mark.parametrize("effort", ["seconds", "best"])
def test_effort_chooses_no_ensemble_for_it(tmp_path, effort):
    plan = plan_run(tfidf_config(tmp_path, "label", f"train.effort={effort}"))
    assert plan.ensemble is None
    assert isinstance(plan.fitter, TfidfFit)


@pytest.mark.parametrize("kind", ["joint", "tags", "series"])
def test_where_it_is_no_model_of_all_targets_no_command_is_named(tmp_path, kind):
    task = prepare(config_of(rows_file(tmp_path, kind), kind))
    found = evaluated_baselines(task, {"dev": task.split.dev})
    assert not any("command" in facts for facts in found.facts.values())


def test_the_command_tells_the_data_as_they_were_told(tmp_path, monkeypatch, capsys):
    rows = [{"my text": row["text"], "kind of": row["intent"], "who": i % 20} for i, row in enumerate(joint_rows(80))]
    file = write_rows(tmp_path / "my rows.jsonl", rows)
    given = [
        "data.label=kind of",
        "input.text=my text",
        "data.group=who",
        "data.test_fraction=0.2",
        "input.lower=false",
    ]
    given += ["train.seed=7", "train.metric=macro_f1", "data.missing=['null', 'NA']", "model.hidden=9"]
    before = prepare(parse_config(override({"data": {"train": [file]}}, given)))
    found = evaluated_baselines(before, {"dev": before.split.dev}).facts["tfidf"]["command"]
    words = shlex.split(found)[1:]
    result = run_command(monkeypatch, capsys, *words, "--dry-run", "--json")
    assert result.status == 0, result.err
    settings = json.loads(result.out)["settings"]
    plain = before.config.model_dump(mode="json")
    assert settings["data"] == plain["data"]
    assert {key: settings["input"][key] for key in ("text", "tokens", "kind", "lower")} == {
        key: plain["input"][key] for key in ("text", "tokens", "kind", "lower")
    }
    assert (settings["train"]["seed"], settings["train"]["metric"]) == (7, "macro_f1")
    assert settings["model"]["encoder"] == "tfidf"


def test_a_search_of_settings_tries_it_as_it_is(tmp_path):
    plain = REQUESTS["label"] | {"data": {"train": [rows_file(tmp_path, "label")], "label": ["intent"]}}
    given = parse_config(plain | {"train": {"ensemble": 1}})
    space = Space.of(prepare(given), given)
    assert "tfidf" in space.words["model.encoder"]
    steps = {"model.encoder": "tfidf", "model.pooling": "mean", "model.dropout": 2, "train.learning_rate": 1}
    assert space.settings_of(steps) == {"model.encoder": "tfidf"}


def test_flags_of_commands_are_those_of_the_command_line():
    names = {setting.key: setting.flag for setting in SETTINGS}
    assert {key: names[key] for key in FLAGS} == FLAGS


@pytest.mark.parametrize(
    ("file", "change"),
    [("config.yaml", ("encoder: tfidf", "encoder: bag")), ("vocab.json", ('"counted": true', '"counted": false'))],
)
def test_a_folder_of_two_models_is_refused(tmp_path, file, change):
    trained = tfidf_run(tmp_path, "label")
    path = trained.folder.path / file
    text = path.read_text()
    assert change[0] in text
    path.write_text(text.replace(*change))
    (trained.folder.path / "manifest.json").unlink()
    environment = json.loads((trained.folder.path / "env.json").read_text())
    (trained.folder.path / "env.json").write_text(json.dumps(environment | {"manifest": False}))
    with pytest.raises(RunFolderError, match="holds files of different runs|does not match"):
        seqwise.load(trained.folder.path)


def test_margins_weigh_counts_by_their_logarithm_and_have_length_one():
    margins = TfidfMargins(5, 3)
    with torch.no_grad():
        margins.inverse_frequencies.copy_(torch.tensor([0.0, 1.0, 2.0, 3.0, 0.0]))
        margins.weights.copy_(torch.eye(5)[:, 1:4])
        margins.biases.copy_(torch.tensor([10.0, 20.0, 30.0]))
    features = np.array([1 + np.log(2), 0, 3.0])
    expected = features / np.linalg.norm(features) + [10, 20, 30]
    for ids in ([[1, 3, 1, 4]], [[0, 3, 0, 1, 1]]):
        np.testing.assert_allclose(margins(torch.tensor(ids)).detach()[0], expected, rtol=1e-6)
    for nothing in (torch.zeros(2, 0, dtype=torch.long), torch.zeros(2, 3, dtype=torch.long)):
        np.testing.assert_allclose(margins(nothing).detach(), [[10, 20, 30]] * 2)
