"""Searches the settings that matter, within a time budget: each trial is a training, ranked by its dev figure."""

from seqwise.tuning.search import Tuned, tune

__all__ = ["Tuned", "tune"]
