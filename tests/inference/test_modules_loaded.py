"""Who uses a model does not load what trains one: the modules that fresh processes have after their predictions."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from seqwise.config import parse_config
from seqwise.runs.run_folder import RunFolder
from seqwise.training.run import train
from seqwise.training.training_plan import plan_run
from small_runs import joint_rows, rows_file, write_rows

RUNS = Path(__file__).parents[1] / "runs" / "runs_before"
KEPT = ("label", "tags", "outputs", "multilabel", "rocket", "bag", "ensemble")
TRAINING = ("seqwise.training", "seqwise.tuning", "sklearn")

COMMAND = """
from pathlib import Path
from seqwise.cli.predict import predict
for run in runs:
    predict(Path(run), rows, output=f"{folder}/{Path(run).name}.jsonl", device="cpu", quiet=True)
"""
PYTHON = """
import seqwise
import numpy as np
records = [json.loads(line) for line in open(rows)]
for run in runs:
    model = seqwise.load(run, "cpu")
    read = model.spec.input
    given = [np.array(r["signal"], np.float32) if read.is_series else r[read.column] for r in records]
    assert len(model.predict(given)) == len(model.predict_proba(given)) == len(records)
"""
LOADED = """
of = lambda name: any(name == room or name.startswith(room + ".") for room in rooms)
print(json.dumps(sorted(filter(of, sys.modules))))
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    file = rows_file(folder, "label")
    request = {"data": {"train": [file], "label": ["intent"]}, "input": {"text": "text"}, "model": {"encoder": "tfidf"}}
    train(plan_run(parse_config(request)), RunFolder(folder / "tfidf"), command="test")
    return [str(RUNS / name) for name in KEPT] + [str(folder / "tfidf")]


def loaded(program, tmp_path, **names):
    """The modules of training that a fresh process has after a program."""
    given = {"rooms": TRAINING, "rows": write_rows(tmp_path / "rows.jsonl", joint_rows(6)), "folder": str(tmp_path)}
    begin = "".join(f"{name} = {value!r}\n" for name, value in {**given, **names}.items())
    text = f"import json, sys\n{begin}{program}{LOADED}"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("program", [COMMAND, PYTHON], ids=["command", "python"])
def test_predicting_loads_nothing_of_training(runs, tmp_path, program):
    assert loaded(program, tmp_path, runs=runs) == []


def test_modules_of_training_are_found(tmp_path):
    assert loaded("import seqwise.training", tmp_path) == ["seqwise.training"]
