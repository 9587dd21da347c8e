"""Finds the columns in which annotation tools keep spans and scored labels, and reads them as tags and labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seqwise.data.readers._options import ReadOptions
from seqwise.data.readers._source import Part
from seqwise.data.readers._spans import are_spans, span_tags
from seqwise.data.records import Place, Record
from seqwise.errors import counted, listed

__all__ = ["Annotations", "annotated"]

_TEXTS = ("text", "sentence", "data", "content", "document", "utterance")
_ANSWERS = {"accept", "reject", "ignore"}
_NAMED = 5
_HALF = 0.5
_MOST_LABELS = 10_000


@dataclass(frozen=True)
class Annotations:
    """The columns that are read in another form than they stand in.

    Attributes:
        text: the column of text whose characters the spans count.
        spans: columns of lists of spans: a tag per word.
        single: columns of objects such as `{"good": 1, "bad": 0}`, one label each.
        sets: columns of such objects, or of labels and lists of labels: a set of labels each.
        scored: those of `single` and `sets` that hold objects of scores; only reported.
        is_prodigy: whether the rows are those of Prodigy, of which only accepted ones count.
    """

    text: str | None = None
    spans: tuple[str, ...] = ()
    single: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    scored: tuple[str, ...] = ()
    is_prodigy: bool = False

    def __bool__(self) -> bool:
        return bool(self.spans or self.single or self.sets)

    def read(self, record: Record, misaligned: list[str] | None = None) -> Record:
        """The record with tags for spans and labels for scores; spans inside words are added to `misaligned`."""
        values = dict(record.values)
        is_left = self.is_prodigy and values.pop("answer", "accept") != "accept"
        if self.is_prodigy:
            values = {name: cell for name, cell in values.items() if name != "tokens" and not name.startswith("_")}
        for name in values.keys() & set(self.spans):
            values[name] = None if is_left else self._tags(values.get(name), values, record.place, name, misaligned)
        for name in (*self.single, *self.sets):
            if name in values:
                values[name] = _labels(values[name], is_single=name in self.single)
        return Record(record.place, values)

    def _tags(self, cell: Any, values: dict[str, Any], place: Place, name: str, misaligned: list[str] | None) -> Any:
        """The tags of a cell of spans; what is no list of spans stays as it is."""
        text = values.get(self.text or "")
        if not isinstance(text, str) or not (cell == [] or are_spans(cell)):
            return cell
        tags, odd = span_tags(cell, text, place, name)
        if misaligned is not None:
            misaligned += [f"{span} on line {place.line}" for span in odd]
        return tags

    def to_options(self) -> tuple[str, ...]:
        """The same as `ReadOptions.annotations` has it."""
        named = {"text": (self.text,), "spans": self.spans, "single": self.single, "sets": self.sets}
        told = [f"{kind}={name}" for kind, names in named.items() for name in names if name is not None]
        return (*told, *(["prodigy="] if self.is_prodigy else []))

    @classmethod
    def of_options(cls, given: Iterable[str]) -> Annotations:
        """Reads the output of `to_options`."""
        pairs = [each.split("=", 1) for each in given]
        names = {kind: tuple(name for key, name in pairs if key == kind) for kind in ("spans", "single", "sets")}
        text = next((name for key, name in pairs if key == "text"), None)
        return cls(text, **names, is_prodigy=["prodigy", ""] in pairs)


def annotated(part: Part, seen: Sequence[Record], options: ReadOptions, *, is_live: bool) -> Part:
    """The part with the columns of annotation tools read as tags and labels, where there are any.

    What is found in the first records is checked against all of them, which a stream does not allow.

    Args:
        part: a file of JSON objects, or a table.
        seen: its first records.
        options: how it is read; `annotations` says what was found in the training files.
        is_live: whether it can be read only once.
    """
    if options.annotations is not None:
        found = Annotations.of_options(options.annotations)
    else:
        found = _found(seen)
        if found and not is_live:
            found = _found(part.records())
    if not found:
        return replace(part, annotations=options.annotations or ())
    misaligned: list[str] = []
    if not is_live:
        for record in part.records():
            found.read(record, misaligned)
    extra = dict.fromkeys(name for record in seen for name in found.read(record).values)
    return replace(
        part,
        records=lambda: map(found.read, part.records()),
        extra=tuple(name for name in part.extra if name in extra) if part.extra else (),
        notes=(*part.notes, *(_notes(found) if options.annotations is None else ()), *_misaligned(misaligned)),
        annotations=found.to_options(),
    )


def _notes(found: Annotations) -> Iterator[str]:
    if found.spans:
        yield (
            f"spans of characters in {listed(found.spans)} are read as tags of the words in '{found.text}': B- begins "
            "a span, I- goes on, O is outside"
        )
    if found.scored:
        yield f"objects of scores in {listed(found.scored)} are read as the labels that they give 0.5 or more"
    if found.is_prodigy:
        yield "rows whose 'answer' is not 'accept' have no labels"


def _misaligned(misaligned: list[str]) -> Iterator[str]:
    if misaligned:
        more = f" and {len(misaligned) - _NAMED} more" if len(misaligned) > _NAMED else ""
        verb = "begins or ends" if len(misaligned) == 1 else "begin or end"
        yield (
            f"warning: {counted(len(misaligned), 'span')} {verb} inside a word, whose tag is taken for missing: "
            f"{', '.join(misaligned[:_NAMED])}{more}"
        )


def _found(records: Iterable[Record]) -> Annotations:
    """The columns in which every cell that is not empty is a list of spans, or an object of scores."""
    kinds: dict[str, set[str]] = {}
    texts: dict[str, int] = {}
    answers: set[Any] = set()
    choices: dict[str, _Choices] = {}
    for record in records:
        for name, cell in record.values.items():
            kinds.setdefault(name, set()).add(kind := _kind(cell))
            if isinstance(cell, str):
                texts[name] = texts.get(name, 0) + len(cell)
            if kind in ("text", "list"):
                choices.setdefault(name, _Choices()).add(cell)
        answers.add(record.values.get("answer", "accept"))
    spans = tuple(name for name, found in kinds.items() if "spans" in found and found <= {"spans", "empty"})
    cats = {
        name: found
        for name, found in kinds.items()
        if {"one", "several"} & found and found <= {"one", "several", "empty"}
    }
    mixed = tuple(
        name
        for name, found in kinds.items()
        if {"text", "list"} <= found <= {"text", "list", "empty"} and choices[name].are_labels
    )
    named = [name for name in _TEXTS if name in texts]
    text = next(iter(named or sorted(texts, key=lambda name: -texts[name])), None)
    if text is None or text in spans:
        spans = ()
    return Annotations(
        text if spans else None,
        spans,
        tuple(name for name, found in cats.items() if "several" not in found),
        (*(name for name, found in cats.items() if "several" in found), *mixed),
        tuple(cats),
        is_prodigy=bool(spans) and "answer" in kinds and answers <= _ANSWERS,
    )


class _Choices:
    """The texts of a column that holds texts and lists: labels as Label Studio has them, or tokens."""

    def __init__(self) -> None:
        self._alone: set[str] = set()
        self._listed: set[str] = set()

    def add(self, cell: str | list[str]) -> None:
        """One more cell; of too many different texts no more are kept."""
        known = self._alone if isinstance(cell, str) else self._listed
        if len(known) <= _MOST_LABELS:
            known.update([cell] if isinstance(cell, str) else cell)

    @property
    def are_labels(self) -> bool:
        """Whether most of what stands alone stands in lists too, and there are few of them."""
        both = self._alone & self._listed
        return 2 * len(both) > len(self._alone) and len(self._listed) <= _MOST_LABELS


def _kind(cell: Any) -> str:
    """The kind of a cell: `spans`, scores for `one` label or `several`, `text`, `list` of texts, `empty`, `other`."""
    if cell is None or (isinstance(cell, (str, list, dict)) and not cell):
        return "empty"
    if isinstance(cell, str):
        return "text"
    if isinstance(cell, list):
        return "spans" if are_spans(cell) else "list" if all(isinstance(item, str) for item in cell) else "other"
    if isinstance(cell, dict) and len(cell) > 1 and all(_is_score(value) for value in cell.values()):
        return "one" if sum(value >= _HALF for value in cell.values()) == 1 else "several"
    return "other"


def _is_score(value: Any) -> bool:
    return isinstance(value, (bool, int, float)) and 0 <= value <= 1


def _labels(cell: Any, *, is_single: bool) -> Any:
    """The label or the labels of an object of scores; a single label where sets are meant is a set of one."""
    if isinstance(cell, str):
        return cell if is_single else [cell]
    if not isinstance(cell, dict) or not all(map(_is_score, cell.values())):
        return cell
    labels = [label for label, score in cell.items() if score >= _HALF]
    return labels[0] if is_single and len(labels) == 1 else labels
