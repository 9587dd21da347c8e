"""Shapes, values or a data file -> which problem this is, which loss, which head, and code that runs.

facts (what arrived) -> readings (which problems that can be) -> advice (one of them, in words and in code)
"""

from __future__ import annotations

from seqwise.advice.advice import advise
from seqwise.advice.advice_text import Advice

__all__ = ["Advice", "advise"]
