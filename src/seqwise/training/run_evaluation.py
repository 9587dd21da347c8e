"""The end of a run, first half: a trained model -> its figures, predictions and thresholds, beside the baselines."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seqwise.data.batching import Batch
from seqwise.data.split import PARTS
from seqwise.evaluation.summary import regression_messages
from seqwise.models.decisions import Answer, Thresholds
from seqwise.models.scoring import choose_thresholds, evaluate_rows, threshold_figures
from seqwise.nn import Network, parameter_count
from seqwise.report.paired_rows import PartCounts
from seqwise.report.prediction_lines import PredictionLines, flattened
from seqwise.task.prepare import Task
from seqwise.training.baselines import evaluated_baselines, majority_figures
from seqwise.training.convex.convex_heads import cross_validated_rows
from seqwise.training.fitter import FitResult
from seqwise.training.health import Health, health_of
from seqwise.training.stacking import stacked
from seqwise.training.training_plan import Plan

__all__ = ["EvaluatedRun", "dev_thresholds", "evaluated_run"]


@dataclass(frozen=True)
class EvaluatedRun:
    """A trained model, and what it is worth.

    Attributes:
        model: the whole model, that the run folder will hold.
        thresholds: of multilabel targets.
        metrics: the content of metrics.json.
        predictions: by row, its line of predictions.jsonl.
        log: lines for log.txt.
    """

    model: Network
    thresholds: Thresholds
    metrics: dict[str, Any]
    predictions: dict[int, dict[str, Any]]
    log: list[str]


def evaluated_run(plan: Plan, result: FitResult) -> EvaluatedRun:
    """Evaluates the trained model of a plan, and the baselines on the same rows."""
    task, state = plan.task, result.state
    started = time.monotonic()
    model, weights = stacked(plan, plan.model)
    stacking = time.monotonic() - started if weights else 0.0
    thresholds = dev_thresholds(plan, model)
    metrics, predictions, counts = _figures_of_parts(plan, model, thresholds)
    baselines = evaluated_baselines(
        task,
        {part: task.split.rows(part) for part in metrics},
        threshold_figures(task.config.train, task.targets, plan.deciding),
    )
    metrics["baselines"] = baselines.figures
    metrics["comparisons"] = {part: found.against(baselines.counts.get(part, {})) for part, found in counts.items()}
    is_cross_validated = "dev" not in metrics and "cross_validation" in state.history[-1]
    if is_cross_validated:
        metrics = {"dev": flattened(state.history[-1]["cross_validation"]), **metrics}
        of_train = {"dev": majority_figures(task, cross_validated_rows(task))}
        metrics["baselines"]["majority"] = of_train | metrics["baselines"]["majority"]
    metrics |= _member_figures(plan, result)
    metrics["training"] = {
        "stopped": state.stopped,
        "epochs": len(state.history),
        "best_epoch": state.best_epoch + 1,
        "deciding": plan.deciding_names,
        "seconds": round(result.seconds + stacking, 3),
        "padding_share": state.history[-1]["padding_share"],
        "parameters": parameter_count(model),
        "cross_validation": is_cross_validated,
        "regression": {name: found.to_json() for name, found in weights.items()},
        "baselines": {"facts": baselines.facts, "notes": baselines.notes},
    }
    evaluated_rows = cross_validated_rows(task) if is_cross_validated else task.split.dev
    states = result.members or (state,)
    health = health_of(task, metrics, states, evaluated_rows) if "dev" in metrics else Health()
    metrics["training"] |= {"warnings": health.warnings, "diverged": health.diverged}
    warnings = [f"warning: {message}" for message in health.warnings]
    log = [*baselines.notes, *warnings, *regression_messages(metrics)]
    return EvaluatedRun(model, thresholds, metrics, predictions, log)


def dev_thresholds(plan: Plan, network: Network) -> Thresholds:
    """The thresholds of multilabel targets that serve a network best on dev; 0.5 where there is no dev part."""
    task = plan.task
    figures = threshold_figures(task.config.train, task.targets, plan.deciding)
    if not len(task.split.dev):
        return {target.name: (0.5,) * target.class_count for target in task.targets if target.name in figures}
    return choose_thresholds(
        network,
        task.batcher,
        task.targets,
        task.split.dev,
        figures,
        batch_tokens=_batch_tokens(task),
        device=plan.device,
    )


def _batch_tokens(task: Task) -> int:
    return 4 * (task.config.train.batch_tokens or 1024)


def _figures_of_parts(
    plan: Plan, model: Network, thresholds: Thresholds
) -> tuple[dict[str, Any], dict[int, dict[str, Any]], dict[str, PartCounts]]:
    """Figures by part, the line of predictions.jsonl by row, and what is compared with baselines: the test part."""
    task = plan.task
    metrics: dict[str, Any] = {}
    predictions: dict[int, dict[str, Any]] = {}
    counts: dict[str, PartCounts] = {}
    for part in ("dev", "test"):
        rows = task.split.rows(part)
        if not len(rows):
            continue
        lines, paired = PredictionLines(task, part), PartCounts(task, rows)

        def observe(
            batch: Batch, answers: Mapping[str, Answer], lines: PredictionLines = lines, paired: PartCounts = paired
        ) -> None:
            lines.add(batch, answers)
            paired.add(batch, answers)

        evaluation = evaluate_rows(
            model,
            task.batcher,
            task.targets,
            rows,
            batch_tokens=_batch_tokens(task),
            device=plan.device,
            thresholds=thresholds,
            observe=observe,
        )
        metrics[part] = flattened(evaluation.beside_left_out(**_left_out(task, part)).to_json())
        predictions |= lines.by_row
        if part == "test":  # dev also chose the epoch, so nothing is claimed by it
            counts[part] = paired
    return metrics, predictions, counts


def _left_out(task: Task, part: str) -> dict[str, int]:
    """How many rows of the files of dev or test stand in no part; of a part cut from the training files none is."""
    number = PARTS.index(part)
    unlabelled = task.store.parts[task.split.unlabelled] == number
    return {"empty": task.store.empty_of(number)[0], "unlabelled": int(unlabelled.sum())}


def _member_figures(plan: Plan, result: FitResult) -> dict[str, Any]:
    """What metrics.json says of an ensemble's members; and, where one model learned from it, of the ensemble."""
    if plan.ensemble is None:
        return {}
    members = [
        {
            "seed": plan.task.config.train.seed + number,
            "stopped": state.stopped,
            "epochs": len(state.history),
            "best_epoch": state.best_epoch + 1,
            "seconds": round(state.seconds, 3),
            **_plain_figures(plan, member),
        }
        for number, (member, state) in enumerate(zip(plan.ensemble.members, result.members, strict=True))
    ]
    whole = {} if plan.teacher is None else {"ensemble": _plain_figures(plan, plan.teacher)}
    return {"members": members, **whole}


def _plain_figures(plan: Plan, network: Any) -> dict[str, Any]:
    """The figures of a network on dev and test, by target."""
    task = plan.task
    how: Any = {
        "batch_tokens": _batch_tokens(task),
        "device": plan.device,
        "thresholds": dev_thresholds(plan, network),
    }
    return {
        part: evaluate_rows(network, task.batcher, task.targets, rows, **how).main_json()
        for part in ("dev", "test")
        if len(rows := task.split.rows(part))
    }
