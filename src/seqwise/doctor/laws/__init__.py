"""What holds for every right loss and model: the table of all laws, one file for each group."""

from __future__ import annotations

from seqwise.doctor.laws._law import Comparison, Law
from seqwise.doctor.laws.averages import AVERAGE_LAWS
from seqwise.doctor.laws.labels import LABEL_LAWS
from seqwise.doctor.laws.numbers import NUMBER_LAWS
from seqwise.doctor.laws.padding import PADDING_LAWS

__all__ = ["LOSS_LAWS", "Comparison", "Law"]

LOSS_LAWS: tuple[Law, ...] = (*PADDING_LAWS, *AVERAGE_LAWS, *LABEL_LAWS, *NUMBER_LAWS)
