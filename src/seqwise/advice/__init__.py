"""From shapes, values or a data file to the problem, the loss, the head, and code that runs.

statistics (of the input) -> readings (problems that fit it) -> advice (for one of them, as text and code)
"""

from __future__ import annotations

from seqwise.advice.advice import advise
from seqwise.advice.advice_text import Advice

__all__ = ["Advice", "advise"]
