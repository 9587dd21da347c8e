"""Reads back what a run folder holds of a model, and says what to do where a part of it is lost or torn."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from seqwise.data.encoding import Encoding, encoding_from_json
from seqwise.data.readers import ReadOptions
from seqwise.data.spec import DataSpec
from seqwise.errors import ConfigError, RunFolderError, did_you_mean, listed
from seqwise.nn import Network
from seqwise.nn._generator import drawn_from
from seqwise.targets import Target
from seqwise.training.answers import Thresholds
from seqwise.training.config import Config, load_config, parse_config
from seqwise.training.folder import RunFolder
from seqwise.training.network import network_for
from seqwise.training.results import thresholds_of

__all__ = ["Saved", "read_run"]

_CONFIG, _DATA, _LABELS, _VOCABULARY, _WEIGHTS, _CALIBRATION = (
    "config.yaml",
    "data.json",
    "labels.json",
    "vocab.json",
    "model.safetensors",
    "calibration.json",
)


@dataclass(frozen=True)
class Saved:
    """What a run folder holds of a model; see `seqwise.inference.model.Model`."""

    path: Path
    config: Config
    spec: DataSpec
    options: ReadOptions
    targets: tuple[Target, ...]
    encoding: Encoding
    network: Network
    thresholds: Thresholds


def read_run(path: Path) -> Saved:
    """The parts of a finished run.

    Raises:
        RunFolderError: no run there, half written, of another version, or with a file that is lost or torn.
    """
    folder = RunFolder(path)
    _check_there(path)
    if (path / "metrics.json").exists():
        for name in (_CONFIG, _DATA, _LABELS, _VOCABULARY, _WEIGHTS, "env.json"):
            if not (path / name).exists():
                raise _unusable(folder, name, "is lost")
        environment = _content(folder, "env.json")
        if "format_version" not in environment:
            raise _unusable(folder, "env.json", "cannot be used: it has no 'format_version'")
    folder.check_finished()
    with _usable(folder, _CONFIG):
        config = parse_config(load_config(path / _CONFIG))
    labels, data, vocabulary = (_content(folder, name) for name in (_LABELS, _DATA, _VOCABULARY))
    with _usable(folder, _LABELS):
        targets = tuple(_target(plain) for plain in labels["targets"])
        spec = DataSpec.from_json(labels["spec"])
    with _usable(folder, _DATA):
        options = _options({**data["options"], "format": data.get("format")})
    with _usable(folder, _VOCABULARY):
        encoding = encoding_from_json(vocabulary)
    network = _network(folder, config, targets, encoding)
    return Saved(path, config, spec, options, targets, encoding, network, _thresholds(folder, config, targets))


def _thresholds(folder: RunFolder, config: Config, targets: tuple[Target, ...]) -> Thresholds:
    """Those of calibration.json; none for a run without multilabel targets, or from before there were any."""
    is_calibrated = config.train.thresholds and "thresholds" in config.train.model_fields_set
    if not is_calibrated or not any(target.kind == "multilabel" for target in targets):
        return {}
    if not (folder.path / _CALIBRATION).exists():
        raise _unusable(folder, _CALIBRATION, "is lost")
    content = _content(folder, _CALIBRATION)
    with _usable(folder, _CALIBRATION):
        return thresholds_of(targets, content)


def _check_there(path: Path) -> None:
    """Raises where no run folder stands, naming those that do stand there or beside it."""
    if path.is_dir():
        inside = [name for name in _runs_in(path) if not (path / "config.yaml").exists()]
        if inside:
            raise RunFolderError(f"{path} is not a run folder, but holds some: {listed(inside)}\n  Name one of them.")
    elif path.exists():
        raise RunFolderError(f"{path} is a file, not a run folder\n  Name the folder that training wrote.")
    else:
        near = did_you_mean(path.name, _runs_in(path.parent))
        raise RunFolderError(f"there is no run folder {path}" + (f"\n  {near}" if near else ""))


def _runs_in(path: Path) -> list[str]:
    return sorted(found.parent.name for found in path.glob("*/config.yaml")) if path.is_dir() else []


def _network(folder: RunFolder, config: Config, targets: tuple[Target, ...], encoding: Encoding) -> Network:
    with drawn_from(torch.Generator()):  # fresh weights are drawn before they are replaced
        network = network_for(config, targets, encoding)
    with _usable(folder, _WEIGHTS):
        weights, _ = folder.read_tensors(folder.path / _WEIGHTS)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        first = str(error).splitlines()[1:2] or [str(error)]
        raise RunFolderError(
            f"{folder.path / _WEIGHTS} does not fit {_CONFIG}, {_LABELS} and {_VOCABULARY} beside it "
            f"({first[0].strip()})\n  Put the files back from a copy of the run folder, or train again"
        ) from None
    return network


def _content(folder: RunFolder, name: str) -> dict[str, Any]:
    """The object in a JSON file."""
    with _usable(folder, name):
        content = folder.read_json(name)
        if not isinstance(content, dict):
            raise TypeError
    return content


@contextmanager
def _usable(folder: RunFolder, name: str) -> Iterator[None]:
    """Turns what goes wrong with the content of a file into an error that names the file and the ways out."""
    try:
        yield
    except (ConfigError, RunFolderError) as error:
        place = "" if str(folder.path / name) in str(error) else f"{folder.path / name}: "
        raise RunFolderError(f"{place}{error}\n  {_ways_out(folder, name)}") from None
    except KeyError as error:
        raise _unusable(folder, name, f"cannot be used: it has no {error}") from None
    except (AttributeError, IndexError, TypeError, ValueError):
        raise _unusable(folder, name, "cannot be used: it is not what training wrote") from None


def _unusable(folder: RunFolder, name: str, problem: str) -> RunFolderError:
    return RunFolderError(f"{folder.path / name} {problem}\n  {_ways_out(folder, name)}")


def _ways_out(folder: RunFolder, name: str) -> str:
    again = "train again"
    if name != _CONFIG and (folder.path / _CONFIG).exists():
        again += f": seqwise train --config {shlex.quote(str(folder.path / _CONFIG))}"
    return f"Put the file back from a copy of the run folder, or {again}"


def _target(plain: dict[str, Any]) -> Target:
    classes = tuple(tuple(labels) for labels in plain["classes"])
    return Target(
        plain["name"],
        plain["kind"],
        classes,
        tuple(plain["columns"]),
        tuple(plain["outputs"]),
        plain["per_step"],
        plain.get("scheme"),
        plain.get("tag_form"),
    )


def _options(plain: dict[str, Any]) -> ReadOptions:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    return ReadOptions(**values)
