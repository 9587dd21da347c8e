"""What is said of columns whose cells hold sets of labels, or could."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from seqwise.data.detect._columns import Columns
from seqwise.data.separators import separates, sign_flag, sign_name
from seqwise.data.spec import TargetSpec
from seqwise.errors import ConfigError

__all__ = ["check_separator", "set_sentences"]

_UNSURE = ("|", ";", ",", "/", " ", "+", "&")


def check_separator(columns: Columns, targets: Sequence[TargetSpec]) -> None:
    """Refuses a named separator that no target has a use for.

    Raises:
        ConfigError: no target is a column of sets in strings.
    """
    sign = columns.requested.label_separator
    if sign and not any(target.form == "delimited" for target in targets):
        raise ConfigError(
            f"{sign_name(sign)} is named as what separates labels, but no target has cells that it could cut\n"
            "  Name the column of sets with --multilabel COL, or leave --label-separator out."
        )


def set_sentences(columns: Columns, targets: Sequence[TargetSpec]) -> list[str]:
    """Where cells are cut into labels and by what, and where they could be but are not."""
    return [sentence for target in targets for sentence in _sentences(columns, target)]


def _sentences(columns: Columns, target: TargetSpec) -> list[str]:
    if target.form == "columns" or target.per_step:
        return []
    named, profile = columns.requested.label_separator, columns.profiles[target.columns[0]]
    about = f"column '{profile.name}'"
    strings = [cell for cell in profile.cells if isinstance(cell, str)]
    if target.form == "bracketed":
        return [f"{about}: square brackets hold labels with ',' between them"]
    if target.form == "delimited":
        sign = str(target.delimiter)
        if not any(sign in cell for cell in strings):
            return [f"{about}: {sign_name(sign)} stands in no cell that was looked at, so each holds one label"]
        hint = "" if named is not None else "; if it belongs to them, say --label-separator none"
        return [f"{about}: {sign_name(sign)} separates labels{hint}"]
    unsure = [] if named is not None else [sign for sign in _UNSURE if separates(sign, strings)]
    if target.kind == "label":
        return [
            f"{about}: each cell is one label; if {sign_name(sign)} separates several, say "
            f"--multilabel {shlex.quote(profile.name)} {sign_flag(sign)}"
            for sign in unsure[:1]
        ]
    if not strings or len(strings) < len(profile.cells):
        return []
    sign = unsure[0] if unsure else "/"
    return [f"{about}: each cell holds one label; if {sign_name(sign)} separates several, say {sign_flag(sign)}"]
