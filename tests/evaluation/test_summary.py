from __future__ import annotations

import numpy as np
import pytest

from evaluation_data import KINDS, made_up
from seqwise.evaluation import FIGURES, SUMMARY_COLUMNS, summary_table, tally_for, verdict
from seqwise.evaluation.summary import figure_text, interval_text, percent_text, verdicts


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
    assert percent_text(value) == expected


def test_a_loss_is_no_percentage() -> None:
    assert figure_text("loss", figure(1.23456)) == "1.235"


def test_an_interval_without_ends_is_a_dash() -> None:
    assert (interval_text(figure(0.5)), interval_text(figure(0.5, low=0.4, high=0.6))) == ("–", "40.0% to 60.0%")


def gap(value: float, low: float, high: float, sequences: int = 100) -> dict[str, float | int]:
    return {"value": value, "low": low, "high": high, "sequences": sequences}


@pytest.mark.parametrize(
    ("scores", "rival", "difference", "text", "beaten"),
    [
        (
            {"accuracy": figure(0.9)},
            {"accuracy": figure(0.5)},
            {"accuracy": gap(0.4, 0.3, 0.5)},
            "Accuracy 90.0% beats the majority baseline, 50.0%, by 40.0 points (95% interval 30.0 to 50.0).",
            False,
        ),
        (
            {"accuracy": figure(0.5)},
            {"accuracy": figure(0.5)},
            {"accuracy": gap(0.0, -0.02, 0.02)},
            "Accuracy 50.0% is not clearly different from the majority baseline, 50.0%: 0.0 points "
            "(95% interval -2.0 to 2.0): no sign that anything was learned from the input.",
            True,
        ),
        (
            {"accuracy": figure(0.4)},
            {"accuracy": figure(0.5)},
            {"accuracy": gap(-0.1, -0.15, -0.05)},
            "Accuracy 40.0% is below the majority baseline, 50.0%, by 10.0 points "
            "(95% interval -15.0 to -5.0): no sign that anything was learned from the input.",
            True,
        ),
        (
            {"accuracy": figure(0.6)},
            {"accuracy": figure(0.5)},
            {"accuracy": gap(0.1, -0.1, 0.3)},
            "Accuracy 60.0% is not clearly different from the majority baseline, 50.0%: 10.0 points "
            "(95% interval -10.0 to 30.0).",
            True,
        ),
        (
            {"accuracy": figure(1.0, 1)},
            {"accuracy": figure(0.0, 1)},
            {"accuracy": gap(1.0, 0.4, 1.0, sequences=1)},
            "Accuracy 100%; the majority baseline has 0%. 1 independent sequence cannot tell which is better.",
            None,
        ),
        (
            {"span_f1": figure(0.4), "accuracy": figure(0.8)},
            {"span_f1": figure(0.0), "accuracy": figure(0.9)},
            {"span_f1": gap(0.4, 0.3, 0.5)},
            "Span F1 40.0% beats the majority baseline, 0%, by 40.0 points (95% interval 30.0 to 50.0), but its "
            "accuracy, 80.0%, is not above that of the majority baseline, 90.0%.",
            False,
        ),
        (
            {"accuracy": figure(0.9)},
            {"accuracy": figure(0.5)},
            {},
            "Accuracy 90.0%; the majority baseline has 50.0%. No interval was computed for the difference.",
            None,
        ),
        (
            {"accuracy": figure(None, 0)},
            {"accuracy": figure(None, 0)},
            {},
            "Accuracy is undefined: no labels to evaluate.",
            None,
        ),
    ],
)
def test_the_verdict_claims_what_an_interval_shows(
    scores: dict, rival: dict, difference: dict, text: str, beaten: bool | None
) -> None:
    said = verdict(scores, {"majority": rival}, differences={"majority": difference})
    assert (said.text, said.beaten) == (text, beaten)


def test_without_a_baseline_the_verdict_only_states_the_figure() -> None:
    said = verdict({"micro_f1": figure(0.25), "accuracy": figure(0.9)}, {})
    assert (said.text, said.beaten) == ("Micro F1 25.0%.", None)


def test_the_verdict_looks_at_the_best_baseline() -> None:
    rivals = {"majority": {"accuracy": figure(0.2)}, "linear": {"accuracy": figure(0.7)}}
    found = {"majority": {"accuracy": gap(0.4, 0.3, 0.5)}, "linear": {"accuracy": gap(-0.1, -0.15, -0.05)}}
    text = verdict({"accuracy": figure(0.6)}, rivals, differences=found).text
    assert text.startswith("Accuracy 60.0% is below the linear baseline, 70.0%, by 10.0 points")


CHEAP = {"linear": {"title": "a linear model", "reads_input": True, "learned_from": {"t": [430, 1000]}}}


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "Train longer or on more data."),
        ({"command": "seqwise train x.csv"}, "To use that, run:"),
    ],
)
def test_a_cheap_model_that_does_as_well_is_named_with_what_it_learned_from_and_what_to_do(
    facts: dict, said: str
) -> None:
    rivals = {"majority": {"accuracy": figure(0.2)}, "linear": {"accuracy": figure(0.7)}}
    found = {"linear": {"accuracy": gap(-0.1, -0.15, -0.05)}}
    known = {"linear": CHEAP["linear"] | facts}
    assert verdict({"accuracy": figure(0.6)}, rivals, known, found, target="t").text == (
        "Accuracy 60.0% is below a linear model (fitted on 430 of 1,000 sequences), 70.0%, by 10.0 points "
        f"(95% interval -15.0 to -5.0). {said}"
    )


def test_a_claim_of_superiority_names_the_sample_that_the_baseline_learned_from() -> None:
    rivals = {"linear": {"accuracy": figure(0.7)}}
    found = {"linear": {"accuracy": gap(0.1, 0.05, 0.15)}}
    text = verdict({"accuracy": figure(0.8)}, rivals, CHEAP, found, target="t").text
    assert text.startswith("Accuracy 80.0% beats a linear model (fitted on 430 of 1,000 sequences), 70.0%, by 10.0")


def test_on_a_part_that_chose_the_epoch_nothing_is_claimed() -> None:
    metrics = {
        "training": {},
        "dev": {"t": {"accuracy": figure(0.9)}},
        "baselines": {"majority": {"dev": {"t": {"accuracy": figure(0.5)}}}},
        "comparisons": {"dev": {"t": {"majority": {"accuracy": gap(0.4, 0.3, 0.5)}}}},
    }
    assert verdicts(metrics, "dev")["t"].text == (
        "Accuracy 90.0%; the majority baseline has 50.0%. Dev also chose the epoch, so it cannot show which is better."
    )
    metrics["training"]["cross_validation"] = True
    assert verdicts(metrics, "dev")["t"].text.endswith("Cross-validated figures have no interval for the difference.")


def test_accuracy_is_compared_with_the_best_baseline_by_its_name() -> None:
    scores = {"span_f1": figure(0.5), "accuracy": figure(0.92)}
    rivals = {
        "majority": {"span_f1": figure(0.0), "accuracy": figure(0.926)},
        "linear": {"span_f1": figure(0.4), "accuracy": figure(0.93)},
    }
    found = {"linear": {"span_f1": gap(0.1, 0.05, 0.15)}}
    text = verdict(scores, rivals, {"linear": {"title": "CRF", "reads_input": True}}, found).text
    assert text.endswith(", but its accuracy, 92.0%, is not above that of CRF, 93.0%.")


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
