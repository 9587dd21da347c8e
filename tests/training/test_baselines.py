from __future__ import annotations

import json
import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from seqwise.config import override, parse_config
from seqwise.targets import Target
from seqwise.task.prepare import prepare
from seqwise.training.baselines import FAMILIES, evaluated_baselines
from seqwise.training.baselines import evaluated as judged
from seqwise.training.baselines.questions import Questions, fitted_linear, target_logits
from seqwise.training.baselines.series_baselines import series_summary, step_windows
from small_runs import REQUESTS, TINY, config_of, rows_file, trained, write_rows

SUITING = {
    "label": {"majority", "tfidf"},
    "tags": {"majority", "word", "crf"},
    "outputs": {"majority", "tfidf"},
    "multilabel": {"majority", "tfidf"},
    "joint": {"majority", "tfidf", "word", "crf"},
    "uneven outputs": {"majority", "tfidf"},
    "outputs per step": {"majority", "word"},
    "multilabel per step": {"majority", "word"},
    "series": {"majority", "summary"},
    "steps of series": {"majority", "window"},
}


def task_of(folder, kind, *settings, count=60):
    return prepare(config_of(rows_file(folder, kind, count), kind, *settings))


def task_on(folder, rows, target, *settings, column="text"):
    train = write_rows(folder / "rows.jsonl", rows)
    given = {} if column is None else {"input": {column: column}}
    return prepare(parse_config(override({"data": {"train": [train], **target}, **given}, [*TINY, *settings])))


def parts_of(task):
    return {part: task.split.rows(part) for part in ("dev", "test")}


@pytest.mark.parametrize("kind", REQUESTS)
def test_every_kind_of_target_has_its_baselines(tmp_path, kind):
    found = evaluated_baselines(task_of(tmp_path, kind), parts_of(task_of(tmp_path, kind)))
    assert set(found.figures) == set(found.facts) == SUITING[kind]
    assert not found.notes


@pytest.mark.parametrize("kind", REQUESTS)
def test_the_answer_for_a_sequence_does_not_depend_on_its_batch(tmp_path, kind):
    task = task_of(tmp_path, kind)
    rows = task.split.train[:12]
    for family in FAMILIES.values():
        for codec in task.codecs:
            if not family.suits(codec.target, task.store.spec.input):
                continue
            answers = family.fit(task, codec, task.split.train)
            together = answers(rows)
            for i, row in enumerate(rows):
                alone = answers(np.array([row]))
                for many, one in ((together.logits, alone.logits), (together.predictions, alone.predictions)):
                    assert (many is None) == (one is None)
                    if one is not None:
                        steps = one.shape[1] if codec.target.per_step else None
                        np.testing.assert_allclose(many[i] if steps is None else many[i, :steps], one[0], rtol=1e-5)


def test_the_majority_alone_is_left_when_asked_for(tmp_path):
    run = trained(tmp_path, "joint", "train.baselines=majority")
    assert set(run.metrics["baselines"]) == {"majority"}


def test_what_depends_on_one_word_is_learned_by_every_baseline_that_reads(tmp_path):
    run = trained(tmp_path, "joint")
    figures = run.metrics["baselines"]
    assert figures["tfidf"]["test"]["intent"]["accuracy"]["value"] == 1.0
    assert figures["word"]["test"]["slots"]["span_f1"]["value"] == 1.0
    assert figures["crf"]["test"]["slots"]["span_f1"]["value"] == 1.0
    assert "slots" not in figures["tfidf"]["test"]
    assert "intent" not in figures["crf"]["test"]


def test_fitting_twice_gives_the_same_figures(tmp_path):
    task = task_of(tmp_path, "joint")
    first, second = (evaluated_baselines(task, parts_of(task)) for _ in range(2))
    assert first.figures == second.figures


def test_an_unknown_word_gets_the_label_of_its_ending(tmp_path):
    verbs = [{"tokens": [word, "x"], "pos": ["VERB", "X"]} for word in ("walking", "talking", "singing")]
    nouns = [{"tokens": [word, "x"], "pos": ["NOUN", "X"]} for word in ("nation", "station", "motion")]
    unseen = [{"tokens": ["reading", "lotion", "x"], "pos": ["VERB", "NOUN", "X"]}]
    test = write_rows(tmp_path / "unseen.jsonl", unseen)
    task = task_on(tmp_path, [*verbs, *nouns] * 5, {"tags": ["pos"], "test": [test]}, column="tokens")
    figures = evaluated_baselines(task, {"test": task.split.test}).figures
    assert figures["word"]["test"]["pos"]["accuracy"]["value"] == 1.0


def test_thresholds_of_sets_of_labels_are_chosen_on_dev_as_those_of_the_model(tmp_path):
    task = task_of(tmp_path, "multilabel", count=200)
    plain = evaluated_baselines(task, parts_of(task)).figures["tfidf"]["dev"]["topics"]
    chosen = evaluated_baselines(task, parts_of(task), {"topics": "micro_f1"}).figures["tfidf"]["dev"]["topics"]
    assert chosen["micro_f1"]["value"] >= plain["micro_f1"]["value"]


def test_in_sequences_of_one_length_a_symbol_counts_at_its_place(tmp_path):
    signs = np.random.default_rng(0).choice(list("abcd"), size=(300, 9))
    rows = [{"text": "".join(row), "first": "yes" if row[4] in "ab" else "no"} for row in signs]
    task = task_on(tmp_path, rows, {"label": ["first"]}, "input.kind=characters")
    figures = evaluated_baselines(task, parts_of(task)).figures["tfidf"]["test"]["first"]
    assert figures["accuracy"]["value"] == 1.0


def test_gaps_teach_nothing(tmp_path):
    rows = [{"text": f"{'good' if i % 2 else 'bad'} {i}", "a": i % 2 if i % 3 else None, "b": i % 2} for i in range(60)]
    task = task_on(tmp_path, rows, {"outputs": ["a,b"]})
    figures = evaluated_baselines(task, parts_of(task)).figures["tfidf"]["test"]
    (scores,) = figures.values()
    assert scores["accuracy"]["value"] == 1.0


def test_a_sequence_with_a_gap_in_its_tags_is_none_for_the_crf(tmp_path):
    rows = [{"tokens": ["a", "b", str(i)], "tag": [None, "x", "yz"[i % 2]]} for i in range(20)]
    task = task_on(tmp_path, rows, {"tags": ["tag"]}, column="tokens")
    assert set(evaluated_baselines(task, parts_of(task)).figures) == {"majority", "word"}


def test_too_much_work_is_done_on_some_rows_and_said(tmp_path, monkeypatch):
    task = task_of(tmp_path, "label", count=200)
    (codec,) = task.codecs
    half = FAMILIES["tfidf"].work(task, codec, task.split.train) / 2
    monkeypatch.setattr("seqwise.training.baselines.family._MOST_WORK", {"minutes": half})
    found = evaluated_baselines(task, parts_of(task))
    (note,) = found.notes
    train = len(task.split.train)
    assert note == (
        f"the baseline 'TF-IDF + logistic regression' of intent was fitted on a sample, {train // 2} of {train} "
        "sequences, to save time"
    )

    assert found.facts["tfidf"]["learned_from"] == {"intent": [train // 2, train]}
    assert found.facts["majority"]["learned_from"] == {"intent": [train, train]}


def test_a_crf_that_cannot_use_every_sequence_says_on_how_many_it_was_fitted(tmp_path):
    rows = [{"tokens": ["a", "b", str(i)], "tag": [None if i % 2 else "x", "x", "y"]} for i in range(40)]
    task = task_on(tmp_path, rows, {"tags": ["tag"]}, column="tokens")
    found = evaluated_baselines(task, parts_of(task))
    known = sum(int(task.store.symbols[task.store.sequence(row)[2]]) % 2 == 0 for row in task.split.train.tolist())
    assert found.facts["crf"]["learned_from"] == {"tag": [known, len(task.split.train)]}
    assert found.notes == [
        f"the baseline 'CRF on words around (python-crfsuite)' of tag was fitted on {known} of {len(task.split.train)} "
        "sequences: it cannot use sequences with a missing label"
    ]


def test_a_missing_package_is_named_with_its_command(tmp_path, monkeypatch):
    monkeypatch.setattr(judged, "find_spec", lambda name: None)
    task = task_of(tmp_path, "tags")
    found = evaluated_baselines(task, parts_of(task))
    assert set(found.figures) == {"majority", "word"}
    assert found.notes == [
        "no baseline 'CRF on words around (python-crfsuite)': it is not installed. Install it from the clone "
        "of seqwise with: pip install '.[crfsuite]'"
    ]


def test_notes_stand_in_the_log_the_metrics_and_the_report(tmp_path, monkeypatch):
    monkeypatch.setattr(judged, "find_spec", lambda name: None)
    folder = trained(tmp_path, "tags").folder.path
    said = "no baseline 'CRF on words around (python-crfsuite)'"
    assert said in (folder / "log.txt").read_text()
    assert said in json.loads((folder / "metrics.json").read_text())["training"]["baselines"]["notes"][0]
    assert "No baseline &#39;CRF on words around" in (folder / "report.html").read_text()


def test_steps_with_labels_are_told_apart_by_those_around_them(tmp_path):
    rng = np.random.default_rng(0)
    levels = rng.random((30, 12)) > 0.5
    rows = [{"signal": [[float(v)] for v in row], "state": ["on" if v else "off" for v in row]} for row in levels]
    task = task_on(tmp_path, rows, {"tags": ["state"]}, column=None)
    figures = evaluated_baselines(task, parts_of(task)).figures
    assert set(figures) == {"majority", "window"}
    assert figures["window"]["test"]["state"]["accuracy"]["value"] == 1.0


def test_a_summary_has_what_it_says_for_a_line():
    line = np.arange(5, dtype=np.float32)[:, None]
    summary = series_summary(line)
    mean, deviation, low, high, slope, change, change_deviation, largest, turns, place = summary[:10]
    assert (mean, low, high, slope, change, change_deviation, largest) == (2, 0, 4, 1, 1, 0, 1)
    assert (deviation, place, turns) == (pytest.approx(math.sqrt(2)), 0.8, 2 / 5)
    assert summary[-1] == pytest.approx(math.log(5))


def test_a_summary_of_one_step_is_finite():
    assert np.isfinite(series_summary(np.ones((1, 3), dtype=np.float32))).all()


def test_missing_values_count_as_the_mean():
    holes = np.array([[1.0], [np.nan], [3.0]], dtype=np.float32)
    filled = np.array([[1.0], [2.0], [3.0]], dtype=np.float32)
    assert series_summary(holes).tolist() == series_summary(filled).tolist()


def test_a_window_goes_on_beyond_the_ends():
    windows = step_windows(np.array([[1.0], [5.0]], dtype=np.float32), reach=1)
    assert windows[:, :3].tolist() == [[1, 1, 5], [1, 5, 5]]


def test_linear_scores_are_those_of_scikit_learn():
    rng = np.random.default_rng(1)
    features, labels = rng.normal(size=(60, 4)), rng.integers(0, 2, size=60)
    questions = Questions(labels[:, None], np.ones((60, 1), dtype=bool), (2,))
    (scores,) = fitted_linear(features, questions, 1.0).scores(features)
    peer = LogisticRegression(solver="liblinear", tol=1e-2).fit(features, labels)
    np.testing.assert_allclose(scores[:, 1] - scores[:, 0], peer.decision_function(features), rtol=1e-4)


def test_a_class_that_training_does_not_show_is_never_chosen():
    questions = Questions(np.array([[0], [2], [0], [2]]), np.ones((4, 1), dtype=bool), (3,))
    (scores,) = fitted_linear(np.array([[0.0], [1.0], [0.0], [1.0]]), questions, 10.0).scores(np.array([[0.0], [1.0]]))
    assert scores.argmax(axis=1).tolist() == [0, 2]


def test_an_output_without_labels_is_no_error():
    questions = Questions(np.zeros((2, 1), dtype=np.int64), np.zeros((2, 1), dtype=bool), (3,))
    (scores,) = fitted_linear(np.eye(2), questions, 1.0).scores(np.eye(2))
    assert scores.shape == (2, 3)


def test_class_slots_that_an_output_does_not_have_hold_minus_infinity():
    target = Target("t", "outputs", ((0, 1, 2), (0, 1)), ("a", "b"), ("a", "b"))
    logits = target_logits(target, [np.zeros((1, 3), np.float32), np.zeros((1, 2), np.float32)])
    assert logits[0].tolist() == [[0, 0, 0], [0, 0, -np.inf]]
