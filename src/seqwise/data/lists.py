"""Parses lists and sets written in one cell of a table, as JSON or as printed by Python or NumPy."""

from __future__ import annotations

import ast
import json
import re
import warnings
from typing import Any

__all__ = ["BRACKETS", "is_enclosed", "label_set", "quoted_labels", "writes_objects", "written_list"]

_SCALARS = (str, int, float, type(None))
_ITEM = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s'"\[\](){},]+)"""
_QUOTED = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_ITEMS = re.compile(_ITEM, re.DOTALL)
_ALL_QUOTED = re.compile(rf"\s*{_QUOTED}(?:(?:\s*[,;|/]\s*|\s+){_QUOTED})*\s*", re.DOTALL)
_BETWEEN_COMMAS = re.compile(rf"\s*(?:{_ITEM}\s*(?:,\s*{_ITEM}\s*)*,?\s*)?", re.DOTALL)
_BETWEEN_BLANKS = re.compile(rf"\s*{_ITEM}(?:\s+{_ITEM})*\s*", re.DOTALL)
_ROWS = re.compile(r"\s*\[[^\[\]]*\](?:\s+\[[^\[\]]*\])*\s*")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?")
_NUMPY_SCALAR = re.compile(rf"""np\.[a-z]+[0-9]*_?\(({_ITEM})\)""", re.DOTALL)
_ARRAY = re.compile(r"array\((\[.*\])(?:, dtype=[^()]*)?\)", re.DOTALL)
_SET_OF = re.compile(r"(?:frozen)?set\((.*)\)", re.DOTALL)
_OBJECT = re.compile(r"""\s*\[?\s*\{\s*(?:'[^']*'|"[^"]*")\s*:""")
_WORDS: dict[str, Any] = {"True": True, "False": False, "None": None, "nan": float("nan")}
BRACKETS = {"[": "]", "{": "}", "(": ")", "<": ">"}
"""The closing bracket of each opening one."""


def written_list(cell: Any) -> list[Any] | None:
    """The list that a string writes out, or None where it writes none.

    JSON is what `seqwise predict` writes into tables, Python's form what pandas writes for a column of lists or tuples,
    NumPy's form (blanks between the items) what it writes for arrays. The items are strings, numbers, true, false and
    null, or lists of them. Whatever else stands between brackets is no list: a text such as `[sic]`, objects. A set is
    none either, since its items have no order: see `label_set`.

    Examples:
        >>> written_list('["B-PER", "O"]'), written_list("('B-PER', 'O')"), written_list("['B-PER' 'O']")
        (['B-PER', 'O'], ['B-PER', 'O'], ['B-PER', 'O'])
        >>> written_list("[sic]"), written_list("B-PER O"), written_list(["O"])
        (None, None, None)
    """
    if not isinstance(cell, str):
        return None
    text = cell.strip()
    if text[:1] not in ("[", "(", "a"):
        return None
    if array := _ARRAY.fullmatch(text):
        text = array[1]
    if not (text.startswith("[") and text.endswith("]")):
        return _flat(text[1:-1], _BETWEEN_COMMAS) if _is_tuple(text) else None
    for read in (_json, _printed, _array):
        value = read(text)
        if value is not None:
            return value if all(_is_plain(item) for item in value) else None
    return None


def label_set(cell: Any) -> list[Any] | None:
    """The labels of a set: of a list or a tuple, a printed Python set, or the choices of Label Studio; else None.

    Examples:
        >>> label_set("{'a', 'b'}"), label_set('{"choices": ["a"]}'), label_set("set()"), label_set("a, b")
        (['a', 'b'], ['a'], [], None)
    """
    if isinstance(cell, dict):
        return _choices(cell)
    if not isinstance(cell, str):
        return cell if isinstance(cell, list) else None
    text = cell.strip()
    if text[:1] not in ("{", "s", "f"):
        return written_list(text)
    if printed := _SET_OF.fullmatch(text):
        text = printed[1].strip()
        if not text:
            return []
    if not (text.startswith("{") and text.endswith("}")):
        return None
    if _OBJECT.match(text):
        try:
            return _choices(json.loads(text))
        except (ValueError, RecursionError):
            return None
    return _flat(text[1:-1], _BETWEEN_COMMAS) or None  # {} is an empty object as well


def quoted_labels(cell: str) -> list[str] | None:
    """The labels of a cell in which each stands in quotes, with a character or blanks between them; else None.

    Examples:
        >>> quoted_labels("'a', 'b'"), quoted_labels("'a'"), quoted_labels("a, b")
        (['a', 'b'], ['a'], None)
    """
    if cell.lstrip()[:1] not in ("'", '"') or _ALL_QUOTED.fullmatch(cell) is None:
        return None
    try:
        return [_value(item) for item in re.findall(_QUOTED, cell, re.DOTALL)]
    except (ValueError, SyntaxError, MemoryError):
        return None


def writes_objects(cell: Any) -> bool:
    """Whether a string writes out an object, or a list of them, whose keys have names.

    Examples:
        >>> writes_objects("[{'id': 1, 'name': 'a'}]"), writes_objects("{'a', 'b'}")
        (True, False)
    """
    return isinstance(cell, str) and cell.rstrip().endswith(("}", "}]")) and _OBJECT.match(cell) is not None


def is_enclosed(text: str, openings: str = "[{") -> bool:
    """Whether one pair of brackets encloses a text from its beginning to its end.

    Examples:
        >>> is_enclosed("[a, b]"), is_enclosed("[a] [b]"), is_enclosed("(a)")
        (True, False, False)
    """
    text = text.strip()
    closing = BRACKETS.get(text[:1])
    if closing is None or text[0] not in openings or text[-1] != closing:
        return False
    depth = 0
    for sign in re.findall(rf"[{re.escape(text[0] + closing)}]", text[:-1]):
        depth += 1 if sign == text[0] else -1
        if not depth:
            return False
    return True


def _choices(value: Any) -> list[Any] | None:
    """The choices of an object that holds nothing else."""
    if not isinstance(value, dict) or list(value) != ["choices"] or not isinstance(value["choices"], list):
        return None
    return value["choices"] if all(isinstance(item, str) for item in value["choices"]) else None


def _is_tuple(text: str) -> bool:
    return text.startswith("(") and text.endswith(")") and ("," in text or text == "()")


def _is_plain(item: Any) -> bool:
    if isinstance(item, list):
        return all(isinstance(inner, _SCALARS) for inner in item)
    return isinstance(item, _SCALARS)


def _json(text: str) -> list[Any] | None:
    try:
        value: list[Any] = json.loads(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError):
        return None
    return value


def _printed(text: str) -> list[Any] | None:
    """The list that Python prints so; Python itself would read `['a' 'b']` as one string, so it is not asked alone."""
    text = _NUMPY_SCALAR.sub(r"\1", text)
    found = _flat(text[1:-1], _BETWEEN_COMMAS)
    if found is not None:
        return found
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value: list[Any] = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return value if repr(value) == text else None


def _array(text: str) -> list[Any] | None:
    """The array, of one or two axes, that NumPy prints so."""
    if not _ROWS.fullmatch(text[1:-1]):
        return _flat(text[1:-1], _BETWEEN_BLANKS)
    rows = [_flat(row[1:-1], _BETWEEN_BLANKS) for row in re.findall(r"\[[^\[\]]*\]", text[1:-1])]
    return None if any(row is None for row in rows) else rows


def _flat(text: str, form: re.Pattern[str]) -> list[Any] | None:
    """The items of a text of this form; None where it has another form, or something is no item."""
    if form.fullmatch(text) is None:
        return None
    try:
        return [_value(item) for item in _ITEMS.findall(text)]
    except (ValueError, SyntaxError, MemoryError):
        return None


def _value(item: str) -> Any:
    """A string in quotes, a number or a word of Python; raises ValueError for anything else."""
    if item[0] in "'\"":
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value = ast.literal_eval(item)
        value.encode()  # half of a surrogate pair is no text
        return value
    if item in _WORDS:
        return _WORDS[item]
    if _NUMBER.fullmatch(item) is None:
        raise ValueError(item)
    return float(item) if any(sign in item for sign in ".e") else int(item)
