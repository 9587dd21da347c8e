from __future__ import annotations

import json
import os
import re
import signal

import numpy as np
import psutil
import pytest
import torch

import seqwise
from seqwise.config import parse_config
from seqwise.errors import ConfigError, DivergenceError, WorkerError
from seqwise.runs.run_folder import RunFolder
from seqwise.training.callbacks import NoCallback
from seqwise.training.ensemble import ensemble_fit as members
from seqwise.training.ensemble.ensemble_fit import makespan
from seqwise.training.interrupts import Interrupted
from seqwise.training.run import train
from seqwise.training.training_plan import plan_run
from small_runs import config_of, rows_file, trained

THREE = ["train.ensemble=3"]
TIMES = {"seconds", "tokens_per_second"}


def numbers(run):
    """Everything that a run computed, without what the clock says."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    history = [{key: value for key, value in line.items() if key not in TIMES} for line in lines]
    metrics = json.loads((run / "metrics.json").read_text())
    facts = metrics["training"]["baselines"]["facts"].values()
    for timed in (metrics["training"], *metrics["members"], *facts):
        timed.pop("seconds")
    return history, metrics, (run / "predictions.jsonl").read_text(), (run / "model.safetensors").read_bytes()


class StopAt(NoCallback):
    """Sends a signal at the end of an epoch of a member, or of the model that learns from them."""

    def __init__(self, member, epoch):
        self.at = (member, epoch)

    def epoch_ends(self, entry, is_best):
        if (entry.get("member"), entry["epoch"]) == self.at:
            os.kill(os.getpid(), signal.SIGTERM)


def test_a_run_of_an_ensemble_predicts_with_all_its_members(tmp_path):
    run = trained(tmp_path, "label", *THREE)
    model = seqwise.load(run.folder.path)
    assert len(model.network.network.members) == 3
    rows = [json.loads(row) for row in (tmp_path / "rows.jsonl").read_text().splitlines()]
    said = [json.loads(line) for line in (run.folder.path / "predictions.jsonl").read_text().splitlines()]
    again = model.predict([rows[line["line"] - 1]["text"] for line in said])
    assert again == [line["targets"]["intent"]["predicted"] for line in said]


def test_members_differ_by_their_seed_alone(tmp_path):
    files = [f"data.{part}={rows_file(tmp_path, 'label', 20, 1, f'{part}.jsonl')}" for part in ("dev", "test")]
    whole = trained(tmp_path, "label", *files, *THREE, "train.seed=5", "model.regression=false")
    single = trained(tmp_path, "label", *files, "train.seed=6", "model.regression=false", run="single")
    second = {
        name.removeprefix("members.1."): weight
        for name, weight in seqwise.load(whole.folder.path).network.state_dict().items()
        if name.startswith("members.1.")
    }
    for name, weight in seqwise.load(single.folder.path).network.state_dict().items():
        assert torch.equal(second[name], weight), name
    record = whole.metrics["members"][1]
    assert record["seed"] == 6
    assert record["test"]["intent"]["accuracy"] == single.metrics["test"]["accuracy"]
    assert record["best_epoch"] == single.metrics["training"]["best_epoch"]


def test_the_split_is_that_of_the_seed_of_the_run(tmp_path):
    plans = [plan_run(config_of(rows_file(tmp_path, "label"), "label", *more)) for more in ([], THREE)]
    for part in ("train", "dev", "test"):
        assert np.array_equal(*(plan.task.split.rows(part) for plan in plans))


@pytest.mark.parametrize("kind", ["joint", "uneven outputs", "multilabel per step", "series"])
def test_an_ensemble_of_any_kind_of_target_is_judged_and_loaded(tmp_path, kind):
    run = trained(tmp_path, kind, "train.ensemble=2")
    assert seqwise.load(run.folder.path).evaluate(str(tmp_path / "rows.jsonl"))


@pytest.mark.parametrize(
    ("more", "member", "epoch"),
    [([], 1, 2), ([], 2, 1), (["train.distill=true"], 2, 1), (["train.distill=true"], None, 2)],
)
def test_an_interrupted_ensemble_ends_with_the_numbers_of_an_unbroken_one(tmp_path, more, member, epoch):
    settings = ["train.ensemble=2", *more]
    whole = trained(tmp_path, "joint", *settings, run="whole")
    with pytest.raises(Interrupted):
        trained(tmp_path, "joint", *settings, run="broken", progress=StopAt(member, epoch))
    plan = plan_run(config_of(str(tmp_path / "rows.jsonl"), "joint", *settings))
    resumed = train(plan, RunFolder(tmp_path / "broken"), resume=True)
    assert numbers(resumed.folder.path) == numbers(whole.folder.path)


@pytest.fixture
def in_processes(monkeypatch):
    """However small the data are, members are trained two at a time; one after the other they take one thread too."""
    threads = torch.get_num_threads()
    monkeypatch.setattr(members, "_WORTH_STEPS", 0)
    yield lambda count: torch.set_num_threads(count)
    torch.set_num_threads(threads)


def test_processes_train_the_same_members(tmp_path, in_processes):
    in_processes(1)
    one_by_one = trained(tmp_path, "joint", *THREE, run="one")
    in_processes(2)
    seen = []

    class Seen(NoCallback):
        def epoch_ends(self, entry, is_best):
            seen.append(entry["member"])

    together = trained(tmp_path, "joint", *THREE, run="two", progress=Seen())
    assert sorted(set(seen)) == [1, 2, 3]
    assert numbers(together.folder.path) == numbers(one_by_one.folder.path)


def test_processes_are_interrupted_and_go_on(tmp_path, in_processes):
    in_processes(1)
    whole = trained(tmp_path, "label", "train.ensemble=2", run="whole")
    in_processes(2)
    with pytest.raises(Interrupted):
        trained(tmp_path, "label", "train.ensemble=2", run="broken", progress=StopAt(1, 1))
    plan = plan_run(config_of(str(tmp_path / "rows.jsonl"), "label", "train.ensemble=2"))
    resumed = train(plan, RunFolder(tmp_path / "broken"), resume=True)
    assert numbers(resumed.folder.path) == numbers(whole.folder.path)


def test_what_a_process_raises_is_raised_here(tmp_path, in_processes):
    in_processes(2)
    with pytest.raises(DivergenceError, match="Training diverged. Lower the learning rate"):
        trained(tmp_path, "label", *THREE, "train.learning_rate=1e30", "train.warmup=0", "train.clip=1e30")


def test_a_process_that_dies_without_a_word_is_an_error_of_ours(tmp_path, in_processes, monkeypatch):
    in_processes(2)
    monkeypatch.setenv("PYTHONSTARTUP", "")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "seqwise.py").write_text("raise SystemExit('torn')")
    with pytest.raises(RuntimeError, match=r"member \d ended with status 1:\n"):
        trained(tmp_path, "label", *THREE)


PRINTED = """
import os, sys
if sys.argv[-1].isdigit() and len(sys.argv) == 6:
    print("MKL_VERBOSE oneMKL 2024.0", end="")
    sys.stdout.flush()
    os.write(1, b"x" * 200_000)
    os.write(2, b"y" * 200_000)
"""


def test_what_a_member_prints_is_no_event(tmp_path, in_processes, monkeypatch):
    in_processes(2)
    (tmp_path / "sitecustomize.py").write_text(PRINTED)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert len(trained(tmp_path, "label", "train.ensemble=2").metrics["members"]) == 2


class Ends(NoCallback):
    """Ends the process of the second member by a signal, after its first epoch."""

    def __init__(self, number):
        self.number = number

    def epoch_ends(self, entry, is_best):
        if entry["member"] == 2:
            for child in psutil.Process().children():
                if child.cmdline()[-4] == "1":
                    child.send_signal(self.number)


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV"])
def test_a_member_that_the_system_ends_is_named_with_the_signal_and_the_run_goes_on(tmp_path, in_processes, name):
    in_processes(2)
    settings = ["train.ensemble=2", "train.max_epochs=30", "train.patience=30"]
    ended = f"^the process that trained member 2 of the ensemble was ended by {name}"
    with pytest.raises(WorkerError, match=ended) as caught:
        trained(tmp_path, "label", *settings, progress=Ends(getattr(signal, name)))
    assert str(caught.value).endswith(f"Go on with: seqwise train --run {tmp_path / 'run'} --resume")
    in_processes(1)  # it goes on in this process, which starts at once
    plan = plan_run(config_of(str(tmp_path / "rows.jsonl"), "label", *settings))
    assert len(train(plan, RunFolder(tmp_path / "run"), resume=True).metrics["members"]) == 2


NO_MEMORY = """
import sys
if sys.argv[-1].isdigit() and len(sys.argv) == 6:
    import {module}
    from seqwise.training.ensemble import ensemble_fit as members
    def without_memory(*_, **__):
        {allocation}
    members.EnsembleFit.fit_member = without_memory
"""


@pytest.mark.parametrize(
    ("module", "allocation", "said"),
    [
        ("numpy", "numpy.zeros(1 << 58)", "Unable to allocate 2.00 EiB for an array with shape (288230376151711744,)"),
        ("torch", "torch.zeros(1 << 58)", "1,152,921,504,606,846,976 bytes could not be allocated"),
    ],
)
def test_a_member_without_memory_is_one_message_and_the_run_goes_on(
    tmp_path, in_processes, monkeypatch, module, allocation, said
):
    in_processes(2)
    (tmp_path / "sitecustomize.py").write_text(NO_MEMORY.format(module=module, allocation=allocation))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(WorkerError) as caught:
        trained(tmp_path, "label", "train.ensemble=2")
    first, advice, way_on = str(caught.value).split("\n")
    assert re.match(r"memory ran out while member [12] of the ensemble was trained: " + re.escape(said), first)
    assert advice == "  With OMP_NUM_THREADS=1 one member is trained at a time, which takes the least."
    assert way_on.endswith(f"Go on with: seqwise train --run {tmp_path / 'run'} --resume")
    (tmp_path / "sitecustomize.py").unlink()
    in_processes(1)
    plan = plan_run(config_of(str(tmp_path / "rows.jsonl"), "label", "train.ensemble=2"))
    assert len(train(plan, RunFolder(tmp_path / "run"), resume=True).metrics["members"]) == 2


def test_time_of_members_side_by_side():
    assert makespan([3, 1, 1], 2) == 3
    assert makespan([2, 2, 2], 2) == 4
    assert makespan([2, 2, 2], 1) == 6


def test_one_model_learns_from_the_ensemble(tmp_path):
    run = trained(tmp_path, "joint", "train.ensemble=2", "train.distill=true", "model.regression=false")
    assert type(seqwise.load(run.folder.path).network).__name__ == "SequenceModel"
    assert len(run.metrics["members"]) == 2
    assert set(run.metrics["ensemble"]) == {"dev", "test"}
    assert {"intent", "slots", "intent, as the ensemble says"} <= set(run.state.history[0]["targets"])


def test_one_model_has_nobody_to_learn_from(tmp_path):
    with pytest.raises(ConfigError, match=r"^train.distill is true, but one model has no ensemble to learn from\n"):
        plan_run(config_of(rows_file(tmp_path, "label"), "label", "train.distill=true"))


def rocket_config(folder, **settings):
    data = {"train": [rows_file(folder, "series")], "label": ["intent"]}
    return parse_config({"data": data, "model": {"encoder": "rocket"}, "train": {"ensemble": 2, **settings}})


def test_heads_that_are_solved_for_learn_from_labels_alone(tmp_path):
    with pytest.raises(ConfigError, match="^train.distill is true, but the heads of the encoder 'rocket' are solved"):
        plan_run(rocket_config(tmp_path, distill=True))


def test_models_that_are_solved_for_make_an_ensemble_too(tmp_path):
    run = train(plan_run(rocket_config(tmp_path)), RunFolder(tmp_path / "run"))
    assert len(run.metrics["members"]) == 2


def test_the_checkpoint_of_a_finished_training_has_the_kept_weights_alone(tmp_path):
    run = trained(tmp_path, "label")
    tensors, _ = run.folder.read_tensors(run.folder.checkpoint)
    assert {name.partition(".")[0] for name in tensors} == {"best"}
