from __future__ import annotations

import numpy as np
import pytest
import torch

from seqwise.evaluation import tally_for
from seqwise.evaluation.summary import main_figure
from seqwise.models.scoring import evaluate_rows
from seqwise.targets import Target
from seqwise.training.training_plan import plan_run
from small_runs import REQUESTS, config_of, rows_file

KINDS = list(REQUESTS)


@pytest.mark.parametrize("kind", KINDS)
def test_figures_do_not_depend_on_the_size_of_batches(tmp_path, kind):
    plan = plan_run(config_of(rows_file(tmp_path, kind, 40), kind))
    rows = np.arange(len(plan.task.store))
    judged = [
        evaluate_rows(
            plan.model, plan.task.batcher, plan.task.targets, rows, batch_tokens=size, device=torch.device("cpu")
        ).to_json()
        for size in (1, 17, 10_000)
    ]
    for other in judged[1:]:
        for name, figures in judged[0].items():
            for key in [key for key, figure in figures.items() if isinstance(figure, dict) and "value" in figure]:
                assert other[name][key]["count"] == figures[key]["count"], key
                assert other[name][key]["value"] == _about(figures[key]["value"]), key


def _about(value):
    return None if value is None else pytest.approx(value, rel=1e-5)


def test_predictions_do_not_depend_on_who_is_in_the_batch(tmp_path):
    plan = plan_run(config_of(rows_file(tmp_path, "joint", 40), "joint"))
    rows = np.arange(len(plan.task.store))
    seen = []
    for size in (1, 10_000):
        logits_of_row = {}

        def keep(batch, answers, into=logits_of_row):
            for i, row in enumerate(batch.rows.tolist()):
                into[row] = {name: answer.logits[i][: batch.lengths[i]] for name, answer in answers.items()}

        evaluate_rows(
            plan.model,
            plan.task.batcher,
            plan.task.targets,
            rows,
            batch_tokens=size,
            device=torch.device("cpu"),
            observe=keep,
        )
        seen.append(logits_of_row)
    for row in rows.tolist():
        for name in ("intent", "slots"):
            np.testing.assert_allclose(seen[0][row][name], seen[1][row][name], rtol=1e-5, atol=1e-6)


def test_judging_leaves_the_model_in_its_mode(tmp_path):
    plan = plan_run(config_of(rows_file(tmp_path, "label", 40), "label"))
    plan.model.train()
    evaluate_rows(
        plan.model,
        plan.task.batcher,
        plan.task.targets,
        plan.task.split.dev,
        batch_tokens=64,
        device=torch.device("cpu"),
    )
    assert plan.model.training


@pytest.mark.parametrize(
    ("target", "figure"),
    [
        (Target("t", "label", (("a", "b"),)), "accuracy"),
        (Target("t", "tags", (("O", "B-x", "I-x"),), per_step=True), "span_f1"),
        (Target("t", "tags", (("NOUN", "VERB"),), per_step=True), "accuracy"),
        (Target("t", "outputs", (("a", "b"),), outputs=("o",)), "accuracy"),
        (Target("t", "multilabel", (("a", "b"),)), "micro_f1"),
    ],
)
def test_each_kind_of_target_has_a_main_figure(target, figure):
    assert main_figure(tally_for(target).scores().figures) == figure
