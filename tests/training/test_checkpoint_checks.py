"""A checkpoint that was tampered with is refused with the name of the tensor, before anything of it is used."""

from __future__ import annotations

import json
import re

import pytest
import torch

from seqwise.errors import RunFolderError
from seqwise.runs.run_folder import RunFolder
from seqwise.runs.tensor_checks import sums_of
from seqwise.training.callbacks import NoCallback
from seqwise.training.checkpoint import restore
from seqwise.training.checkpoint_checks import sum_of_text
from seqwise.training.interrupts import Interrupted
from seqwise.training.sgd.optimizer import make_optimizer
from seqwise.training.training_plan import plan_run
from small_runs import config_of, trained


class Stop(NoCallback):
    def epoch_ends(self, entry, is_best):
        raise Interrupted("stopped")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A run that stopped after its first epoch: its folder, its plan, and what its checkpoint holds."""
    place = tmp_path_factory.mktemp("stopped")
    with pytest.raises(Interrupted):
        trained(place, "label", progress=Stop())
    folder = RunFolder(place / "run")
    return folder, plan_run(config_of(str(place / "rows.jsonl"), "label")), folder.read_tensors(folder.checkpoint)


def told(stopped, tmp_path, tensors, metadata):
    """What is said of a checkpoint with these tensors and this text."""
    _, plan, _ = stopped
    folder = RunFolder(tmp_path / "run")
    folder.prepare()
    folder.write_tensors(folder.checkpoint, tensors, metadata)
    before = {name: value.clone() for name, value in plan.single.state_dict().items()}
    with pytest.raises(RunFolderError) as caught:
        restore(folder, plan.single, make_optimizer(plan.single, plan.task.config.train))
    assert all(torch.equal(value, before[name]) for name, value in plan.single.state_dict().items())
    first, way_out = str(caught.value).split("\n")
    assert way_out == "  Put it back from a copy, or remove it to begin the run again."
    return first.removeprefix(f"the checkpoint {folder.checkpoint} cannot be used: ")


def signed(tensors, metadata):
    """The text with the sums of these tensors: what somebody would write who changes both."""
    return {**metadata, "sums": sums_of(tensors), "state_sum": sum_of_text(metadata["state"])}


def replaced(value):
    return lambda tensors, name: tensors.update({name: value(tensors[name])})


MEANS, STEPS, WEIGHTS = "optimizer.0.exp_avg", "optimizer.0.step", "model.heads"
TAMPERED = {
    "shortened": (
        MEANS,
        replaced(lambda t: t.reshape(-1)[:-1].clone()),
        r"the tensor '{name}' is F32 of shape \(.*, expected F32 of shape \(",
    ),
    "another type": (MEANS, replaced(lambda t: t.double()), r"the tensor '{name}' is F64 of shape .*, expected F32 of"),
    "not a number": (
        MEANS,
        replaced(lambda t: torch.full_like(t, torch.nan)),
        "the tensor '{name}' has a value that is not finite",
    ),
    "below zero": (
        "optimizer.0.exp_avg_sq",
        replaced(lambda t: -torch.ones_like(t)),
        "the tensor '{name}' holds a number below 0",
    ),
    "no step": (STEPS, replaced(torch.zeros_like), "the tensor '{name}' is 0, expected a number of steps"),
    "half a step": (STEPS, replaced(lambda t: t + 0.5), r"the tensor '{name}' is .*\.5, expected a number of steps"),
    "steps in a row": (
        STEPS,
        replaced(lambda t: t.repeat(3)),
        r"the tensor '{name}' is F32 of shape \(3,\), expected F32 of shape \(\)",
    ),
    "lost": (MEANS, lambda tensors, name: tensors.pop(name), "it has no tensor '{name}'"),
    "of no weights": (
        "optimizer.999.step",
        lambda tensors, name: tensors.update({name: torch.ones(())}),
        "it has a tensor '{name}', which belongs to no weights",
    ),
    "no index": (
        "optimizer.x.step",
        lambda tensors, name: tensors.update({name: torch.ones(())}),
        "it has a tensor '{name}', which belongs to no weights",
    ),
    "unknown slot": (
        "optimizer.0.max",
        lambda tensors, name: tensors.update({name: torch.ones(())}),
        "it has a tensor '{name}', which the optimizer has not",
    ),
    "unknown part": (
        "mine.x",
        lambda tensors, name: tensors.update({name: torch.ones(())}),
        "it has tensors of 'mine', which no checkpoint has",
    ),
}


@pytest.mark.parametrize("how", TAMPERED)
@pytest.mark.parametrize("by", ["earlier", "adversary"])
def test_a_tensor_that_cannot_be_used_is_named(stopped, tmp_path, how, by):
    name, change, problem = TAMPERED[how]
    tensors, metadata = dict(stopped[2][0]), stopped[2][1]
    change(tensors, name)
    if by == "adversary":
        metadata = signed(tensors, metadata)
    else:  # a version that saved no sums
        metadata = {key: text for key, text in metadata.items() if key not in ("sums", "state_sum")}
    assert re.match(problem.format(name=re.escape(name)), told(stopped, tmp_path, tensors, metadata))


def test_every_change_of_a_tensor_is_seen_by_its_sum(stopped, tmp_path):
    tensors, metadata = dict(stopped[2][0]), stopped[2][1]
    for name in [next(name for name in tensors if name.startswith(part)) for part in ("model.", "best.", "optimizer.")]:
        changed = {**tensors, name: tensors[name] + 1}
        assert told(stopped, tmp_path, changed, metadata) == f"the tensor '{name}' is not the one that was saved"
        less = {key: value for key, value in tensors.items() if key != name}
        assert told(stopped, tmp_path, less, metadata) == f"it has no tensor '{name}'"


STATES = {
    "no JSON": ("{", "its state is torn at 'all of it': Invalid JSON"),
    "a list": ("[]", "its state is torn at 'all of it': "),
    "a missing key": ("{}", "its state is torn at 'epoch': Field required"),
}


@pytest.mark.parametrize("how", STATES)
def test_a_state_that_is_none_is_told(stopped, tmp_path, how):
    tensors, metadata = stopped[2]
    text, problem = STATES[how]
    assert told(stopped, tmp_path, tensors, {**metadata, "state": text}) == "its state is not the one that was saved"
    assert told(stopped, tmp_path, tensors, signed(tensors, {**metadata, "state": text})).startswith(problem)


@pytest.mark.parametrize(
    ("key", "value"),
    [("epoch", 7), ("step", -1), ("seconds", "1"), ("history", []), ("best_epoch", 5), ("best_figure", float("nan"))],
)
def test_a_state_out_of_range_is_told(stopped, tmp_path, key, value):
    tensors, metadata = stopped[2]
    text = json.dumps(json.loads(metadata["state"]) | {key: value})
    assert told(stopped, tmp_path, tensors, signed(tensors, {**metadata, "state": text})).startswith(
        "its state is torn"
    )
