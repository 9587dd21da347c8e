"""Calls of losses that mean nothing; `messages.txt` beside it has the answer, the same in every framework."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

NAN, INF = math.nan, math.inf


@dataclass(frozen=True)
class Wrong:
    """One wrong call. Arrays are nested lists, or ("float", 8, 47) for zeros of that kind and shape."""

    name: str
    given: dict[str, Any]
    loss: str = "cross_entropy"
    options: dict[str, Any] = field(default_factory=dict)


def steps(labels: Any, **more: Any) -> dict[str, Any]:
    """Two sequences of three steps of three classes."""
    return {"logits": [[[0.0, 1.0, 2.0]] * 3] * 2, "labels": labels, **more}


def outputs(**more: Any) -> dict[str, Any]:
    """Eight examples with 47 labels of three classes."""
    return {"logits": ("float", 8, 47, 3), "labels": ("int", 8, 47), **more}


WRONG_CALLS = [
    Wrong("one number per label", {"logits": ("float", 8, 47), "labels": ("int", 8, 47)}),
    Wrong("float labels", outputs(labels=("float", 8, 47))),
    Wrong("boolean labels", outputs(labels=("bool", 8, 47))),
    Wrong("a stray axis in both", {"logits": ("float", 1, 8, 47), "labels": ("int", 1, 8, 47)}),
    Wrong("a stray axis in the logits", {"logits": ("float", 1, 8, 3), "labels": ("int", 8)}),
    Wrong("a stray axis in the labels", {"logits": ("float", 8, 3), "labels": ("int", 1, 8)}),
    Wrong("labels in a column", {"logits": ("float", 8, 3), "labels": ("int", 8, 1)}),
    Wrong("torch's layout", {"logits": ("float", 8, 3, 47), "labels": ("int", 8, 47)}),
    Wrong("a flat head", {"logits": ("float", 8, 141), "labels": ("int", 8, 47)}),
    Wrong("labels that fit nothing", {"logits": ("float", 8, 47, 3), "labels": ("int", 8, 40)}),
    Wrong("integer logits", outputs(logits=("int", 8, 47, 3))),
    Wrong("no classes", outputs(logits=("float", 8, 47, 0))),
    Wrong("no such axis", outputs(), options={"class_axis": 3}),
    Wrong("a float mask", outputs(mask=("float", 8, 47))),
    Wrong("a mask of another shape", outputs(mask=("bool", 8, 3))),
    Wrong("a mask of outputs", outputs(mask=("bool", 47))),
    Wrong("a mask with classes", outputs(mask=("bool", 8, 47, 3))),
    Wrong("a mask as sample weight", outputs(sample_weight=("bool", 8))),
    Wrong("sample weights of another batch", outputs(sample_weight=("float", 7))),
    Wrong("float lengths", outputs(lengths=("float", 8))),
    Wrong("lengths in a column", outputs(lengths=("int", 8, 1))),
    Wrong("lengths without time", {"logits": ("float", 8, 3), "labels": ("int", 8), "lengths": ("int", 8)}),
    Wrong("boolean class weights", outputs(class_weight=("bool", 3))),
    Wrong("class weights for outputs", outputs(class_weight=("float", 47))),
    Wrong("too few label values", outputs(), options={"label_values": (0, 1)}),
    Wrong("a label value twice", outputs(), options={"label_values": (0, 1, 1)}),
    Wrong("a label value that is no integer", outputs(), options={"label_values": (0, 1, 0.5)}),
    Wrong("an ignore_index that is no integer", outputs(), options={"ignore_index": 1.5}),
    Wrong("smoothing above 1", outputs(), options={"label_smoothing": 1.5}),
    Wrong("a gamma below 0", outputs(), "focal_loss", {"gamma": -1.0}),
    Wrong("an unknown option", outputs(), options={"lable_smoothing": 0.1}),
    Wrong("torch's name of an option", outputs(), options={"weight": [1.0, 1.0, 1.0]}),
    Wrong("Keras's name of an option", outputs(), "ordinal_loss", {"axis": 1}),
    Wrong("an option that nothing is like", outputs(), "focal_loss", {"temperature": 2.0}),
    Wrong(
        "another loss's option",
        {"logits": ("float", 8, 3), "labels": ("int", 8, 3)},
        "binary_cross_entropy",
        {"axis": 1},
    ),
    Wrong("no such reduction", outputs(), options={"reduction": "sequencemean"}),
    Wrong("a sum with a denominator", outputs(), options={"reduction": "sum", "denominator": 3.0}),
    Wrong("a denominator below 0", outputs(), options={"denominator": -1.0}),
    Wrong(
        "outputs that are not there",
        {"logits": ("float", 8, 3), "labels": ("int", 8)},
        options={"reduction": "per_output"},
    ),
    Wrong("a label too high", steps([[0, 1, 2], [0, 3, 1]])),
    Wrong("labels below 0", steps([[0, -1, 2], [0, -1, 1]])),
    Wrong("labels from -1", steps([[0, -1, 1], [0, -1, 1]])),
    Wrong("a hidden -100", steps([[0, -100, 2], [0, 1, 1]])),
    Wrong("no label value", steps([[0, -1, 2], [0, 1, 1]]), options={"label_values": (-1, 0, 1)}),
    Wrong("a length too long", steps([[0] * 3] * 2, lengths=[3, 4])),
    Wrong("a class weight of NaN", steps([[0] * 3] * 2, class_weight=[1.0, NAN, 1.0])),
    Wrong("an infinite sample weight that counts", steps([[0] * 3] * 2, sample_weight=[1.0, INF], lengths=[1, 1])),
    Wrong("soft labels above 1", steps([[[0.5, 0.5, 0.5]] * 3] * 2)),
    Wrong("a row of zeros", steps([[[0.0, 0.0, 0.0]] * 3] * 2)),
    Wrong("whole numbers as soft labels", steps([[[-1.0, 0.0, 1.0]] * 3] * 2)),
    Wrong("logits as probabilities", steps([[0] * 3] * 2), options={"from_logits": False}),
    Wrong("one logit per label", {"logits": ("float", 8, 1), "labels": ("int", 8)}, "binary_cross_entropy"),
    Wrong("one label out of several", {"logits": ("float", 8, 3), "labels": ("int", 8)}, "binary_cross_entropy"),
    Wrong("yes or no for others", {"logits": ("float", 8, 3), "labels": ("int", 8, 4)}, "binary_cross_entropy"),
    Wrong(
        "positive weights of another size",
        {"logits": ("float", 8, 3), "labels": ("int", 8, 3), "pos_weight": ("float", 8)},
        "binary_cross_entropy",
    ),
    Wrong("a yes-or-no label of -1", {"logits": [[0.0, 1.0, 2.0]], "labels": [[0, 1, -1]]}, "binary_cross_entropy"),
    Wrong(
        "a yes-or-no label of NaN", {"logits": [[0.0, 1.0, 2.0]], "labels": [[0.0, 1.0, NAN]]}, "binary_cross_entropy"
    ),
    Wrong(
        "a probability above 1",
        {"logits": [[0.5, 1.5]], "labels": [[0, 1]]},
        "binary_cross_entropy",
        {"from_logits": False},
    ),
]
