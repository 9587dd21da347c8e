"""Saves and restores everything that training needs to go on as if it had never stopped."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from seqwise.errors import RunFolderError
from seqwise.runs.run_folder import FORMAT_VERSION, RunFolder
from seqwise.runs.tensor_checks import sums_of
from seqwise.training.checkpoint_checks import (
    problem_of_optimizer,
    problem_of_sums,
    problem_of_weights,
    sum_of_text,
    told_state,
)

__all__ = ["State", "restore", "save"]


_WAYS_OUT = "  Put it back from a copy, or remove it to begin the run again."


@dataclass
class State:
    """Where training stands, beside the weights.

    Attributes:
        epoch: the epoch under way, from 0.
        step: optimizer steps done in it.
        epoch_sums: per target, the loss sum and count of the epoch so far.
        learning_rate: of the last step.
        epoch_tokens: steps of sequences trained on in the epoch so far, padding left out.
        epoch_seconds: seconds of the epoch so far.
        seconds: seconds of all training so far.
        history: one entry per finished epoch.
        best_epoch: the epoch whose weights are the best so far (from 0); -1 before the first.
        best_figure: its dev figure, higher is better.
        best_loss: its dev loss; decides between equal figures.
        best_weights: the weights at the end of that epoch.
        stopped: why training ended; empty while it goes on.
    """

    epoch: int = 0
    step: int = 0
    epoch_sums: dict[str, list[float]] = field(default_factory=dict)
    learning_rate: float = 0.0
    epoch_tokens: int = 0
    epoch_seconds: float = 0.0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = -1
    best_figure: float = float("-inf")
    best_loss: float = float("inf")
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    stopped: str = ""


def save(folder: RunFolder, model: nn.Module, optimizer: torch.optim.Optimizer | None, state: State) -> None:
    """Writes the checkpoint as one file, which appears whole or not at all.

    Of a training that is over only the best weights are needed. A fit that is solved at once has no optimizer.

    Raises:
        SaveError: the disk refused; the checkpoint before stands.
    """
    tensors = {f"best.{name}": tensor for name, tensor in state.best_weights.items()}
    if not state.stopped and optimizer is not None:
        tensors |= {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
        for index, slots in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in slots.items()}
    plain = {key: value for key, value in vars(state).items() if key != "best_weights"}
    text = json.dumps(plain)
    metadata = {"state": text, "state_sum": sum_of_text(text), "sums": sums_of(tensors)}
    metadata["format_version"] = str(FORMAT_VERSION)
    folder.write_tensors(folder.checkpoint, tensors, metadata)


def restore(folder: RunFolder, model: nn.Module, optimizer: torch.optim.Optimizer | None) -> State:
    """Fills the model and the optimizer, if there is one, from the checkpoint and returns where training stood.

    Raises:
        RunFolderError: the checkpoint cannot be read, or belongs to another model or version.
    """
    try:
        tensors, metadata = folder.read_tensors(folder.checkpoint)
    except RunFolderError as error:
        raise RunFolderError(f"{error}\n{_WAYS_OUT}") from None
    if metadata.get("format_version") != str(FORMAT_VERSION):
        raise RunFolderError(
            f"the checkpoint {folder.checkpoint} has format {metadata.get('format_version')}, this version reads "
            f"format {FORMAT_VERSION}\n{_WAYS_OUT}"
        )
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "best": {}, "optimizer": {}}
    for name, tensor in tensors.items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = tensor
    state = _checked(folder.checkpoint, tensors, metadata, parts, model, optimizer)
    model.load_state_dict(parts["model"] or parts["best"])
    if optimizer is None:
        return State(**state, best_weights=parts["best"])
    slots: dict[int, dict[str, Tensor]] = {}
    for name, tensor in parts["optimizer"].items():
        index, _, slot = name.partition(".")
        slots.setdefault(int(index), {})[slot] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": slots})
    return State(**state, best_weights=parts["best"])


def _checked(
    path: Path,
    tensors: dict[str, Tensor],
    metadata: dict[str, str],
    parts: dict[str, dict[str, Tensor]],
    model: nn.Module,
    optimizer: torch.optim.Optimizer | None,
) -> dict[str, Any]:
    """The state of a checkpoint of which everything was checked."""
    unknown = next((name for name in parts if name not in ("model", "best", "optimizer")), None)
    problem = problem_of_sums(tensors, metadata)
    problem = problem or (None if unknown is None else f"it has tensors of '{unknown}', which no checkpoint has")
    for part in ("model", "best"):
        if problem is None and (parts[part] or not any(parts[name] for name in ("model", "best"))):
            problem = problem_of_weights(part, parts[part], model)
    problem = problem or problem_of_optimizer(parts["optimizer"], optimizer)
    try:
        state = told_state(metadata.get("state", ""))
    except ValueError as error:
        problem, state = problem or str(error), {}
    if problem is None and not parts["best" if state["stopped"] else "model"]:
        problem = f"it has no weights of the {'best epoch' if state['stopped'] else 'model'}"
    if problem is not None:
        raise RunFolderError(f"the checkpoint {path} cannot be used: {problem}\n{_WAYS_OUT}")
    return state
