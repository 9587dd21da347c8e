"""Always what is most frequent in training, whatever the sequence says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqwise.data.labels import LabelCodec
from seqwise.evaluation import MajorityBaseline
from seqwise.task.prepare import Task
from seqwise.training.baselines.family import Answer, Answers, Family

__all__ = ["MAJORITY"]


def _fit(task: Task, codec: LabelCodec, rows: NDArray[np.int64]) -> Answers:  # noqa: ARG001 - counted already
    baseline = MajorityBaseline.from_counts(codec.target, task.counts[codec.target.name])

    def answer(some: NDArray[np.int64]) -> Answer:
        inner = baseline.choice.shape
        time = (int(task.store.lengths[some].max()),) if codec.target.per_step else ()
        return Answer(predictions=baseline.predictions((len(some), *time, *inner)))

    return answer


MAJORITY = Family(
    "majority",
    "majority",
    suits=lambda target, given: True,  # noqa: ARG005 - it never looks at the input
    work=lambda task, codec, rows: 0.0,  # noqa: ARG005
    fit=_fit,
    reads_input=False,
)
