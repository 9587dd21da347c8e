"""The findings of the doctor, as text and as JSON."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict, dataclass
from typing import Any

from seqwise.doctor.bugs import BUGS

__all__ = ["Finding", "Report"]

_WIDTH = 110


@dataclass(frozen=True)
class Finding:
    """Whether one law holds.

    Attributes:
        law: the law, as a sentence.
        holds: whether it does.
        bug: the name of the bug, a key of `seqwise.doctor.BUGS`. None when the law holds, or when what breaks it has
            no name. A law that holds can name a convention: `smoothing-convention` for eps / (C - 1).
        example: the smallest case that breaks the law: `arrays` by the user's names, and `numbers`, two that should be
            equal. None when the law holds.
        fix: what to write instead. None when the law holds.
        symptom: whether the law breaks only because of a bug that another finding shows.
        note: what is worth knowing beside.
    """

    law: str
    holds: bool
    bug: str | None = None
    example: dict[str, Any] | None = None
    fix: str | None = None
    symptom: bool = False
    note: str | None = None


@dataclass(frozen=True)
class Report:
    """The findings of the doctor.

    Attributes:
        subject: what was examined and how it was understood, in a line.
        findings: one for each law that could be tested.
        untested: the other laws, with the reason.
        notes: what is worth knowing and no fault.
    """

    subject: str
    findings: tuple[Finding, ...]
    untested: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every law that could be tested holds."""
        return all(finding.holds for finding in self.findings)

    @property
    def bugs(self) -> list[str]:
        """The names of the bugs that were found, without symptoms of others, each once."""
        return list(dict.fromkeys(one.bug for one in self.findings if one.bug and not one.holds))

    def to_json(self) -> list[dict[str, Any]]:
        """The findings as plain values."""
        return [asdict(finding) for finding in self.findings]

    def __str__(self) -> str:
        """The report as text for the terminal."""
        broken = [finding for finding in self.findings if not finding.holds]
        lines = [*textwrap.wrap(self.subject, _WIDTH, break_long_words=False, break_on_hyphens=False), ""]
        for finding in (one for one in broken if not one.symptom):
            lines += [*_broken_lines(finding, [one for one in broken if one.symptom and one.bug == finding.bug]), ""]
        held = [finding.law for finding in self.findings if finding.holds]
        lines += _paragraph(
            "holds", f"{len(held)} of {len(self.findings)} laws: {'; '.join(held)}" if held else "no law"
        )
        lines += [line for note in self.notes for line in _paragraph("note", note)]
        lines += _paragraph("untested", "; ".join(self._untested())) if self.untested else []
        return "\n".join(lines)

    def _untested(self) -> list[str]:
        """Each reason with the law, or the number of laws, that cannot be tested because of it."""
        laws: dict[str, list[str]] = {}
        for law, reason in self.untested:
            laws.setdefault(reason, []).append(law)
        return [f"{law[0] if len(law) == 1 else f'{len(law)} laws'} ({reason})" for reason, law in laws.items()]


def _broken_lines(finding: Finding, symptoms: list[Finding]) -> list[str]:
    name = f"{finding.bug}: {BUGS[finding.bug].is_that}" if finding.bug else "this breaks a law in a way without a name"
    lines = [*_paragraph("FAILS", name), *_paragraph("  law", finding.law)]
    if finding.example is not None:
        lines += _example_lines(finding.example)
    if finding.fix:
        lines += _paragraph("  fix", finding.fix)
    if symptoms:
        lines += _paragraph("  follows", "; ".join(one.law for one in symptoms))
    return lines


def _example_lines(example: dict[str, Any]) -> list[str]:
    arrays = {
        name: json.dumps(value) if isinstance(value, list) else str(value) for name, value in example["arrays"].items()
    }
    width = max(map(len, arrays), default=0)
    texts = [f"{name:<{width}} = {text}" for name, text in arrays.items()]
    number_width = max(len(what) for what in example["numbers"])
    texts += [f"{what:<{number_width}}  {number}" for what, number in example["numbers"].items()]
    return [f"{'  example' if number == 0 else '':<12}{text}" for number, text in enumerate(texts)]


def _paragraph(heading: str, text: str) -> list[str]:
    lines = textwrap.wrap(text, _WIDTH - 12, break_long_words=False, break_on_hyphens=False)
    return [f"{heading if number == 0 else '':<12}{line}" for number, line in enumerate(lines)]
