"""What holds for every right loss and model: the table of all laws, one file for each group."""

from __future__ import annotations

from seqwise.doctor.laws._law import Comparison, Law
from seqwise.doctor.laws.averages import AVERAGE_LAWS
from seqwise.doctor.laws.labels import LABEL_LAWS
from seqwise.doctor.laws.numbers import NUMBER_LAWS
from seqwise.doctor.laws.padding import PADDING_LAWS
from seqwise.doctor.laws.plausible import PLAUSIBLE_LAWS
from seqwise.doctor.laws.slope import SLOPE_LAWS
from seqwise.doctor.laws.steady import STEADY_LAWS_OF_LOSSES

__all__ = ["LOSS_LAWS", "Comparison", "Law"]

LOSS_LAWS: tuple[Law, ...] = (
    *STEADY_LAWS_OF_LOSSES,
    *PADDING_LAWS,
    *AVERAGE_LAWS,
    *LABEL_LAWS,
    *PLAUSIBLE_LAWS,
    *NUMBER_LAWS,
    *SLOPE_LAWS,
)
