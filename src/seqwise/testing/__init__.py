"""The definition of the losses in plain Python, and the calls that every implementation has to get right.

`oracle` and `crf_oracle` have the definitions: loops over nested lists, sums by `math.fsum`, nothing of any framework.
`cases` and `crf_cases` are tables of calls written by hand, `generated_cases` makes as many random ones as are asked
for, and `check_loss` runs them on a loss of yours and says where it differs.
"""

from __future__ import annotations

from seqwise.testing.check import LossDisagreement, check_loss
from seqwise.testing.crf_cases import CRF_CASES, CrfCase
from seqwise.testing.generated import generated_cases
from seqwise.testing.written_cases import BINARY_CASES, CLASS_CASES, Case

__all__ = [
    "BINARY_CASES",
    "CLASS_CASES",
    "CRF_CASES",
    "Case",
    "CrfCase",
    "LossDisagreement",
    "check_loss",
    "generated_cases",
]
