"""Decides every setting that was left open, from the amount and the kind of the data; refuses what does not fit it.

A file decides for one kind of data, and what it says goes before what is said for all (`common`). What a person said,
by flag or config, is never changed.
"""

from seqwise.task.defaults.crf_defaults import check_scheme
from seqwise.task.defaults.data_statistics import DataStatistics
from seqwise.task.defaults.resolve import dev_fraction, effort_note, is_open, resolve
from seqwise.task.defaults.tfidf_defaults import tfidf_ngrams
from seqwise.task.defaults.unused_settings import check_fit

__all__ = [
    "DataStatistics",
    "check_fit",
    "check_scheme",
    "dev_fraction",
    "effort_note",
    "is_open",
    "resolve",
    "tfidf_ngrams",
]
