from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest

from seqwise.config import override, parse_config
from seqwise.errors import ConfigError
from seqwise.task.defaults import DataStatistics, resolve
from seqwise.task.defaults import ngram_defaults as ngrams
from seqwise.task.prepare import prepare
from small_runs import REQUESTS, config_of, rows_file, write_rows

WITHOUT_EFFECT = [
    ("tags", ["model.pooling=mean"], "model.pooling is 'mean', but every target has a label per step, and nothing is"),
    ("label", ["model.attention_size=4"], "model.attention_size is 4, but no target is pooled by attention"),
    ("tags", ["model.attention_size=4"], "model.attention_size is 4, but no target is pooled by attention"),
    (
        "label",
        ["train.optimizer=adam", "train.weight_decay=0.1"],
        "train.weight_decay is 0.1, but only adamw decays weights, and train.optimizer is adam",
    ),
    (
        "label",
        ["model.encoder=transformer", "model.bidirectional=false"],
        "model.bidirectional is false, but model.encoder is transformer, which has no such setting; 'lstm', 'gru'",
    ),
    (
        "label",
        ["model.encoder=transformer", "train.precision=bfloat16"],
        "train.precision is 'bfloat16', but only recurrent layers round, and the encoder is 'transformer'",
    ),
    ("label", ["data.gaps=fill"], "data.gaps is 'fill', but only a numeric series has gaps to fill"),
    (
        "label",
        ["input.differences=true"],
        "input.differences is true, but only a numeric series has changes from step to step",
    ),
    ("label", ["input.normalise=true"], "input.normalise is true, but only a numeric series is scaled"),
    ("series", ["input.lower=true"], "input.lower is true, but a series has no letters"),
    ("series", ["input.min_count=2"], "input.min_count is 2, but a series has no symbols"),
    ("series", ["input.affixes=64"], "input.affixes is 64, but a series has no words"),
    (
        "series",
        ["input.characters=cnn"],
        "input.characters is 'cnn', but the input is series, and words alone are spelled",
    ),
    (
        "label",
        ["input.kind=characters", "input.characters=cnn"],
        "input.characters is 'cnn', but the input is characters, and words alone are spelled",
    ),
    ("series", ["input.vectors=v.txt"], "input.vectors is 'v.txt', but a series has no words"),
    ("label", ["input.vector_words=9"], "input.vector_words is 9, but there is no input.vectors"),
    ("label", ["input.vectors_trained=true"], "input.vectors_trained is true, but there is no input.vectors"),
    ("tags", ["input.ngrams=2"], "input.ngrams is 2, but only symbols with a label per sequence are read as n-grams"),
    (
        "series",
        ["input.character_ngrams=3"],
        "input.character_ngrams is 3, but only symbols with a label per sequence are read",
    ),
    ("tags", ["input.ngram_limit=9"], "input.ngram_limit is 9, but no n-grams are read"),
    ("label", ["input.ngrams=0", "input.character_ngrams=0", "model.bag=9"], "model.bag is 9, but no n-grams are read"),
    ("series", ["model.ngram_dropout=0.1"], "model.ngram_dropout is 0.1, but the network reads no n-grams"),
    (
        "label",
        ["model.bag=0", "model.ngram_dropout=0.1"],
        "model.ngram_dropout is 0.1, but the network reads no n-grams",
    ),
    ("series", ["model.regression=true"], "model.regression is true, but no n-grams are read"),
    (
        "label",
        ["model.encoder=bag"],
        "model.embedding is 8, but model.encoder is bag, which has no such setting; 'lstm', ",
    ),
    (
        "series",
        ["train.weight_decay=0", "model.encoder=rocket"],
        "model.embedding is 8, but model.encoder is rocket, which",
    ),
    ("label", ["model.per_doubling=2"], "model.per_doubling is 2, but model.encoder is lstm, which has no such"),
    ("series", ["input.symbol_dropout=0.5"], "input.symbol_dropout is 0.5, but a series has no symbols"),
]


@pytest.mark.parametrize(("kind", "settings", "message"), WITHOUT_EFFECT)
def test_a_setting_without_effect_is_refused(tmp_path, kind, settings, message):
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}.*\n  Leave it out; it would change nothing.$"):
        prepare(config_of(rows_file(tmp_path, kind), kind, *settings))


FRACTIONS = [
    (["dev"], "data.dev_fraction=0.2", "data.dev_fraction is 0.2, but dev has a file of its own"),
    (["test"], "data.test_fraction=0.2", "data.test_fraction is 0.2, but test has a file of its own"),
    (
        ["dev"],
        "data.test_fraction=0.2",
        "data.test_fraction is 0.2, but with a dev file, and none for test, nothing is cut",
    ),
]


@pytest.mark.parametrize(("parts", "setting", "message"), FRACTIONS)
def test_a_share_of_what_is_not_cut_is_refused(tmp_path, parts, setting, message):
    file = rows_file(tmp_path, "label")
    others = [f"data.{part}={rows_file(tmp_path, 'label', 20, 1, f'{part}.jsonl')}" for part in parts]
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}\n"):
        prepare(config_of(file, "label", *others, setting))


@pytest.mark.parametrize("kind", REQUESTS)
def test_the_resolved_config_fits_the_same_data(tmp_path, kind):
    resolved = prepare(config_of(rows_file(tmp_path, kind), kind)).config
    assert prepare(resolved).config == resolved


def test_the_resolved_config_of_a_bag_fits_the_same_data(tmp_path):
    plain = {"data": {"train": [rows_file(tmp_path, "label")], "label": ["intent"]}, "model": {"encoder": "bag"}}
    resolved = prepare(parse_config(plain)).config
    assert prepare(resolved).config == resolved


POOLINGS = [
    (
        "{intnt: mean}",
        "model.pooling names 'intnt', which is no pooled target. Did you mean 'intent'? There are 'intent'.",
    ),
    ("{slots: mean}", "model.pooling names 'slots', which is no pooled target. There are 'intent'."),
    ("{}", "model.pooling has none for 'intent'; name one per target, or one for all"),
]


@pytest.mark.parametrize(("pooling", "message"), POOLINGS)
def test_poolings_are_named_for_the_targets_that_have_one(tmp_path, pooling, message):
    config = config_of(rows_file(tmp_path, "joint"), "joint", f"model.pooling={pooling}")
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        prepare(config)


EFFORTS = [
    ("label", "seconds", {"train.max_epochs": 50, "train.ensemble": 1}),
    ("tags", "seconds", {"model.hidden": 64, "input.characters": "none", "train.max_epochs": 33, "train.ensemble": 1}),
    ("joint", "seconds", {"model.hidden": 64, "train.max_epochs": 33, "train.ensemble": 1}),
    ("label", "best", {"train.ensemble": 5}),
]


@pytest.mark.parametrize(("kind", "effort", "chosen"), EFFORTS)
def test_an_effort_decides_what_nobody_set_and_says_so(tmp_path, kind, effort, chosen):
    request = {**REQUESTS[kind], "train": {"effort": effort}}
    request["data"] = {**request["data"], "train": [rows_file(tmp_path, kind)]}
    task = prepare(parse_config(request))
    (note,) = [note for note in task.notes if note.startswith(f"effort {effort}: ")]
    for key, value in chosen.items():
        section, name = key.split(".")
        assert getattr(getattr(task.config, section), name) == value
        assert f"{key} " in note
    assert prepare(task.config).config == task.config


ENSEMBLES = [
    ("label", [], 3),
    ("tags", [], 3),
    ("label", ["train.ensemble=1"], 1),
    ("label", ["train.budget=10s"], 1),
    ("label", ["model.encoder=bag"], 1),
    ("series", [], 1),
    ("steps of series", [], 1),
    ("series", ["train.effort=best"], 5),
    ("steps of series", ["train.effort=best"], 1),
]


@pytest.mark.parametrize(("kind", "settings", "members"), ENSEMBLES)
def test_of_few_symbols_three_models_are_trained(tmp_path, kind, settings, members):
    request = {**REQUESTS[kind], "data": {**REQUESTS[kind]["data"], "train": [rows_file(tmp_path, kind)]}}
    assert prepare(parse_config(override(request, settings))).config.train.ensemble == members


@pytest.mark.parametrize(("sequences", "members"), [(1_000, 3), (10_000, 1)])
def test_of_many_symbols_one_model_is_trained(tmp_path, sequences, members):
    request = {**REQUESTS["label"], "data": {**REQUESTS["label"]["data"], "train": [rows_file(tmp_path, "label")]}}
    task = prepare(parse_config(request))
    facts = replace(
        DataStatistics.of(task.store, task.split, task.codecs, task.config), sequences=sequences, steps=12 * sequences
    )
    resolved, inferred = resolve(parse_config(request), facts)
    assert resolved.train.ensemble == members
    assert ("1,200,000 tokens" in inferred.get("train.ensemble", "")) == (members > 1)


def test_seconds_are_enough_for_a_bag_of_n_grams(tmp_path):
    file = rows_file(tmp_path, "label")
    plain = {"data": {"train": [file], "label": ["intent"]}, "train": {"effort": "seconds"}}
    assert prepare(parse_config(plain)).config.model.encoder == "bag"
    assert prepare(parse_config(plain | {"model": {"hidden": 6}})).config.model.encoder == "lstm"
    plain["data"] = {"train": [file], "tags": ["slots"]}
    assert prepare(parse_config(plain)).config.model.encoder == "lstm"


WEIGHED = [
    ([], (None, 0.1)),
    (["train.metric=macro_f1"], ("balanced", 0)),
    (["train.metric=macro_f1", "loss.label_smoothing=0.2"], (None, 0.2)),
    (["train.metric=macro_f1", "loss.class_weight={Play: 2}"], ({"Play": 2}, 0)),
    (["loss.class_weight=balanced"], ("balanced", 0)),
]


@pytest.mark.parametrize(("settings", "expected"), WEIGHED)
def test_classes_are_balanced_where_macro_f1_decides_and_labels_smoothed_elsewhere(tmp_path, settings, expected):
    loss = prepare(config_of(rows_file(tmp_path, "label"), "label", *settings)).config.loss
    assert (loss.class_weight, loss.label_smoothing) == expected


@pytest.mark.parametrize("kind", ["tags", "multilabel", "series", "joint"])
def test_other_labels_are_neither_balanced_nor_smoothed_by_default(tmp_path, kind):
    loss = prepare(config_of(rows_file(tmp_path, kind), kind)).config.loss
    assert (loss.class_weight, loss.label_smoothing) == (None, 0)


def test_long_texts_have_no_runs_of_signs(tmp_path):
    rows = [{"text": f"{length} " * length, "label": "xy"[length % 2]} for length in range(30, 50)]
    long, short = (
        prepare(parse_config({"data": {"train": [write_rows(tmp_path / f"{i}.jsonl", some)]}})).config.input
        for i, some in enumerate((rows, [{**row, "text": row["text"][:50]} for row in rows]))
    )
    assert (long.ngrams, long.character_ngrams) == (2, 0)
    assert (short.ngrams, short.character_ngrams) == (2, 5)


@pytest.mark.parametrize(("last", "is_fixed"), [("acgt", True), ("acg", False)])
def test_symbols_of_codes_of_one_length_are_known_at_their_places(tmp_path, last, is_fixed):
    texts = ["".join(random.Random(i).choices("acgt", k=4)) for i in range(99)] + [last]
    rows = [{"text": text, "label": text[0]} for text in texts]
    files = [write_rows(tmp_path / f"{part}.jsonl", rows) for part in ("train", "dev")]
    plain = {"data": {"train": [files[0]], "dev": [files[1]]}, "input": {"text": "text", "kind": "characters"}}
    task = prepare(parse_config(plain))
    assert (task.encoding.ngrams.placed, task.config.model.bag) == (is_fixed, 0 if is_fixed else 100)
    assert any("symbols by position" in note for note in task.notes) == is_fixed


def test_of_many_logits_a_regression_has_fewer_n_grams_or_there_is_none(tmp_path, monkeypatch):
    file = rows_file(tmp_path, "label")
    for weights, limit, has_regression, bag in (
        (10**7, 200_000, True, 0),
        (9000, 3000, True, 0),
        (900, 200_000, False, 100),
    ):
        monkeypatch.setattr(ngrams, "_MOST_WEIGHTS", weights)
        config = prepare(config_of(file, "label")).config  # of three classes
        assert (config.input.ngram_limit, config.model.regression, config.model.bag) == (limit, has_regression, bag)
    config = prepare(config_of(file, "label", "model.regression=false")).config
    assert (config.input.ngram_limit, config.model.regression, config.model.bag) == (200_000, False, 100)


def test_an_effort_never_changes_what_somebody_set(tmp_path):
    file = rows_file(tmp_path, "label")
    task = prepare(config_of(file, "label", "train.effort=best", "train.ensemble=1"))
    assert task.config.train.ensemble == 1  # the default, but said


def test_a_resolved_config_has_nothing_open_for_an_effort(tmp_path):
    resolved = prepare(config_of(rows_file(tmp_path, "label"), "label", "train.effort=seconds")).config
    again = prepare(resolved)
    assert again.config == resolved
    assert not any(note.startswith("effort") for note in again.notes)
