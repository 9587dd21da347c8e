"""A checkpoint is data: what is wrong with one is told before anything of it is used."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor, nn

from seqwise.runs.run_folder import Form
from seqwise.runs.tensor_checks import changed, misfit, not_finite

__all__ = ["problem_of_optimizer", "problem_of_sums", "problem_of_weights", "sum_of_text", "told_state"]

_SLOTS = {"exp_avg", "exp_avg_sq", "step"}
_Count = Annotated[int, Field(ge=0)]
_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Told(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _Sums(_Told):
    loss_sum: _Finite
    count: _Finite


class _Epoch(_Told):
    model_config = ConfigDict(strict=True, extra="allow")

    epoch: _Count
    loss: _Finite
    loss_sum: _Finite
    count: _Finite
    targets: dict[str, _Sums]
    learning_rate: _Finite | None
    tokens_per_second: _Finite | None
    padding_share: _Finite
    seconds: _Amount
    dev: dict[str, dict[str, _Finite | None]]
    dev_loss: _Finite
    dev_figure: _Finite | None


class _State(_Told):
    epoch: _Count
    step: _Count
    epoch_sums: dict[str, Annotated[list[_Finite], Field(min_length=2, max_length=2)]]
    learning_rate: _Finite
    epoch_tokens: _Count
    epoch_seconds: _Amount
    seconds: _Amount
    history: list[_Epoch]
    best_epoch: Annotated[int, Field(ge=-1)]
    best_figure: float
    best_loss: float
    stopped: str


def told_state(text: str) -> dict[str, Any]:
    """Where training stood, in plain values.

    Raises:
        ValueError: it is not what training writes.
    """
    try:
        state = _State.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "all of it"
        raise ValueError(f"its state is torn at '{place}': {first['msg']}") from None
    if state.epoch != len(state.history) or state.best_epoch >= len(state.history):
        raise ValueError(f"its state is torn: it is in epoch {state.epoch} after {len(state.history)} epochs")
    if state.best_figure != state.best_figure or state.best_loss != state.best_loss:
        raise ValueError("its state is torn: the best figure is NaN")
    return state.model_dump()


def problem_of_sums(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str | None:
    """What differs from what was saved; None where nothing does, or where an earlier version saved no sums."""
    if "sums" not in metadata:
        return None
    if metadata.get("state_sum") != sum_of_text(metadata.get("state", "")):
        return "its state is not the one that was saved"
    return changed(tensors, metadata["sums"])


def sum_of_text(text: str) -> str:
    """The SHA-256 sum of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def problem_of_weights(part: str, weights: Mapping[str, Tensor], model: nn.Module) -> str | None:
    """Why weights cannot fill a model; None where they can."""
    forms = {f"{part}.{name}": Form.of(tensor) for name, tensor in weights.items()}
    expected = {f"{part}.{name}": Form.of(tensor) for name, tensor in model.state_dict().items()}
    return misfit(forms, expected) or not_finite({f"{part}.{name}": tensor for name, tensor in weights.items()})


def problem_of_optimizer(slots: Mapping[str, Tensor], optimizer: torch.optim.Optimizer | None) -> str | None:
    """Why tensors cannot be the means that an optimizer keeps; None where they can."""
    groups = [] if optimizer is None else optimizer.param_groups
    parameters = [parameter for group in groups for parameter in group["params"]]
    found: dict[int, set[str]] = {}
    for rest, tensor in slots.items():
        name = f"optimizer.{rest}"
        index, _, slot = rest.partition(".")
        if not (index.isascii() and index.isdecimal() and len(index) < 9 and int(index) < len(parameters)):
            return f"it has a tensor '{name}', which belongs to no weights"
        if slot not in _SLOTS:
            return f"it has a tensor '{name}', which the optimizer has not"
        found.setdefault(int(index), set()).add(slot)
        own = parameters[int(index)]
        expected = Form("F32", ()) if slot == "step" else Form.of(own)
        if Form.of(tensor) != expected:
            return f"the tensor '{name}' is {Form.of(tensor)}, expected {expected}"
        if (problem := not_finite({name: tensor})) is not None:
            return problem
        if slot != "exp_avg" and bool((tensor < 0).any()):
            return f"the tensor '{name}' holds a number below 0"
        if slot == "step" and (float(tensor) < 1 or not float(tensor).is_integer()):
            return f"the tensor '{name}' is {float(tensor):g}, expected a number of steps"
    for number, names in found.items():
        if lacking := sorted(_SLOTS - names):
            return f"it has no tensor 'optimizer.{number}.{lacking[0]}'"
    return None
