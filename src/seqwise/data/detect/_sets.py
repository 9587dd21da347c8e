"""Messages about columns whose cells hold, or could hold, sets of labels."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from seqwise.data.detect._columns import Columns
from seqwise.data.separators import doubtful_sign, mixed_signs, separator_flag, separator_name
from seqwise.data.spec import TargetSpec
from seqwise.errors import ConfigError

__all__ = ["check_separator", "refuse_mixed_signs", "set_messages"]

_BRACKETS = {"[": "square", "(": "round", "{": "curly", "<": "angle"}
_NO_SIGN = "if something separates several, name it with --label-separator"


def check_separator(columns: Columns, targets: Sequence[TargetSpec]) -> None:
    """Refuses a named separator that no target has a use for.

    Raises:
        ConfigError: no target is a column of sets in strings.
    """
    sign = columns.requested.label_separator
    if sign and not any(target.form == "delimited" for target in targets):
        raise ConfigError(
            f"{separator_name(sign)} is named as what separates labels, but no target has cells that it could cut\n"
            "  Name the column of sets with --multilabel COL, or leave --label-separator out."
        )


def refuse_mixed_signs(columns: Columns, targets: Sequence[TargetSpec]) -> None:
    """Refuses a column whose cells have labels between one character here and another there, unless the user named one.

    Raises:
        DataError: naming both characters, with a cell of each.
    """
    if columns.requested.label_separator is not None:
        return
    for target in targets:
        cells = [cell for cell in columns.profiles[target.columns[0]].cells if isinstance(cell, str)]
        signs = mixed_signs(cells) if target.form in ("cell", "delimited", "list") and not target.per_step else None
        if signs is not None:
            shown = [f"{separator_name(sign)} ({next(cell for cell in cells if sign in cell)!r})" for sign in signs]
            raise columns.unusable(
                f"column '{target.columns[0]}': labels seem to be separated by {shown[0]} and by {shown[1]}",
                f"Write one of them everywhere. {separator_flag(signs[0])} takes this one alone, "
                "--label-separator none reads each cell as one label.",
            )


def set_messages(columns: Columns, targets: Sequence[TargetSpec]) -> list[str]:
    """Where cells are cut into labels and by what, and where they could be but are not."""
    return [sentence for target in targets for sentence in _sentences(columns, target)]


def _sentences(columns: Columns, target: TargetSpec) -> list[str]:
    if target.form == "columns" or target.per_step:
        return []
    named, profile = columns.requested.label_separator, columns.profiles[target.columns[0]]
    about = f"column '{profile.name}'"
    strings = [cell for cell in profile.cells if isinstance(cell, str)]
    if target.form == "bracketed":
        return [f"{about}: {_enclosing(strings)}"]
    if target.form == "delimited":
        return [f"{about}: {_cutting(str(target.delimiter), strings, is_named=named is not None)}"]
    sign = doubtful_sign(strings) if named is None else None
    if target.kind == "label":
        flags = f"--multilabel {shlex.quote(profile.name)} {separator_flag(sign)}" if sign is not None else ""
        return (
            [f"{about}: each cell is one label; if {separator_name(sign)} separates several, say {flags}"]
            if sign
            else []
        )
    if profile.is_list:
        return [f"{about}: each list holds one label"] if all(len(cell) == 1 for cell in profile.cells) else []
    if not strings or len(strings) < len(profile.cells):
        return []
    advice = f"if {separator_name(sign)} separates several, say {separator_flag(sign)}" if sign else _NO_SIGN
    return [f"{about}: each cell holds one label; {advice}"]


def _enclosing(cells: Sequence[str]) -> str:
    """The brackets or quotes around labels, and the separator between them."""
    opening = next((cell.strip()[:1] for cell in cells if cell.strip()[:1] in _BRACKETS), "")
    return f"{_BRACKETS[opening]} brackets hold labels with ',' between them" if opening else "each label is in quotes"


def _cutting(sign: str, cells: Sequence[str], *, is_named: bool) -> str:
    """A message on how a separator splits cells."""
    if not any(sign in cell for cell in cells):
        return f"{separator_name(sign)} does not occur in any cell inspected, so each holds one label"
    return f"{separator_name(sign)} separates labels" + (
        "" if is_named else "; if it belongs to them, say --label-separator none"
    )
