"""Names everything that can go wrong.

    SeqwiseError
    ├── UsageError                  the user's mistake: one clear message, exit status 2
    │   ├── ConfigError             an unknown key, a value out of range        (also ValueError)
    │   ├── DataError               a file that cannot be read as it stands     (also ValueError)
    │   │   ├── ColumnError         a column that is not there
    │   │   ├── EmptySequenceError  a row whose sequence has nothing in it
    │   │   └── LabelError          a label that training never saw
    │   ├── ShapeError              arrays whose axes do not fit together       (also ValueError)
    │   ├── DtypeError              an array of the wrong kind of number        (also TypeError)
    │   ├── ValuesError             numbers inside an array out of range        (also ValueError)
    │   ├── RunFolderError          a run folder that is missing, taken or torn (also ValueError)
    │   └── DivergenceError         training whose loss is no longer finite     (also ArithmeticError)
    ├── MissingExtraError           an optional package is not installed        (also ImportError)
    ├── WorkerError                 the system ended a process of a training        (also RuntimeError)
    └── SaveError                   the disk refused; what was saved before is intact (also OSError)

    EmptySequenceWarning            sequences with nothing in them were passed over (a UserWarning)
    LabelWarning                    labels were read as missing, or training never saw them (a UserWarning)
    SoftmaxTwiceWarning             probabilities arrived where logits belong       (a UserWarning)

A message says what arrived, what was expected and what to do. Errors in data carry file, line, field and value.
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
    """The root of everything this package raises on purpose."""


class UsageError(SeqwiseError, ValueError):
    """Something the caller can mend: in a file, a flag, or an argument."""


class ConfigError(UsageError):
    """A setting that does not exist or has a value that makes no sense."""


class DataError(UsageError):
    """A file that cannot be used as it stands.

    Args:
        problem: what is wrong, in one sentence without the place.
        file: the file as the user named it.
        line: counted from 1, as editors do.
        field: the column or key.
        hint: what to do about it.
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
    """A row whose sequence has nothing in it: an empty text, a list without tokens, a series without steps."""


class LabelError(DataError):
    """A label that cannot be used: never seen in training, or of the wrong form."""


class ShapeError(UsageError):
    """Arrays whose axes do not fit together."""


class DtypeError(UsageError, TypeError):
    """An array of the wrong kind of number (float labels, integer logits)."""


class ValuesError(UsageError):
    """Numbers inside an array that are out of range."""


class RunFolderError(UsageError):
    """A run folder that is missing, already taken, half written or from another version."""


class DivergenceError(UsageError, ArithmeticError):
    """Training whose loss is no longer a finite number."""


class MissingExtraError(SeqwiseError, ImportError):
    """An optional package is not installed.

    Args:
        package: the package that could not be imported.
        extra: the extra of seqwise that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed. {install_hint(extra)}")


class WorkerError(SeqwiseError, RuntimeError):
    """The system ended a process that trained a member of an ensemble, or gave it no memory; what was saved is kept."""


class SaveError(SeqwiseError, OSError):
    """The disk refused a write; the file that stood there before is untouched."""


class LabelWarning(UserWarning):
    """Labels of an evaluation were read as missing, or training never saw them, so that they count as wrong."""


class EmptySequenceWarning(UserWarning):
    """Sequences with nothing in them - empty texts, lists without tokens - were passed over."""


class SoftmaxTwiceWarning(UserWarning):
    """What arrived as logits looks like probabilities, so softmax would be applied a second time."""


def install_hint(extra: str) -> str:
    """How an extra of seqwise is installed; seqwise itself is in no registry.

    Examples:
        >>> install_hint("tune")
        "Install it from the clone of seqwise with: pip install '.[tune]'"
    """
    return f"Install it from the clone of seqwise with: pip install '.[{extra}]'"


def _cut(text: str, most: int = 2000) -> str:
    """A sentence without the middle of it where it quotes something very long."""
    return text if len(text) <= most else f"{text[: most // 2]} ... {text[-most // 2 :]}"


def counted(count: int, noun: str) -> str:
    """A number with what it counts, in the plural where it is not one.

    Examples:
        >>> counted(1, "label"), counted(1200, "label")
        ('1 label', '1,200 labels')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """A question naming the nearest known word, or the empty string when none is near.

    Examples:
        >>> did_you_mean("lable", ["text", "label"])
        "Did you mean 'label'?"
    """
    names = list(known)
    folded = {name.casefold(): name for name in reversed(names)}
    near = difflib.get_close_matches(given.casefold(), folded, n=1, cutoff=0.6)
    return f"Did you mean '{folded[near[0]]}'?" if near else ""


def listed(names: Iterable[object], most: int = 12) -> str:
    """The names in quotes, separated by commas, cut after `most` with the number left out.

    Examples:
        >>> listed(["a", "b", "c"], most=2)
        "'a', 'b' and 1 more"
    """
    shown = [f"'{name}'" for name in names]
    if len(shown) <= most:
        return ", ".join(shown)
    return f"{', '.join(shown[:most])} and {len(shown) - most} more"
