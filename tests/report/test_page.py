from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from markupsafe import escape

from evaluation_data import KINDS, TARGETS, made_up
from report_page import Page
from seqwise.evaluation import MajorityBaseline, tally_for
from seqwise.report import ReportData, render_report
from seqwise.report.curve import curve_svg
from seqwise.targets import Target

EVIL = "<script>alert('x')</script>&\"'"


def scored(target: Target, labels: Any, predictions: Any) -> dict[str, Any]:
    tally = tally_for(target)
    labels = np.asarray(labels)
    tally.update(None, labels, labels >= 0, predictions=np.asarray(predictions))
    return tally.scores().to_json()


def report(splits: dict[str, Any], **fields: Any) -> ReportData:
    plain = {"name": "run", "created": "", "command": "", "found": (), "data": {}, "settings": {}, "model": {}}
    return ReportData(**{**plain, "splits": splits, **fields})


def page(splits: dict[str, Any], **fields: Any) -> Page:
    return Page(render_report(report(splits, **fields)))


@lru_cache
def full_page(name: str) -> str:
    return render_report(full(name))


def full(name: str) -> ReportData:
    """A report with every section, on made-up data of one kind."""
    made = made_up(name, seed=0)
    model, rival = tally_for(made.target), tally_for(made.target)
    model.update(made.logits, made.labels, made.mask, made.lengths)
    shape = {"outputs": (len(made.target.classes), made.target.class_count), "multilabel": (made.target.class_count, 2)}
    counts = np.ones(shape.get(made.target.kind, (made.target.class_count,)))
    guess = MajorityBaseline.from_counts(made.target, counts).predictions(made.labels.shape)
    rival.update(None, made.labels, made.mask, made.lengths, guess)
    splits = {split: {made.target.name: model.scores().to_json()} for split in ("dev", "test")}
    return report(
        splits,
        created="today",
        command="seqwise train x.csv",
        found=["one thing"],
        data={"train": {"sequences": 1234, "file": "x.csv"}, "test": {"sequences": 40}},
        settings={"model": {"hidden": 64, "crf": {"on": True, "path": None}}, "split": [0.8, 0.2], "weight": {}},
        model={"encoder": "lstm", "parameters": 46217},
        baselines={"majority": {"test": {made.target.name: rival.scores().to_json()}}},
        history=[
            {"epoch": 1, "loss": 1.5, "dev_loss": None, "metric": 0.25, "padding_share": 0.125, "seconds": 2.0},
            {"epoch": 2, "loss": 0.75, "dev_loss": 1.0, "metric": 0.5, "tokens_per_second": 50000.0},
        ],
        metric_name="accuracy",
        best_epoch=2,
        length_buckets={made.target.name: [{"length": "1 to 7", "count": 40, "value": 0.5}]},
        errors=[{"text": "a b", "label": 1, "predicted": 2, "probability": 0.75, "place": "x.csv:3"}],
    )


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_target_makes_a_page_whose_tags_pair_up(name: str) -> None:
    assert ("table", {"class": "figures"}) in Page(full_page(name)).elements


@pytest.mark.parametrize("name", KINDS)
def test_the_page_refers_to_nothing_outside_and_runs_nothing(name: str) -> None:
    html = full_page(name)
    elements = Page(html).elements
    links = [value for _, attrs in elements for key, value in attrs.items() if key in ("href", "xlink:href", "src")]
    assert all(link is not None and link.startswith("#") for link in links)
    assert not {"script", "link", "iframe", "img"} & {tag for tag, _ in elements}
    assert html.count("url(") == html.count("url(#")
    assert "@import" not in html


def test_no_two_elements_share_an_id() -> None:
    ids = [attrs["id"] for _, attrs in Page(full_page("iob")).elements if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_the_same_data_make_the_same_page() -> None:
    assert render_report(full("outputs")) == full_page("outputs")


def test_text_from_data_is_never_markup() -> None:
    tags = (f"B-{EVIL}", f"I-{EVIL}", "O")
    target = Target(EVIL, "tags", (tags,), per_step=True)
    votes = Target("votes", "outputs", ((EVIL, "no"),), outputs=(EVIL,))
    splits = {
        EVIL: {
            EVIL: scored(target, [[0, 1, 2]], [[0, 0, 2]]),
            "votes": scored(votes, [[0], [1]], [[0], [0]]),
        }
    }
    shown = page(
        splits,
        name=EVIL,
        created=EVIL,
        command=EVIL,
        found=[EVIL],
        data={EVIL: {EVIL: EVIL}},
        settings={EVIL: {EVIL: EVIL}},
        model={EVIL: EVIL},
        baselines={EVIL: splits},
        metric_name=EVIL,
        history=[{"epoch": epoch, "metric": 0.5} for epoch in (1, 2)],
        length_buckets={EVIL: [{"length": EVIL, "count": 1, "value": 0.5}]},
        errors=[{"text": EVIL, "label": EVIL, "predicted": EVIL, "probability": 0.5, "place": EVIL}],
    )
    assert "script" not in {tag for tag, _ in shown.elements}
    assert not {key for _, attrs in shown.elements for key in attrs if key.startswith("on")}
    assert sum(EVIL in text for text in shown.texts) > 20


def test_the_head_shows_the_figure_its_interval_and_what_it_is_over() -> None:
    scores = scored(TARGETS["label"], [0] * 10, [1] + [0] * 9)
    texts = page({"test": {"intent": scores}}).texts
    assert {"90.0%", "Accuracy on test", "95% interval 59.6% to 98.2%, over 10 labels"} <= set(texts)


GAP = {"intent": {"majority": {"accuracy": {"value": 0.0, "low": -0.06, "high": 0.06, "sequences": 30}}}}


def test_a_model_that_does_not_beat_the_baseline_is_told_so_in_the_head() -> None:
    scores = scored(TARGETS["label"], [0, 0, 1] * 10, [0, 0, 0] * 10)
    shown = page({"test": {"intent": scores}}, baselines={"majority": {"test": {"intent": scores}}}, differences=GAP)
    said = (
        "Accuracy 66.7% is not clearly different from the majority baseline, 66.7%: 0.0 points "
        "(95% interval -6.0 to 6.0): no sign that anything was learned from the input."
    )
    assert said in shown.texts
    assert ("article", {"class": "card beaten"}) in shown.elements
    assert shown.table("against")[1] == ["majority", "Accuracy", "0.0", "-6.0 to 6.0", "30 independent sequences"]


def test_figures_stand_beside_the_baseline_and_the_other_split() -> None:
    dev, test, rival = (
        scored(TARGETS["label"], [0, 1, 2, 3], predictions)
        for predictions in ([0, 1, 2, 0], [0, 1, 2, 3], [0, 0, 0, 0])
    )
    shown = page(
        {"dev": {"intent": dev}, "test": {"intent": test}}, baselines={"majority": {"test": {"intent": rival}}}
    )
    head, accuracy, *_ = shown.table("figure")
    assert head == ["figure", "dev", "test", "majority", "test is over"]
    assert accuracy[1:] == ["75.0%", "100%51.0% to 100%", "25.0%", "4 labels"]


def test_without_a_test_split_the_last_split_is_shown() -> None:
    scores = scored(TARGETS["label"], [0], [0])
    assert "Accuracy on b" in page({"a": {"intent": scores}, "b": {"intent": scores}}).texts


def test_the_test_split_is_shown_wherever_it_stands() -> None:
    scores = scored(TARGETS["label"], [0], [0])
    assert "Accuracy on test" in page({"test": {"intent": scores}, "dev": {"intent": scores}}).texts


def test_figures_over_nothing_are_dashes() -> None:
    scores = tally_for(TARGETS["label"]).scores().to_json()
    shown = page({"test": {"intent": scores}})
    assert [row[1] for row in shown.table("figure")[1:]] == ["–"] * 4
    assert "Accuracy is undefined: no labels to evaluate." in shown.texts


def test_labels_stand_by_support_and_those_that_never_occur_are_counted() -> None:
    scores = scored(TARGETS["label"], [1, 2, 2, 2], [1, 2, 2, 1])
    shown = page({"test": {"intent": scores}})
    assert [row[0] for row in shown.table("label")[1:3]] == ["rate", "play"]
    assert "2 more labels occur neither in the labels of test nor in the predictions." in shown.texts


def test_a_long_table_of_labels_is_folded() -> None:
    many = Target("t", "label", (tuple(f"c{i}" for i in range(30)),))
    shown = page({"test": {"t": scored(many, range(30), range(30))}})
    assert "5 more labels" in shown.texts


def test_a_confusion_table_of_many_labels_holds_the_most_frequent_confusions_and_counts_the_rest() -> None:
    many = Target("t", "label", (tuple(f"c{i:02d}" for i in range(60)),))
    spread = np.repeat(np.arange(2, 60), 12)  # of each many mistakes, all of them different
    labels = np.concatenate([spread, [0] * 7])
    predictions = np.concatenate([2 + (spread - 2 + np.tile(np.arange(1, 13), 58)) % 58, [1] * 7])
    shown = page({"test": {"t": scored(many, labels, predictions)}})
    head, first, *rest = shown.table("")
    assert len(head) == 22
    assert head[:3] == ["", "c00", "c01"]
    assert head[-1] == "other labels"
    assert first[:3] == ["c00", "0", "7"]
    assert all(sum(map(int, row[1:])) == 12 for row in rest if row[0] != "c01")
    assert any("Shown are 20 of 60 labels, those of the most frequent confusions" in text for text in shown.texts)


def test_a_confusion_cell_holds_its_count_and_its_share_of_the_row() -> None:
    scores = scored(TARGETS["label"], [0, 0, 0, 0, 1], [0, 1, 1, 1, 1])
    shown = page({"test": {"intent": scores}})
    assert shown.table("")[1] == ["book", "1", "3", "0", "0"]
    shares = [
        attrs["style"] for tag, attrs in shown.elements if tag == "td" and "--share" in (attrs.get("style") or "")
    ]
    assert shares[:2] == ["--share:0.250", "--share:0.750"]


def test_outputs_stand_hardest_first_and_those_no_better_than_the_majority_are_marked() -> None:
    labels = np.array([[0, 0, 0], [0, 1, 0], [1, 1, 1]])
    scores = scored(TARGETS["outputs"], labels, [[0, 0, 0], [0, 1, 0], [0, 1, 0]])
    rival = scored(TARGETS["outputs"], labels, [[0, 1, 0]] * 3)
    shown = page({"test": {"votes": scores}}, baselines={"majority": {"test": {"votes": rival}}})
    rows = shown.table("output")[1:]
    assert [row[0] for row in rows] == ["fr", "it", "de"]
    assert [row[3] for row in rows] == ["66.7% ▲", "66.7% ▲", "66.7%"]


def test_outputs_that_share_their_classes_show_the_f1_of_each() -> None:
    votes = Target("votes", "outputs", ((-1, 0, 1), (-1, 0, 1)), outputs=("fr", "de"))
    shown = page({"test": {"votes": scored(votes, [[0, 2]], [[0, 2]])}})
    head, first, _ = shown.table("output")
    assert head[3:] == ["F1 of -1", "F1 of 0", "F1 of 1", "labels"]
    assert first[3:] == ["100%", "–", "–", "1"]


def test_an_output_without_labels_stands_last_and_empty() -> None:
    shown = page({"test": {"votes": scored(TARGETS["outputs"], [[-1, 0, 0]], [[0, 1, 0]])}})
    assert shown.table("output")[-1] == ["fr", "–", "–", "0"]


def test_spans_stand_by_their_number() -> None:
    scores = scored(TARGETS["iob"], [[3, 0, 1, 3]], [[3, 0, 1, 1]])
    assert page({"test": {"slots": scores}}).table("type")[1:] == [
        ["artist", "66.7%", "100%", "50.0%", "2", "1", "1"],
        ["song", "66.7%", "50.0%", "100%", "1", "2", "1"],
    ]


def test_settings_are_flat_and_in_the_users_words() -> None:
    rows = Page(full_page("label")).tables[-1]
    assert rows == [
        ["model.hidden", "64"],
        ["model.crf.on", "true"],
        ["model.crf.path", ""],
        ["split", "0.8, 0.2"],
        ["weight", ""],
    ]


def test_epochs_are_shown_with_the_columns_that_exist() -> None:
    rows = Page(full_page("label")).table("epoch")
    assert rows[0] == ["epoch", "train loss", "dev loss", "accuracy", "tokens/s", "padding", "seconds"]
    assert rows[1] == ["1", "1.5000", "", "0.2500", "", "12.5%", "2.0"]


def test_errors_are_shown_under_their_target() -> None:
    both = {name: scored(TARGETS["label"], [0], [0]) for name in ("a", "b")}
    error = {"text": "t", "label": -1, "predicted": 1, "probability": 0.5, "place": "f:2", "target": "b"}
    shown = page({"test": both}, errors=[error])
    assert [table[1] for table in shown.tables if table[0][0] == "text"] == [["t", "-1", "1", "50.0%", "f:2"]]


def test_one_epoch_makes_no_curve() -> None:
    one = replace(full("label"), history=full("label").history[:1])
    assert "svg" not in {tag for tag, _ in Page(render_report(one)).elements}


def test_two_epochs_make_a_curve_of_losses_and_one_of_the_metric() -> None:
    shown = Page(full_page("label"))
    assert [attrs["aria-label"] for tag, attrs in shown.elements if tag == "svg"] == ["Loss (nats)", "accuracy on dev"]


def test_losses_that_are_not_the_same_function_are_drawn_apart() -> None:
    shown = Page(render_report(replace(full("label"), losses_comparable=False, history_notes=["Mind this."])))
    captions = [attrs["aria-label"] for tag, attrs in shown.elements if tag == "svg"]
    assert captions == ["Training objective", "Dev loss (nats)", "accuracy on dev"]
    assert shown.table("epoch")[0][1:3] == ["training objective", "dev loss"]
    assert "Mind this." in shown.texts


def test_cross_validated_figures_are_not_called_dev() -> None:
    scores = scored(TARGETS["label"], [0], [0])
    shown = page({"dev": {"intent": scores}}, split_titles={"dev": "cross-validation"})
    assert "Accuracy on cross-validation" in shown.texts
    assert shown.table("figure")[0][1] == "cross-validation"


def test_warnings_stand_at_the_top() -> None:
    shown = page({"test": {"intent": scored(TARGETS["label"], [0], [0])}}, warnings=["training diverged"])
    assert shown.texts.index("Training diverged") < shown.texts.index("Accuracy on test")


def test_what_a_run_does_not_have_is_left_out() -> None:
    shown = page({"test": {"intent": scored(TARGETS["label"], [0], [0])}})
    left_out = {"Training", "Data and setup", "By length", "Data", "Settings"}
    assert not left_out & set(shown.texts)
    assert all(len(table) > 1 for table in shown.tables)


def test_a_curve_takes_its_colours_from_the_page() -> None:
    svg = curve_svg("Loss", [1, 2], {"train": [1.0, 0.5], "dev": [1.0, None]}, 2)
    assert "var(--accent)" in svg
    assert "#00000" not in svg


def test_a_curve_marks_the_best_epoch() -> None:
    assert "best: 2" in curve_svg("Loss", [1, 2, 3], {"train": [1.0, 0.5, 0.6]}, 2)


def test_drawing_a_curve_leaves_the_settings_of_matplotlib_alone() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    curve_svg("Loss", [1, 2], {"train": [1.0, 0.5]}, None)
    assert dict(mpl.rcParams) == before


COMMAND = "seqwise train 'my rows.csv' --encoder tfidf"
BETTER = {
    "splits": {"test": {"intent": {"accuracy": {"value": 0.6, "count": 400}}}},
    "baselines": {
        name: {"test": {"intent": {"accuracy": {"value": value, "count": 400}}}}
        for name, value in (("majority", 0.2), ("tfidf", 0.7))
    },
    "differences": {"intent": {"tfidf": {"accuracy": {"value": -0.1, "low": -0.15, "high": -0.05, "sequences": 400}}}},
}


@pytest.mark.parametrize(("facts", "shown"), [({"command": COMMAND}, True), ({}, False)])
def test_a_baseline_that_is_better_can_be_had_by_the_command_on_the_page_or_nothing_says_so(facts, shown) -> None:
    known = {"title": "TF-IDF", "reads_input": True, "seconds": 1.0, **facts}
    html = render_report(report(**BETTER, baseline_statistics={"tfidf": known}))
    assert (f"To use that, run: <code>{escape(COMMAND)}</code>" in html) == shown
    assert ("use that" in html) == shown
