"""Every form that the printed code can take: what is asked, by a name that says why it is here."""

from __future__ import annotations

from typing import Any

STATES = (4, 6, 8)
LABEL: dict[str, Any] = {"hidden": STATES, "labels": (4,), "values": range(3)}
TAGS: dict[str, Any] = {"hidden": STATES, "logits": (4, 6, 3), "labels": (4, 6), "problem": "tags"}
OUTPUTS: dict[str, Any] = {"hidden": STATES, "logits": (4, 5, 3), "labels": (4, 5), "problem": "outputs"}
SCALE = (-1, 0, 1)

CASES: dict[str, dict[str, Any]] = {
    # One label per sequence, over every pooling.
    "label": LABEL,
    "label, states of example size": {"logits": (4, 3), "labels": (4,)},
    **{
        f"label, {pooling}, {steps}": {**LABEL, "pooling": pooling, steps: (4,) if steps == "lengths" else (4, 6)}
        for pooling in ("last", "mean", "max", "attention")
        for steps in ("lengths", "mask")
    },
    "label, both directions": {**LABEL, "bidirectional": True},
    "label, both directions, mask": {**LABEL, "bidirectional": True, "mask": (4, 6)},
    "label, states pooled already": {**LABEL, "hidden": (4, 8)},
    "label, rows masked": {**LABEL, "mask": (4,)},
    "label, own numbers": {**LABEL, "values": (10, 20, 30)},
    "label, text": {**LABEL, "values": "no,maybe,yes"},
    "label, very many texts": {**LABEL, "values": [f"name {number}" for number in range(60)]},
    "label, many texts": {**LABEL, "values": [f"name {number}" for number in range(30)]},
    "label, one-hot": {"logits": (4, 3), "labels": (4, 3), "label_kind": "float", "problem": "label"},
    "label, one missing": {**LABEL, "missing": -1, "values": (-1, 0, 1, 2)},
    "label, probabilities": {"probabilities": (4, 3), "labels": (4,)},
    "label, ordered": {**LABEL, "values": SCALE, "loss": "ordinal_loss"},
    "label, rare classes": {**LABEL, "loss": "focal_loss"},
    # One label per step.
    "tags": TAGS,
    "tags, lengths": {**TAGS, "lengths": (4,)},
    "tags, mask": {**TAGS, "mask": (4, 6)},
    "tags, mask and lengths": {**TAGS, "mask": (4, 6), "lengths": (4,)},
    "tags, one mask for a row": {**TAGS, "mask": (4, 1)},
    "tags, torch's mark for padding": {**TAGS, "values": (-100, 0, 1, 2)},
    "tags, text": {**TAGS, "values": "O,B-x,I-x", "lengths": (4,)},
    "tags, one-hot": {"logits": (4, 6, 3), "labels": (4, 6, 3), "label_kind": "float", "problem": "tags"},
    "tags, one-hot probabilities": {"probabilities": (4, 6, 3), "labels": (4, 6, 3), "label_kind": "float"},
    "tags, ordered": {**TAGS, "lengths": (4,), "loss": "ordinal_loss"},
    "tags, rare classes": {**TAGS, "lengths": (4,), "loss": "focal_loss"},
    "chain": {**TAGS, "loss": "crf_nll"},
    "chain, lengths": {**TAGS, "loss": "crf_nll", "lengths": (4,)},
    "chain, mask": {**TAGS, "loss": "crf_nll", "mask": (4, 6)},
    "chain, one mask for a row": {**TAGS, "loss": "crf_nll", "mask": (4, 1)},
    "chain, text": {**TAGS, "loss": "crf_nll", "values": "O,B-x,I-x", "lengths": (4,)},
    "chain, own numbers": {**TAGS, "loss": "crf_nll", "values": SCALE},
    "chain, some missing": {**TAGS, "loss": "crf_nll", "values": (-100, 0, 1, 2)},
    "chain, some missing and a mask": {**TAGS, "loss": "crf_nll", "values": (-100, 0, 1, 2), "mask": (4, 6)},
    # Several labels.
    "outputs": OUTPUTS,
    "outputs, own numbers with gaps": {**OUTPUTS, "values": SCALE, "mask": (4, 5)},
    "outputs, own numbers, one of them missing": {**OUTPUTS, "values": (-1, 0, 1, 9), "missing": 9},
    "outputs, text": {**OUTPUTS, "values": "no,maybe,yes"},
    "outputs, padded states": {**OUTPUTS, "hidden": STATES, "lengths": (4,)},
    "outputs, probabilities": {"probabilities": (4, 5, 3), "labels": (4, 5), "problem": "outputs"},
    "outputs, ordered": {**OUTPUTS, "values": SCALE, "loss": "ordinal_loss"},
    "outputs of a step": {
        "logits": (4, 6, 5, 3),
        "labels": (4, 6, 5),
        "values": SCALE,
        "lengths": (4,),
        "mask": (4, 6, 5),
    },
    "outputs of a step, one-hot": {"logits": (4, 6, 5, 3), "labels": (4, 6, 5, 3), "label_kind": "float"},
    # Yes or no.
    "multilabel": {"logits": (4, 5), "labels": (4, 5), "values": (0, 1)},
    "multilabel, float": {"logits": (4, 5), "labels": (4, 5), "label_kind": "float"},
    "multilabel, gaps": {"logits": (4, 5), "labels": (4, 5), "values": (0, 1), "mask": (4, 5)},
    "multilabel, -1 for a gap": {"logits": (4, 5), "labels": (4, 5), "values": (-1, 0, 1), "missing": -1},
    "multilabel, probabilities": {"probabilities": (4, 5), "labels": (4, 5), "problem": "multilabel"},
    "multilabel of a step": {
        "logits": (4, 6, 5),
        "labels": (4, 6, 5),
        "values": (0, 1),
        "lengths": (4,),
        "problem": "multilabel-per-step",
    },
    "yes or no": {"logits": (4,), "labels": (4,), "values": (0, 1)},
    "yes or no of a step": {"logits": (4, 6), "labels": (4, 6), "values": (0, 1), "lengths": (4,)},
    "yes or no, probabilities": {"probabilities": (4,), "labels": (4,), "values": (0, 1)},
}
