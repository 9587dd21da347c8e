"""The laws that every correct loss and model obeys: one table, one file per group."""

from __future__ import annotations

from seqwise.doctor.laws._law import Comparison, Law
from seqwise.doctor.laws.average_laws import AVERAGE_LAWS
from seqwise.doctor.laws.determinism_laws import STEADY_LAWS_OF_LOSSES
from seqwise.doctor.laws.gradient_laws import SLOPE_LAWS
from seqwise.doctor.laws.label_laws import LABEL_LAWS
from seqwise.doctor.laws.number_laws import NUMBER_LAWS
from seqwise.doctor.laws.padding_laws import PADDING_LAWS
from seqwise.doctor.laws.plausibility_laws import PLAUSIBLE_LAWS

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
