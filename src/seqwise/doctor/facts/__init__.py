"""Measurements of a loss: its formula at one position, the weight of each position, and which arrays affect each other.

Every measurement is a handful of calls with small arrays. Nothing here knows about bugs; the laws draw the conclusions.
"""

from __future__ import annotations

from seqwise.doctor.facts._binding import (
    Place,
    binding,
    bound_to,
    interaction,
    is_right_for_one_step,
    is_unmoved,
    offset,
    rows_interact,
    shares,
    shifted,
    steps_interact,
)
from seqwise.doctor.facts._core import Core, core_of, cross_entropy, log_softmax
from seqwise.doctor.facts._measure import (
    TOLERANCE,
    alike,
    copies,
    grain,
    lengths_mask,
    scaling,
    sizes,
    slack,
    smooth_curve,
    some_label,
    tried,
)

__all__ = [
    "TOLERANCE",
    "Core",
    "Place",
    "alike",
    "binding",
    "bound_to",
    "copies",
    "core_of",
    "cross_entropy",
    "grain",
    "interaction",
    "is_right_for_one_step",
    "is_unmoved",
    "lengths_mask",
    "log_softmax",
    "offset",
    "rows_interact",
    "scaling",
    "shares",
    "shifted",
    "sizes",
    "slack",
    "smooth_curve",
    "some_label",
    "steps_interact",
    "tried",
]
