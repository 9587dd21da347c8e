"""Exceptions and warnings of seqwise.

    SeqwiseError
    ├── UsageError                  a user error: one clear message, exit status 2
    │   ├── ConfigError             an unknown key, a value out of range        (also ValueError)
    │   ├── DataError               a file that cannot be used                  (also ValueError)
    │   │   ├── ColumnError         a column that the file does not have
    │   │   ├── EmptySequenceError  a row whose sequence is empty
    │   │   └── LabelError          a label that training never saw
    │   ├── ShapeError              arrays whose axes do not fit together       (also ValueError)
    │   ├── DtypeError              an array of the wrong data type             (also TypeError)
    │   ├── ValuesError             numbers inside an array out of range        (also ValueError)
    │   ├── RunFolderError          a run folder missing, in use or damaged     (also ValueError)
    │   └── DivergenceError         training whose loss is no longer finite     (also ArithmeticError)
    ├── MissingExtraError           an optional package is not installed        (also ImportError)
    ├── WorkerError                 a training process was ended by the system      (also RuntimeError)
    └── SaveError                   a file could not be written; the old one is kept  (also OSError)

    EmptySequenceWarning            empty sequences were skipped                    (a UserWarning)
    LabelWarning                    labels were read as missing, or training never saw them (a UserWarning)
    SoftmaxTwiceWarning             probabilities arrived where logits belong       (a UserWarning)

Every message states what arrived, what was expected and what to do. Data errors include file, line, column and value.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "ColumnError",
    "ConfigError",
    "DataError",
    "DivergenceError",
    "DtypeError",
    "EmptySequenceError",
    "EmptySequenceWarning",
    "LabelError",
    "LabelWarning",
    "MissingExtraError",
    "RunFolderError",
    "SaveError",
    "SeqwiseError",
    "ShapeError",
    "SoftmaxTwiceWarning",
    "UsageError",
    "ValuesError",
    "WorkerError",
    "counted",
    "did_you_mean",
    "install_hint",
    "listed",
]


class SeqwiseError(Exception):
    """Base class of all exceptions that seqwise raises."""


class UsageError(SeqwiseError, ValueError):
    """An error that the caller can fix in a file, a flag or an argument."""


class ConfigError(UsageError):
    """An unknown setting, or a setting with an invalid value."""


class DataError(UsageError):
    """A file that cannot be used as it is.

    Args:
        problem: the problem in one sentence, without file and line.
        file: the file name as the user gave it.
        line: line number, from 1.
        field: column or key.
        hint: advice on how to fix it.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | None = None,
        line: int | None = None,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        problem, hint = _cut(problem), None if hint is None else _cut(hint)
        self.problem = problem
        self.file = file
        self.line = line
        self.field = field
        self.hint = hint
        place = "" if file is None else file if line is None else f"{file}:{line}"
        parts = [place, "" if field is None else f"column '{field}'", problem]
        message = ": ".join(part for part in parts if part)
        super().__init__(message if hint is None else f"{message}\n  {hint}")


class ColumnError(DataError):
    """A column that the file does not have."""


class EmptySequenceError(DataError):
    """A row whose sequence is empty: an empty text, a list without tokens, a series without time steps."""


class LabelError(DataError):
    """A label that cannot be used: never seen in training, or of the wrong form."""


class ShapeError(UsageError):
    """Arrays whose axes do not fit together."""


class DtypeError(UsageError, TypeError):
    """An array of the wrong data type, such as float labels or integer logits."""


class ValuesError(UsageError):
    """An array with values out of range."""


class RunFolderError(UsageError):
    """A run folder that is missing, in use, incomplete, damaged or from another version."""


class DivergenceError(UsageError, ArithmeticError):
    """Training whose loss is no longer finite."""


class MissingExtraError(SeqwiseError, ImportError):
    """An optional package is not installed.

    Args:
        package: the package that is missing.
        extra: the extra of seqwise that installs it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed. {install_hint(extra)}")


class WorkerError(SeqwiseError, RuntimeError):
    """A worker that trained a model of an ensemble was killed or ran out of memory; saved checkpoints are kept."""


class SaveError(SeqwiseError, OSError):
    """A file could not be written; the previous file is untouched."""


class LabelWarning(UserWarning):
    """Labels in an evaluation were read as missing, or were never seen in training and count as wrong."""


class EmptySequenceWarning(UserWarning):
    """Empty sequences, such as empty texts or lists without tokens, were skipped."""


class SoftmaxTwiceWarning(UserWarning):
    """The logits look like probabilities, so softmax would be applied twice."""


def install_hint(extra: str) -> str:
    """The command that installs an extra of seqwise, which is not in a package registry.

    Examples:
        >>> install_hint("tune")
        "Install it from the clone of seqwise with: pip install '.[tune]'"
    """
    return f"Install it from the clone of seqwise with: pip install '.[{extra}]'"


def _cut(text: str, most: int = 2000) -> str:
    """A message shortened in the middle if it is very long."""
    return text if len(text) <= most else f"{text[: most // 2]} ... {text[-most // 2 :]}"


def counted(count: int, noun: str) -> str:
    """A number and its noun, in the plural unless the number is 1.

    Examples:
        >>> counted(1, "label"), counted(1200, "label")
        ('1 label', '1,200 labels')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """A question that suggests the nearest known word; empty if none is near.

    Examples:
        >>> did_you_mean("lable", ["text", "label"])
        "Did you mean 'label'?"
    """
    names = list(known)
    folded = {name.casefold(): name for name in reversed(names)}
    near = difflib.get_close_matches(given.casefold(), folded, n=1, cutoff=0.6)
    return f"Did you mean '{folded[near[0]]}'?" if near else ""


def listed(names: Iterable[object], most: int = 12) -> str:
    """The names in quotes, separated by commas; after `most` names, only the number of the others.

    Examples:
        >>> listed(["a", "b", "c"], most=2)
        "'a', 'b' and 1 more"
    """
    shown = [f"'{name}'" for name in names]
    if len(shown) <= most:
        return ", ".join(shown)
    return f"{', '.join(shown[:most])} and {len(shown) - most} more"
