from __future__ import annotations

import pytest
import yaml

from seqwise.config import (
    ENCODER_SECTIONS,
    Config,
    OpenConfig,
    dump_config,
    encoders_with,
    load_config,
    override,
    parse_config,
    seconds_of,
    setting_text,
)
from seqwise.config.renamed_keys import RENAMED
from seqwise.errors import ConfigError


def test_what_is_dumped_parses_to_the_same_config():
    config = parse_config({"model": {"hidden": 7, "pooling": {"a b": "mean"}}, "data": {"train": ["x: y.csv"]}})
    assert parse_config(yaml.safe_load(dump_config(config, {}))) == config


def test_the_dump_holds_every_setting_and_says_what_was_inferred():
    text = dump_config(Config(), {"train.max_epochs": "from 10 training sequences"})
    plain = yaml.safe_load(text)
    assert {f"{s}.{k}" for s, section in plain.items() for k in section} == {
        f"{s}.{k}" for s, section in Config() for k in type(section).model_fields
    }
    assert "  max_epochs: null  # from 10 training sequences\n" in text


def test_every_setting_has_a_sentence():
    sections = [type(section) for _, section in Config()]
    assert all(field.description for section in sections for field in section.model_fields.values())


def test_set_reads_values_as_yaml():
    plain = override({"model": {"hidden": 1}}, ["model.bidirectional=false", "data.label=[a, b]", "train.budget=10m"])
    assert plain == {
        "model": {"hidden": 1, "bidirectional": False},
        "data": {"label": ["a", "b"]},
        "train": {"budget": "10m"},
    }


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1.5h", 5400), ("45", 45)])
def test_a_duration_is_read(text, seconds):
    assert seconds_of(text) == seconds


WRONG = [
    ({"model": {"hiden": 3}}, r"there is no setting 'model.hiden'. Did you mean 'hidden'\?"),
    ({"modle": {}}, r"there is no setting 'modle'. Did you mean 'model'\?"),
    ({"train": {"zzz": 1}}, "there is no setting 'train.zzz'. train has 'optimizer'"),
    ({"model": {"hidden": 0}}, "model.hidden is 0: input should be greater than or equal to 1"),
    ({"model": {"hidden": "big"}}, "model.hidden is 'big': input should be a valid integer"),
    ({"train": {"optimizer": "sgd"}}, "train.optimizer is 'sgd': input should be 'adam' or 'adamw'"),
    ({"train": {"budget": "soon"}}, "train.budget: a budget looks like 90s, 10m or 1h; got 'soon'"),
    ({"train": {"budget": "0m"}}, "a budget looks like 90s, 10m or 1h; got '0m'"),
    ({"model": 3}, "model is 3: input should be a valid mapping$"),
    ({"model": {"attention_size": 0}}, "model.attention_size is 0: input should be greater than or equal to 1$"),
    (
        {"model": {"encoder": "lstn"}},
        r"^model.encoder: there is no encoder 'lstn'. Did you mean 'lstm'\? There are 'lstm', 'gru', 'rnn', ",
    ),
    ({"input": {"character_ngrams": 1}}, "^input.character_ngrams: character n-grams have two characters or more: "),
    (
        {"model": {"pooling": {"intent": "mx"}}},
        r"^model.pooling: there is no pooling 'mx'. Did you mean 'max'\? There are 'last', 'first', 'mean', 'max', ",
    ),
    (
        {"model": {"encoder": "lstmm", "embedding": 8}},
        r"^model.encoder: there is no encoder 'lstmm'. Did you mean 'lstm'",
    ),
    ({"model": {"encoder": ["lstm"], "embedding": 8}}, "^model.encoder is 'lstm': input should be a valid string$"),
    ({"model": {"pooling": 3}}, "^model.pooling is 3: input should be a valid string, or a valid mapping$"),
    (
        {"loss": {"class_weight": {"good": -1}}},
        "^loss.class_weight.good is -1: input should be greater than or equal to 0$",
    ),
    ({"loss": {"class_weight": 3}}, "^loss.class_weight is 3: input should be 'balanced', or a valid mapping$"),
    ({"data": {"label": [1, 2]}}, "^data.label.0 is 1: input .* string\ndata.label.1 is 2: input .* string$"),
    ({"data": {"train": 3}}, "^data.train is 3: input should be a valid list$"),
]


@pytest.mark.parametrize(("plain", "message"), WRONG)
def test_a_wrong_setting_is_named(plain, message):
    with pytest.raises(ConfigError, match=message):
        parse_config(plain)


def test_a_section_of_a_file_may_be_empty(tmp_path):
    (tmp_path / "c.yaml").write_text("model:\n  # hidden: 3\ntrain: {seed: 3}\n")
    plain = override(load_config(tmp_path / "c.yaml"), ["model.hidden=5"])
    assert plain == {"model": {"hidden": 5}, "train": {"seed": 3}}


def test_a_wrong_setting_of_a_file_is_named(tmp_path):
    (tmp_path / "c.yaml").write_text("model: 3\n")
    with pytest.raises(ConfigError, match="c.yaml: model is 3: input should be a valid mapping$"):
        load_config(tmp_path / "c.yaml")


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("model.hidden", r"--set takes KEY=VALUE, such as model.hidden=64; got 'model.hidden'"),
        ("model.hidden.x=1", "'hidden' holds a value, not settings"),
        ("model.hidden=[1", "the value cannot be read"),
    ],
)
def test_a_wrong_assignment_is_named(assignment, message):
    with pytest.raises(ConfigError, match=message):
        override({"model": {"hidden": 3}}, [assignment])


def test_a_config_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"the config .*none.yaml cannot be read"):
        load_config(tmp_path / "none.yaml")


def test_a_config_file_without_sections_is_an_error(tmp_path):
    (tmp_path / "list.yaml").write_text("- a\n")
    with pytest.raises(ConfigError, match="must hold sections"):
        load_config(tmp_path / "list.yaml")


@pytest.mark.parametrize(("older", "affixes"), [(0, 0), (2048, None)])
def test_a_config_of_an_earlier_version_says_whether_words_have_affixes(older, affixes):
    assert parse_config({"input": {"affix_buckets": older}}).input.affixes == affixes


ENCODERS = [*ENCODER_SECTIONS, "./bert"]


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_config_that_was_dumped_with_every_key_loads_without_those_of_other_encoders(encoder):
    everything = {name: field.default for name, field in OpenConfig.model_fields.items()} | {"encoder": encoder}
    model = parse_config({"model": everything}).model
    assert model.encoder == encoder
    assert model.model_fields_set == set(type(model).model_fields)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_an_encoder_refuses_what_only_others_have_and_says_which(encoder):
    own = type(parse_config({"model": {"encoder": encoder}}).model).model_fields
    for name in OpenConfig.model_fields.keys() - own:
        value = False if name == "bidirectional" else "mean" if name == "pooling" else 0.25 if "dropout" in name else 7
        with pytest.raises(ConfigError) as refused:
            parse_config({"model": {"encoder": encoder, name: value}})
        first, second = str(refused.value).split("\n")
        assert first.startswith(
            f"model.{name} is {setting_text(value)}, but model.encoder is {encoder}, which has no such"
        )
        assert all(other in first for other in encoders_with(name))
        assert second == "  Leave it out; it would change nothing."


def test_while_the_encoder_is_open_it_may_have_the_settings_of_any():
    model = parse_config({"model": {"per_doubling": 2, "bidirectional": False, "bag": 3}}).model
    assert (model.encoder, model.per_doubling, model.bidirectional, model.bag) == (None, 2, False, 3)


@pytest.mark.parametrize(("former", "key"), RENAMED.items())
def test_a_former_key_is_taken_and_the_new_one_named(tmp_path, former, key):
    (section, before), now = former.split("."), key.partition(".")[2]
    said: list[str] = []
    (tmp_path / "c.yaml").write_text(f"{section}: {{{before}: 0}}\n")
    assert load_config(tmp_path / "c.yaml", said.append) == {section: {now: 0}}
    assert override({section: {now: 3}}, [f"{former}=0"], said.append) == {section: {now: 0}}
    assert all(f"{former} is now called {key}" in message for message in said)
    assert len(said) == 2
    with pytest.raises(ConfigError, match=f"{former} is the former name of {key}, and they have two values: 0 and 3"):
        parse_config({section: {before: 0, now: 3}})
