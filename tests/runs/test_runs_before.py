"""Run folders of the version before there were manifests load, and predict what they predicted then.

They were trained on `joint_rows(40)`; `said.json` holds what their own version predicted for `joint_rows(25, seed=9)`.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import seqwise
from small_runs import joint_rows

RUNS = sorted(path.name for path in (Path(__file__).parent / "runs_before").iterdir())
EXTRA = {"pieces": "transformers"}


def leaves(value, place=""):
    """Every value inside nested lists and objects, by its place."""
    if isinstance(value, (list, dict)):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        return {name: leaf for key, each in inner for name, leaf in leaves(each, f"{place}/{key}").items()}
    return {place: value}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_of_an_earlier_version_predicts_the_same(name):
    if name in EXTRA:
        pytest.importorskip(EXTRA[name])
    folder = Path(__file__).parent / "runs_before" / name
    model = seqwise.load(folder, "cpu")
    read = model.spec.input
    rows = joint_rows(25, seed=9)
    sequences = [np.array(row["signal"], np.float32) if read.is_series else row[read.column] for row in rows]
    said = json.loads((folder / "said.json").read_text())
    assert model.predict(sequences) == said["labels"]
    assert leaves(model.predict_proba(sequences)) == pytest.approx(leaves(said["probabilities"]), abs=1e-4)
