"""Every setting does something: of two runs that differ in it alone, something comes out differently."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import fields
from pathlib import Path

import pytest

from model_folders import bert_folder
from seqwise.config import Config, DataConfig, override, parse_config
from seqwise.data.readers import ReadOptions
from seqwise.errors import UsageError
from seqwise.runs.run_folder import RunFolder
from seqwise.task.opened_files import read_options
from seqwise.training import run
from seqwise.training.baselines import evaluated_baselines
from seqwise.training.callbacks import NoCallback
from seqwise.training.checkpoint import save
from seqwise.training.run_evaluation import dev_thresholds
from seqwise.training.sgd import loop
from seqwise.training.stacking import stacked
from seqwise.training.training_plan import plan_run
from small_runs import COLUMNS, REQUESTS, joint_rows, write_rows

QUICK = [
    "model.embedding=4",
    "model.hidden=3",
    "train.max_epochs=2",
    "train.batch_tokens=24",
    "train.device=cpu",
]

READING = {
    "data.format": "csv",
    "data.encoding": "latin-1",
    "data.delimiter": ";",
    "data.quote": False,
    "data.header": False,
    "data.columns": ("a", "b"),
    "data.series_id": "s",
    "data.sequence_id": "s",
    "data.steps": ("s*",),
    "data.time": "t",
    "data.channels": ("x",),
    "data.gaps": "fill",
}
"""What the readers are given; their own tests prove that they heed it."""

SOLVED = {"model.per_doubling", "model.summary_statistics"}
"""What only a model that is solved for has; tests/training/convex/test_convex_heads.py proves it."""

CHANGES = {
    "data.train": ("label", [], ["data.train=[other.jsonl]"]),
    "data.dev": ("label", [], ["data.dev=[other.jsonl]"]),
    "data.test": ("label", [], ["data.test=[other.jsonl]"]),
    "data.label": ("label", [], ["data.label=[size]"]),
    "data.tags": ("tags", [], ["data.tags=[step_a]"]),
    "data.outputs": ("outputs", [], ["data.outputs=['vote_b,size']"]),
    "data.multilabel": ("multilabel per step", [], ["data.multilabel=[topics]"]),
    "data.missing": ("outputs", [], ["data.missing=[0]"]),
    "data.label_separator": ("label", ["data.label=[]", "data.multilabel=[pair]"], ["data.label_separator=blank"]),
    "data.id": ("label", [], ["data.id=size"]),
    "data.group": ("label", [], ["data.group=number"]),
    "data.dev_fraction": ("label", [], ["data.dev_fraction=0.3"]),
    "data.test_fraction": ("label", [], ["data.test_fraction=0.3"]),
    "data.unseen_labels": ("label", ["data.test=[unseen.jsonl]"], ["data.unseen_labels=add"]),
    "data.on_empty": ("label", ["data.train=[empty.jsonl]"], ["data.on_empty=error"]),
    "data.cache": ("label", ["data.cache=never"], ["data.cache=always"]),
    "data.cache_folder": ("label", ["data.cache=always"], ["data.cache_folder=another"]),
    "input.text": ("label", ["input.text=null", "input.tokens=slots"], ["input.text=text", "input.tokens=null"]),
    "input.tokens": ("label", ["input.text=null"], ["input.tokens=slots"]),
    "input.kind": ("label", [], ["input.kind=characters"]),
    "input.lower": ("label", [], ["input.lower=false"]),
    "input.min_count": ("label", [], ["input.min_count=5"]),
    "input.affixes": ("label", [], ["input.affixes=0"]),
    "input.characters": ("label", [], ["input.characters=cnn"]),
    "input.vectors": ("label", [], ["input.vectors=vectors.txt"]),
    "input.vector_words": ("label", ["input.vectors=vectors.txt"], ["input.vector_words=1"]),
    "input.vectors_trained": ("label", ["input.vectors=vectors.txt"], ["input.vectors_trained=true"]),
    "input.differences": ("series", [], ["input.differences=true"]),
    "input.normalise": ("series", [], ["input.normalise=true"]),
    "input.symbol_dropout": ("label", [], ["input.symbol_dropout=50"]),
    "input.ngrams": ("label", [], ["input.ngrams=1"]),
    "input.character_ngrams": ("label", [], ["input.character_ngrams=3"]),
    "input.ngram_limit": ("label", [], ["input.ngram_limit=5"]),
    "model.encoder": ("label", [], ["model.encoder=gru"]),
    "model.embedding": ("label", [], ["model.embedding=5"]),
    "model.hidden": ("label", [], ["model.hidden=5"]),
    "model.layers": ("label", [], ["model.layers=2"]),
    "model.bidirectional": ("label", [], ["model.bidirectional=false"]),
    "model.pooling": ("label", [], ["model.pooling=mean"]),
    "model.attention_size": ("label", ["model.pooling=attention"], ["model.attention_size=2"]),
    "model.dropout": ("label", [], ["model.dropout=0.1"]),
    "model.context_window": ("steps of series", [], ["model.context_window=false"]),
    "model.bag": ("label", [], ["model.bag=5"]),
    "model.ngram_dropout": ("label", ["model.bag=4"], ["model.ngram_dropout=0.1"]),
    "model.regression": ("label", ["model.bag=4"], ["model.regression=false"]),
    "loss.label_smoothing": [(kind, [], ["loss.label_smoothing=0.2"]) for kind in REQUESTS],
    "loss.class_weight": [(kind, [], ["loss.class_weight=balanced"]) for kind in REQUESTS],
    "loss.crf": ("tags", [], ["loss.crf=false"]),
    "loss.scheme": ("tags", [], ["loss.scheme=iobes"]),
    "loss.ordinal": ("outputs", [], ["loss.ordinal=true"]),
    "loss.target_weight": ("joint", [], ["loss.target_weight={slots: 3}"]),
    "train.baselines": ("label", [], ["train.baselines=majority"]),
    "train.effort": ("label", [], ["train.effort=best"]),
    "train.optimizer": ("label", [], ["train.optimizer=adam"]),
    "train.learning_rate": ("label", [], ["train.learning_rate=0.001"]),
    "train.head_learning_rate": (
        "label",
        ["model.encoder=bert", "model.embedding=100", "model.hidden=128"],
        ["train.head_learning_rate=0.1"],
    ),
    "train.weight_decay": ("label", [], ["train.weight_decay=1"]),
    "train.warmup": ("label", [], ["train.warmup=0.5"]),
    "train.decay": ("label", [], ["train.decay=none"]),
    "train.clip": ("label", [], ["train.clip=0.001"]),
    "train.max_epochs": ("label", [], ["train.max_epochs=1"]),
    "train.patience": ("label", ["train.learning_rate=1e-12", "train.max_epochs=4"], ["train.patience=1"]),
    "train.metric": ("label", [], ["train.metric=macro_f1"]),
    "train.thresholds": ("multilabel", [], ["train.thresholds=false"]),
    "train.budget": ("label", [], ["train.budget=0.0001s"]),
    "train.batch_tokens": ("label", [], ["train.batch_tokens=60"]),
    "train.accumulate": ("label", [], ["train.accumulate=3"]),
    "train.ensemble": ("label", [], ["train.ensemble=2"]),
    "train.distill": ("label", ["train.ensemble=2"], ["train.distill=true"]),
    "train.seed": ("label", [], ["train.seed=2"]),
    "train.precision": ("label", ["train.precision=float32"], ["train.precision=bfloat16"]),
    "train.device": ("label", [], ["train.device=mps"]),
    "train.checkpoint_seconds": ("label", [], ["train.checkpoint_seconds=1e-9"]),
}
"""By setting: the kind of target, what both runs say, and what the second one says beside it."""

CASES = [(key, *case) for key, cases in CHANGES.items() for case in (cases if isinstance(cases, list) else [cases])]


def test_every_setting_is_proven_here():
    assert {*READING, *SOLVED, *CHANGES} == {
        f"{name}.{key}" for name, section in Config() for key in type(section).model_fields
    }


@pytest.mark.parametrize("key", READING)
def test_a_setting_of_the_reader_reaches_it(key):
    name = key.partition(".")[2]
    options = read_options(DataConfig(**{name: READING[key]}))
    default = ReadOptions()
    changed = {field.name for field in fields(options) if getattr(options, field.name) != getattr(default, field.name)}
    assert (changed, getattr(options, name)) == ({name}, READING[key])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with files of labelled sequences."""
    folder = tmp_path_factory.mktemp("place")
    rows = [{**row, "text": row["text"].title() if i % 2 else row["text"]} for i, row in enumerate(joint_rows(24))]
    rows = [{**row, "pair": f"{row['size']} {row['intent']}"} for row in rows]
    write_rows(folder / "rows.jsonl", rows)
    write_rows(folder / "other.jsonl", joint_rows(16, seed=1))
    write_rows(folder / "unseen.jsonl", [{**rows[0], "intent": "Unseen"}])
    write_rows(folder / "empty.jsonl", [*rows, {**rows[0], "text": ""}])
    words = sorted({word.lower() for row in rows for word in row["text"].split()})
    vectors = [f"{word} {number} {1 - number % 3} 0.5" for number, word in enumerate(["the", "of", *words])]
    (folder / "vectors.txt").write_text("\n".join(vectors) + "\n")
    for kind, columns in COLUMNS.items():
        write_rows(folder / f"{kind}.jsonl", rows, columns)
    bert_folder(folder / "bert")
    return folder


@pytest.fixture
def outcome(place, monkeypatch):
    """What comes out of a training with these settings: numbers, rows, checkpoints and files, or an error."""
    monkeypatch.chdir(place)

    def trained(kind, settings):
        plain = json.loads(json.dumps(REQUESTS[kind]))
        plain["data"] |= {"train": [f"{kind}.jsonl" if kind in COLUMNS else "rows.jsonl"], "cache_folder": "cache"}
        for cache in ("cache", "another"):
            shutil.rmtree(place / cache, ignore_errors=True)
        try:
            plan = plan_run(parse_config(override(plain, [*QUICK, *settings])))
        except UsageError as error:
            return str(error)
        folder = RunFolder(Path(tempfile.mkdtemp(dir=place)))
        folder.create()
        with monkeypatch.context() as patch:
            saves = []
            patch.setattr(loop, "save", lambda *words: (saves.append(1), save(*words)))
            result = run._fitted(plan, folder, resume=False, callback=NoCallback())
        first = (result.members or (result.state,))[0]
        return {
            "weights": [weight.tolist() for weight in first.best_weights.values()],
            "network": type(stacked(plan, plan.model)[0]).__name__,
            "rows": [plan.task.split.rows(part).tolist() for part in ("train", "dev", "test")],
            "stopped": first.stopped,
            "deciding": plan.deciding,
            "checkpoints": len(saves),
            "n-grams": len(getattr(plan.task.encoding, "ngrams", ())),
            "thresholds": dev_thresholds(plan, plan.model),
            "baselines": list(evaluated_baselines(plan.task, {"dev": plan.task.split.dev}).figures),
            "caches": [cache for cache in ("cache", "another") if (place / cache).exists()],
        }

    return trained


_UNCHANGED = {}


@pytest.mark.parametrize(("key", "kind", "both", "change"), CASES, ids=str)
def test_a_setting_changes_what_comes_out(outcome, key, kind, both, change):
    before = (kind, *both)
    if before not in _UNCHANGED:
        _UNCHANGED[before] = outcome(kind, both)
    assert outcome(kind, [*both, *change]) != _UNCHANGED[before]


@pytest.mark.parametrize("kind", ["label", "joint"])
def test_without_a_change_the_same_comes_out(outcome, kind):
    assert outcome(kind, []) == outcome(kind, [])
