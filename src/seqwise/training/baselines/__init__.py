"""Cheap models beside which every trained one has to stand: fitted in seconds on the same training part."""

from __future__ import annotations

from seqwise.training.baselines.evaluated import FAMILIES, EvaluatedBaselines, evaluated_baselines, majority_figures
from seqwise.training.baselines.family import Answer, Family

__all__ = ["FAMILIES", "Answer", "EvaluatedBaselines", "Family", "evaluated_baselines", "majority_figures"]
