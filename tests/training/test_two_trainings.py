"""Trainings side by side in one process, and the random numbers of whoever calls them."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from seqwise.nn import FirstPooling, LabelHead, LSTMEncoder, NgramBag
from seqwise.nn._dropout import FeatureDropout
from seqwise.nn._generator import drawing_from, drawn_from
from small_runs import trained

RUNS = [("joint", "train.seed=1"), ("series", "model.encoder=transformer")]


def numbers(run):
    """What a run came to: its weights, figures, losses by epoch and predictions, without times."""
    path = run.folder.path
    figures = {part: run.metrics[part] for part in ("dev", "test")}
    baselines = run.metrics["baselines"]
    losses = [(entry["loss"], entry["dev_loss"], entry["dev_figure"]) for entry in run.state.history]
    weights = (path / "model.safetensors").read_bytes()
    lines = (path / "predictions.jsonl").read_text().splitlines()
    answers = [json.loads(line)["targets"] for line in lines]
    return weights, json.dumps([figures, baselines, losses, answers])


def run_in(folder, kind, setting):
    folder.mkdir()
    return numbers(trained(folder, kind, setting, "train.max_epochs=2"))


def test_trainings_side_by_side_give_the_numbers_of_each_alone(tmp_path):
    alone = [run_in(tmp_path / f"alone-{i}", *run) for i, run in enumerate(RUNS)]
    is_over = threading.Event()

    def draw():
        while not is_over.is_set():
            torch.manual_seed(0)
            torch.rand(10)
            np.random.seed(0)  # noqa: NPY002 - what a caller does
            random.seed(0)
            time.sleep(0.001)

    with ThreadPoolExecutor(len(RUNS) + 1) as pool:
        pool.submit(draw)
        try:
            jobs = [pool.submit(run_in, tmp_path / f"beside-{i}", *run) for i, run in enumerate(RUNS)]
            assert [job.result() for job in jobs] == alone
        finally:
            is_over.set()


def states():
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002


ALONE = """
import random, sys
sys.path[:0] = {path!r}
from pathlib import Path
import numpy as np, torch
from seqwise.inference import load
from small_runs import trained

def states():
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate(), torch.initial_seed()

torch.manual_seed(3)
before = states()
for kind in ("multilabel", "tags", "series"):
    Path({folder!r}, kind).mkdir()
    load(trained(Path({folder!r}, kind), kind, "train.max_epochs=2").folder.path)
    assert states() == before, kind
"""


def test_training_and_loading_leave_the_generators_of_the_process_alone(tmp_path):
    """In a process of its own: libraries that are loaded meanwhile draw, too, and so does beartype in tests."""
    script = ALONE.format(path=sys.path, folder=str(tmp_path))
    subprocess.run([sys.executable, "-c", script], check=True)


def fresh_model():
    """Weights by every way that the package's modules draw them."""
    return nn.ModuleList(
        [
            LSTMEncoder(4, hidden=3),
            FirstPooling(6),
            LabelHead(6, 5),
            NgramBag(40, 7),
            nn.MultiheadAttention(4, 2),
            nn.Conv1d(3, 4, 3),
            nn.ParameterList([torch.randn(40), torch.bernoulli(torch.full((9,), 0.5))]),
            nn.ParameterList([integers.float() for integers in (torch.randint(2, 9, (8,)), torch.randperm(9))]),
        ]
    )


def test_a_generator_gives_the_numbers_of_a_process_that_is_seeded_like_it():
    with torch.random.fork_rng():
        torch.manual_seed(7)
        expected = fresh_model().state_dict()
    before = torch.get_rng_state()
    with drawn_from(torch.Generator().manual_seed(7)):
        found = fresh_model().state_dict()
    assert before.equal(torch.get_rng_state())
    assert all(found[name].equal(value) for name, value in expected.items())


@pytest.mark.parametrize("module", [FeatureDropout(0.5), NgramBag(40, 7, ngram_dropout=0.5)])
def test_dropout_draws_from_the_generator_it_is_given_as_long_as_it_has_it(module):
    inputs = torch.arange(1, 41).reshape(4, 10)
    inputs = inputs if isinstance(module, NgramBag) else inputs.float()
    with torch.random.fork_rng():
        torch.manual_seed(7)
        expected = module(inputs)
    before = torch.get_rng_state()
    with drawing_from(nn.Sequential(module), torch.Generator().manual_seed(7)):
        assert module(inputs).equal(expected)
    assert before.equal(torch.get_rng_state())
    assert module.generator is None
