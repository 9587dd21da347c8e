"""Reads one JSON text; whatever is wrong with it becomes an error with its place."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from seqwise.data.readers._limits import short
from seqwise.data.records import Place
from seqwise.errors import DataError

__all__ = ["json_value"]

DEEPEST = 64
"""How many arrays and objects may stand inside each other."""

_MAY_BE_HUGE = re.compile(r"[eE]\+?[0-9]{3}|[0-9]{309}")
_SURROGATE = "\\u"


def json_value(text: str, place: Place, *, hint: str | None = None) -> Any:
    r"""The value of a JSON text.

    Args:
        text: one whole JSON text.
        place: where it stands.
        hint: what to do about a text that is not JSON.

    Raises:
        DataError: it is not JSON; or a number has no finite value or thousands of digits, arrays stand too deep in each
            other, or an escape is half of a surrogate pair, which Python's json module lets through or fails at.

    Examples:
        >>> json_value('{"a": [1, 2.5]}', Place("a.jsonl", 1))
        {'a': [1, 2.5]}
    """
    text, indent = text.strip(), len(text) - len(text.lstrip())
    try:
        if _MAY_BE_HUGE.search(text):
            value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        else:
            value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        problem = f"not JSON at character {error.colno + (indent if error.lineno == 1 else 0)}: {error.msg}"
        line = place.line + error.lineno - 1
        raise DataError(problem, file=place.file, line=line, hint=hint) from None
    except _NotJsonError as error:
        problem, what = error.args
        raise DataError(problem, file=place.file, line=place.line, hint=what) from None
    except RecursionError:
        raise _too_deep(place) from None
    except ValueError:  # Python reads no integers of thousands of digits
        problem = "a number has thousands of digits"
        raise DataError(problem, file=place.file, line=place.line, hint="Write it in quotes if it is a name.") from None
    if text.count("[") + text.count("{") > DEEPEST and _depth(value) > DEEPEST:
        raise _too_deep(place)
    if _SURROGATE in text:
        _refuse_half_characters(value, place)
    return value


class _NotJsonError(Exception):
    """A number that Python's json module reads although JSON has no such value; with the hint."""


def _no_constant(name: str) -> None:
    raise _NotJsonError(f"{name} is not JSON", "Write null.")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _NotJsonError(f"the number {short(text)} is beyond what a computer's float can hold", "Is it a misprint?")
    return value


def _too_deep(place: Place) -> DataError:
    problem = f"arrays and objects are nested more than {DEEPEST} deep"
    return DataError(problem, file=place.file, line=place.line, hint="Sequences are one or two deep.")


def _depth(value: Any) -> int:
    """How deep a value is nested, or one more than is looked at."""
    level, depth = [value], 0
    while level and depth <= DEEPEST:
        depth += 1
        inside = (child for one in level for child in (one.values() if isinstance(one, dict) else one))
        level = [child for child in inside if isinstance(child, list | dict)]
    return depth


def _refuse_half_characters(value: Any, place: Place) -> None:
    r"""An escape such as \ud83d without its other half is no text and could never be written again."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = f"\\u{ord(error.object[error.start]):04x}"
        problem = f"the escape {half} is half of a surrogate pair, which is no text"
        raise DataError(problem, file=place.file, line=place.line, hint="Fix or remove it.") from None
