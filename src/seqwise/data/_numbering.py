"""Numbers symbols and labels in order of first appearance."""

from __future__ import annotations

from dataclasses import dataclass, field

from seqwise.data.missing import Gaps
from seqwise.targets import Label, label_text

__all__ = ["MISSING", "LabelNames", "Names"]

MISSING = -1
"""Stands for a missing label in stored label numbers."""


@dataclass
class Names:
    """Numbers for names, given in order of first appearance."""

    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, name: str) -> int:
        return self.numbers.setdefault(name, len(self.numbers))


@dataclass
class LabelNames:
    """Numbers for label values; labels that text files write alike are one label."""

    numbers: dict[str, int] = field(default_factory=dict)
    values: list[Label] = field(default_factory=list)
    gaps: Gaps = field(default_factory=Gaps)

    def number(self, label: Label | None) -> int:
        if label is None:
            return MISSING
        text = label_text(label)
        number = self.numbers.get(text)
        if number is None:
            number = self.numbers[text] = len(self.values)
            self.values.append(label)
        return number
