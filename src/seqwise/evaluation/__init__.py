"""Logits and labels -> counts -> scores -> report; NumPy only."""

from __future__ import annotations

from seqwise.evaluation.baseline import MajorityBaseline
from seqwise.evaluation.scores import FIGURES, Figure, Scores, wilson_interval
from seqwise.evaluation.spans import spans_in
from seqwise.evaluation.summary import SUMMARY_COLUMNS, summary_table, verdict
from seqwise.evaluation.tally import Tally, tally_for

__all__ = [
    "FIGURES",
    "SUMMARY_COLUMNS",
    "Figure",
    "MajorityBaseline",
    "Scores",
    "Tally",
    "spans_in",
    "summary_table",
    "tally_for",
    "verdict",
    "wilson_interval",
]
