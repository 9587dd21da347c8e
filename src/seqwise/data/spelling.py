"""Labels that are written differently and may mean the same: said aloud, never merged."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict

import numpy as np
from numpy.typing import NDArray

from seqwise.targets import Label, Target, label_text

__all__ = ["folded", "look_alikes"]

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


def look_alikes(target: Target, counts: NDArray[np.int64]) -> list[str]:
    """Sentences about labels of a target that are easily taken for each other, with how often training has each.

    Args:
        target: the target.
        counts: its counts in the training part; see `labels.class_counts`.
    """
    occurrences: Counter[str] = Counter()
    per_output = counts[None, :, 1] if target.kind == "multilabel" else np.atleast_2d(counts)
    for classes, row in zip(target.classes, per_output, strict=True):
        occurrences.update({label_text(label): int(count) for label, count in zip(classes, row, strict=False)})
    groups: dict[str, list[str]] = defaultdict(list)
    for text in occurrences:
        groups[folded(text)].append(text)
    told = []
    for fold, texts in groups.items():
        named = [f"{_shown(text)} ({occurrences[text]:,} in training)" for text in texts]
        if len(texts) > 1:
            told.append(
                f"target '{target.name}': {', '.join(named[:-1])} and {named[-1]} are different labels; if they mean "
                "the same, write them alike"
            )
        elif not fold and not target.per_step:  # per step a blank may be a label: coil in strings of DSSP
            told.append(
                f"target '{target.name}': {named[0]} is a label of blanks; if it stands for none, leave the cell empty"
            )
    return told


def _shown(text: str) -> str:
    """A label in quotes, escaped where it would look like another one."""
    odd = any((sign.isspace() and sign != " ") or unicodedata.category(sign) == "Cf" for sign in text)
    return ascii(text) if odd or unicodedata.normalize("NFC", text) != text else f"'{text}'"
