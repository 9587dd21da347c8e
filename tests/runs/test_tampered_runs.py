"""Run folders that were tampered with: an error of ours or the same predictions, and never a hang.

In a listed run nothing changes in silence. Where the sums were made anew too, or there are none, what is read may mean
something else, but it is never out of range: each outcome is an error of ours, or probabilities that are finite.
"""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import signal
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from tampering import tamper

import seqwise
from seqwise.errors import SeqwiseError
from seqwise.runs.manifest import write_manifest
from seqwise.runs.run_folder import RunFolder
from small_runs import joint_rows

CASES = int(os.environ.get("SEQWISE_CASES", "500")) // 2
SECONDS = 60
BEFORE = sorted(path for path in (Path(__file__).parent / "runs_before").iterdir() if path.name != "pieces")


def said(folder):
    """What the model of a folder predicts; every probability is a finite number."""
    model = seqwise.load(folder, "cpu")
    read = model.spec.input
    rows = joint_rows(3, seed=9)
    sequences = [np.array(row["signal"], np.float32) if read.is_series else row.get(read.column, "") for row in rows]
    labels, probabilities = model.predict(sequences), model.predict_proba(sequences)
    check_finite(probabilities)
    return json.dumps([labels, probabilities])


def check_finite(value):
    if isinstance(value, dict):
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        check_finite(inner)
    assert not isinstance(value, float) or math.isfinite(value)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Listed runs of every kind, and what they predict."""
    place = tmp_path_factory.mktemp("whole")
    made = {}
    for path in BEFORE:
        shutil.copytree(path, place / path.name, ignore=shutil.ignore_patterns("said.json"))
        environment = json.loads((place / path.name / "env.json").read_text()) | {"manifest": True}
        (place / path.name / "env.json").write_text(json.dumps(environment))
        write_manifest(RunFolder(place / path.name))
        made[place / path.name] = said(place / path.name)
    return made


class Hangs(BaseException):
    pass


def alarm(*_):
    raise Hangs


@pytest.fixture
def in_time():
    before = signal.signal(signal.SIGALRM, alarm)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def outcome(folder, expected, is_listed):
    signal.alarm(SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = said(folder)
    except SeqwiseError as error:
        return "refused" if str(error) else "no message"
    except (Exception, Hangs) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
    if found == expected:
        return "the same"
    return "SILENT CHANGE" if is_listed else "changed"


@pytest.mark.parametrize("sums", ["listed", "recomputed", "unlisted"])
def test_a_tampered_run_is_refused_or_predicts_the_same(whole, tmp_path, monkeypatch, in_time, sums):
    monkeypatch.chdir(tmp_path)
    runs, counts, wrong = list(whole), Counter(), []
    share = {"listed": 2, "recomputed": 4, "unlisted": 4}[sums]
    for case in range(CASES // share):
        draw = random.Random(f"{sums} {case}")
        run = draw.choice(runs)
        folder = tmp_path / "run"
        shutil.copytree(run, folder)
        if sums != "listed":
            (folder / "manifest.json").unlink()
            environment = json.loads((folder / "env.json").read_text())
            environment.pop("manifest")
            (folder / "env.json").write_text(json.dumps(environment))
        way = tamper(folder, draw, runs)
        if sums == "recomputed":
            (folder / "manifest.json").unlink(missing_ok=True)
            try:
                write_manifest(RunFolder(folder))
            except SeqwiseError:
                counts["no sums"] += 1
        found = outcome(folder, whole[run], sums == "listed")
        counts[found if found in ("refused", "the same", "changed") else "wrong"] += 1
        if found not in ("refused", "the same", "changed"):
            wrong.append(f"{case} ({run.name}) {way} -> {found}")
        shutil.rmtree(folder)
    print(sums, dict(counts))  # noqa: T201
    assert not wrong, "\n".join(wrong)
    assert counts["refused"]
