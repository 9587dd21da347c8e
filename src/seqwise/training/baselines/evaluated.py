"""Fits the baselines that suit a task, within a limit of work, and counts their answers as those of the model."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.data.labels import LabelCodec
from seqwise.errors import counted, install_hint
from seqwise.evaluation import tally_for
from seqwise.evaluation._peer import load_scikit_learn
from seqwise.evaluation.decoding import decisions
from seqwise.evaluation.paired import Counts, PairedCounts
from seqwise.evaluation.thresholds import chosen_thresholds
from seqwise.targets import Target
from seqwise.task.prepare import Task
from seqwise.training.baselines.crf_baseline import CRF
from seqwise.training.baselines.family import Answer, Answers, Family, affordable
from seqwise.training.baselines.majority import MAJORITY
from seqwise.training.baselines.series_baselines import SUMMARY, WINDOW
from seqwise.training.baselines.tfidf_baseline import NGRAMS
from seqwise.training.baselines.word_baseline import WORD
from seqwise.training.same_data import command_with

__all__ = ["FAMILIES", "EvaluatedBaselines", "evaluated_baselines", "majority_figures"]

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {family.name: family for family in (MAJORITY, NGRAMS, WORD, CRF, SUMMARY, WINDOW)}
)
"""By name, in the order of reports."""

_BATCH = 256


@dataclass
class EvaluatedBaselines:
    """What the baselines score, ready for JSON.

    Attributes:
        figures: baseline -> part -> target -> scores; a baseline is there for the targets that it suits.
        facts: baseline -> `title`, `seconds` of fit and answers, whether it reads the input, and `learned_from`: by
            target, how many sequences of how many it was fitted on; `command` trains it as a model, where that can be.
        notes: what was left out or cut short, in sentences.
        counts: part -> target -> baseline -> what each sequence counts, for comparisons.
    """

    figures: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    counts: dict[str, dict[str, dict[str, Counts]]] = field(default_factory=dict)


def evaluated_baselines(
    task: Task, parts: Mapping[str, NDArray[np.int64]], figures: Mapping[str, str] = MappingProxyType({})
) -> EvaluatedBaselines:
    """The scores of every baseline that suits the task; of the majority alone if `train.baselines` says so.

    One that is the model itself (`Family.encoder`) is left out.

    Args:
        task: data and config.
        parts: name -> rows that are evaluated.
        figures: multilabel target -> the figure for which its thresholds are chosen on the part `dev`, as those of the
            model are; see `seqwise.evaluation.thresholds.chosen_thresholds`.
    """
    evaluated = EvaluatedBaselines()
    if task.config.train.baselines == "auto":
        load_scikit_learn()  # start-up is in nobody's seconds
    for family in FAMILIES.values() if task.config.train.baselines == "auto" else (MAJORITY,):
        codecs = [codec for codec in task.codecs if family.suits(codec.target, task.store.spec.input)]
        if not codecs or family.encoder == task.config.model.encoder:
            continue
        if family.package and find_spec(family.package) is None:
            evaluated.notes.append(
                f"no baseline '{family.title}': it is not installed. {install_hint(str(family.extra))}"
            )
            continue
        started = time.perf_counter()
        learned_from: dict[str, list[int]] = {}
        for codec in codecs:
            learned = _evaluate(evaluated, family, task, codec, parts, figures.get(codec.target.name))
            if learned:
                learned_from[codec.target.name] = [learned, len(task.split.train)]
        seconds = round(time.perf_counter() - started, 3)
        if family.name in evaluated.figures:
            evaluated.facts[family.name] = {
                "title": family.title,
                "reads_input": family.reads_input,
                "seconds": seconds,
                "learned_from": learned_from,
                **(
                    {"command": command_with(task, family.encoder)}
                    if family.encoder and _is_model(task, codecs)
                    else {}
                ),
            }
    return evaluated


def _is_model(task: Task, codecs: Sequence[LabelCodec]) -> bool:
    """Whether a baseline that answers for these targets is a model of the task: it answers for all."""
    return len(codecs) == len(task.codecs)


def _evaluate(
    evaluated: EvaluatedBaselines,
    family: Family,
    task: Task,
    codec: LabelCodec,
    parts: Mapping[str, NDArray[np.int64]],
    figure: str | None,
) -> int:
    """Adds what a baseline scores for a target; returns from how many sequences it learned, 0 where there is none."""
    name = codec.target.name
    usable = family.usable(task, codec, task.split.train)
    rows = affordable(family, task, codec, usable)
    answers = family.fit(task, codec, rows) if len(rows) else None
    if answers is None:
        return 0
    evaluated.notes += _sample_notes(family, name, len(rows), len(usable), len(task.split.train))
    thresholds = None
    if figure is not None and family.reads_input and "dev" in parts:
        thresholds = _thresholds(task, codec, answers, parts["dev"], figure)
    for part, evaluated_rows in parts.items():
        by_part = evaluated.figures.setdefault(family.name, {}).setdefault(part, {})
        by_part[name], counts = _scores(task, codec, answers, evaluated_rows, thresholds)
        evaluated.counts.setdefault(part, {}).setdefault(name, {})[family.name] = counts
    return len(rows)


def _sample_notes(family: Family, target: str, taken: int, usable: int, total: int) -> list[str]:
    """Why a baseline learned from fewer sequences than the model."""
    notes = []
    if usable < total:
        notes.append(
            f"the baseline '{family.title}' of {target} was fitted on {usable:,} of {counted(total, 'sequence')}: "
            "it cannot use sequences with a missing label"
        )
    if taken < usable:
        notes.append(
            f"the baseline '{family.title}' of {target} was fitted on a sample, {taken:,} of "
            f"{counted(usable, 'sequence')}, to save time"
        )
    return notes


def majority_figures(task: Task, rows: NDArray[np.int64]) -> dict[str, dict[str, Any]]:
    """Per target, the scores of the majority on these rows."""
    found = {}
    for codec in task.codecs:
        answers = MAJORITY.fit(task, codec, task.split.train)
        assert answers is not None
        found[codec.target.name], _ = _scores(task, codec, answers, rows)
    return found


def _thresholds(
    task: Task, codec: LabelCodec, answers: Answers, rows: NDArray[np.int64], figure: str
) -> NDArray[np.float64]:
    """The thresholds of a multilabel target that are best on these rows."""
    blocks: list[tuple[NDArray[Any], ...]] = []
    for some in _batches(task, rows):
        labels, mask = codec.batch(task.store, some, int(task.store.lengths[some].max()))
        logits = answers(some).logits
        assert logits is not None
        blocks.append(tuple(array.reshape(-1, codec.target.class_count) for array in (logits, labels, mask)))
    logits, labels, mask = (np.concatenate(arrays) for arrays in zip(*blocks, strict=True))
    return chosen_thresholds(logits, labels, mask, figure)


def _scores(
    task: Task,
    codec: LabelCodec,
    answers: Answers,
    rows: NDArray[np.int64],
    thresholds: NDArray[np.float64] | None = None,
) -> tuple[dict[str, Any], Counts]:
    tally, paired = tally_for(codec.target, thresholds), PairedCounts(codec.target, rows)
    for some in _batches(task, rows):
        lengths = task.store.lengths[some]
        labels, mask = codec.batch(task.store, some, int(lengths.max()))
        answer = answers(some)
        unseen = codec.unseen(task.store, some, int(lengths.max()))
        tally.update(answer.logits, labels, mask, lengths, answer.predictions, unseen)
        paired.add(some, labels, mask, lengths, _decided(codec.target, answer, thresholds), unseen)
    return tally.scores().to_json(), paired.counts()


def _decided(target: Target, answer: Answer, thresholds: NDArray[np.float64] | None) -> NDArray[np.int64]:
    if answer.predictions is not None:
        return answer.predictions
    assert answer.logits is not None
    return decisions(target, answer.logits, thresholds)


def _batches(task: Task, rows: NDArray[np.int64]) -> Sequence[NDArray[np.int64]]:
    """Rows of like length together, so that little is padded."""
    ordered = rows[np.argsort(task.store.lengths[rows], kind="stable")]
    return [ordered[start : start + _BATCH] for start in range(0, len(ordered), _BATCH)]
