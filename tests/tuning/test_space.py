from __future__ import annotations

import pytest

from seqwise.config import override, parse_config
from seqwise.nn import POOLINGS
from seqwise.task.prepare import prepare
from seqwise.tuning.space import ENCODER, SETTINGS, Space, with_values
from small_runs import REQUESTS, rows_file

POOLING = "model.pooling"


def space_of(folder, kind, *settings):
    given = parse_config(override({**REQUESTS[kind], "data": {**REQUESTS[kind]["data"]}}, [
        f"data.train=[{rows_file(folder, kind)}]", "data.dev_fraction=0.1", *settings
    ]))  # fmt: skip
    return Space.of(prepare(given), given)


@pytest.mark.parametrize("kind", REQUESTS)
def test_without_steps_a_trial_is_what_train_would_do(tmp_path, kind):
    space = space_of(tmp_path, kind)
    assert space.settings_of({}) == {}
    assert space.task_of({}) is space.task


@pytest.mark.parametrize("kind", REQUESTS)
def test_every_step_of_every_setting_fits_the_data(tmp_path, kind):
    space = space_of(tmp_path, kind)
    for setting in space.settings:
        for step in range(setting.steps[0], setting.steps[1] + 1):
            settings = space.settings_of({setting.key: step})
            assert set(settings) <= {setting.key, ENCODER}
            assert space.task_of(settings).config.model_dump() is not None


def test_what_a_person_set_is_not_searched(tmp_path):
    space = space_of(tmp_path, "label", "model.hidden=9", "model.encoder=gru", "model.pooling=mean")
    assert "model.hidden" not in {setting.key for setting in space.settings}
    assert space.words.keys().isdisjoint({ENCODER, POOLING})
    assert space.task_of(space.settings_of({"model.layers": 1})).config.model.hidden == 9


def test_what_has_no_effect_is_not_searched(tmp_path):
    tags = space_of(tmp_path, "tags")
    assert POOLING not in tags.words
    adam = space_of(tmp_path, "series", "train.optimizer=adam")
    keys = {setting.key for setting in adam.settings}
    assert keys.isdisjoint({"input.symbol_dropout", "train.weight_decay"})
    assert keys < {setting.key for setting in SETTINGS}


def test_encoders_and_poolings_are_those_that_fit_the_default_first(tmp_path):
    space = space_of(tmp_path, "label")
    config = space.task.config.model
    assert space.words[ENCODER][0] == config.encoder
    assert {"lstm", "gru", "transformer"} <= set(space.words[ENCODER])
    assert (space.words[POOLING][0], set(space.words[POOLING])) == (config.pooling, set(POOLINGS))


def test_steps_go_out_from_the_default_of_the_chosen_encoder(tmp_path):
    space = space_of(tmp_path, "label")
    rates = {}
    for encoder in ("lstm", "transformer"):
        settings = space.settings_of({ENCODER: encoder, "train.learning_rate": -2})
        default = space.task_of({key: value for key, value in settings.items() if key == ENCODER}).config
        rates[encoder] = (settings["train.learning_rate"], default.train.learning_rate)
    assert all(found == pytest.approx(default / 2) for found, default in rates.values())
    assert len(set(rates.values())) == 2


def test_a_setting_does_not_change_the_encoder_unasked(tmp_path):
    space = space_of(tmp_path, "series")
    assert space.task.config.model.encoder == "rocket"  # which is not chosen where one says how wide the layers are
    settings = space.settings_of({"model.hidden": 1})
    assert settings[ENCODER] == space.task_of(settings).config.model.encoder == "rocket"
    gru = space.settings_of({ENCODER: "gru", "model.dropout": 1})
    assert set(gru) == {ENCODER, "model.dropout"}
    assert space.settings_of({"model.dropout": 1}) == {}, "rocket has no dropout"


def test_what_the_search_found_is_noted_in_the_config(tmp_path):
    space = space_of(tmp_path, "label")
    task = space.task_of({POOLING: "mean", "model.layers": 2})
    assert (task.config.model.pooling, task.config.model.layers) == ("mean", 2)
    assert task.inferred[POOLING] == task.inferred["model.layers"] == "found by seqwise tune"


def test_values_go_over_what_a_person_gave():
    given = parse_config({"model": {"hidden": 9}, "train": {"seed": 3}})
    config = with_values(given, {"model.layers": 2, "train.learning_rate": 0.1})
    assert config.model_dump(exclude_unset=True) == {
        "model": {"hidden": 9, "layers": 2},
        "train": {"seed": 3, "learning_rate": 0.1},
    }
