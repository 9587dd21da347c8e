"""A search over the settings that matter, within a budget of time: trials, each a training that dev judges."""

from seqwise.tuning.search import Tuned, tune

__all__ = ["Tuned", "tune"]
