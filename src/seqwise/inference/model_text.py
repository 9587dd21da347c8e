"""Summarises a loaded model in a few lines, for printing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from seqwise.config import Config
from seqwise.data.spec import DataSpec
from seqwise.errors import listed
from seqwise.evaluation.scores import FIGURES
from seqwise.evaluation.summary import figure_text, main_figure
from seqwise.nn import Network, parameter_count
from seqwise.targets import Target, label_text

__all__ = ["model_text"]

_CLASSES_SHOWN, _LETTERS_OF_A_LABEL = 5, 30


def model_text(
    path: Path, config: Config, spec: DataSpec, targets: Sequence[Target], network: Network, device: torch.device
) -> str:
    """A summary of a model: its folder, input, encoder and size, and the classes and test figures of each target.

    The figures come from metrics.json and are left out if it cannot be read. For the arguments see `Model`.
    """
    reads = spec.input
    size = f"{parameter_count(network):,} parameters on {device}"
    lines = [
        f"seqwise model of {path}",
        f"  reads {reads.kind} of column '{reads.column}'; encoder {config.model.encoder}, {size}",
    ]
    figures = _figures(path, targets)
    return "\n".join([*lines, *[f"  predicts {_target_text(target, figures)}" for target in targets]])


def _target_text(target: Target, figures: dict[str, str]) -> str:
    labels = [label_text(label)[:_LETTERS_OF_A_LABEL] for label in target.classes[0]]
    if target.kind == "outputs":
        classes_text = f"outputs {listed(target.outputs, _CLASSES_SHOWN)}"
    else:
        classes_text = f"classes {listed(labels, _CLASSES_SHOWN)}"
    per_step = " per step" if target.per_step and target.kind != "tags" else ""
    figure = figures.get(target.name)
    return f"'{target.name}' ({target.kind}{per_step}), {classes_text}" + (f"; {figure}" if figure else "")


def _figures(path: Path, targets: Sequence[Target]) -> dict[str, str]:
    """The main figure of each target on the last evaluated split."""
    found = {}
    try:
        metrics: Any = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
        part = "test" if "test" in metrics else "dev"
        for target in targets:
            name = main_figure(metrics[part][target.name])
            value = figure_text(name, metrics[part][target.name][name])
            found[target.name] = f"{FIGURES[name].title} {value} on {part}"
    except (OSError, ValueError, LookupError, TypeError, StopIteration, RecursionError):
        return {}
    return found
