from __future__ import annotations

import json
import os
import signal

import numpy as np
import pytest
import torch

from seqwise.config import TrainConfig
from seqwise.errors import ConfigError, DivergenceError, RunFolderError
from seqwise.models.deciding_figures import decisive_figures
from seqwise.models.device import choose_device
from seqwise.runs.run_folder import RunFolder
from seqwise.training.callbacks import NoCallback
from seqwise.training.interrupts import Interrupted
from seqwise.training.run import train
from seqwise.training.sgd.optimizer import make_optimizer, scheduled_learning_rate
from seqwise.training.training_plan import plan_run
from small_runs import config_of, rows_file, trained

TIMES = {"seconds", "tokens_per_second"}


def numbers(run):
    """Everything that a run computed, without what the clock says."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    history = [{key: value for key, value in line.items() if key not in TIMES} for line in lines]
    metrics = json.loads((run / "metrics.json").read_text())
    metrics["training"].pop("seconds")
    for facts in metrics["training"]["baselines"]["facts"].values():
        facts.pop("seconds")
    return history, metrics, (run / "predictions.jsonl").read_text(), (run / "model.safetensors").read_bytes()


class StopAt(NoCallback):
    """Sends a signal to this process at a step of an epoch."""

    def __init__(self, epoch, step, number=signal.SIGINT):
        self.epoch, self.at, self.number, self.now = epoch, step, number, -1

    def epoch_begins(self, epoch, max_epochs, steps):
        self.now = epoch

    def step_done(self, step, share, seconds):
        if (self.now, step) == (self.epoch, self.at):
            os.kill(os.getpid(), self.number)


class Crash(NoCallback):
    """Dies without a word, as a process that is killed does."""

    def __init__(self, epoch, step):
        self.epoch, self.at, self.now = epoch, step, -1

    def epoch_begins(self, epoch, max_epochs, steps):
        self.now = epoch

    def step_done(self, step, share, seconds):
        if (self.now, step) == (self.epoch, self.at):
            raise MemoryError


def test_the_same_seed_gives_the_same_numbers(tmp_path):
    first, second = (trained(tmp_path, "joint", run=run) for run in ("one", "two"))
    assert numbers(first.folder.path) == numbers(second.folder.path)


def test_another_seed_gives_other_numbers(tmp_path):
    first = trained(tmp_path, "label", run="one")
    second = trained(tmp_path, "label", "train.seed=2", run="two")
    assert numbers(first.folder.path)[3] != numbers(second.folder.path)[3]


@pytest.mark.parametrize(("epoch", "step"), [(0, 1), (1, 2), (2, 1)])
@pytest.mark.parametrize("kind", ["joint", "series", "outputs per step"])
def test_a_run_that_was_interrupted_ends_with_the_numbers_of_an_unbroken_one(tmp_path, kind, epoch, step):
    whole = trained(tmp_path, kind, run="whole")
    with pytest.raises(Interrupted):
        trained(tmp_path, kind, run="broken", progress=StopAt(epoch, step))
    plan = plan_run(config_of(str(tmp_path / "rows.jsonl"), kind))
    resumed = train(plan, RunFolder(tmp_path / "broken"), resume=True)
    assert numbers(resumed.folder.path) == numbers(whole.folder.path)


class StopAtTheEndOf(StopAt):
    """Sends the signal at the last step of an epoch."""

    def epoch_begins(self, epoch, max_epochs, steps):
        super().epoch_begins(epoch, max_epochs, steps)
        self.at = steps


def test_a_run_interrupted_at_the_last_step_of_an_epoch_ends_with_the_same_numbers(tmp_path):
    whole = trained(tmp_path, "label", run="whole")
    with pytest.raises(Interrupted):
        trained(tmp_path, "label", run="broken", progress=StopAtTheEndOf(0, None))
    plan = plan_run(config_of(str(tmp_path / "rows.jsonl"), "label"))
    resumed = train(plan, RunFolder(tmp_path / "broken"), resume=True)
    assert numbers(resumed.folder.path) == numbers(whole.folder.path)


def test_a_history_line_lost_in_a_crash_is_written_again(tmp_path):
    whole = trained(tmp_path, "label", run="whole")
    (tmp_path / "whole" / "metrics.json").unlink()
    (tmp_path / "whole" / "metrics.jsonl").write_text("")
    plan = plan_run(config_of(str(tmp_path / "rows.jsonl"), "label"))
    again = train(plan, RunFolder(tmp_path / "whole"), resume=True)
    assert len(numbers(again.folder.path)[0]) == len(whole.state.history)


def test_sigterm_saves_like_ctrl_c(tmp_path):
    with pytest.raises(Interrupted):
        trained(tmp_path, "label", progress=StopAt(0, 2, signal.SIGTERM))
    assert (tmp_path / "run" / "checkpoints" / "last" / "state.safetensors").exists()


@pytest.mark.parametrize("kept", ["epoch", "step"])
def test_a_run_that_was_killed_goes_on_from_its_last_checkpoint(tmp_path, kept):
    every = ["train.checkpoint_seconds=1e-9"] if kept == "step" else []
    whole = trained(tmp_path, "joint", *every, run="whole")
    with pytest.raises(MemoryError):
        trained(tmp_path, "joint", *every, run="broken", progress=Crash(1, 3))
    plan = plan_run(config_of(str(tmp_path / "rows.jsonl"), "joint", *every))
    resumed = train(plan, RunFolder(tmp_path / "broken"), resume=True)
    assert numbers(resumed.folder.path) == numbers(whole.folder.path)


def test_a_run_killed_before_its_first_checkpoint_starts_again(tmp_path):
    whole = trained(tmp_path, "label", run="whole")
    with pytest.raises(MemoryError):
        trained(tmp_path, "label", run="broken", progress=Crash(0, 1))
    plan = plan_run(config_of(str(tmp_path / "rows.jsonl"), "label"))
    resumed = train(plan, RunFolder(tmp_path / "broken"), resume=True)
    assert numbers(resumed.folder.path) == numbers(whole.folder.path)


def test_signal_handlers_are_put_back(tmp_path):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    trained(tmp_path, "label")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_training_leaves_the_global_generator_alone(tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    trained(tmp_path, "label")
    assert torch.rand(1) == expected


def test_a_resumed_run_needs_the_same_data(tmp_path):
    with pytest.raises(Interrupted):
        trained(tmp_path, "label", progress=StopAt(0, 1))
    file = rows_file(tmp_path, "label", seed=9)
    with pytest.raises(RunFolderError, match=r"rows.jsonl is not the file that the run .* was started with"):
        train(plan_run(config_of(file, "label")), RunFolder(tmp_path / "run"), resume=True)


def test_the_checkpoint_of_another_model_is_refused(tmp_path):
    with pytest.raises(Interrupted):
        trained(tmp_path, "label", progress=StopAt(0, 1))
    plan = plan_run(config_of(str(tmp_path / "rows.jsonl"), "label", "model.hidden=5"))
    with pytest.raises(RunFolderError, match="state.safetensors cannot be used: "):
        train(plan, RunFolder(tmp_path / "run"), resume=True)


def test_the_weights_of_the_best_epoch_are_kept(tmp_path):
    run = trained(tmp_path, "label", "train.max_epochs=8", "model.regression=false")
    history = run.state.history
    best = max(range(len(history)), key=lambda i: (history[i]["dev_figure"], -history[i]["dev_loss"], -i))
    assert run.metrics["training"]["best_epoch"] == best + 1
    assert run.metrics["dev"]["accuracy"]["value"] == history[best]["dev_figure"]


def test_training_stops_when_dev_does_not_get_better(tmp_path):
    run = trained(tmp_path, "label", "train.learning_rate=1e-12", "train.max_epochs=50", "train.patience=2")
    assert run.state.stopped == "no better dev figure for 2 epochs"
    assert len(run.state.history) < 50


def test_training_stops_when_the_budget_is_spent(tmp_path):
    run = trained(tmp_path, "label", "train.budget=0.05s", "train.max_epochs=100000", "train.patience=100000")
    assert run.state.stopped == "the budget of 0.05s is spent"
    assert 0 < len(run.state.history) < 100000


def test_the_epoch_loss_counts_every_label_once(tmp_path):
    run = trained(tmp_path, "tags")
    store, split = run.metrics, run.state.history
    plan = plan_run(config_of(str(tmp_path / "rows.jsonl"), "tags"))
    labelled = int(plan.task.store.lengths[plan.task.split.train].sum())
    assert all(entry["count"] == labelled for entry in split)
    assert all(entry["loss"] == entry["loss_sum"] / entry["count"] for entry in split)
    assert store["dev"]["loss"]["count"] == int(plan.task.store.lengths[plan.task.split.dev].sum())


def test_a_loss_that_is_not_finite_stops_training_with_advice(tmp_path):
    with pytest.raises(DivergenceError, match=r"epoch \d+.*\n  Training diverged. Lower the learning rate"):
        trained(tmp_path, "label", "train.learning_rate=1e30", "train.clip=1e30", "train.max_epochs=20")


METRICS = [
    (None, [("intent", "accuracy"), ("slots", "span_f1")]),
    ("intent.macro_f1", [("intent", "macro_f1")]),
    ("accuracy", [("intent", "accuracy"), ("slots", "accuracy")]),
    ("span_f1", [("slots", "span_f1")]),
    ("loss", [("intent", "loss"), ("slots", "loss")]),
]


@pytest.mark.parametrize(("metric", "pairs"), METRICS)
def test_the_deciding_figures_are_those_that_are_named(tmp_path, metric, pairs):
    task = plan_run(config_of(rows_file(tmp_path, "joint"), "joint")).task
    assert decisive_figures(metric, task.targets) == pairs


def test_an_unknown_figure_is_an_error(tmp_path):
    task = plan_run(config_of(rows_file(tmp_path, "label"), "label")).task
    with pytest.raises(ConfigError, match=r"train.metric is 'acuracy'. Did you mean 'accuracy'\? There are 'loss'"):
        decisive_figures("acuracy", task.targets)


def test_a_loss_decides_by_being_low(tmp_path):
    run = trained(tmp_path, "label", "train.metric=loss", "train.max_epochs=6")
    losses = [entry["dev_loss"] for entry in run.state.history]
    assert run.metrics["training"]["best_epoch"] == int(np.argmin(losses)) + 1


def test_a_device_of_no_known_name_is_an_error():
    with pytest.raises(ConfigError, match="there is no device 'gpu'; choose auto, cuda, mps, cpu"):
        choose_device("gpu")


def test_a_device_that_is_not_there_is_an_error():
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(ConfigError, match="device 'cuda' is not there: this machine has 'cpu' only"):
        choose_device("cuda")


@pytest.mark.parametrize("decay", ["linear", "cosine", "none"])
def test_the_step_size_rises_to_its_highest_and_ends_where_the_decay_says(decay):
    config = TrainConfig(learning_rate=2.0, warmup=0.25, decay=decay)
    sizes = [scheduled_learning_rate(config, progress) for progress in np.linspace(0, 1, 101)]
    assert sizes.index(max(sizes)) == 25
    assert max(sizes) == 2.0
    assert sizes[-1] == pytest.approx(2.0 if decay == "none" else 0.0, abs=1e-12)


def test_weight_decay_spares_biases_and_symbol_vectors(tmp_path):
    model = plan_run(config_of(rows_file(tmp_path, "label"), "label")).model
    decayed, plain = (group["params"] for group in make_optimizer(model, TrainConfig()).param_groups)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert {parameter.ndim for parameter in decayed} == {2}
    spared = [names[id(parameter)] for parameter in plain]
    assert any("input_layer" in name for name in spared)
    assert sum("bias" in name for name in names.values()) == sum("bias" in name for name in spared)
