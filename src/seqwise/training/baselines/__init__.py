"""Cheap models beside which every trained one has to stand: fitted in seconds on the same training part."""

from __future__ import annotations

from seqwise.training.baselines.family import Answer, Family
from seqwise.training.baselines.judged import FAMILIES, Judged, judged_baselines, majority_figures

__all__ = ["Answer", "FAMILIES", "Family", "Judged", "judged_baselines", "majority_figures"]
