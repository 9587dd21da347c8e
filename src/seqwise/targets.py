"""Describes what a model predicts: the kinds of target, and the user's label values in class order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from seqwise.tag_forms import USUAL_FORM, span_role

__all__ = ["KINDS", "Kind", "Label", "Target", "class_order", "label_text", "label_value", "shared_classes"]

Kind = Literal["label", "tags", "outputs", "multilabel"]
KINDS: tuple[Kind, ...] = ("label", "tags", "outputs", "multilabel")

Label = str | int | float | bool
"""A label as the user wrote it. Class indices never leave the arrays."""


@dataclass(frozen=True)
class Target:
    """One thing a model predicts.

    | kind         | logits (per step)         | labels (per step)   | meaning                          |
    |--------------|---------------------------|---------------------|----------------------------------|
    | `label`      | (B, C)                    | (B,)                | one label per sequence           |
    | `tags`       | (B, T, C)                 | (B, T)              | one label per step               |
    | `outputs`    | (B, K, C)  (B, T, K, C)   | (B, K)  (B, T, K)   | K outputs of up to C classes     |
    | `multilabel` | (B, L)     (B, T, L)      | (B, L)  (B, T, L)   | any of L labels, each 0 or 1     |

    Attributes:
        name: name of the target in reports and files; the column's name if there is one column.
        kind: one of `KINDS`.
        classes: the user's label values in class order. One tuple for `label` and `tags`, one tuple per output for
            `outputs`, and one tuple of the L labels for `multilabel`.
        columns: the columns of the labels; K of them for `outputs`, one or L for `multilabel`.
        outputs: the names of the K outputs; empty for other kinds.
        per_step: whether every step has its own labels. Always true for `tags`, never for `label`.
        scheme: the span scheme of the tags, detected in the training split: `iob` (IOB2, BIO), `iob1`, or `iobes`
            (also BILOU and BMES); None for no known scheme, and for other kinds.
        tag_form: the form of tags that mark spans, such as `x_B`; see `seqwise.tag_forms`. None if all tags have the
            usual form `B-x`, and for tags that mark no spans.
    """

    name: str
    kind: Kind
    classes: tuple[tuple[Label, ...], ...]
    columns: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    per_step: bool = False
    scheme: Literal["iob", "iob1", "iobes"] | None = None
    tag_form: str | None = None

    def __post_init__(self) -> None:
        assert self.kind in KINDS, self.kind
        assert self.per_step == (self.kind == "tags") or self.kind in ("outputs", "multilabel")
        assert self.kind == "outputs" or len(self.classes) == 1
        assert self.scheme is None or self.kind == "tags"
        assert len(self.outputs) == (len(self.classes) if self.kind == "outputs" else 0)

    @property
    def labels(self) -> tuple[Label, ...]:
        """The label values of a target with a single list of them (all kinds but `outputs`)."""
        assert self.kind != "outputs", "outputs have one list of classes each: use .classes"
        return self.classes[0]

    @property
    def class_count(self) -> int:
        """The size of the class axis: C, the largest C among outputs, or L."""
        return max(len(classes) for classes in self.classes)

    @property
    def logit_count(self) -> int:
        """Number of logits per sequence or per step: C, L, or for outputs K times the largest C."""
        return self.class_count * max(len(self.outputs), 1)

    @property
    def output_groups(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """The outputs grouped by number of classes: ((C, (k, ...)), ...); one group if all have the same number."""
        sizes = sorted({len(classes) for classes in self.classes})
        return tuple(
            (size, tuple(k for k, classes in enumerate(self.classes) if len(classes) == size)) for size in sizes
        )

    @property
    def label_axes(self) -> tuple[str, ...]:
        """The names of the axes of a batch's labels, for messages."""
        inner = {"label": (), "tags": (), "outputs": ("outputs",), "multilabel": ("labels",)}[self.kind]
        return ("batch", *(("time",) if self.per_step else ()), *inner)

    @property
    def logits_axes(self) -> tuple[str, ...]:
        """The names of the axes of a batch's logits, for messages."""
        return self.label_axes if self.kind == "multilabel" else (*self.label_axes, "classes")

    @property
    def marks_spans(self) -> bool:
        """Whether the tags mark spans: they have their own form, or are `O` and types with a prefix such as B-."""
        if self.kind != "tags" or self.tag_form is not None:
            return self.kind == "tags"
        tags = [label_text(tag) for tag in self.labels if tag != "O"]
        return bool(tags) and all(span_role(tag, USUAL_FORM)[0] != "O" for tag in tags)

    @property
    def span_roles(self) -> tuple[tuple[str, str], ...]:
        """The role (B, I, E, S, or O for outside) and the span type of each class."""
        return tuple(span_role(label_text(tag), self.tag_form or USUAL_FORM) for tag in self.labels)


def label_text(label: Label) -> str:
    """A label as written in text files, the form in which labels of different files are compared.

    Examples:
        >>> label_text(-1), label_text(True), label_text("B-artist")
        ('-1', 'true', 'B-artist')
    """
    if isinstance(label, bool):
        return "true" if label else "false"
    if isinstance(label, float) and label.is_integer() and abs(label) < 2**53:
        return str(int(label))
    return str(label)


def label_value(text: str) -> Label:
    """A label parsed from text: an integer if it is written back as the same text, else the text itself.

    Examples:
        >>> label_value("-1"), label_value("007"), label_value("yes")
        (-1, '007', 'yes')
    """
    if len(text) < 18 and re.fullmatch(r"-?[1-9][0-9]*|0", text):
        return int(text)
    return text


def class_order(labels: Iterable[Label]) -> tuple[Label, ...]:
    """The labels in class order: numbers by value, then text by code point; labels with equal text are one label.

    Examples:
        >>> class_order([1, -1, 0, "1"])
        (-1, 0, 1)
    """
    by_text = {label_text(label): label for label in reversed(list(labels))}
    return tuple(sorted(by_text.values(), key=lambda label: (isinstance(label, str), label, label_text(label))))


def shared_classes(per_output: Sequence[Iterable[Label]]) -> list[tuple[Label, ...]]:
    """Class orders for K outputs; all share one if some output uses every label of the others.

    Examples:
        >>> shared_classes([[-1, 0, 1], [0, 1]])
        [(-1, 0, 1), (-1, 0, 1)]
        >>> shared_classes([["red", "blue"], ["yes", "no"]])
        [('blue', 'red'), ('no', 'yes')]
    """
    own = [class_order(labels) for labels in per_output]
    union = class_order(label for labels in own for label in labels)
    shared = any(len(labels) == len(union) for labels in own)
    return [union if shared else labels for labels in own]
