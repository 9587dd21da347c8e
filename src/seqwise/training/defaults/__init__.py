"""Decides every setting that was left open, from the amount and the kind of the data; refuses what does not fit it.

A file decides for one kind of data, and what it says goes before what is said for all (`common`). What a person said,
by flag or config, is never changed.
"""

from seqwise.training.defaults.chains import check_scheme
from seqwise.training.defaults.facts import Facts
from seqwise.training.defaults.fit import check_fit
from seqwise.training.defaults.regressions import tfidf_ngrams
from seqwise.training.defaults.resolve import effort_note, is_open, resolve

__all__ = ["Facts", "check_fit", "check_scheme", "effort_note", "is_open", "resolve", "tfidf_ngrams"]
