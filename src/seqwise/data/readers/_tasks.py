"""Reads what annotation tools write per text: tasks of Label Studio, pairs of spaCy; as one flat object each."""

from __future__ import annotations

from typing import Any

from seqwise.data.records import Place
from seqwise.errors import DataError

__all__ = ["flat_row", "left_out"]

_READ = ("choices", "labels", "rating", "number", "text", "taxonomy", "datetime")
_VIEWS = ("hypertextlabels", "paragraphlabels", "textlabels")


def flat_row(value: Any, place: Place) -> dict[str, Any] | None:
    """The columns of a row; None for what is no row.

    * A pair `["text", {"entities": ...}]`, as spaCy trains on, is its object with the text under `text`.
    * A task of Label Studio, `{"data": ..., "annotations": [{"result": ...}]}`, is its data with a column per control:
      a choice, a list of choices, a list of spans.

    Raises:
        DataError: a task whose annotators disagree.
    """
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict):
        return {"text": value[0], **value[1]}
    if not isinstance(value, dict):
        return None
    annotations = value.get("annotations", value.get("completions"))
    if not isinstance(value.get("data"), dict) or not isinstance(annotations, list):
        return value
    kept = [each for each in annotations if isinstance(each, dict) and not each.get("was_cancelled")]
    kept = [each for each in kept if each.get("ground_truth")] or kept
    results = [_columns(each) for each in kept]
    if any(result != results[0] for result in results):
        problem = f"the task has {len(results)} annotations that differ"
        hint = "Export one annotation per task, or mark one of them as the ground truth."
        raise DataError(problem, file=place.file, line=place.line, hint=hint)
    own = {"id": value["id"]} if "id" in value else {}
    return {**own, **value["data"], **(results[0] if results else {})}


def left_out(values: list[Any]) -> set[str]:
    """The types of result in tasks of Label Studio that `flat_row` leaves out, such as relations."""
    return {
        str(result.get("type"))
        for value in values
        if isinstance(value, dict) and isinstance(value.get("data"), dict)
        for annotation in value.get("annotations") or ()
        if isinstance(annotation, dict)
        for result in annotation.get("result") or ()
        if isinstance(result, dict) and _cells(result) is None
    }


def _columns(annotation: dict[str, Any]) -> dict[str, Any]:
    """The results of an annotation by control: spans collected, one choice alone, several as a list."""
    columns: dict[str, Any] = {}
    for result in annotation.get("result") or ():
        if not isinstance(result, dict) or (cells := _cells(result)) is None:
            continue
        name = str(result.get("from_name", result.get("type")))
        columns.setdefault(name, []).extend(cells)
    return {
        name: cells[0] if len(cells) == 1 and not isinstance(cells[0], dict) else cells
        for name, cells in columns.items()
    }


def _cells(result: dict[str, Any]) -> list[Any] | None:
    """The labels of a result, or its span; None where it has neither."""
    value = result.get("value")
    if not isinstance(value, dict):
        return None
    if "start" in value and "end" in value:
        labels = next((value[key] for key in ("labels", *_VIEWS) if key in value), None)
        return None if labels is None else [{**value, "labels": labels}]
    found = next((value[key] for key in _READ if key in value), None)
    return None if found is None else found if isinstance(found, list) else [found]
