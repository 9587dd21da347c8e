"""Reports labels that are spelled differently but may mean the same; they are never merged."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seqwise.data.store import Store
from seqwise.errors import counted
from seqwise.targets import Label, Target, label_text

__all__ = ["first_place", "folded", "look_alikes"]

_GROUPS_SAID = 5
_JOINERS = "\u200c\u200d"
"""Signs without width that do change what is read: in Persian and Hindi words, in emoji."""


def folded(label: Label) -> str:
    r"""A label without what is easily overlooked: two labels that fold to the same text may mean the same.

    Left out are blanks at the edges and repeated ones, invisible signs, the difference between composed and decomposed
    Unicode (UAX #15), a fraction of zero (`1.0`, as pandas writes 1 beside gaps), and capitals of true and false.

    Examples:
        >>> folded(" a"), folded("cafe\u0301"), folded("1.0"), folded("True"), folded("A")
        ('a', 'café', '1', 'true', 'A')
    """
    text = unicodedata.normalize("NFC", label_text(label))
    seen = "".join(sign for sign in text if unicodedata.category(sign) != "Cf" or sign in _JOINERS)
    text = " ".join(seen.split())
    if re.fullmatch(r"-?[0-9]+\.0+", text):
        return text.partition(".")[0]
    return text.lower() if text.lower() in ("true", "false") else text


def look_alikes(target: Target, counts: NDArray[np.int64], first: Callable[[str], str] | None = None) -> list[str]:
    """Sentences about labels of a target that are easily taken for each other, with how often training has each.

    Those are labels that fold alike, or differ merely in capitals, in signs between and behind words, in quotes or in
    the width of characters.

    Args:
        target: the target.
        counts: its counts in the training part; see `labels.class_counts`.
        first: where a label stands first; it is asked about all but the most frequent of such labels.
    """
    occurrences: Counter[str] = Counter()
    per_output = counts[None, :, 1] if target.kind == "multilabel" else np.atleast_2d(counts)
    for classes, row in zip(target.classes, per_output, strict=True):
        occurrences.update({label_text(label): int(count) for label, count in zip(classes, row, strict=False)})
    groups: dict[str, list[str]] = defaultdict(list)
    for text in occurrences:
        groups[_sketch(text)].append(text)
    alike = [texts for texts in groups.values() if len(texts) > 1]
    told = [
        f"target '{target.name}': {', '.join(named[:-1])} and {named[-1]} are different labels; if they mean the same, "
        "write them alike"
        for texts in alike[:_GROUPS_SAID]
        if (named := _named(texts, occurrences, first))
    ]
    if len(alike) > _GROUPS_SAID:
        more = counted(len(alike) - _GROUPS_SAID, "other group")
        told.append(f"target '{target.name}': {more} of labels that are as much alike")
    # Per step a blank may be a label: coil in strings of DSSP.
    blank = [text for text in occurrences if not folded(text)] if not target.per_step else []
    return told + [
        f"target '{target.name}': {_named([text], occurrences, None)[0]} is a label of blanks; if it stands for none, "
        "leave the cell empty"
        for text in blank[:1]
    ]


def first_place(store: Store, position: int, text: str, *, has_token_lines: bool) -> str:
    """Where a label of the target of this position stands first; empty where labels are columns.

    Args:
        store: the rows.
        position: of the target.
        text: the label.
        has_token_lines: whether a row has a line for each token, from its place on.
    """
    spec = store.spec.targets[position]
    number = [label_text(value) for value in store.label_values[position]].index(text)
    for row in range(len(store)) if spec.form != "columns" or spec.kind != "multilabel" else ():
        labels = store.labels(position, row)
        steps = [] if labels is None else np.flatnonzero(labels == number).tolist()
        if steps:
            place = store.place(row)
            is_line = has_token_lines and spec.form == "steps"
            return str(replace(place, line=place.line + steps[0]) if is_line else place)
    return ""


def _sketch(text: str) -> str:
    """A label without what a hasty writer changes; one character alone and a number stay as they are."""
    exact = folded(text)
    if len(exact) < 2 or not re.search(r"[^\W\d_]", exact):
        return exact
    rough = re.sub(r"(?<=\w)[\s_-]+(?=\w)|_", " ", unicodedata.normalize("NFKC", exact).casefold())
    return rough.strip("'\" ").rstrip(".,;:!'\" ") or exact


def _named(texts: list[str], occurrences: Counter[str], first: Callable[[str], str] | None) -> list[str]:
    """Labels with their counts, and where all but the most frequent one stand first."""
    most = max(texts, key=lambda text: occurrences[text])
    places = {text: first(text) for text in texts if text != most} if first is not None else {}
    return [
        f"{_shown(text)} ({occurrences[text]:,} in training{f', first at {place}' if place else ''})"
        for text in texts
        for place in [places.get(text, "")]
    ]


def _shown(text: str) -> str:
    """A label in quotes, escaped where it would look like another one."""
    odd = any((sign.isspace() and sign != " ") or unicodedata.category(sign) == "Cf" for sign in text)
    return ascii(text) if odd or unicodedata.normalize("NFC", text) != text else f"'{text}'"
