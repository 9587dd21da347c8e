from __future__ import annotations

import numpy as np
import pytest
from evaluation_data import KINDS, made_up

from seqwise.evaluation import FIGURES, SUMMARY_COLUMNS, summary_table, tally_for, verdict
from seqwise.evaluation.summary import figure_text, interval_text, share_text


def figure(value: float | None, count: int = 100, **ends: float) -> dict[str, float | int | None]:
    return {"value": value, "count": count, **ends}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "–"),
        (0.0, "0%"),
        (1.0, "100%"),
        (0.5, "50.0%"),
        (0.9714, "97.1%"),
        (0.9999, ">99.9%"),
        (0.0001, "<0.1%"),
    ],
)
def test_only_what_is_exactly_all_or_nothing_is_shown_as_that(value: float | None, expected: str) -> None:
    assert share_text(value) == expected


def test_a_loss_is_no_percentage() -> None:
    assert figure_text("loss", figure(1.23456)) == "1.235"


def test_an_interval_without_ends_is_a_dash() -> None:
    assert (interval_text(figure(0.5)), interval_text(figure(0.5, low=0.4, high=0.6))) == ("–", "40.0% to 60.0%")


@pytest.mark.parametrize(
    ("scores", "rival", "text", "beaten"),
    [
        (
            {"accuracy": figure(0.9)},
            {"accuracy": figure(0.5)},
            "Accuracy 90.0% beats the majority baseline, 50.0%.",
            False,
        ),
        (
            {"accuracy": figure(0.5)},
            {"accuracy": figure(0.5)},
            "Accuracy 50.0% does not beat the majority baseline, 50.0%: nothing useful was learned from the input.",
            True,
        ),
        (
            {"accuracy": figure(1.0, 1)},
            {"accuracy": figure(1.0, 1)},
            "Accuracy 100% does not beat the majority baseline, 100%, but 1 label cannot tell much.",
            True,
        ),
        (
            {"span_f1": figure(0.0, 29), "accuracy": figure(0.9)},
            {"span_f1": figure(0.0, 29), "accuracy": figure(0.8)},
            "Span F1 0% does not beat the majority baseline, 0%, but 29 gold spans cannot tell much.",
            True,
        ),
        (
            {"accuracy": figure(0.6, low=0.4, high=0.8)},
            {"accuracy": figure(0.5)},
            "Accuracy 60.0% is not clearly above the majority baseline, 50.0%, which lies inside its 95% interval.",
            True,
        ),
        (
            {"span_f1": figure(0.4), "accuracy": figure(0.8)},
            {"span_f1": figure(0.0), "accuracy": figure(0.9)},
            "Span F1 40.0% beats the majority baseline, 0%, but its accuracy, 80.0%, "
            "is not above the baseline's 90.0%.",
            False,
        ),
        (
            {"accuracy": figure(None, 0)},
            {"accuracy": figure(None, 0)},
            "Accuracy is undefined: nothing to judge on.",
            None,
        ),
    ],
)
def test_the_verdict_says_what_was_learned(scores: dict, rival: dict, text: str, beaten: bool | None) -> None:
    said = verdict(scores, {"majority": rival})
    assert (said.text, said.beaten) == (text, beaten)


def test_without_a_baseline_the_verdict_only_states_the_figure() -> None:
    said = verdict({"micro_f1": figure(0.25), "accuracy": figure(0.9)}, {})
    assert (said.text, said.beaten) == ("Micro F1 25.0%.", None)


def test_the_verdict_looks_at_the_best_baseline() -> None:
    rivals = {"majority": {"accuracy": figure(0.2)}, "linear": {"accuracy": figure(0.7)}}
    assert "does not beat the linear baseline, 70.0%" in verdict({"accuracy": figure(0.6)}, rivals).text


CHEAP = {"linear": {"title": "a linear model", "seconds": 2.5, "reads_input": True}}


@pytest.mark.parametrize(
    ("model", "majority", "linear", "text"),
    [
        (
            {"accuracy": figure(0.6)},
            0.2,
            0.7,
            "Accuracy 60.0% does not beat a linear model, 70.0% after 2.5 s: "
            "use that, or train longer or on more data.",
        ),
        (
            {"accuracy": figure(0.6, 20)},
            0.2,
            0.7,
            "Accuracy 60.0% does not beat a linear model, 70.0% after 2.5 s, but 20 labels cannot tell much.",
        ),
        (
            {"accuracy": figure(0.6, low=0.5, high=0.7)},
            0.2,
            0.55,
            "Accuracy 60.0% is not clearly above a linear model, 55.0% after 2.5 s, "
            "which lies inside its 95% interval.",
        ),
        ({"accuracy": figure(0.8)}, 0.2, 0.7, "Accuracy 80.0% beats a linear model, 70.0% after 2.5 s."),
        (
            {"accuracy": figure(0.2)},
            0.3,
            0.7,
            "Accuracy 20.0% does not beat the majority baseline, 30.0%: nothing useful was learned from the input.",
        ),
    ],
)
def test_a_cheap_model_that_does_as_well_is_recommended(model: dict, majority: float, linear: float, text: str) -> None:
    rivals = {"majority": {"accuracy": figure(majority)}, "linear": {"accuracy": figure(linear)}}
    assert verdict(model, rivals, CHEAP).text == text


def test_the_summary_names_the_best_baseline_of_each_figure() -> None:
    rivals = {
        "majority": {"test": {"t": {"accuracy": figure(0.5)}}},
        "linear": {"test": {"t": {"accuracy": figure(0.6)}}},
    }
    (row,) = summary_table({"test": {"t": {"accuracy": figure(0.7)}}}, rivals)
    assert row[-1] == "60.0% linear"


def test_the_summary_has_a_row_per_split_target_and_main_figure() -> None:
    splits = {
        "dev": {"slots": {"span_f1": figure(0.5, 10), "accuracy": figure(0.9), "ece": figure(0.1)}},
        "test": {"slots": {"accuracy": figure(0.8, 1000, low=0.7, high=0.9)}},
    }
    baselines = {"majority": {"test": {"slots": {"accuracy": figure(0.6)}}}}
    assert summary_table(splits, baselines) == [
        ("dev", "slots", "Span F1", "50.0%", "–", "10 gold spans", "–"),
        ("dev", "slots", "Accuracy", "90.0%", "–", "100 labels", "–"),
        ("test", "slots", "Accuracy", "80.0%", "70.0% to 90.0%", "1,000 labels", "60.0% majority"),
    ]


@pytest.mark.parametrize(
    ("name", "one"), [("span_f1", "1 gold span"), ("accuracy", "1 label"), ("exact_match", "1 row")]
)
def test_one_is_no_plural(name: str, one: str) -> None:
    (row,) = summary_table({"test": {"t": {name: figure(0.5, 1)}}}, {})
    assert row[5] == one


@pytest.mark.parametrize("name", KINDS)
def test_every_row_has_all_columns(name: str) -> None:
    made = made_up(name, seed=0)
    tally = tally_for(made.target)
    tally.update(made.logits, made.labels, made.mask, made.lengths)
    rows = summary_table({"test": {made.target.name: tally.scores().to_json()}}, {})
    assert {len(row) for row in rows} == {len(SUMMARY_COLUMNS)}


@pytest.mark.parametrize("name", KINDS)
def test_every_figure_has_a_meaning(name: str) -> None:
    made = made_up(name, seed=0)
    tally = tally_for(made.target)
    tally.update(None, made.labels, made.mask, made.lengths, np.zeros_like(made.labels))
    assert set(tally.scores().figures) <= set(FIGURES)
