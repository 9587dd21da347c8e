"""The search as a whole, on a few sentences: what it tries, keeps, writes, and how it goes on."""

from __future__ import annotations

import json
import sys

import pytest
import yaml

from seqwise.config import load_config, parse_config
from seqwise.errors import ConfigError, MissingExtraError, RunFolderError
from seqwise.runs.run_folder import RunFolder
from seqwise.training.callbacks import NoCallback
from seqwise.training.interrupts import Interrupted
from seqwise.training.run import train
from seqwise.training.training_plan import plan_run
from seqwise.tuning import tune
from seqwise.tuning.journal import Trial
from seqwise.tuning.tune_folder import TuneFolder
from small_runs import config_of, rows_file

pytest.importorskip("optuna", reason="optuna is not installed")
FIXED = ["model.embedding=8", "model.hidden=6", "train.max_epochs=3", "train.batch_tokens=24", "train.device=cpu"]


class Words(NoCallback):
    """Notes what is said; does something at the end of the step of that number."""

    def __init__(self, at_step=0, act=None):
        self.said, self.steps, self.at_step, self.act = [], 0, at_step, act

    def say(self, text):
        self.said.append(text)

    def step_done(self, step, share, seconds):
        self.steps += 1
        if self.steps == self.at_step:
            self.act()


def stop():
    raise Interrupted


def die():
    raise SystemExit("killed")


def given(folder):
    return config_of(rows_file(folder, "label"), "label", *FIXED, "model.encoder=gru", "input.symbol_dropout=3")


def searched(folder, trials, watch=None, budget=600.0):
    return tune(given(folder), TuneFolder(folder / "t"), budget=budget, watch=watch or Words(), trials=trials)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tuned")
    return searched(folder, 5), folder


def test_the_first_trial_is_the_defaults(tuned):
    result, folder = tuned
    trained = train(plan_run(given(folder)), RunFolder(folder / "plain"))
    assert (result.trials[0].settings, result.default.number) == ({}, 0)
    assert result.default.figure == trained.state.best_figure
    assert result.metrics["default"]["test"] == trained.metrics["test"]


def test_as_many_trials_as_asked_for_and_none_twice(tuned):
    settings = [json.dumps(trial.settings, sort_keys=True) for trial in tuned[0].trials if trial.seconds]
    assert len(tuned[0].trials) == 5
    assert len(set(settings)) == len(settings)


def test_the_best_config_gives_the_figure_of_its_trial(tuned):
    result, folder = tuned
    trained = train(plan_run(parse_config(load_config(result.folder.best))), RunFolder(folder / "again"))
    assert trained.state.best_figure == result.best.figure
    assert trained.metrics["dev"] == result.metrics["best"]["dev"]


def test_the_best_is_the_one_with_the_best_figure_on_dev(tuned):
    result, _ = tuned
    assert result.best.figure == max(trial.figure for trial in result.trials if trial.figure is not None)


def test_only_the_runs_of_the_defaults_and_of_the_best_are_kept(tuned):
    result, _ = tuned
    kept = {int(path.name) for path in (result.folder.path / "trials").iterdir()}
    assert kept == {0, result.best.number}
    assert all(RunFolder(result.folder.path / "trials" / str(number)).is_finished for number in kept)


def test_a_figure_over_nothing_is_none_in_what_is_written():
    trial = Trial(1, {}, float("-inf"), (float("-inf"), 0.5), 1.0, "finished")
    assert (trial.to_json()["figure"], trial.to_json()["curve"]) == (None, [None, 0.5])


def test_time_to_judge_the_best_is_left(tmp_path):
    result = searched(tmp_path, 2)
    lines = (tmp_path / "t" / "trials.log").read_text(encoding="utf-8")
    assert '"judging"' in lines
    assert result.metrics["default"]["dev"]


def test_the_result_is_written(tuned):
    result, _ = tuned
    written = json.loads((result.folder.path / "tune.json").read_text(encoding="utf-8"))
    assert written["deciding"] == ["intent.accuracy"]
    assert [trial["number"] for trial in written["trials"]] == list(range(5))
    assert written["best"]["config"] == str(result.folder.best)
    assert yaml.safe_load((result.folder.path / "config.yaml").read_text())["model"]["encoder"] == "gru"


@pytest.mark.parametrize("act", [stop, die], ids=["interrupted", "killed"])
@pytest.mark.parametrize("at_step", [4, 40], ids=["in the defaults", "in a later trial"])
def test_a_search_goes_on_where_it_was_broken_off(tmp_path, tuned, act, at_step):
    with pytest.raises((Interrupted, SystemExit)):
        searched(tmp_path, 3, Words(at_step, act))
    result = searched(tmp_path, 3)
    assert [trial.number for trial in result.trials] == [0, 1, 2]
    assert [trial.settings for trial in result.trials] == [trial.settings for trial in tuned[0].trials[:3]]
    assert [trial.figure for trial in result.trials] == [trial.figure for trial in tuned[0].trials[:3]]


def test_heads_that_are_solved_for_are_judged_on_the_same_dev_part(tmp_path):
    config = config_of(rows_file(tmp_path, "series"), "series")
    plain = config.model_dump(exclude_unset=True)
    result = tune(
        parse_config({"data": plain["data"], "train": {"device": "cpu"}, "model": {"encoder": "rocket"}}),
        TuneFolder(tmp_path / "t"),
        budget=600,
        watch=Words(),
        trials=1,
    )
    assert result.best.figure == result.metrics["best"]["dev"]["intent"]["accuracy"]["value"]
    assert load_config(result.folder.best)["data"]["dev_fraction"] == 0.1


def test_where_nothing_can_be_searched_nothing_is_written(tmp_path):
    plain = config_of(rows_file(tmp_path, "label"), "label").model_dump(exclude_unset=True)
    config = parse_config({"data": plain["data"], "input": plain["input"], "model": {"encoder": "tfidf"}})
    said = "^there is nothing to search: with the encoder tfidf, every setting that a search tries is set already or"
    with pytest.raises(ConfigError, match=said):
        tune(config, TuneFolder(tmp_path / "t"), budget=600, watch=Words())
    assert not (tmp_path / "t" / "tune.json").exists()
    assert not (tmp_path / "t" / "config.yaml").exists()


def test_a_line_that_a_crash_tore_is_cut_off(tmp_path):
    searched(tmp_path, 1)
    journal = tmp_path / "t" / "trials.log"
    with journal.open("a", encoding="utf-8") as file:
        file.write('{"op_code": 5, "wor')
    (tmp_path / "t" / "trials.log.lock").touch()
    assert len(searched(tmp_path, 2).trials) == 2


def test_a_budget_that_is_spent_begins_no_trial(tmp_path):
    searched(tmp_path, 1)
    watch = Words()
    assert len(searched(tmp_path, None, watch, budget=0.001).trials) == 1
    assert watch.steps == 0


def test_a_budget_too_small_for_the_defaults_says_how_to_go_on(tmp_path):
    with pytest.raises(ConfigError, match="^the budget is spent before one training by the defaults has ended\n"):
        searched(tmp_path, 1, budget=0.001)
    assert len(searched(tmp_path, 1).trials) == 1


def test_two_processes_do_not_search_in_one_folder(tmp_path):
    with TuneFolder(tmp_path / "t").held(), pytest.raises(RunFolderError, match="is under way in another process"):
        searched(tmp_path, 1)


def test_other_data_are_refused(tmp_path):
    searched(tmp_path, 1)
    rows_file(tmp_path, "label", seed=7)
    config = config_of(str(tmp_path / "rows.jsonl"), "label", *FIXED)
    with pytest.raises(RunFolderError, match="its content changed"):
        tune(config, TuneFolder(tmp_path / "t"), budget=600, watch=Words())


def test_the_clock_of_train_is_refused(tmp_path):
    config = config_of(rows_file(tmp_path, "label"), "label", "train.budget=10s")
    with pytest.raises(ConfigError, match="^train.budget is set, which ends each training by the clock"):
        tune(config, TuneFolder(tmp_path / "t"), budget=600, watch=Words())


def test_an_ensemble_is_trained_of_what_was_found(tmp_path):
    config = config_of(rows_file(tmp_path, "label"), "label", "train.ensemble=3")
    with pytest.raises(ConfigError, match=r"(?s)train.ensemble is 3, but each trial .*--config best.yaml --ensemble 3"):
        tune(config, TuneFolder(tmp_path / "t"), budget=600, watch=Words())


def test_without_optuna_the_command_that_brings_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"pip install '\.\[tune\]'"):
        searched(tmp_path, 1)
