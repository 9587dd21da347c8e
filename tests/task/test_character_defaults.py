"""Which encoder is chosen for symbols of one character."""

from __future__ import annotations

import pytest

from seqwise.config import parse_config
from seqwise.task.prepare import prepare


def encoder_for(tmp_path, bases: list[str], **model) -> str:
    rows = "".join(f"{text},{'ab'[i % 2]}\n" for i, text in enumerate(bases))
    (tmp_path / "bases.csv").write_text("bases,label\n" + rows)
    plain = {"data": {"train": [str(tmp_path / "bases.csv")], "label": ["label"]}, "input": {"text": "bases"}}
    return prepare(parse_config({**plain, "model": model})).config.model.encoder


LONG = [("ACGTTGCA" * 4)[i % 8 :] for i in range(40)]


@pytest.mark.parametrize(
    ("bases", "model", "encoder"),
    [
        (LONG, {}, "conv"),
        ([text[:9] for text in LONG], {}, "lstm"),
        (LONG, {"encoder": "gru"}, "gru"),
        (LONG, {"bidirectional": False}, "lstm"),
        ([f"{text[:9]} {text[9:]}" for text in LONG], {}, "lstm"),
    ],
)
def test_long_runs_of_signs_are_convolved(tmp_path, bases, model, encoder):
    assert encoder_for(tmp_path, bases, **model) == encoder
